"""The ledger as people read it: kinds in words, names instead of keys."""

from governance.desk.admin.chronicle.kinds import GROUPS, KINDS
from governance.desk.admin.chronicle.telling import Told, tell

__all__ = ["GROUPS", "KINDS", "Told", "tell"]

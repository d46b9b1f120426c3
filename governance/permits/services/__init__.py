"""The verbs of permits: issue, revoke, list what is revoked; break glass and account for it."""

from governance.permits.services.breaking import (
    ask_break_glass,
    give_break_glass,
    refuse_break_glass,
)
from governance.permits.services.issuing import issue
from governance.permits.services.listing import (
    RevocationList,
    jwks,
    prepare,
    revocations,
    rotate,
)
from governance.permits.services.reporting import Reported, account, report_use, sweep
from governance.permits.services.revoking import revoke, revoke_ended

__all__ = [
    "Reported",
    "RevocationList",
    "account",
    "ask_break_glass",
    "give_break_glass",
    "issue",
    "jwks",
    "prepare",
    "refuse_break_glass",
    "report_use",
    "revocations",
    "revoke",
    "revoke_ended",
    "rotate",
    "sweep",
]

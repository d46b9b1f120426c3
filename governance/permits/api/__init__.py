"""REST: deployment permits, break-glass permits, the keys and the list of what is revoked."""

from governance.permits.api.breaking import BreakGlassDoor, PermitUseDoor
from governance.permits.api.permits import PermitDoor
from governance.permits.api.published import PermitKeysDoor, PermitRevocationsDoor

__all__ = [
    "BreakGlassDoor", "PermitDoor", "PermitKeysDoor", "PermitRevocationsDoor", "PermitUseDoor",
]  # fmt: skip

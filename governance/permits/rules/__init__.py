"""Permits' rules. Pure: what denies, and what is signed."""

from governance.permits.rules.deciding import (
    Facts,
    Holding,
    Reason,
    against,
    but_for,
)
from governance.permits.rules.statements import (
    LIST_TYPE,
    PAYLOAD_TYPE,
    Approved,
    Permitted,
    Policy,
    Revoked,
    moment,
    of_use,
    of_version,
    permit_statement,
    revocation_list,
    svr_statement,
)

__all__ = [
    "LIST_TYPE",
    "PAYLOAD_TYPE",
    "Approved",
    "Facts",
    "Holding",
    "Permitted",
    "Policy",
    "Reason",
    "Revoked",
    "against",
    "but_for",
    "moment",
    "of_use",
    "of_version",
    "permit_statement",
    "revocation_list",
    "svr_statement",
]

"""What is signed: in-toto statements about a permit, and the list of revoked ones. Pure.

The bytes are signed as they are; whoever verifies canonicalises nothing.
`docs/verify_permit.py` reads them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

PAYLOAD_TYPE = "application/vnd.in-toto+json"
LIST_TYPE = "application/vnd.mingce.permit-revocations+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://mingce.dev/attestation/deployment-permit/v1"
SVR = "https://in-toto.io/attestation/svr/v0.2"


@dataclass(frozen=True)
class Policy:
    """The pack release that decided."""

    key: str
    version: str
    digest: str


@dataclass(frozen=True)
class Approved:
    """The approval on which it rests. resolutions: their numbers, of each body that decided."""

    code: str
    decided_at: dt.datetime | None
    material_digest: str
    resolutions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Permitted:
    """Everything that the statements say.

    registry: its host; verifier: its address, as a URI; subject: a path below the host; digest:
    empty for a break-glass permit, which is about a use and no version.
    """

    registry: str
    verifier: str
    subject: str
    digest: str
    code: str
    environment: str
    use: str
    use_code: str
    release: str
    stage: str
    tier: str
    gate: str
    policy: Policy
    approval: Approved | None
    requested_by: str
    reference: str
    issued_at: dt.datetime
    expires_at: dt.datetime
    confirmed_by: str = ""

    @property
    def is_break_glass(self) -> bool:
        """Whether it was given beforehand, for an emergency."""
        return not self.digest


def of_version(model: str, label: str) -> str:
    """A version as a statement names it."""
    return f"models/{quote(model, safe='')}/versions/{quote(label, safe='')}"


def of_use(model: str, use: str) -> str:
    """A use as a break-glass statement names it."""
    return f"models/{quote(model, safe='')}/uses/{quote(use, safe='')}"


def moment(at: dt.datetime) -> str:
    """RFC 3339, in UTC."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def permit_statement(told: Permitted) -> bytes:
    """The permit as an in-toto statement with our own predicate."""
    predicate: dict[str, Any] = {  # Any: JSON
        "permit": told.code,
        "decision": "allow",
        "environment": told.environment,
        "use": told.use,
        "useCode": told.use_code,
        "release": told.release or None,
        "stage": told.stage or None,
        "tier": told.tier or None,
        "gate": {
            "to": told.gate or None,
            "policy": {
                "key": told.policy.key,
                "version": told.policy.version,
                "digest": {"sha256": told.policy.digest},
            },
        },
        "approval": _approval(told.approval),
        "requestedBy": told.requested_by,
        "confirmedBy": told.confirmed_by or None,
        "reference": told.reference,
        "issuedAt": moment(told.issued_at),
        "expiresAt": moment(told.expires_at),
        "breakGlass": told.is_break_glass,
    }
    return _statement(told, PREDICATE, predicate)


def svr_statement(told: Permitted) -> bytes:
    """The same for tools that know in-toto and not us: a Simple Verification Result.

    Not for break-glass: such tools go by the digest of an artifact, and there is none.
    expiresAt is an extension: tools that ignore it must bound timeCreated themselves.
    """
    properties = [f"MINGCE_DEPLOY_{told.environment.upper()}"]
    properties += ["MINGCE_GATE_OPEN"] if told.gate else []
    properties += ["MINGCE_APPROVED"] if told.approval else []
    pack = {
        "name": f"{told.policy.key}/{told.policy.version}",
        "digest": {"sha256": told.policy.digest},
    }
    predicate = {
        "verifier": {"id": told.verifier, "policies": [pack]},
        "timeCreated": moment(told.issued_at),
        "expiresAt": moment(told.expires_at),
        "properties": properties,
    }
    return _statement(told, SVR, predicate)


@dataclass(frozen=True)
class Revoked:
    """A permit that is revoked and would otherwise still hold. reason: a code, no words."""

    permit: str
    revoked_at: dt.datetime
    expires_at: dt.datetime
    reason: str


def revocation_list(
    registry: str,
    sequence: int,
    issued_at: dt.datetime,
    next_update: dt.datetime,
    rows: Sequence[Revoked],
) -> bytes:
    """The list as JSON: sorted keys, no blanks."""
    told = {
        "registry": registry,
        "sequence": sequence,
        "issuedAt": moment(issued_at),
        "nextUpdate": moment(next_update),
        "revoked": [
            {
                "permit": one.permit,
                "revokedAt": moment(one.revoked_at),
                "expiresAt": moment(one.expires_at),
                "reason": one.reason,
            }
            for one in sorted(rows, key=lambda one: one.permit)
        ],
    }
    return _json(told)


def _approval(told: Approved | None) -> dict[str, Any] | None:  # Any: JSON
    if told is None:
        return None
    return {
        "code": told.code,
        "decidedAt": moment(told.decided_at) if told.decided_at else None,
        "resolutions": list(told.resolutions),
        "materialDigest": {"sha256": told.material_digest},
    }


def _statement(told: Permitted, kind: str, predicate: dict[str, Any]) -> bytes:  # Any: JSON
    subject: dict[str, Any] = {"name": f"{told.registry}/{told.subject}"}  # Any: JSON
    subject["digest"] = {"sha256": told.digest} if told.digest else _of_name(told)
    return _json(
        {
            "_type": STATEMENT,
            "subject": [subject],
            "predicateType": kind,
            "predicate": predicate,
        }
    )


def _of_name(told: Permitted) -> dict[str, str]:
    """A use has no bytes; in-toto wants a digest all the same, and no artifact may match it."""
    return {"mingceUse": told.use}


def _json(told: Any) -> bytes:  # Any: JSON
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

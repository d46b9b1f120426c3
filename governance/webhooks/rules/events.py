"""Events as CloudEvents 1.0 in structured JSON, thin: what, about what, from which state. Pure.

Nothing that could be personal goes out: keys and codes, words of states, the actor's opaque key.
Whoever wants more asks the REST interface, as somebody who may know. `timestamp` repeats `time`
for readers of Standard Webhooks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

TESTED = "webhook.tested"  # of no entry: a test
PREFIX = "io.mingce"
STATES = ("stage", "state", "tier")  # the fields whose words may be told
_WORD = re.compile(r"[A-Za-z0-9_]{0,20}")
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,60}")
# A kind of rows → its page and its resource, where there are any.
_LEADING_TO: dict[str, tuple[str, str]] = {
    "registry.aimodel": ("/models/{}/", "models"),
    "registry.release": ("/releases/{}/", "releases"),
    "registry.modelversion": ("", "versions"),
    "registry.modeluse": ("", "model-uses"),
    "registry.usecase": ("", "use-cases"),
    "registry.system": ("", "systems"),
    "governance.approval": ("/approvals/{}/", "approvals"),
    "governance.condition": ("", "conditions"),
    "governance.validation": ("/validations/{}/", "validations"),
    "governance.finding": ("", "findings"),
    "governance.waiver": ("", "waivers"),
    "governance.exemption": ("", "exemptions"),
    "governance.package": ("/reviews/{}/", "review-packages"),
    "governance.review": ("", "reviews"),
    "governance.clock": ("/clocks/{}/", "clocks"),
    "governance.case": ("/cases/{}/", "cases"),
    "governance.plan": ("/plans/{}/", "intervention-plans"),
    "governance.order": ("/orders/{}/", "orders"),
    "governance.permit": ("", "permits"),
    "governance.metric": ("/metrics/{}/", "metrics"),
    "governance.breach": ("", "breaches"),
    "governance.registeredmodel": ("/experiments/{}/", "experiments"),
    "governance.registeredversion": ("", "experiment-versions"),
}


@dataclass(frozen=True)
class Event:
    """An entry of the ledger as it may be told. model, model_code: the one that it hangs on."""

    id: str
    seq: int
    hash: str
    kind: str
    subject_type: str
    subject_id: str
    row_version: int
    actor: str
    at: dt.datetime
    state: dict[str, Any]  # Any: JSON
    changes: Sequence[tuple[str, Any, Any]]  # Any: JSON; field, before, after
    model: str = ""
    model_code: str = ""


def event_type(kind: str) -> str:
    """`io.mingce.release.moved.v1`."""
    return f"{PREFIX}.{kind}.v1"


def fitting(patterns: Iterable[str], kinds: Collection[str]) -> frozenset[str]:
    """The kinds that a list of kinds and of beginnings (`release.*`, `*`) stands for."""
    found: set[str] = set()
    for pattern in patterns:
        if pattern == "*":
            return frozenset(kinds)
        if pattern.endswith(".*"):
            found |= {one for one in kinds if one.startswith(pattern[:-1])}
        elif pattern in kinds:
            found.add(pattern)
    return frozenset(found)


def body_of(event: Event, site: str) -> dict[str, Any]:  # Any: JSON
    """The event. site: where this installation is found; its links begin with it."""
    page, resource = _LEADING_TO.get(event.subject_type, ("", ""))
    key = event.subject_id
    if not page and event.model:
        page, key = "/models/{}/", event.model
    data: dict[str, Any] = {  # Any: JSON
        "seq": event.seq,
        "hash": event.hash,
        "kind": event.kind,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "row_version": event.row_version,
        "actor": event.actor,
        "changes": changes_of(event.changes),
    }
    code = event.state.get("code")
    if isinstance(code, str) and _CODE.fullmatch(code):
        data["code"] = code
    if event.model:
        data["model"] = {"id": event.model, "code": event.model_code}
    if page and site:
        data["page"] = f"{site}{page.format(key)}"
    if resource and site:
        data["resource"] = f"{site}/api/v1/{resource}/{event.subject_id}/"
    subject = f"{event.subject_type}/{event.subject_id}"
    return _enveloped(event.id, event_type(event.kind), subject, event.at, data, site)


def changes_of(changes: Iterable[tuple[str, Any, Any]]) -> dict[str, dict[str, Any]]:  # Any: JSON
    """The states that have changed: `{"stage": {"from": "S3", "to": "S4"}}`."""
    return {
        name: {"from": was, "to": now}
        for name, was, now in changes
        if name in STATES and _is_word(was) and _is_word(now)
    }


def tested_body(message_id: str, at: dt.datetime, site: str) -> dict[str, Any]:  # Any: JSON
    """What somebody sends to see whether it arrives."""
    data = {"kind": TESTED}
    return _enveloped(message_id, event_type(TESTED), "webhook/test", at, data, site)


def _enveloped(
    message_id: str,
    kind: str,
    subject: str,
    at: dt.datetime,
    data: dict[str, Any],  # Any: JSON
    site: str,
) -> dict[str, Any]:  # Any: JSON
    moment = at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return {
        "specversion": "1.0",
        "id": message_id,
        "source": site or "/mingce",
        "type": kind,
        "subject": subject,
        "time": moment,
        "timestamp": moment,
        "datacontenttype": "application/json",
        "data": data,
    }


def _is_word(value: Any) -> bool:  # Any: JSON
    return value is None or (isinstance(value, str) and _WORD.fullmatch(value) is not None)

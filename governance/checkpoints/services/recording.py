"""A decision as it is stored: what its plan declares, without personal data, and its answer."""

from __future__ import annotations

import datetime as dt
import hmac
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from governance.checkpoints.rules import answering, personal
from governance.checkpoints.rules.answering import Answer, Trigger, Verdict
from governance.checkpoints.schema import NUMBER, NewDecision, PlanContent
from governance.checkpoints.services.metering import Meter
from registry.core.people.models import User
from registry.releases.models import Release

MOST_NUMBER = 2**53


@dataclass(slots=True)
class Live:
    """A release that decisions may be about: its plan, its triggers, what stops it."""

    release: Release
    plan_id: uuid.UUID
    told: PlanContent
    triggers: tuple[Trigger, ...]
    reads: tuple[str, ...]  # the names that some trigger reads: the others are not converted
    is_stopped: bool = False
    is_restricted: bool = False
    limits: str = ""
    meters: tuple[Meter, ...] = ()


@dataclass(slots=True)
class Record:
    """One decision on its way into the tables."""

    place: int  # in the request
    live: Live
    reference: str
    digest: str
    verdict: Verdict
    body: str
    output: str
    link: str = ""
    dropped: list[str] = field(default_factory=list)


def values_of(told: PlanContent, one: NewDecision) -> dict[str, object]:
    """What the triggers may read: the declared fields of the declared type, and the two of all.

    Numbers beyond what a clause can compare exactly count as missing.
    """
    output = None if _is_beyond(one.output) else one.output
    found: dict[str, object] = {"output": output, "confidence": one.confidence}
    declared = told.types
    for name, sent in one.fields.items():
        types = declared.get(name)
        if types is None or type(sent) not in types:
            continue
        if types is NUMBER and _is_beyond(sent):
            continue
        found[name] = sent
    return found


def _is_beyond(value: object) -> bool:
    return type(value) in NUMBER and not -MOST_NUMBER < value < MOST_NUMBER  # type: ignore[operator]  # a number


def faults_of(told: PlanContent, one: NewDecision) -> Iterator[tuple[str, str, str]]:
    """What a sample may not do, each with code, place and words."""
    declared = {field.name: field for field in told.fields}
    for name, value in one.fields.items():
        if name not in declared:
            yield "undeclared_field", f"fields.{name}", _("The plan does not declare this field.")
        elif value is not None and name not in values_of(told, one):
            kind = declared[name].type
            yield (
                "field_type",
                f"fields.{name}",
                _("The plan declares it as %(kind)s.") % {"kind": kind},
            )
    for name, field_ in declared.items():
        if field_.required and one.fields.get(name) is None:
            yield "field_missing", f"fields.{name}", _("The plan requires this field.")
    for name, text in texts(one):
        if personal.kind_of(text):
            yield (
                "personal_data", name,
                _("This looks like personal data; send a reference or a digest instead."),
            )  # fmt: skip


def texts(one: NewDecision) -> Iterator[tuple[str, object]]:
    """Each place in which personal data could stand, with its value."""
    yield "reference", one.reference
    yield "output", one.output
    yield "explanation_ref", one.explanation_ref
    yield "link", one.link
    for name, value in one.fields.items():
        yield f"fields.{name}", value


def record(gateway: User, live: Live, place: int, one: NewDecision, moment: dt.datetime) -> Record:
    """The decision as it is stored: without what was not declared, without personal data."""
    dropped: list[str] = []
    sent = one
    if personal.may_hold_any(" ".join(str(value) for _name, value in texts(one))):
        dropped = [name for name, value in texts(one) if personal.kind_of(value)]
        one = _without(gateway, one, dropped) if dropped else one
    values = values_of(live.told, one)
    verdict = answering.verdict(
        live.triggers, {name: values[name] for name in live.reads if name in values},
        is_stopped=live.is_stopped, is_restricted=live.is_restricted,
    )  # fmt: skip
    if live.meters and verdict.answer in (Answer.PROCEED, Answer.HOLD):
        meters = live.meters
        over = [its.quota.checkpoint for its in meters if its.is_over(one.output, values)]
        fired = tuple(dict.fromkeys((*verdict.fired, *over)))
        verdict = Verdict(Answer.HOLD, fired) if over else verdict
    kept = {name: value for name, value in one.fields.items() if name in values}
    told = _told(one, kept)
    is_whole = sent is one and len(kept) == len(one.fields)
    body = (
        f'{{"answer":"{verdict.answer.value}","dropped":{canonical(dropped)},'
        f'"fired":{canonical(verdict.fired)},"gateway":"{gateway.pk}","plan":"{live.plan_id}",'
        f'"received_at":"{moment.isoformat(timespec="microseconds")}","told":{told}}}'
    )
    shown = "" if one.output is None else str(one.output)
    digest = _digest(gateway, told if is_whole else _told(sent, sent.fields))
    return Record(place, live, one.reference, digest, verdict, body, shown, one.link, dropped)


def _told(one: NewDecision, fields: dict[str, Any]) -> str:  # Any: JSON
    told = {
        "confidence": one.confidence, "explanation_ref": one.explanation_ref, "fields": fields,
        "input_digest": one.input_digest or "", "output": one.output, "reference": one.reference,
        "release": one.release,
    }  # fmt: skip
    return canonical(told | {"link": one.link} if one.link else told)


def _digest(gateway: User, sent: str) -> str:
    """Of all that was sent, whatever the plan of the moment keeps: another plan changes no repeat.

    Only we can make it, since what is not kept went into it.
    """
    return hmac.digest(gateway.salt.encode(), sent.encode(), "sha256").hex()


def _without(gateway: User, one: NewDecision, places: list[str]) -> NewDecision:
    """The same without the values there; a reference becomes a digest that only we can make."""
    changes: dict[str, Any] = {  # Any: as the fields are typed
        "fields": {k: v for k, v in one.fields.items() if f"fields.{k}" not in places}
    }
    if "reference" in places:
        hidden = hmac.digest(gateway.salt.encode(), one.reference.encode(), "sha256").hex()
        changes["reference"] = f"hidden:{hidden}"
    if "output" in places:
        changes["output"] = None
    changes |= {place: "" for place in ("explanation_ref", "link") if place in places}
    return one.model_copy(update=changes)


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


def canonical(told: Any) -> str:  # Any: JSON
    """One spelling of the record; what is stored is what is hashed."""
    return _ENCODER.encode(told)

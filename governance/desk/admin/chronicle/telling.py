"""Entries in words: what happened, to what, by whom, and what changed."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Field, Model
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from governance.approvals.models import ApprovalState, BallotSeat
from governance.clocks.queries import section_of as clocks_section
from governance.committees.models import Seat
from governance.desk.admin.chronicle.kinds import KINDS
from governance.desk.admin.chronicle.labels import FACTS, LABELS, TELLING, TELLING_FACTS
from governance.desk.admin.chronicle.rows import Named, names_of
from governance.desk.admin.pages import said
from governance.desk.admin.words import (
    approvals_words,
    body_label,
    clock_in_words,
    kind_in_words,
    requirement_labels,
    role_label,
    seat_label,
    yes_or_no,
)
from governance.reviews.queries import section_of as review_section
from governance.trail.queries import Line
from governance.validations.models import Conclusion
from registry.core.ledger.models import Entry
from registry.core.people.models import User
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence
from registry.releases.models import Stage

_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_LONGEST = 240
# What nobody reads in a list: derived, secret, or a whole paper.
_HIDDEN = frozenset({
    "search_text", "search_grams", "content", "dossier", "route", "policy", "result", "vector",
    "factors", "facts", "reasons", "path", "eligible", "step_up_id", "salt", "secret_digest",
    "subject_type", "row_version", "checklist", "importances", "envelope", "svr_envelope",
})  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A line of the trail as a page prints it."""

    seq: int
    at: dt.datetime
    kind: str
    what: str
    actor: str
    subject: Named
    summary: str
    changes: tuple[tuple[str, str, str], ...]
    facts: tuple[tuple[str, str], ...]


def tell(user: User, lines: list[Line]) -> list[Told]:
    """The lines in words. One statement for each model that the lines name, two for labels."""
    if not lines:
        return []
    words = _Words(user, lines)
    return [_told(line, words) for line in lines]


def _told(line: Line, words: _Words) -> Told:
    entry = line.entry
    model = _model_of(entry.subject_type)
    shown = telling_of(entry)
    summary = [words.value(model, name, line.state[name]) for name in shown if line.state.get(name)]
    summary += _summed_up(line, words)
    changes = [
        (words.label(model, name), words.value(model, name, was), words.value(model, name, now))
        for name, was, now in line.changes
        if name not in _HIDDEN
    ]
    facts = [(words.label(None, name), words.value(None, name, value))
             for name, value in line.facts.items()]  # fmt: skip
    label = KINDS.get(entry.kind)
    return Told(
        seq=entry.seq,
        at=entry.recorded_at,
        kind=entry.kind,
        what=capfirst(str(label)) if label else entry.kind,
        actor=line.actor_name,
        subject=words.names.get(entry.subject_id) or _unnamed(model),
        summary=" · ".join(summary),
        changes=tuple(changes),
        facts=tuple(facts),
    )


def _summed_up(line: Line, words: _Words) -> list[str]:
    """The facts that belong into the summary: a move from stage to stage, a reason, a name."""
    names = TELLING_FACTS.get(line.entry.kind, ())
    told = {name: words.value(None, name, line.facts[name]) for name in names
            if line.facts.get(name)}  # fmt: skip
    if "from" in told and "to" in told:
        told = {"from": f"{told.pop('from')} → {told.pop('to')}"} | told
    return list(told.values())


def _model_of(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _unnamed(model: type[Model] | None) -> Named:
    """What is gone, or what this reader may not see, is called by its kind."""
    return Named(str(model._meta.verbose_name) if model else "")


def _fields(model: type[Model] | None) -> dict[str, Field[Any, Any]]:
    return {one.attname: one for one in model._meta.concrete_fields} if model else {}


class _Words:
    """The names and labels that a page of lines needs, read once."""

    def __init__(self, user: User, lines: list[Line]) -> None:
        self.names = names_of(user, _keys(lines))
        pack = policy.active_pack()
        self.requirements = requirement_labels(pack)
        self.section = approvals_words(pack)
        self.reviews = review_section(pack)
        self.clocks = clocks_section(pack)
        self.documents = {
            key: said(kind.label.model_dump()) for key, kind in evidence.kinds().items()
        }

    def label(self, model: type[Model] | None, name: str) -> str:
        """A field's or a fact's name in words."""
        field = _fields(model).get(name)
        if name in LABELS:
            return capfirst(str(LABELS[name]))
        if field is None:
            return name.replace("_", " ")
        if field.is_relation and getattr(field, "_verbose_name", None) is None:
            return capfirst(str(field.related_model._meta.verbose_name))  # type: ignore[union-attr]  # a model, as declared
        return capfirst(str(field.verbose_name))

    def value(self, model: type[Model] | None, name: str, value: Any) -> str:
        """A value in words."""
        if value is None or value in ("", [], {}):
            return "–"
        if isinstance(value, bool):
            return yes_or_no(value)
        if isinstance(value, dict):
            return "; ".join(f"{key}: {self.value(None, key, one)}" for key, one in value.items())
        if isinstance(value, list):
            return ", ".join(self.value(model, name, one) for one in value)
        field = _fields(model).get(name)
        choices = dict(field.flatchoices) if field is not None else {}
        if value in choices:
            return str(choices[value])
        return self._text(model, name, str(value))

    def _text(self, model: type[Model] | None, name: str, text: str) -> str:
        if _KEY.fullmatch(text):
            named = self.names.get(uuid.UUID(text))
            return named.text if named else _("not shown")
        if text.startswith("salted:"):
            return _("kept as a fingerprint alone")
        if _DIGEST.fullmatch(text):
            return f"{text[:12]}…"
        if _MOMENT.match(text):
            return _moment(text)
        if name == "requirement":
            return self.requirements.get(text, text)
        if name == "validation_conclusion":
            return str(dict(Conclusion.choices).get(text, text))
        if name == "outcome":
            ended = self.reviews.outcome(text)
            told = said(ended.label.model_dump()) if ended is not None else text
            return str(dict(ApprovalState.choices).get(text, told))
        if name == "kind" and self.clocks.kind(text) is not None:
            return clock_in_words(self.clocks, text)
        if name == "kind" and self.reviews.kind(text) is not None:
            return kind_in_words(self.reviews, text)
        if name == "body_code":
            return body_label(self.section, text)
        if name == "name" and model in (BallotSeat, Seat):
            return seat_label(self.section, text)
        if text in self.documents and name in ("kind", "document_kind"):
            return self.documents[text]
        if name in ("from", "to", "was", "stage") and text in Stage.values:
            return str(Stage(text).label)
        if name == "role":
            return role_label(text)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _moment(text: str) -> str:
    """The moment in the reader's time zone."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M") if moment.tzinfo else text


def _keys(lines: Iterable[Line]) -> Iterator[tuple[str, uuid.UUID]]:
    """Every key that the lines will name, with the model whose key it is."""
    for line in lines:
        yield line.entry.subject_type, line.entry.subject_id
        fields = _fields(_model_of(line.entry.subject_type))
        told = [(name, value) for name, *both in line.changes for value in both]
        told += [(name, line.state.get(name)) for name in telling_of(line.entry)]
        for name, value in told:
            field = fields.get(name)
            if field is not None and field.is_relation and _is_key(value):
                yield field.related_model._meta.label_lower, uuid.UUID(value)  # type: ignore[union-attr]  # a model, as declared
        for name, value in line.facts.items():
            if name in FACTS and _is_key(value):
                yield FACTS[name], uuid.UUID(value)


def telling_of(entry: Entry) -> tuple[str, ...]:
    """What of the row the entry's summary shows: by its kind, else by what it is about."""
    return TELLING.get(entry.kind, TELLING.get(entry.subject_type, ()))


def _is_key(value: object) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


__all__ = ["Told", "tell"]

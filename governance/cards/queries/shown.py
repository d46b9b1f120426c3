"""A card as people read it: headings, rows and tables, in the language that is active."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from governance.approvals.models import ApprovalState
from governance.cards.rules import Card, Governance
from governance.findings.models import Severity
from governance.monitoring.models import Level
from governance.suspensions.models import OrderKind
from governance.validations.models import Conclusion
from registry.catalogue.models import IdentityKind, Tier
from registry.classification import queries as classification
from registry.core.policy import queries as policy
from registry.releases.models import ExplainabilityLevel, Stage


@dataclass(frozen=True)
class Row:
    """A label with its lines."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Headings over cells."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def labelled(self) -> list[list[tuple[str, str]]]:
        """Each row's cells with their headings, for narrow pages."""
        return [list(zip(self.heads, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Section:
    """A heading with rows, then tables. What is empty is left out."""

    title: str
    rows: tuple[Row, ...] = ()
    tables: tuple[Table, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows or self.tables)


def sections(card: Card) -> list[Section]:
    """The whole card. An empty part is not there; what is governed comes first."""
    words = _Words()
    every = (
        _identity(card), _governance(card.governance, words), _uses(card), _data(card, words),
        _how(card), _measured(card), _wary(card),
    )  # fmt: skip
    return [one for one in every if one]


def _identity(card: Card) -> Section:
    return _section(
        _("Model"),
        [
            (_("code"), card.code),
            (_("version"), card.version),
            (_("identity"), _word(IdentityKind, card.identity)),
            ("SHA-256", card.digest),
            (_("registered on"), card.released_on),
            (_("legal entity"), card.institution),
            (_("answers for it"), [_owner(one.name, one.role) for one in card.owners]),
            (_("description"), card.overview.splitlines()),
            (_("licences"), card.licences),
            (_("where it is"), card.links),
        ],
    )


def _owner(name: str, role: str) -> str:
    roles = {"owner": _("model owner"), "use_case_owner": _("owner of the use case")}
    return f"{name} ({roles.get(role, role)})" if role else name


def _governance(told: Governance, words: _Words) -> Section:
    provisional = f" ({_('provisional')})" if told.provisional == "yes" else ""
    flags = [
        f"{words.flag(one.name)}: {words.flag_value(one.name, one.value)}" for one in told.flags
    ]
    return _section(
        _("Governance"),
        [
            (_("release"), told.release),
            (_("stage"), _word(Stage, told.stage)),
            (_("tier"), _word(Tier, told.tier) + provisional if told.tier else ""),
            (_("flags"), flags),
            (_("autonomy"), words.code("autonomy", told.autonomy)),
            (_("decision role"), words.code("decision_role", told.decision_role)),
            (_("data level"), words.code("data_level", told.data_level)),
            (_("personal information"), [words.code("pi_flag", x) for x in told.personal_data]),
            (_("validation"), _dated(_word(Conclusion, told.validation), told.validated_on)),
            (_("approval"), _dated(_word(ApprovalState, told.approval), told.approved_on)),
            (_("approved until"), told.approved_until),
            (_("monitoring"), _monitoring(told.monitoring)),
            (_("open findings"), [f"{_word(Severity, x.name)}: {x.value}" for x in told.findings]),
            (_("orders in force"), [_order(x.kind, x.since, x.limits) for x in told.restrictions]),
        ],
        [
            (
                (_("metric"), _("segment"), _("value"), _("level"), _("day")),
                [
                    (x.name, x.segment, _short(x.value), _word(Level, x.level), x.on)
                    for x in told.watched
                ],
            )
        ],
    )  # fmt: skip


def _dated(text: str, day: str) -> str:
    return f"{text} · {day}" if text and day else text


def _order(kind: str, since: str, limits: str) -> str:
    return " · ".join(one for one in (_word(OrderKind, kind), since, limits) if one)


def _monitoring(status: str) -> str:
    return {
        "green": _("in order"),
        "amber": _("warning"),
        "red": _("action needed"),
        "none": _("not watched yet"),
        "waiting": _("no values yet"),
    }.get(status, status)


def _uses(card: Card) -> Section:
    return _section(
        _("Uses"),
        [
            (_("use cases"), card.use_cases),
            (_("users"), card.users),
            (_("affected people"), card.affected),
            (_("prohibited uses"), card.prohibited_uses),
        ],
    )


def _data(card: Card, words: _Words) -> Section:
    heads = (_("data set"), _("version"), _("used for"), _("level"), _("personal information"))
    roles = {"training": _("training"), "evaluation": _("evaluation")}
    rows = [
        (
            "\n".join(text for text in (x.name, x.description, x.link) if text),
            x.version,
            roles.get(x.role, x.role),
            words.code("data_level", x.level),
            _(", ").join(words.code("pi_flag", one) for one in x.personal),
        )
        for x in card.datasets
    ]
    return _section(
        _("Data"),
        [(_("inputs"), card.inputs), (_("outputs"), card.outputs)],
        [(heads, rows)],
    )


def _how(card: Card) -> Section:
    level = _word(ExplainabilityLevel, card.explainability)
    return _section(
        _("How it works"),
        [
            (_("technique"), card.techniques),
            (_("learning"), card.approach),
            (_("task"), card.task),
            (_("architecture"), card.architecture),
            (_("base model"), card.base_models),
            (_("library"), card.library),
            (_("explainability level"), level),
            (_("explained by"), card.explanation),
        ],
        [((_("parameter"), _("value")), [(x.name, x.value) for x in card.parameters])],
    )


def _measured(card: Card) -> Section:
    heads = (_("metric"), _("slice"), _("value"), _("confidence interval"))
    rows = [(x.name, x.slice, x.value, _interval(x.lower, x.upper)) for x in card.figures]
    return _section(_("Performance"), [], [(heads, rows)])


def _interval(lower: str, upper: str) -> str:
    return f"{lower or '–'} … {upper or '–'}" if lower or upper else ""


def _wary(card: Card) -> Section:
    return _section(
        _("Limits and considerations"),
        [(_("limitations"), card.limitations), (_("trade-offs"), card.tradeoffs)],
        [
            (
                (_("consideration"), _("what is done about it")),
                [(x.name, x.mitigation) for x in card.ethics],
            ),
            (
                (_("group at risk"), _("benefits"), _("harms"), _("what is done about it")),
                [(x.group, x.benefits, x.harms, x.mitigation) for x in card.fairness],
            ),
            (
                (_("activity"), "kWh", "tCO₂e"),
                [(x.activity, x.kwh, x.tonnes) for x in card.energy],
            ),
        ],
    )


def _section(
    title: str,
    rows: Iterable[tuple[Any, Any]],  # Any: a text, lazy or not; a text or several
    tables: Iterable[tuple[tuple[str, ...], Sequence[tuple[str, ...]]]] = (),
) -> Section:
    kept = []
    for label, told in rows:
        lines = (told,) if isinstance(told, str) else tuple(told)
        if found := tuple(line for line in lines if line):
            kept.append(Row(capfirst(str(label)), found))
    return Section(
        title,
        tuple(kept),
        tuple(_table(heads, cells) for heads, cells in tables if cells),
    )


def _table(heads: tuple[str, ...], cells: Sequence[tuple[str, ...]]) -> Table:
    """Without the columns in which nothing stands."""
    kept = [place for place in range(len(heads)) if any(row[place] for row in cells)]
    return Table(
        tuple(capfirst(heads[place]) for place in kept),
        tuple(tuple(row[place] for place in kept) for row in cells),
    )


def _short(value: str) -> str:
    """A number with at most four decimals."""
    whole, _point, decimals = value.partition(".")
    if len(decimals) <= 4 or not decimals.isdigit() or not whole.removeprefix("-").isdigit():
        return value
    return f"{float(value):.4f}"


def _word(choices: Any, value: str) -> str:  # Any: Django's choices
    """The choice in words; what is none is shown as it stands."""
    return str(choices(value).label) if value in choices.values else value


class _Words:
    """The policy's words for codes of dimensions and for flags, in the active language."""

    def __init__(self) -> None:
        self._section = classification.section_of(policy.active_pack()).classification
        self._chinese = (translation.get_language() or "").startswith("zh")

    def _said(self, label: Any) -> str:  # Any: a pack's label
        return str(label.zh if self._chinese else label.en)

    def code(self, dimension: str, code: str) -> str:
        """What the dimension's code means."""
        for one in self._section.dimensions:
            if one.key == dimension and code in one.codes:
                return self._said(one.codes[code])
        return code

    def flag(self, key: str) -> str:
        """What the flag is about."""
        found = next((one for one in self._section.flags if one.key == key), None)
        return self._said(found.label) if found is not None else key

    def flag_value(self, key: str, value: str) -> str:
        """What the flag says."""
        found = next((one for one in self._section.flags if one.key == key), None)
        known = (found.values if found is not None else None) or self._section.flag_values
        if value in known:
            return self._said(known[value])
        return {"yes": _("Yes"), "no": _("No")}.get(value, value)


def field_in_words(name: str) -> str:
    """What a card's field is called."""
    return capfirst(str(_fields().get(name, name)))


def _fields() -> dict[str, str]:
    return {
        "name": _("name"), "version": _("version"), "digest": "SHA-256",
        "released_on": _("registered on"), "overview": _("description"),
        "institution": _("legal entity"), "owners": _("answers for it"),
        "approach": _("learning"), "task": _("task"), "architecture": _("architecture"),
        "techniques": _("technique"), "base_models": _("base model"), "library": _("library"),
        "licences": _("licences"), "links": _("where it is"), "users": _("users"),
        "use_cases": _("use cases"), "prohibited_uses": _("prohibited uses"),
        "affected": _("affected people"), "datasets": _("data sets"), "inputs": _("inputs"),
        "outputs": _("outputs"), "parameters": _("parameters"), "figures": _("metrics"),
        "fairness": _("group at risk"), "limitations": _("limitations"),
        "tradeoffs": _("trade-offs"), "ethics": _("consideration"),
        "explainability": _("explainability level"), "explanation": _("explained by"),
        "energy": _("energy"),
    }  # fmt: skip


def value_in_lines(value: Any) -> list[str]:  # Any: a field of the card
    """A field's value: one line for each entry, its parts one after the other."""
    if isinstance(value, tuple):
        return [line for one in value for line in value_in_lines(one)]
    if dataclasses.is_dataclass(value):
        parts = (getattr(value, one.name) for one in dataclasses.fields(value))
        told = [_(", ").join(part) if isinstance(part, tuple) else part for part in parts]
        return [" · ".join(part for part in told if part)]
    return [value] if value else []

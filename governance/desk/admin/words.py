"""Names and labels in the language of the page, for what pages show."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, gettext

from governance.approvals.schema import ApprovalsSection
from governance.clocks.schema import ClocksSection
from governance.desk.admin.pages import said
from governance.lifecycle.queries import section_of
from governance.lifecycle.queries.papers import approvals_section
from governance.reviews.schema import Outcome, ReviewsSection
from registry.core.adminkit import named
from registry.core.people.models import ROLE_LABELS
from registry.core.people.rules import Role
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease


def name_of(row: Any) -> str:  # Any: whatever has a name
    """The row's name in the language of the page; a code or title where it has none."""
    if hasattr(row, "name_zh"):
        return named(row)
    if hasattr(row, "title_zh"):
        is_chinese = (get_language() or "").startswith("zh")
        return str(row.title_zh if is_chinese else row.title_en or row.title_zh)
    return str(row)


def requirement_labels(pack: PackRelease | None = None) -> dict[str, str]:
    """Each requirement of the pack (by default the one in force), in words."""
    section = section_of(pack or policy.active_pack())
    return {one.key: said(one.label.model_dump()) for one in section.requirements}


def approvals_words(pack: PackRelease | None = None) -> ApprovalsSection:
    """The pack's section (by default of the one in force) that names bodies and seats."""
    return approvals_section(pack or policy.active_pack())


def kind_in_words(section: ReviewsSection, key: str) -> str:
    """A kind of review with its name; the key alone where the policy no longer has it."""
    kind = section.kind(key)
    return f"{key} {said(kind.label.model_dump())}" if kind is not None else key


def clock_in_words(section: ClocksSection, key: str) -> str:
    """A legal clock's name; its key where the policy no longer has it."""
    kind = section.kind(key)
    return said(kind.label.model_dump()) if kind is not None else key


def outcome_in_words(outcome: Outcome) -> str:
    """How a review ends, and what follows from it."""
    follows = {
        "none": "",
        "finding": gettext("opens a finding"),
        "restrict": gettext("opens a finding and restricts the use"),
    }[outcome.effect]
    label = said(outcome.label.model_dump())
    return f"{label} → {follows}" if follows else label


def body_label(section: ApprovalsSection, code: str) -> str:
    """A committee's name; the signatures of a route are called so."""
    known = {body.key: said(body.label.model_dump()) for body in section.bodies}
    return known.get(code) or gettext("signatures")


def seat_label(section: ApprovalsSection, name: str) -> str:
    """The seat as policy names it, else the role of that name."""
    for body in section.bodies:
        if name in body.named_seats:
            return said(body.named_seats[name].model_dump())
    return role_label(name)


def local_minute(moment: dt.datetime) -> str:
    """The minute, in the reader's time zone."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")


def role_label(key: str) -> str:
    """The role in words; the key itself where there is no such role."""
    return str(ROLE_LABELS[Role(key)]) if key in set(Role) else key


def line_label(key: str) -> str:
    """The line of defence in words."""
    return {
        "1": gettext("first line of defence"),
        "2": gettext("second line of defence"),
        "3": gettext("third line of defence"),
    }[key]


def yes_or_no(value: bool) -> str:
    """A truth in words."""
    return gettext("Yes") if value else gettext("No")


def number(value: float) -> str:
    """A number with at most four decimals, and commas between thousands."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def value_of(value: Any) -> dict[str, Any]:  # Any: JSON
    """A JSON value as the template `parts/value.html` prints it: text, a table or a list."""
    match value:
        case dict():
            return {"pairs": [(name, value_of(one)) for name, one in value.items()]}
        case list() if any(isinstance(one, dict | list) for one in value):
            return {"entries": [value_of(one) for one in value]}
        case list():
            return {"text": ", ".join(value_of(one)["text"] for one in value)}
        case bool():
            return {"text": yes_or_no(value)}
        case int() | float():
            return {"text": number(value)}
        case None | "":
            return {"text": "–"}
    return {"text": str(value)}

"""Intervention plans as people read them: checkpoints, limits, shifts, an agent's scope."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.checkpoints import queries
from governance.checkpoints.models import Plan
from governance.checkpoints.rules.scope import ActionClass, Right, Scope, Why
from governance.checkpoints.schema import (
    DAYS,
    Checkpoint,
    CheckpointsSection,
    Limit,
    PlanContent,
    Shift,
)
from governance.desk.admin.pages import said
from governance.desk.admin.words import name_of, role_label

RIGHTS = {
    Right.USER_DECIDES: gettext_lazy("the user alone decides"),
    Right.USER_AUTHORISES: gettext_lazy("the user authorises each decision"),
    Right.AGENT_DECIDES: gettext_lazy("the agent decides by itself"),
}
CLASSES = {
    ActionClass.READ: gettext_lazy("reads"),
    ActionClass.WRITE: gettext_lazy("writes"),
    ActionClass.PAYMENT: gettext_lazy("pays"),
    ActionClass.MESSAGE: gettext_lazy("sends messages"),
    ActionClass.DELETE: gettext_lazy("deletes"),
}
WAITS = {
    Why.BEYOND_SCOPE: gettext_lazy("lies beyond the agent's scope"),
    Why.NEEDS_AUTHORITY: gettext_lazy("needs somebody's authority"),
}


def plans_in_words(rows: Iterable[Plan]) -> list[Plan]:
    """The plans with their checkpoints as people read them."""
    found, section = list(rows), queries.active_section()
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        told.about = name_of(row.release.model_use.model)
        told.agent = _agent(row.told)
        told.shifts = [_shift(one) for one in row.told.shifts]
        told.checkpoints = [_checkpoint(section, one) for one in row.told.checkpoints]
        told.quotas = [
            {
                "label": said(one.label.model_dump()),
                "rule": _("%(most)s × %(outputs)s within %(minutes)s minutes for each %(by)s")
                % {"most": one.most, "outputs": ", ".join(one.outputs),
                   "minutes": one.window_minutes, "by": one.by},
                "checkpoint": said(row.told.checkpoint(one.checkpoint).label.model_dump()),
            }
            for one in row.told.quotas
        ]  # fmt: skip
        told.trips = [
            {
                "label": said(one.label.model_dump()),
                "rule": _("“%(output)s” above %(percent)s %% within %(minutes)s minutes")
                % {"output": one.output, "percent": one.above_percent,
                   "minutes": one.window_minutes},
                "least": one.least,
            }
            for one in row.told.trips
        ]  # fmt: skip
    return found


def _checkpoint(section: CheckpointsSection, one: Checkpoint) -> dict[str, Any]:
    point = section.point(one.point)
    limit = one.limit or (point.limit if point is not None else None)
    effect = one.at_limit or (point.at_limit if point is not None else "deny")
    effects = {"deny": _("denied"), "fall_back": _("fallen back"), "escalate": _("escalated")}
    competence = section.competences.get(one.competence)
    return {
        "key": one.key,
        "label": said(one.label.model_dump()),
        "point": f"{one.point} {point_in_words(section, one.point)}",
        "clauses": {name: list(getattr(one.trigger, name)) for name in
                    ("when", "all", "any", "unless") if getattr(one.trigger, name, ())},
        "roles": _(", ").join(role_label(role) for role in one.roles),
        "competence": said(competence.model_dump()) if competence else one.competence,
        "limit": _limit(limit) if limit is not None else "",
        "effect": effects[effect],
        "min_seconds": one.min_seconds,
        "hides_advice": one.advice == "after_view",
        "authority": one.authority,
        "legal_days": one.legal_days,
    }  # fmt: skip


def _limit(limit: Limit) -> str:
    hours, minutes = divmod(limit.minutes, 60)
    told = _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    kinds = {
        "working": _("working time"), "around_the_clock": _("around the clock"),
        "shifts": _("of the shifts"),
    }  # fmt: skip
    return f"{told} · {kinds[limit.hours]}"


def _shift(one: Shift) -> dict[str, Any]:
    return {
        "label": said(one.label.model_dump()),
        "days": _(", ").join(str(WEEKDAYS[DAYS.index(day)]) for day in one.days),
        "begin": one.begin, "end": one.end, "is_overnight": one.end <= one.begin,
    }  # fmt: skip


def point_in_words(section: CheckpointsSection, key: str) -> str:
    point = section.point(key)
    return said(point.label.model_dump()) if point is not None else key


def _agent(told: PlanContent) -> dict[str, Any] | None:
    """What the agent may do by itself: its level, the classes of its actions, what waits."""
    if told.agent is None or told.decision_right is None:
        return None
    return {
        "right": RIGHTS[told.decision_right],
        "classes": [(CLASSES[kind], words) for kind, words in told.scope.items()],
        "held": [
            word for word, _kind in told.agent.actions.items() if told.agent.why_waits(word)
        ],
        "checkpoint": told.authorised_at,
        "checkpoint_label": said(told.checkpoint(told.authorised_at).label.model_dump()),
    }  # fmt: skip


def why_held(agent: Scope | None, output: object) -> list[dict[str, Any]]:
    """Why an agent's action waits, as a line beside those of the trigger."""
    why = agent.why_waits(output) if agent is not None else None
    if agent is None or why is None:
        return []
    found = agent.actions.get(output) if isinstance(output, str) else None
    return [{
        "part": _("agent's scope"), "clause": "–" if output is None else str(output),
        "outcome": WAITS[why], "values": CLASSES[found] if found else "",
    }]  # fmt: skip

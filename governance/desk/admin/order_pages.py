"""The pages of orders: what is in force, and one order with those who enforce it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _

from governance.desk.admin import orders
from governance.desk.admin.order_forms import SHOWN, Affected
from governance.desk.admin.pages import PersonRequest, page, show
from governance.desk.admin.verbs import offered
from governance.desk.admin.words import role_label
from governance.suspensions import queries
from governance.suspensions.models import DrillReport, Order
from governance.suspensions.queries import Measure, Target
from registry.core import clock
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse, root_entity
from registry.core.people.rules import GRANTS, Capability, Role

MOST = 50


@page
def every(request: PersonRequest) -> HttpResponse:
    """What is stopped and restricted now, what was lifted last, who enforces orders."""
    user = request.user
    rows = _whole(queries.visible_to(user)).order_by("-ordered_at", "-pk")
    consumers = queries.visible_consumers(user).select_related("entity", "user")
    context = {
        "in_force": _named(rows.filter(state="in_force")[:MOST]),
        "lifted": _named(rows.filter(state="lifted")[:MOST]),
        "consumers": consumers.order_by("-is_open", "name"),
        "institution": root_entity(),
        "verbs": offered(user, "open-consumer"),
        "danger_verbs": offered(user, "stop-wider", "restrict-wider"),
        "consumer_verbs": offered(user, "close-consumer"),
    }
    return show(request, "orders", _("Orders"), context)


@page
def one(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """One order: what was stopped, who has applied it, the limit, who may resume, what lacks."""
    user = request.user
    order = get_or_refuse(_whole(queries.visible_to(user)), pk)
    measured = queries.measure(order)
    _named([order])
    orders.tell(user, [order])
    report = DrillReport.objects.filter(order=order).first() if order.is_drill else None
    context = {
        "order": order,
        "affected": Affected(*queries.affected_uses(user, Target.of(order), SHOWN)),
        "measured": measured,
        "times": _times(order, measured),
        "took": in_minutes(measured.seconds) if measured.seconds is not None else "",
        "left": _left(order, measured),
        "is_late": bool(measured.late(clock.now())),
        "answers": _lines(order, measured),
        "resumers": _roles(GRANTS[Capability.RESUME]),
        "last_word": _roles(queries.last_word(order)[1]),
        "ratifiers": _roles(GRANTS[Capability.RATIFY]),
        "waits_for_ratification": order.is_false_alarm
        and order.state == "lifted"
        and order.ratified_at is None,
        "report": report,
        **_verbs(user, order, report),
    }
    return show(request, "order", order.told_target, context)  # type: ignore[attr-defined]  # named


def _whole(rows: QuerySet[Order]) -> QuerySet[Order]:
    people = ("ordered_by", "resume_asked_by", "lifted_by", "confirmed_by", "ratified_by")
    return rows.select_related(*people)


def _named(rows: Any) -> list[Order]:
    """Each with what it is about in words, and its page."""
    found = queries.with_targets(rows)
    for row in found:
        told: Any = row  # Any: attributes for the template alone
        told.told_target, told.target_url = queries.target_of(row)
    return found


def _roles(roles: Iterable[Role]) -> str:
    return _(", ").join(str(role_label(role)) for role in sorted(roles))


def _verbs(user: User, order: Order, report: DrillReport | None) -> dict[str, Any]:
    """The verbs that make sense now: no button that can only fail."""
    found: dict[str, Any] = {"verbs": [], "report_verbs": []}
    is_free = user.pk not in (order.ordered_by_id, order.resume_asked_by_id)
    if order.state == "in_force" and is_free:
        found["verbs"] = offered(user, "resume")
    elif order.is_false_alarm and order.ratified_at is None and order.state == "lifted":
        lifted = (order.lifted_by_id, order.confirmed_by_id)
        found["verbs"] = offered(user, "ratify") if user.pk not in lifted else []
    if order.is_drill and order.state == "lifted" and report is None:
        found["verbs"] = [*found["verbs"], *offered(user, "report-drill")]
    if (
        report is not None
        and report.countersigned_by_id is None
        and user.pk != report.written_by_id
    ):
        found["report_verbs"] = offered(user, "countersign-drill")
    return found


def _left(order: Order, measured: Measure) -> str:
    """The countdown to the limit, as long as somebody has not acknowledged."""
    if measured.due_at is None or order.state != "in_force" or measured.is_complete:
        return ""
    seconds = (measured.due_at - clock.now()).total_seconds()
    words = _("%(time)s left") if seconds >= 0 else _("%(time)s over")
    return words % {"time": in_minutes(abs(seconds))}


def _times(order: Order, measured: Measure) -> list[dict[str, Any]]:
    """Decided, in effect, fallback in place: how long each took, of which limit; nothing unknown.

    Without a word of when the event was noticed nobody knows how long the decision took.
    """
    steps = (
        (_("decided, from when it was noticed"), measured.decision),
        (_("in effect everywhere"), measured.effective),
        (_("fallback in place everywhere"), measured.fallback),
    )
    until = order.lifted_at or clock.now()
    return [
        {
            "label": label,
            "limit": _limit(told.limit_minutes) if told.limit_minutes else "",
            "took": in_minutes(told.seconds) if told.seconds is not None else "",
            "in_time": told.in_time,
            "is_open": told is not measured.decision and order.state == "in_force",
            "is_late": told.in_time is False
            or bool(told.seconds is None and told.due_at and told.due_at < until),
        }
        for label, told in steps
        if told.limit_minutes is not None or told.seconds is not None
    ]


def _lines(order: Order, measured: Measure) -> list[dict[str, Any]]:
    """Each consumer with a bar: how much of the limit it needed, or has used by now."""
    limit = measured.effective.limit_minutes
    so_far = ((order.lifted_at or clock.now()) - order.ordered_at).total_seconds()
    found = []
    for answer in measured.answers:
        seconds = answer.seconds if answer.seconds is not None else so_far
        found.append(
            {
                "told": answer,
                "percent": min(100, round(100 * seconds / (limit * 60))) if limit else None,
                "is_late": bool(limit and seconds > limit * 60),
                "took": in_minutes(answer.seconds) if answer.seconds is not None else "",
                "fell_back": ""
                if answer.fallback_seconds is None
                else in_minutes(answer.fallback_seconds),
            }
        )
    return found


def _limit(minutes: int) -> str:
    """Whole hours as hours, anything else in minutes."""
    if minutes % 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    return _("%(hours)s h") % {"hours": minutes // 60}


def in_minutes(seconds: float) -> str:
    """A short time in minutes and seconds, a long one in hours and minutes."""
    whole = int(seconds)
    if whole >= 3_600:
        told = {"hours": whole // 3_600, "minutes": whole % 3_600 // 60}
        return _("%(hours)s h %(minutes)s min") % told
    return _("%(minutes)s min %(seconds)s s") % {"minutes": whole // 60, "seconds": whole % 60}

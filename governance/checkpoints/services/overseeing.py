"""People's oversight is itself looked at; models are tripped on conditions approved beforehand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection

from governance.checkpoints import queries
from governance.checkpoints.models import Plan
from governance.checkpoints.queries import oversight
from governance.checkpoints.rules.effectiveness import Verdict
from governance.checkpoints.schema import Trip
from governance.checkpoints.services.passing import Pass
from governance.suspensions import queries as suspensions
from governance.suspensions import services as suspending
from governance.suspensions.models import Order
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import parts_of
from registry.core.people.models import User

QUIET = dt.timedelta(days=30)  # the same alarm of a plan is told at most so often
MISSED_PERCENT = 5.0  # PR-06: a limit missed more often calls for the review
ALARMS = (Verdict.AUTOMATION_BIAS, Verdict.MODEL_FAILURE)


def oversee(*, actor: User) -> list[Plan]:
    """What lies out of its band is in the ledger, which calls for PR-06; each alarm once a month.

    Raises PassFailed where a plan could not be looked at, after all others were.
    """
    found, this = [], Pass("oversight")
    for plan in oversight.plans_to_oversee().order_by("pk"):
        with this.over(plan):
            found += _oversee(actor, plan)
    this.end()
    return found


def _oversee(actor: User, plan: Plan) -> list[Plan]:
    known = _told_lately(plan)
    alarms = [one for one in alarms_of(plan) if _kind(one) not in known]
    if not alarms:
        return []
    with ledger.act(actor) as act:
        row = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
        act.note(row, "plan.out_of_band", facts={"alarms": alarms})
    return [row]


def alarms_of(plan: Plan) -> list[dict[str, Any]]:  # Any: JSON
    """What of the release's oversight lies out of its band: of checkpoints, reviewers, limits."""
    release, band = plan.release, queries.active_section().band
    told: list[dict[str, Any]] = []  # Any: JSON
    found = oversight.overseen(release)
    for about, lines in (("checkpoint", found.checkpoints), ("reviewer", found.reviewers)):
        for one in lines:
            figures = one.figures
            if figures.verdict in ALARMS:
                told.append({"about": about, "name": one.name, "verdict": figures.verdict.value,
                             "rate": str(figures.rate), "cases": figures.cases})  # fmt: skip
            elif about == "reviewer" and figures.streak >= band.streak:
                told.append({"about": about, "name": one.name, "verdict": "streak",
                             "rate": str(figures.rate), "cases": figures.streak})  # fmt: skip
    missed = oversight.missed_percent(release)
    if missed > MISSED_PERCENT:
        told.append({"about": "limits", "name": "", "verdict": "missed", "rate": str(missed),
                     "cases": 0})  # fmt: skip
    return told


def _kind(alarm: dict[str, Any]) -> tuple[str, str, str]:  # Any: JSON
    """What the alarm is about: the same is told once a month, another one at once."""
    return alarm["about"], alarm["name"], alarm["verdict"]


def _told_lately(plan: Plan) -> set[tuple[str, str, str]]:
    since = clock.now() - QUIET
    rows = Entry.objects.filter(
        kind="plan.out_of_band", subject_id=plan.pk, recorded_at__gte=since
    ).values_list("body", flat=True)
    return {_kind(one) for body in rows for one in parts_of(body)[1].get("alarms", ())}


def trip(*, actor: User) -> list[str]:
    """RI-09 自动熔断: a release whose trip condition holds is stopped; the reason names it.

    The plan, and with it the condition, was put in force by the second line beforehand. Raises
    PassFailed where a plan's conditions could not be looked at, after all others were.
    """
    tripped: list[str] = []
    this = Pass("trips")
    for plan in oversight.plans_to_oversee().order_by("pk"):
        with this.over(plan):
            _trip(actor, plan, tripped)
    this.end()
    return tripped


def _trip(actor: User, plan: Plan, tripped: list[str]) -> None:
    told, _triggers = queries.compiled(plan.sha256, plan.pk)
    for one in told.trips:
        if suspensions.is_stopped(plan.release) or not _holds(plan, one):
            continue
        reason = f"RI-09 · {plan.code} · {one.key}"
        suspending.order(
            actor=actor, kind="stop", target_type="release", target_id=plan.release_id,
            reason=reason,
        )  # fmt: skip
        tripped.append(reason)


def _holds(plan: Plan, one: Trip) -> bool:
    """Whether the share of the output lies above its bound, among enough decisions.

    What came before the release was resumed does not count: it has been dealt with.
    """
    since = clock.now() - dt.timedelta(minutes=one.window_minutes)
    lifted = Order.objects.filter(target_id=plan.release_id, kind="stop", state="lifted")
    resumed_at = lifted.order_by("-lifted_at").values_list("lifted_at", flat=True).first()
    since = max(since, resumed_at or since)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE output = %s)"
            " FROM governance_decision WHERE release_id = %s AND received_at >= %s",
            [one.output, plan.release_id, since],
        )
        many, such = cursor.fetchone()
    return bool(many >= one.least and 100 * such > one.above_percent * many)

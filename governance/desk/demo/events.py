"""What happens beside the way through the stages: findings, waivers, stops, secrets, endings."""

from __future__ import annotations

import datetime as dt
from typing import assert_never

from governance.approvals import services as approvals
from governance.approvals.models import Condition
from governance.desk.demo import papers
from governance.desk.demo.institution import person
from governance.desk.demo.schema import Event
from governance.desk.demo.telling import Steps, Told
from governance.findings import services as findings
from governance.lifecycle import services as lifecycle
from governance.suspensions import services as suspensions
from registry.catalogue import services as catalogue
from registry.core import clock


def tell(told: Told) -> Steps:
    """The story's events have happened, each on its day."""
    for event in told.story.events:
        yield told.at(event.day, "13:40")
        _happen(told, event)


def _happen(told: Told, event: Event) -> None:
    match event.do:
        case "finding":
            _find(told, event)
        case "meet_condition":
            _meet(told, event)
        case "hand_in":
            for kind in event.kinds:
                papers.hand_in_demo(told.release, kind, event.by)
        case "stop":
            suspensions.order(
                actor=person(event.by),
                kind="stop",
                target_type="release",
                target_id=told.release.pk,
                reason=event.text,
            )
        case "back" | "retire":
            _move(told, event)
        case "waiver":
            _ask_waiver(told, event)
        case "exemption":
            lifecycle.ask_exemption(
                actor=person(event.by),
                release_id=told.release.pk,
                requirement=event.requirement,
                kind=event.kind,
                reason=event.text,
            )
        case "know":
            for username in event.who:
                catalogue.initiate(
                    actor=person(event.by),
                    model=told.model,
                    user=person(username),
                    reason=event.text,
                )
        case _:
            assert_never(event.do)


def _find(told: Told, event: Event) -> None:
    row = findings.raise_finding(
        actor=person(event.by),
        release_id=told.release.pk,
        severity=event.severity,
        title=event.title,
        detail=event.detail,
    )
    if event.plan:
        findings.plan_finding(
            actor=person(told.story.owner),
            finding_id=row.pk,
            plan=event.plan,
            due_on=_in_days(event.days),
        )


def _meet(told: Told, event: Event) -> None:
    condition = Condition.objects.get(approval__release=told.release, text__contains=event.text)
    approvals.meet_condition(actor=person(event.by), condition_id=condition.pk, note=event.note)


def _move(told: Told, event: Event) -> None:
    actor = person(event.by)
    to = event.to
    if event.do == "retire":
        papers.hand_in_demo(told.release, "retirement_plan", event.by)
        to = "S8"
    lifecycle.promote(actor=actor, release_id=told.release.pk, to=to, reason=event.text)


def _ask_waiver(told: Told, event: Event) -> None:
    findings.ask_waiver(
        actor=person(event.by),
        release_id=told.release.pk,
        requirement=event.requirement,
        reason=event.text,
        compensating_measures=event.note,
        expires_on=_in_days(event.days),
    )


def _in_days(days: int) -> dt.date:
    return clock.today() + dt.timedelta(days=days)

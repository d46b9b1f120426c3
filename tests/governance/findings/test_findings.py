"""Findings and waivers: raised, planned, closed; asked for, granted by another, at most 90 days."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from governance.findings import queries
from governance.findings import services as findings
from governance.findings.models import Finding, Waiver
from governance.lifecycle.queries import gate_of
from governance.lifecycle.rules import Met
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.releases.models import Release
from tests import story
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.world import person

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
WHY = "测试环境尚未就绪,将于下月完成。"
MEASURES = "人工逐笔复核全部高风险申请。"


def release() -> Release:
    return story.register().release


def raised(about: Release, severity: str = "high") -> Finding:
    return findings.raise_finding(
        actor=person("zhao"), release_id=about.pk, severity=severity, title="样本偏旧"
    )


def planned(row: Finding, days: int = 30, plan: str = "补充近三年样本") -> Finding:
    due = clock.today() + dt.timedelta(days=days)
    return findings.plan_finding(actor=person("wang"), finding_id=row.pk, plan=plan, due_on=due)


def closed(row: Finding, by: str = "chen") -> Finding:
    return findings.close_finding(actor=person(by), finding_id=row.pk, note="已复核")


def holds(about: Release) -> bool:
    gate = gate_of(Release.objects.get(pk=about.pk), "S3")
    return next(item.met for item in gate.items if item.requirement.key == "findings") is Met.FACT


def test_a_finding_is_raised_planned_and_closed_each_with_its_entry() -> None:
    about = release()
    before = footprint()
    row = raised(about)
    assert changes(before) == {"governance_finding": (1, 1), "registry_entry": (1, 0)}
    planned(row)
    closed(row)
    assert changes(before) == {"governance_finding": (1, 3), "registry_entry": (3, 0)}
    done = Finding.objects.get()
    assert (done.state, done.closed_by, done.closed_note) == ("closed", person("chen"), "已复核")
    assert list(queries.not_closed(about)) == []


@pytest.mark.parametrize(
    ("severity", "open_holds", "planned_holds"),
    [
        ("critical", False, False),
        ("high", False, True),
        ("medium", True, True),
        ("low", True, True),
    ],
)
def test_grave_findings_shut_the_gate_until_they_are_planned_or_closed(
    severity: str, open_holds: bool, planned_holds: bool
) -> None:
    about = release()
    assert holds(about)
    row = raised(about, severity)
    assert holds(about) is open_holds
    planned(row)
    assert holds(about) is planned_holds
    closed(row)
    assert holds(about)


def test_an_unknown_severity_is_refused() -> None:
    about = release()
    with refused(DomainError, "unknown_severity"):
        raised(about, "terrible")


@pytest.mark.parametrize(
    ("name", "days", "plan", "code"),
    [
        ("due today", 0, "补充近三年样本", "due_in_the_past"),
        ("due yesterday", -1, "补充近三年样本", "due_in_the_past"),
        ("no plan", 30, " ", "text_needed"),
    ],
)
def test_a_plan_lies_ahead_and_says_something(name: str, days: int, plan: str, code: str) -> None:
    row = raised(release())
    with refused(DomainError, code):
        planned(row, days, plan)


def test_the_owner_does_not_close_a_finding_on_the_own_model() -> None:
    row = raised(release())
    with refused(SegregationRefused, "interested_person"):
        closed(row, "wang")


def test_what_is_closed_is_neither_planned_nor_closed_again() -> None:
    row = closed(raised(release()))
    with refused(Conflict, "illegal_transition"):
        planned(row)
    with refused(Conflict, "illegal_transition"):
        closed(row)


def test_the_database_refuses_a_plan_without_a_date() -> None:
    row = raised(release())
    with refused_by_database("23514"), ledger.act(person("wang")) as act:
        act.update(row, "finding.planned", {"state": "planned", "plan": "补充"})


# --- waivers


def asked(
    about: Release,
    days: int = 90,
    by: str = "wang",
    requirement: str = "security_test",
    reason: str = WHY,
    measures: str = MEASURES,
) -> Waiver:
    return findings.ask_waiver(
        actor=person(by),
        release_id=about.pk,
        requirement=requirement,
        reason=reason,
        compensating_measures=measures,
        expires_on=clock.today() + dt.timedelta(days=days),
    )


def answered(row: Waiver, by: str = "gao", *, grant: bool = True) -> Waiver:
    return findings.answer_waiver(actor=person(by), waiver_id=row.pk, grant=grant)


def met(about: Release) -> Met:
    gate = gate_of(Release.objects.get(pk=about.pk), "S3")
    return next(item.met for item in gate.items if item.requirement.key == "security_test")


def expired(about: Release) -> bool:
    gate = gate_of(Release.objects.get(pk=about.pk), "S4")
    return "BR-12" in [one.rule.id for one in gate.blocked]


def test_a_waiver_holds_only_when_it_is_granted() -> None:
    about = release()
    before = footprint()
    row = asked(about)
    assert changes(before) == {"governance_waiver": (1, 1), "registry_entry": (1, 0)}
    assert met(about) is Met.MISSING
    answered(row)
    assert changes(before) == {"governance_waiver": (1, 2), "registry_entry": (2, 0)}
    assert met(about) is Met.WAIVED


def test_a_refused_waiver_holds_for_nothing() -> None:
    about = release()
    answered(asked(about), grant=False)
    assert met(about) is Met.MISSING


@pytest.mark.parametrize(
    ("name", "days", "expected", "blocks"),
    [("on its last day", 30, Met.WAIVED, False), ("the day after", 31, Met.MISSING, True)],
)
def test_a_waiver_ends_and_then_blocks(name: str, days: int, expected: Met, blocks: bool) -> None:
    with clock.at(NOON):
        about = release()
        answered(asked(about, 30))
    with clock.at(NOON + dt.timedelta(days=days)):
        assert (met(about), expired(about)) == (expected, blocks)


def test_a_renewed_waiver_no_longer_blocks() -> None:
    with clock.at(NOON):
        about = release()
        answered(asked(about, 30))
    with clock.at(NOON + dt.timedelta(days=31)):
        answered(asked(about, 30))
        assert (met(about), expired(about)) == (Met.WAIVED, False)


@pytest.mark.parametrize(
    ("name", "days", "reason", "measures", "code"),
    [
        ("91 days", 91, WHY, MEASURES, "waiver_days"),
        ("until today", 0, WHY, MEASURES, "waiver_days"),
        ("until yesterday", -1, WHY, MEASURES, "waiver_days"),
        ("no reason", 30, "稍后", MEASURES, "text_needed"),
        ("no measures", 30, WHY, "无", "text_needed"),
    ],
)
def test_a_waiver_is_dated_and_reasoned(
    name: str, days: int, reason: str, measures: str, code: str
) -> None:
    about = release()
    with clock.at(NOON), refused(DomainError, code):
        asked(about, days, reason=reason, measures=measures)


@pytest.mark.parametrize(
    ("name", "by", "answered_by"),
    [("who asked", "sun", "sun"), ("the model's owner", "li", "wang")],
)
def test_nobody_grants_a_waiver_for_the_own_request_or_model(
    name: str, by: str, answered_by: str
) -> None:
    row = asked(release(), by=by)
    with refused(SegregationRefused, "own_waiver"):
        answered(row, answered_by)


def test_a_waiver_is_answered_once() -> None:
    row = answered(asked(release()))
    with refused(Conflict, "answered_already"):
        answered(row, "sun", grant=False)


def test_the_database_refuses_an_own_grant_and_a_longer_term() -> None:
    row = asked(release())
    with refused_by_database("23514"), ledger.act(person("wang")) as act:
        told = {"state": "granted", "granted_by": person("wang")}
        act.update(Waiver.objects.get(), "waiver.granted", told)
    with refused_by_database("MC005"), ledger.act(person("wang")) as act:
        longer = {"expires_on": TODAY + dt.timedelta(days=999)}
        act.update(Waiver.objects.get(), "waiver.extended", longer)
    assert row.state == "requested"


def test_a_waiver_for_what_can_not_be_waived_opens_no_gate() -> None:
    about = release()
    answered(asked(about, requirement="validation"))
    gate = gate_of(Release.objects.get(pk=about.pk), "S3")
    found = next(item for item in gate.items if item.requirement.key == "validation")
    assert (found.met, found.is_missing) == (Met.MISSING, True)


def test_nothing_is_found_about_what_does_not_exist() -> None:
    before = footprint()
    with pytest.raises(Release.DoesNotExist):
        findings.raise_finding(
            actor=person("zhao"), release_id=uuid.UUID(int=5), severity="low", title="x"
        )
    assert changes(before) == {}

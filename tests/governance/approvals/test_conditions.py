"""Conditions of an approval become dated tasks, and another person confirms that they are met."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from governance.approvals import services as approvals
from governance.approvals.models import Approval, Condition
from governance.committees import services as committees
from governance.committees.models import Resolution
from registry.core import clock
from registry.core.errors import Conflict, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.rules import Role
from tests import story
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.story import vote
from tests.world import head_office, person

NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
PAST = dt.date(2020, 1, 1)


def approved_with_conditions(approval: Approval) -> None:
    """The MRC's head names two conditions, one without a date; then everybody approves."""
    vote(
        approval,
        "sun",
        "approve_with_conditions",
        reason="需补充样本",
        conditions=(
            {"text": "补充近三年样本", "due_on": "2027-01-31"},
            {"text": "完成压力测试复核"},
        ),
    )
    for username in ("qian", "lin"):
        vote(approval, username)
    assert Condition.objects.count() == 0
    for username in ("gao", "sun", "qian", "he", "ma"):
        vote(approval, username)


def condition(approval: Approval) -> Condition:
    approved_with_conditions(approval)
    return Condition.objects.order_by("due_on")[0]


def test_conditions_are_dated_tasks_of_the_models_owner_once_it_is_approved(
    approval: Approval,
) -> None:
    with clock.at(NOON):
        approved_with_conditions(approval)
    rows = Condition.objects.order_by("due_on")
    assert [(row.text, row.due_on, row.owner, row.approval) for row in rows] == [
        ("补充近三年样本", dt.date(2027, 1, 31), person("wang"), approval),
        ("完成压力测试复核", dt.date(2027, 2, 21), person("wang"), approval),
    ]
    assert Entry.objects.filter(kind="condition.attached").count() == 2


def test_a_rejected_approval_has_no_conditions(approval: Approval) -> None:
    told = ({"text": "补充近三年样本"},)
    vote(approval, "qian", "approve_with_conditions", reason="需补充样本", conditions=told)
    vote(approval, "sun", "reject", reason="样本太旧了")
    assert Condition.objects.count() == 0


def test_another_person_confirms_a_condition(approval: Approval) -> None:
    with clock.at(NOON):
        row, before = condition(approval), footprint()
        approvals.meet_condition(actor=person("chen"), condition_id=row.pk, note="已补充")
    assert changes(before) == {"governance_condition": (0, 1), "registry_entry": (1, 0)}
    met = Condition.objects.get(pk=row.pk)
    assert (met.met_by, met.met_at, met.met_note) == (person("chen"), NOON, "已补充")


def test_its_owner_does_not_confirm_a_condition(approval: Approval) -> None:
    row = condition(approval)
    with refused(SegregationRefused, "own_condition"):
        approvals.meet_condition(actor=person("wang"), condition_id=row.pk, note="已补充")
    with refused_by_database("23514"), ledger.act(person("wang")) as act:
        act.update(row, "condition.met", {"met_by": person("wang"), "met_at": timezone.now()})


def test_the_owners_deputy_does_not_confirm_it_either(approval: Approval) -> None:
    row = condition(approval)
    assign = {"role": Role.DEPARTMENT_HEAD, "entity": head_office(), "valid_from": PAST}
    people.assign_role(actor=person("admin"), user=person("wang"), **assign)  # type: ignore[arg-type]  # named values
    given = people.delegate(
        actor=person("wang"), to=person("chen"), reason="休假", valid_from=clock.today(),
        valid_to=clock.today() + dt.timedelta(days=5),
    )  # fmt: skip
    people.accept_delegation(actor=person("chen"), delegation_id=given.pk)
    with refused(SegregationRefused, "own_condition"):
        approvals.meet_condition(actor=person("chen"), condition_id=row.pk, note="样本已补充。")


def test_a_condition_is_met_once(approval: Approval) -> None:
    row = condition(approval)
    approvals.meet_condition(actor=person("chen"), condition_id=row.pk, note="已补充")
    with refused(Conflict, "already_met"):
        approvals.meet_condition(actor=person("sun"), condition_id=row.pk, note="再次确认")


# --- resolutions


def resolve(body: str = "mrc") -> Resolution:
    return committees.resolve(
        actor=person("mi"),
        body_code=body,
        subject_id=person("wang").pk,
        outcome="approved",
        text_zh="通过",
        text_en="passed",
    )


@pytest.mark.django_db
def test_resolutions_are_numbered_without_gaps_per_body_and_year() -> None:
    with clock.at(NOON):
        told = [str(resolve(body)) for body in ("mrc", "rmc", "mrc", "mrc", "rmc")]
    assert told == ["MRC-2026-001", "RMC-2026-001", "MRC-2026-002", "MRC-2026-003", "RMC-2026-002"]


@pytest.mark.django_db
def test_a_year_begins_at_the_institutions_midnight() -> None:
    with clock.at(dt.datetime(2026, 12, 31, 15, 59, tzinfo=dt.UTC)):
        assert str(resolve()) == "MRC-2026-001"
    with clock.at(dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC)):
        assert str(resolve()) == "MRC-2027-001"


@pytest.mark.django_db
def test_a_resolution_that_is_rolled_back_leaves_no_gap() -> None:
    def failing() -> None:
        with ledger.act(person("mi")):
            resolve()
            raise ZeroDivisionError

    with clock.at(NOON):
        resolve()
        before = footprint()
        with pytest.raises(ZeroDivisionError):
            failing()
        assert changes(before) == {}
        assert resolve().number == 2


def test_every_committee_step_ends_in_a_resolution_that_tells_the_count(approval: Approval) -> None:
    story.approve(approval)
    rows = Resolution.objects.filter(subject_id=approval.pk).order_by("passed_at", "body_code")
    assert [(row.body_code, row.number, row.outcome) for row in rows] == [
        ("mrc", 1, "approved"),
        ("rmc", 1, "approved"),
    ]
    assert rows[0].text_zh == f"{approval.code}:3 票赞成,0 票反对,0 票弃权,0 人回避。"
    assert rows[0].text_en == (f"{approval.code}: 3 in favour, 0 against, 0 abstained, 0 recused.")


def test_a_rejection_is_resolved_too(approval: Approval) -> None:
    vote(approval, "sun", "reject", reason="样本太旧了")
    row = Resolution.objects.get()
    assert (row.body_code, row.outcome, row.subject_id) == ("mrc", "rejected", approval.pk)

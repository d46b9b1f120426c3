"""Two people at the same moment: one decision, one winner, no gap, and nothing half done."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

from governance.approvals import services as approvals
from governance.approvals.models import Approval, Vote
from governance.approvals.services import Ballot
from governance.committees import services as committees
from governance.committees.models import Resolution
from governance.findings import services as findings
from governance.lifecycle import services as lifecycle
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.classification import services as classification
from registry.classification.models import GradeConfirmation
from registry.core import clock
from registry.core.errors import Conflict
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry, WarrantUse
from registry.core.people import services as people
from registry.core.people.models import StepUpUse
from registry.releases import queries as releases
from registry.releases import services as release_services
from registry.releases.models import Release
from registry.usecases.models import ModelUse
from tests import story
from tests.concurrency.conftest import codes, together
from tests.world import PASSWORD, person


def approval() -> Approval:
    return Approval.objects.get()


def ready(username: str, **told: Any) -> Callable[[], Vote]:
    """The person's vote, proved beforehand, so that nothing but the vote happens at once."""
    paper, voter = approval(), person(username)
    proof = people.step_up(user=voter, password=PASSWORD, subjects=[paper.dossier_digest])
    papers: dict[str, Any] = {"dossier_digest": paper.dossier_digest, "step_up_id": proof.pk}
    ballot = Ballot(**({"choice": "approve"} | papers | told))
    return lambda: approvals.cast(actor=voter, approval_id=paper.pk, ballot=ballot)


def sound() -> None:
    """The chain has no gap and every row is as recorded."""
    report = ledger.verify()
    assert [fault for fault in report.faults if "anchor" not in fault] == []
    seqs = [line.seq for line in ledger_queries.lines()]
    assert seqs == list(range(1, Entry.objects.count() + 1))


def test_of_two_last_votes_exactly_one_decides(shared: str) -> None:
    for username in ("sun", "qian"):
        story.vote(approval(), username)
    outcomes = together(ready("lin"), ready("chen"))
    assert codes(outcomes) == ["done", "vote_late"]
    assert (Vote.objects.count(), Resolution.objects.count()) == (3, 1)
    states = approval().steps.order_by("order").values_list("state", flat=True)
    assert list(states) == ["passed", "open"]
    sound()


def test_two_last_votes_approve_once(shared: str) -> None:
    for username in ("sun", "qian", "lin"):
        story.vote(approval(), username)
    for username in ("gao", "qian", "he"):
        story.vote(approval(), username)
    outcomes = together(ready("sun"), ready("ma"))
    assert codes(outcomes) == ["done", "done"]  # the fifth seat makes the quorum
    assert approval().state == "approved"
    assert Entry.objects.filter(kind="approval.approved").count() == 1
    assert Entry.objects.filter(kind="approval.granted").count() == 1
    assert sorted(Resolution.objects.values_list("body_code", "number")) == [("mrc", 1), ("rmc", 1)]
    sound()


def test_of_two_votes_on_one_seat_one_counts(shared: str) -> None:
    outcomes = together(ready("sun"), ready("sun", choice="reject", reason="样本太旧了"))
    assert codes(outcomes)[0] == "done"
    assert codes(outcomes)[1] in ("vote_twice", "vote_late")  # late, where the veto decided
    assert (Vote.objects.count(), StepUpUse.objects.count()) == (1, 1)
    sound()


def test_a_member_and_the_delegate_at_once_use_the_seat_once(shared: str) -> None:
    day = clock.today()
    given = people.delegate(
        actor=person("sun"),
        to=person("xu"),
        valid_from=day,
        valid_to=day + dt.timedelta(days=1),
        reason="出差",
    )
    people.accept_delegation(actor=person("xu"), delegation_id=given.pk)
    outcomes = together(ready("sun"), ready("xu"))
    assert codes(outcomes) == ["done", "vote_twice"]
    assert Vote.objects.count() == 1


def test_a_proof_is_spent_once_by_two_votes_at_once(shared: str) -> None:
    first = ready("sun")
    assert codes(together(first, first)) == ["done", "vote_twice"]
    assert StepUpUse.objects.count() == 1


def test_a_vote_and_its_withdrawal_leave_no_vote_on_a_closed_approval(shared: str) -> None:
    paper = approval()
    take_back = lambda: approvals.withdraw(  # noqa: E731 (one line of the table)
        actor=person("wang"), approval_id=paper.pk, reason="补充材料"
    )
    voted, taken = together(ready("sun"), take_back)
    assert not isinstance(taken, BaseException)
    assert approval().state == "withdrawn"
    assert Vote.objects.count() == (0 if isinstance(voted, Conflict) else 1)
    sound()


# --- promotion


def approved() -> Release:
    story.approve(approval())
    return Release.objects.get()


def test_of_two_promotions_one_wins(shared: str) -> None:
    release = approved()

    def promote() -> Release:
        return lifecycle.promote(actor=person("wang"), release_id=release.pk, to="S4")

    before = WarrantUse.objects.count()
    assert codes(together(promote, promote)) == ["done", "illegal_transition"]
    assert Release.objects.get().stage == "S4"
    assert WarrantUse.objects.count() == before + 1
    assert Entry.objects.filter(kind="release.moved", subject_id=release.pk).count() == 4
    sound()


def test_forward_and_back_at_once_end_in_a_stage_that_one_of_them_meant(shared: str) -> None:
    release = approved()
    outcomes = together(
        lambda: lifecycle.promote(actor=person("wang"), release_id=release.pk, to="S4"),
        lambda: lifecycle.promote(
            actor=person("chen"), release_id=release.pk, to="S2", reason="数据需要补充"
        ),
    )
    assert codes(outcomes) == ["done", "illegal_transition"]
    assert Release.objects.get().stage in ("S4", "S2")
    sound()


def test_two_requests_for_approval_open_one(shared: str) -> None:
    approvals.withdraw(actor=person("wang"), approval_id=approval().pk, reason="补充材料")
    release = Release.objects.get()

    def request() -> Approval:
        return lifecycle.request_approval(actor=person("wang"), release_id=release.pk)

    assert codes(together(request, request)) == ["approval_open", "done"]
    assert Approval.objects.filter(state="open").count() == 1


# --- material changes


def graded_again() -> object:
    facts = story.E01["facts"] | {"annual_volume": "below_10k"}
    inputs = story.inputs(story.E01 | {"facts": facts})
    return classification.assess(
        actor=person("wang"), use_id=ModelUse.objects.get().pk, inputs=inputs
    )


def new_evidence() -> object:
    return story.hand_in(Release.objects.get(), "fairness_report")


@pytest.mark.parametrize(
    ("name", "change"), [("graded again", graded_again), ("new evidence", new_evidence)]
)
def test_a_vote_against_a_material_change_counts_before_it_or_is_refused(
    name: str, change: Callable[[], object], shared: str
) -> None:
    voted, changed = together(ready("sun"), change)
    assert not isinstance(changed, BaseException)
    if isinstance(voted, Conflict):
        assert (voted.code, Vote.objects.count()) == ("material_change", 0)
    else:
        assert Vote.objects.count() == 1
        release = Release.objects.get()
        assert approvals.void_if_changed(actor=person("wang"), release_id=release.pk)
    assert approval().state == "void"
    sound()


@pytest.mark.parametrize(
    ("name", "change"), [("graded again", graded_again), ("new evidence", new_evidence)]
)
def test_a_last_vote_against_a_material_change_never_opens_the_gate_for_the_changed_facts(
    name: str, change: Callable[[], object], shared: str
) -> None:
    for username in ("sun", "qian", "lin", "gao", "qian", "he", "ma"):
        story.vote(approval(), username)
    voted, changed = together(ready("sun"), change)
    assert not isinstance(changed, BaseException)
    release = Release.objects.get()
    if isinstance(voted, Conflict):
        assert (voted.code, approval().state, release.approved_digest) == (
            "material_change",
            "void",
            "",
        )
    else:
        assert approval().state == "approved"
        assert release.approved_digest == approval().material_digest
        assert release.approved_digest != releases.material_digest(release)
        with pytest.raises(Conflict) as caught:
            lifecycle.promote(actor=person("wang"), release_id=release.pk, to="S4")
        assert "approval" in caught.value.details["gate"]["missing"]
    sound()


def test_a_regrading_waits_for_a_vote_that_holds_the_release(shared: str) -> None:
    """The vote holds the lock; the change can't slip between its check and its commit."""
    holds, may_go, seen = threading.Event(), threading.Event(), []

    def holding() -> None:
        with ledger.act(person("mi")):
            release_services.lock(Release.objects.get().pk)
            holds.set()
            assert may_go.wait(timeout=20)
            seen.append(ModelUse.objects.get().grades.count())

    def changing() -> object:
        assert holds.wait(timeout=20)
        may_go.set()
        return graded_again()

    together(holding, changing)
    assert seen == [1]


# --- the rest


def test_resolutions_of_many_at_once_are_numbered_without_gaps(shared: str) -> None:
    def resolve() -> Resolution:
        return committees.resolve(
            actor=person("mi"),
            body_code="mrc",
            subject_id=person("wang").pk,
            outcome="approved",
            text_zh="通过",
            text_en="passed",
        )

    assert codes(together(*[resolve] * 4)) == ["done"] * 4
    assert sorted(Resolution.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    sound()


def test_of_two_confirmations_of_a_grade_one_counts(shared: str) -> None:
    grade = story.register(name="另一个模型").registered.grade

    def confirm(username: str) -> Callable[[], object]:
        return lambda: approvals.confirm_grade(
            actor=person(username), grade_id=grade.pk, reason="已核对各因子与底线规则。"
        )

    assert codes(together(confirm("chen"), confirm("sun"))) == ["already_confirmed", "done"]
    assert GradeConfirmation.objects.filter(grade=grade).count() == 1
    sound()


def test_of_two_liftings_of_an_order_one_counts(shared: str) -> None:
    order = suspensions.order(
        actor=person("luo"),
        kind="stop",
        target_type="release",
        target_id=Release.objects.get().pk,
        reason="误拒率异常",
    )

    def lift(username: str) -> Callable[[], object]:
        return lambda: suspensions.resume(
            actor=person(username), order_id=order.pk, reason="数据源故障已修复并复测"
        )

    lift("gao")()
    assert codes(together(lift("chen"), lift("sun"))) == ["already_lifted", "done"]
    assert Order.objects.get().row_version == 3
    sound()


def test_of_two_answers_to_a_waiver_one_counts(shared: str) -> None:
    waiver = findings.ask_waiver(
        actor=person("wang"),
        release_id=Release.objects.get().pk,
        requirement="security_test",
        reason="测试环境尚未就绪,将于下月完成。",
        compensating_measures="人工逐笔复核全部高风险申请。",
        expires_on=clock.today() + dt.timedelta(days=30),
    )

    def answer(username: str, *, grant: bool) -> Callable[[], object]:
        return lambda: findings.answer_waiver(
            actor=person(username), waiver_id=waiver.pk, grant=grant
        )

    outcomes = together(answer("gao", grant=True), answer("sun", grant=False))
    assert codes(outcomes) == ["answered_already", "done"]
    sound()


def test_a_stop_waits_for_nothing(shared: str) -> None:
    """While somebody holds the release, and for as long, a stop is in force all the same."""
    release = Release.objects.get()
    holds, stopped = threading.Event(), threading.Event()

    def holding() -> bool:
        with ledger.act(person("mi")):
            release_services.lock(release.pk)
            holds.set()
            return stopped.wait(timeout=20)

    def stopping() -> object:
        assert holds.wait(timeout=20)
        order = suspensions.order(
            actor=person("luo"),
            kind="stop",
            target_type="release",
            target_id=release.pk,
            reason="误拒率异常",
        )
        stopped.set()
        return order

    held, ordered = together(holding, stopping)
    assert held is True
    assert isinstance(ordered, Order)

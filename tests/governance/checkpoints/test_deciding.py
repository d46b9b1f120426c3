"""Cases: who may decide, two persons above authority, limits that never approve."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from governance.checkpoints import queries, services
from governance.checkpoints.models import Case
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people import services as people
from registry.core.people.queries import system
from registry.core.people.rules import Role
from registry.releases.models import Release
from tests.governance.checkpoints.world import SINCE, decision, trained
from tests.refusals import refused, refused_by_database
from tests.states import LIVE
from tests.world import head_office, person


def held(live: Release, **told: Any) -> Case:
    """A decision in the grey zone waits."""
    fields = {"score": 0.5} | told.pop("fields", {})
    (found,) = services.take(
        gateway=person("gateway"), told=[decision(live, fields=fields, **told)]
    )
    assert found.case is not None
    return found.case


def later(**span: float) -> Any:
    return clock.at(LIVE + dt.timedelta(**span))


def decide(case: Case, by: str, outcome: str = "accept", **told: Any) -> Case:
    """The person opens the case and decides it a minute later."""
    services.claim(actor=person(by), case_id=case.pk)
    given = {"reason_code": "facts_confirmed"}
    if outcome == "override":
        given = {"reason_code": "model_wrong", "final_output": "refuse"}
    with clock.at(clock.now() + dt.timedelta(minutes=1)):
        return services.decide(actor=person(by), case_id=case.pk, outcome=outcome, **(given | told))


def test_a_case_is_opened_with_its_limit(live: Release) -> None:
    case = held(live)
    assert (case.state, case.point, case.checkpoint) == ("open", "RI-01", "grey_zone")
    assert case.due_at == LIVE + dt.timedelta(hours=4)  # noon, four working hours
    assert case.legal_due_on is None
    refusal = held(live, reference="APP-2", output="refuse", fields={"score": 0.3})
    assert refusal.legal_due_on == dt.date(2026, 1, 27)


def test_a_trained_reviewer_decides(live: Release) -> None:
    case = held(live)
    done = decide(case, "fu", "override", note="收入证明不符")
    assert (done.state, done.outcome, done.final_output) == ("decided", "override", "refuse")
    assert (done.decided_by, done.reason_code) == (person("fu"), "model_wrong")
    kinds = Entry.objects.filter(subject_id=case.pk).order_by("seq")
    assert list(kinds.values_list("kind", flat=True)) == [
        "case.opened", "case.taken_up", "case.decided",
    ]  # fmt: skip


class TestFourEyes:
    """Above the reviewer's authority a second person decides as well."""

    def test_both_agree(self, live: Release) -> None:
        case = held(live, fields={"amount": 300_000})
        first = decide(case, "fu")
        assert (first.state, first.outcome, first.viewed_by) == ("second", "", None)
        with refused(SegregationRefused, "own_view"):
            services.claim(actor=person("fu"), case_id=case.pk)
        done = decide(case, "fang")
        assert (done.state, done.first_by, done.decided_by) == (
            "decided", person("fu"), person("fang"),
        )  # fmt: skip

    def test_they_differ_and_somebody_else_decides(self, live: Release) -> None:
        case = held(live, fields={"amount": 300_000})
        decide(case, "fu")
        differing = decide(case, "fang", "override")
        assert (differing.state, differing.outcome) == ("escalated", "")
        with refused(SegregationRefused, "own_view"):
            services.claim(actor=person("fu"), case_id=case.pk)
        assert decide(case, "fei", "override").state == "decided"

    def test_an_amount_that_nobody_told_needs_two(self, live: Release) -> None:
        told = decision(live).model_copy(update={"fields": {"score": 0.5}})
        (found,) = services.take(gateway=person("gateway"), told=[told])
        assert found.case is not None
        assert decide(found.case, "fu").state == "second"

    def test_the_database_knows_that_they_are_two(self, live: Release) -> None:
        case = decide(held(live, fields={"amount": 300_000}), "fu")
        with refused_by_database("23514"), ledger.act(person("fu")) as act:
            act.update(case, "case.decided", {
                "state": "decided", "outcome": "accept", "reason_code": "facts_confirmed",
                "decided_by": person("fu"), "decided_at": clock.now(),
            })  # fmt: skip


@pytest.mark.parametrize(
    ("by", "kind", "code"),
    [
        ("fan", Forbidden, "not_competent"),
        ("wang", Forbidden, "not_permitted"),
        ("lin", Forbidden, "not_yours_to_decide"),
        ("gateway", Forbidden, "not_permitted"),
        ("admin", Forbidden, "not_permitted"),
        ("shen", Forbidden, "not_permitted"),
    ],
)
def test_who_does_not_decide(live: Release, by: str, kind: type[DomainError], code: str) -> None:
    case = held(live)
    with refused(kind, code):
        services.claim(actor=person(by), case_id=case.pk)


def test_whoever_owns_or_built_the_model_does_not_decide_its_cases(live: Release) -> None:
    for by in ("wang", "li"):
        user = person(by)
        people.assign_role(
            actor=person("admin"), user=user, role=Role.REVIEWER, entity=head_office(),
            valid_from=SINCE,
        )  # fmt: skip
        trained(user)
        case = held(live, reference=f"APP-{by}")
        with refused(SegregationRefused, "own_model"):
            services.claim(actor=user, case_id=case.pk)
        with refused_by_database("MC024"), ledger.act(user) as act:
            act.update(case, "case.decided", {
                "state": "decided", "outcome": "accept", "reason_code": "facts_confirmed",
                "decided_by": user, "decided_at": clock.now(),
            })  # fmt: skip


def test_training_that_has_ended_and_a_full_day_keep_cases_away(live: Release) -> None:
    trained(person("fan"), limit=1)
    decide(held(live), "fan")
    case = held(live, reference="APP-2")
    with refused(Forbidden, "daily_limit"):
        services.claim(actor=person("fan"), case_id=case.pk)
    with later(days=1):
        services.claim(actor=person("fan"), case_id=case.pk)
    with later(days=800), refused(Forbidden, "not_competent"):
        services.claim(actor=person("fu"), case_id=case.pk)


@pytest.mark.parametrize(
    ("told", "kind", "code"),
    [
        ({"outcome": "approve"}, DomainError, "unknown_outcome"),
        ({"reason_code": "because"}, DomainError, "unknown_reason"),
        ({"reason_code": "model_wrong"}, DomainError, "unknown_reason"),
        ({"outcome": "override", "reason_code": "model_wrong"}, DomainError, "output_missing"),
        ({"final_output": "refuse"}, DomainError, "output_differs"),
    ],
)
def test_what_is_no_decision(
    live: Release, told: dict[str, str], kind: type[DomainError], code: str
) -> None:
    case = held(live)
    services.claim(actor=person("fu"), case_id=case.pk)
    given = {"outcome": "accept", "reason_code": "facts_confirmed"} | told
    with refused(kind, code):
        services.decide(actor=person("fu"), case_id=case.pk, **given)


def test_a_case_is_opened_first_and_looked_at_long_enough(live: Release) -> None:
    case = held(live, output="refuse", fields={"score": 0.3})
    words = {"outcome": "accept", "reason_code": "facts_confirmed"}
    with refused(Conflict, "case_not_taken"):
        services.decide(actor=person("fu"), case_id=case.pk, **words)
    services.claim(actor=person("fu"), case_id=case.pk)
    with refused(Conflict, "case_taken"):
        services.claim(actor=person("fang"), case_id=case.pk)
    with later(seconds=9), refused(Conflict, "too_fast"):
        services.decide(actor=person("fu"), case_id=case.pk, **words)
    with later(seconds=10):
        services.decide(actor=person("fu"), case_id=case.pk, **words)
    with later(minutes=16), refused(Conflict, "case_closed"):
        services.claim(actor=person("fang"), case_id=case.pk)


class TestLimits:
    """What nobody decides is never approved."""

    def test_the_limit_denies(self, live: Release) -> None:
        case = held(live)
        with later(hours=3, minutes=59):
            assert services.sweep(actor=system()) == 0
        with later(hours=4):
            assert services.sweep(actor=system()) == 1
            assert services.sweep(actor=system()) == 0
        case.refresh_from_db()
        assert (case.state, case.effect, case.outcome) == ("lapsed", "deny", "")
        with later(hours=5), refused(Conflict, "case_closed"):
            services.claim(actor=person("fu"), case_id=case.pk)

    def test_the_limit_escalates_once_and_then_denies(self, live: Release) -> None:
        case = held(live, output="refuse", fields={"score": 0.3})
        with later(days=2):
            assert services.sweep(actor=system()) == 1
            case.refresh_from_db()
            assert (case.state, case.effect) == ("escalated", "escalate")
            assert case.due_at > clock.now()
        with later(days=9):
            assert services.sweep(actor=system()) == 1
        case.refresh_from_db()
        assert (case.state, case.effect) == ("lapsed", "deny")

    def test_a_person_escalates_with_a_word(self, live: Release) -> None:
        case = held(live)
        with refused(Conflict, "case_not_taken"):
            services.escalate(actor=person("fu"), case_id=case.pk, note="证据相互矛盾")
        services.claim(actor=person("fu"), case_id=case.pk)
        with refused(DomainError, "reason_needed"):
            services.escalate(actor=person("fu"), case_id=case.pk, note=" ")
        services.escalate(actor=person("fu"), case_id=case.pk, note="证据相互矛盾")
        with refused(Conflict, "illegal_transition"):
            services.escalate(actor=person("fu"), case_id=case.pk, note="再次上报")


class TestElsewhere:
    """A business system has its own queue, and reports."""

    def report(self, case: Case, by: str = "gateway", **changed: Any) -> Case:
        given: dict[str, Any] = {
            "system": "LOS", "reviewer": "u-1742", "outcome": "override",
            "reason_code": "data_wrong", "final_output": "refuse",
            "opened_at": LIVE + dt.timedelta(minutes=5),
            "decided_at": LIVE + dt.timedelta(minutes=9),
        }  # fmt: skip
        with later(minutes=10):
            return services.report_elsewhere(
                gateway=person(by), case_id=case.pk, **(given | changed)
            )

    def test_its_decision_counts_alike(self, live: Release) -> None:
        done = self.report(held(live))
        assert (done.state, done.decided_by, done.decided_elsewhere) == (
            "decided", None, "LOS: u-1742",
        )  # fmt: skip
        assert done.decided_at == LIVE + dt.timedelta(minutes=9)

    @pytest.mark.parametrize(
        ("by", "changed", "kind", "code"),
        [
            ("fu", {}, Forbidden, "not_permitted"),
            ("gateway", {"decided_at": LIVE + dt.timedelta(hours=1)}, DomainError, "times"),
            ("gateway", {"opened_at": LIVE - dt.timedelta(hours=1)}, DomainError, "times"),
            ("gateway", {"opened_at": LIVE + dt.timedelta(minutes=10)}, DomainError, "times"),
            ("gateway", {"reason_code": "x"}, DomainError, "unknown_reason"),
            ("gateway", {"reviewer": "张三 13812345678"}, DomainError, "personal_data"),
            ("gateway", {"final_output": "13812345678"}, DomainError, "personal_data"),
        ],
    )
    def test_what_it_may_not_say(
        self, live: Release, by: str, changed: Any, kind: type[DomainError], code: str
    ) -> None:
        case = held(live)
        with refused(kind, code):
            self.report(case, by, **changed)


@pytest.mark.parametrize(
    ("by", "told", "kind", "code"),
    [
        ("wang", {}, Forbidden, "not_permitted"),
        ("xu", {"user": "xu"}, SegregationRefused, "own_competence"),
        ("xu", {"key": "cooking"}, DomainError, "unknown_competence"),
        ("xu", {"valid_to": dt.date(2026, 1, 1)}, DomainError, "day_past"),
        ("xu", {"daily_limit": 0}, DomainError, "daily_limit"),
        ("xu", {"proof": " "}, DomainError, "proof_missing"),
    ],
)
def test_competence_that_is_refused(
    live: Release, by: str, told: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    given: dict[str, Any] = {
        "key": "credit_review", "valid_to": dt.date(2027, 1, 1), "daily_limit": 10, "proof": "x",
    } | told  # fmt: skip
    user = person(given.pop("user", "fan"))
    with refused(kind, code):
        services.record_competence(actor=person(by), user=user, **given)


def test_mine_are_the_cases_that_i_can_decide(live: Release) -> None:
    case = held(live)
    assert queries.mine(person("fu")) == [case]
    assert queries.mine(person("fan")) == []
    assert queries.mine(person("lin")) == []
    decide(case, "fu")
    assert queries.mine(person("fu")) == []

"""Plans, cases and competences over REST: who may, what is refused, what a refusal leaves."""

from __future__ import annotations

from typing import Any

import pytest

from governance.checkpoints import services
from governance.checkpoints.models import Case, Competence, Plan
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.releases.models import Release
from tests.governance.checkpoints.asking import (
    ONE,
    RECORDED,
    body,
    gateway,
    grey,
    nothing_left,
    refused,
)
from tests.governance.checkpoints.test_deciding import later
from tests.governance.checkpoints.world import PLAN, planned
from tests.refusals import changes, footprint
from tests.rest.calling import NOBODY, Caller, caller
from tests.world import person

PLANS, CASES, COMPETENCES = "/intervention-plans/", "/cases/", "/competences/"
ACCEPT = {"outcome": "accept", "reason_code": "facts_confirmed"}
OVERRIDE = {"outcome": "override", "reason_code": "model_wrong", "final_output": "refuse"}


def draft(live: Release, content: str = PLAN) -> str:
    """The address of a plan that the owner has drawn up."""
    made = caller("wang").post(PLANS, {"release": str(live.pk), "content": content})
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    return f"{PLANS}{made.json()['id']}/"


def sample(live: Release, **told: Any) -> dict[str, Any]:
    """What a gateway sends to try a plan."""
    return {"decisions": [body(live, 1), body(live, 2, **told)]}


class TestPlans:
    """Drawn up, tested, put in force by another."""

    def test_from_the_draft_to_the_plan_in_force(self, live: Release) -> None:
        former, at = Plan.objects.get(state="in_force"), draft(live)
        tested = gateway().post(f"{at}tests/", sample(live, fields={"score": 0.5}))
        assert (tested.status_code, tested.json()["answers"]) == (200, [
            {"answer": "proceed", "checkpoints": []},
            {"answer": "hold", "checkpoints": ["grey_zone"]},
        ])  # fmt: skip
        done = caller("chen").post(f"{at}activations/")
        assert (done.status_code, done.json()["state"]) == (201, "in_force")
        former.refresh_from_db()
        assert former.state == "replaced"
        assert caller("shen").get(at).json()["activated_by"] == str(person("chen").pk)
        in_force = caller("shen").get(PLANS, {"state": "in_force"}).json()["results"]
        assert [one["id"] for one in in_force] == [done.json()["id"]]

    @pytest.mark.parametrize(
        ("told", "code", "place"),
        [
            ({"fields": {"colour": "red"}}, "undeclared_field", "fields.colour"),
            ({"fields": {"score": "high"}}, "field_type", "fields.score"),
            ({"fields": {"amount": None}}, "field_missing", "fields.amount"),
            ({"fields": {"channel": "13912345678"}}, "personal_data", "fields.channel"),
        ],
    )
    def test_a_sample_that_is_not_as_declared(
        self, live: Release, told: dict[str, Any], code: str, place: str
    ) -> None:
        at, who = draft(live), gateway()
        with nothing_left():
            found = who.post(f"{at}tests/", sample(live, **told))
            refused(found, 422, code, f"decisions[1].{place}")

    def test_a_sample_that_is_none(self, live: Release) -> None:
        at, who = draft(live), gateway()
        with nothing_left():
            refused(who.post(f"{at}tests/", sample(live, confidence=2)), 400, "invalid",
                    "decisions.1.confidence")  # fmt: skip
            refused(who.post(f"{at}tests/", {"decisions": []}), 422, "sample_size", "decisions")
            refused(who.post(f"{at}tests/", "{"), 400, "malformed")
            refused(who.post(f"{PLANS}{NOBODY}/tests/", sample(live)), 404, "not_found", "id")

    def test_nobody_signs_what_they_drew_up_and_the_attempt_is_recorded(
        self, live: Release
    ) -> None:
        made = services.draft(actor=person("chen"), release_id=live.pk, content=PLAN)
        at, chen = f"{PLANS}{made.pk}/", caller("chen")
        assert chen.post(f"{at}tests/", sample(live)).status_code == 200
        with nothing_left(RECORDED):
            refused(chen.post(f"{at}activations/"), 403, "own_plan")
            refused(chen.post(f"{at}activations/"), 403, "own_plan")  # within the minute
        entry = Entry.objects.order_by("-seq")[0]
        assert (entry.kind, entry.subject_id) == ("attempt.refused", made.pk)
        assert caller("sun").post(f"{at}activations/").status_code == 201

    def test_an_untested_plan_and_those_who_may_not(self, live: Release) -> None:
        at, others = draft(live), [caller(name) for name in ("wang", "fu", "shen", "admin")]
        chen, who, fu = caller("chen"), gateway(), caller("fu")
        with nothing_left():
            refused(chen.post(f"{at}activations/"), 409, "plan_untested")
            for other in (*others, who):
                refused(other.post(f"{at}activations/"), 403, "not_permitted",
                        "activate_checkpoints")  # fmt: skip
            told = {"release": str(live.pk), "content": PLAN}
            refused(who.post(PLANS, told), 403, "not_permitted", "plan_checkpoints")
            refused(fu.post(PLANS, told), 403, "not_permitted", "plan_checkpoints")

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("fields: []\ncheckpoints: [", ""),
            ("fields: []", "checkpoints"),
            (PLAN.replace("RI-01", "RI-99"), "RI-99"),
            (PLAN.replace("competence: credit_review", "competence: cooking", 1), "cooking"),
            (PLAN.replace("score >= 0.48", "colour >= 0.48"), "colour"),
            (PLAN.replace("field: amount", "field: channel"), "authority"),
        ],
    )
    def test_a_plan_that_cannot_be_read(self, live: Release, content: str, says: str) -> None:
        who = caller("wang")
        with nothing_left():
            found = who.post(PLANS, {"release": str(live.pk), "content": content})
            assert says in refused(found, 422, "plan_faulty", "content")["detail"]

    def test_a_draft_is_put_aside_once(self, live: Release) -> None:
        at, who = draft(live), caller("wang")
        assert who.post(f"{at}withdrawals/").json()["state"] == "withdrawn"
        with nothing_left():
            refused(who.post(f"{at}withdrawals/"), 409, "illegal_transition", "state")


def held(live: Release, number: int = 1, **told: Any) -> str:
    """The address of a case that the gateway's decision has opened."""
    answer = gateway().post(ONE, grey(live, number, **told)).json()
    return f"{CASES}{Case.objects.get(code=answer['case']).pk}/"


class TestCases:
    """Taken up, decided, escalated, reported from elsewhere."""

    def test_it_is_taken_up_and_decided(self, live: Release) -> None:
        at, fu, fang = held(live), caller("fu"), caller("fang")
        with nothing_left():
            refused(fu.post(f"{at}outcomes/", ACCEPT), 409, "case_not_taken")
        assert fu.post(f"{at}claims/").json()["viewed_by"] == str(person("fu").pk)
        with nothing_left():
            assert fu.post(f"{at}claims/").status_code == 201
            refused(fang.post(f"{at}claims/"), 409, "case_taken")
            refused(fang.post(f"{at}outcomes/", ACCEPT), 409, "case_not_taken")
        done = fu.post(f"{at}outcomes/", OVERRIDE)
        assert (done.status_code, done.json()["state"]) == (201, "decided")
        with nothing_left():
            refused(fu.post(f"{at}outcomes/", OVERRIDE), 409, "case_closed")

    @pytest.mark.parametrize(
        ("told", "status", "code", "place"),
        [
            ({"outcome": "approve"}, 400, "invalid", "outcome"),
            ({"reason_code": "because"}, 422, "unknown_reason", "reason_code"),
            ({"reason_code": "model_wrong"}, 422, "unknown_reason", "reason_code"),
            ({"final_output": "refuse"}, 422, "output_differs", "final_output"),
            (OVERRIDE | {"final_output": " "}, 422, "output_missing", "final_output"),
            ({"note": "x" * 2_001}, 400, "invalid", "note"),
        ],
    )
    def test_what_is_no_outcome(
        self, live: Release, told: dict[str, str], status: int, code: str, place: str
    ) -> None:
        at, fu = held(live), caller("fu")
        fu.post(f"{at}claims/")
        with nothing_left():
            refused(fu.post(f"{at}outcomes/", ACCEPT | told), status, code, place)

    def test_above_authority_the_second_is_another_and_the_attempt_is_recorded(
        self, live: Release
    ) -> None:
        at, fu, fang = (
            held(live, fields={"score": 0.5, "amount": 1_000_000}),
            *callers("fu", "fang"),
        )
        fu.post(f"{at}claims/")
        assert fu.post(f"{at}outcomes/", ACCEPT).json()["state"] == "second"
        with nothing_left(RECORDED):
            refused(fu.post(f"{at}claims/"), 403, "own_view")
        fang.post(f"{at}claims/")
        assert fang.post(f"{at}outcomes/", ACCEPT).json()["state"] == "decided"

    def test_it_is_escalated_with_a_word(self, live: Release) -> None:
        at, fu = held(live), caller("fu")
        with nothing_left():
            refused(fu.post(f"{at}escalations/", {"note": "证据矛盾"}), 409, "case_not_taken")
        assert fu.post(f"{at}claims/").status_code == 201
        with nothing_left():
            refused(fu.post(f"{at}escalations/", {}), 400, "invalid", "note")
            refused(fu.post(f"{at}escalations/", {"note": "x"}), 422, "reason_needed", "note")
        assert fu.post(f"{at}escalations/", {"note": "证据矛盾"}).json()["state"] == "escalated"
        with nothing_left():
            refused(
                fu.post(f"{at}escalations/", {"note": "再次"}), 409, "illegal_transition", "state"
            )

    def test_those_who_may_not(self, live: Release) -> None:
        at, fu, fan, lin, hai = held(live), *callers("fu", "fan", "lin", "hai")
        who, others = gateway(), callers("wang", "shen", "admin")
        with nothing_left():
            refused(fan.post(f"{at}claims/"), 403, "not_competent")
            refused(lin.post(f"{at}claims/"), 403, "not_yours_to_decide")
            for other in (who, hai, *others):
                refused(other.post(f"{at}claims/"), 403, "not_permitted", "decide_cases")
            assert hai.get(at).status_code == 404
            refused(fu.post(f"{CASES}{NOBODY}/claims/"), 404, "not_found", "id")

    def report(self, **told: Any) -> dict[str, Any]:
        """How the business system tells of a decision there."""
        now = clock.now().isoformat()
        given = {"system": "LOS", "reviewer": "u-1742", "opened_at": now, "decided_at": now}
        return OVERRIDE | given | told

    def test_the_gateway_reports_how_it_was_decided_elsewhere(self, live: Release) -> None:
        at, who, fu = held(live), gateway(), caller("fu")
        with nothing_left():
            early = self.report(opened_at="2026-01-01T00:00:00Z")
            refused(who.post(f"{at}reports/", early), 422, "times", "decided_at")
            refused(who.post(f"{at}reports/", self.report(opened_at="today")), 400, "invalid",
                    "opened_at")  # fmt: skip
            refused(who.post(f"{at}reports/", self.report(link="javascript:x")), 400, "invalid",
                    "link")  # fmt: skip
            refused(fu.post(f"{at}reports/", self.report()), 403, "not_permitted",
                    "post_decisions")  # fmt: skip
        done = who.post(f"{at}reports/", self.report())
        assert (done.status_code, done.json()["decided_elsewhere"]) == (201, "LOS: u-1742")
        told = who.get("/decisions/outcomes/", {"reference": "APP-0000001"}).json()["case"]
        assert (told["outcome"], told["final_output"]) == ("override", "refuse")
        with nothing_left():
            refused(who.post(f"{at}reports/", self.report()), 409, "case_closed")

    def test_a_list_of_cases_is_read_by_state_and_reference(self, live: Release) -> None:
        first, second = held(live, 1), held(live, 2)
        found = caller("shen").get(CASES, {"state": "open", "reference": "APP-0000002"}).json()
        assert [f"{CASES}{one['id']}/" for one in found["results"]] == [second]
        assert caller("shen").get(first).json()["output"] == "approve"


class TestCompetences:
    """Training, recorded by others."""

    def told(self, by: str = "fan", **more: Any) -> dict[str, Any]:
        """A training record."""
        given = {
            "user": str(person(by).pk), "key": "credit_review", "valid_to": "2027-01-01",
            "daily_limit": 10, "proof": "培训记录",
        }  # fmt: skip
        return given | more

    def test_whoever_was_trained_can_take_cases_up(self, live: Release) -> None:
        at, xu, before = held(live), caller("xu"), Competence.objects.count()
        made = xu.post(COMPETENCES, self.told(), Idempotency_Key="k-1")
        again = xu.post(COMPETENCES, self.told(), Idempotency_Key="k-1")
        assert (made.status_code, again.json()) == (201, made.json())
        assert Competence.objects.count() == before + 1
        assert caller("fan").post(f"{at}claims/").status_code == 201

    @pytest.mark.parametrize(
        ("told", "status", "code", "place"),
        [
            ({"key": "cooking"}, 422, "unknown_competence", "key"),
            ({"valid_to": "2026-01-01"}, 422, "day_past", "valid_to"),
            ({"valid_to": "soon"}, 400, "invalid", "valid_to"),
            ({"daily_limit": 0}, 400, "invalid", "daily_limit"),
            ({"proof": ""}, 400, "invalid", "proof"),
            ({"user": NOBODY}, 400, "invalid", "user"),
        ],
    )
    def test_what_is_no_training(
        self, live: Release, told: dict[str, Any], status: int, code: str, place: str
    ) -> None:
        xu = caller("xu")
        with nothing_left():
            refused(xu.post(COMPETENCES, self.told(**told)), status, code, place)

    def test_nobody_records_their_own(self, live: Release) -> None:
        xu, fu = callers("xu", "fu")
        with nothing_left(RECORDED):
            refused(xu.post(COMPETENCES, self.told("xu")), 403, "own_competence", "user")
        with nothing_left():
            refused(fu.post(COMPETENCES, self.told()), 403, "not_permitted", "record_competence")


def callers(*names: str) -> list[Caller]:
    """Somebody each, with tokens that were issued beforehand."""
    return [caller(name) for name in names]


def test_what_lapsed_is_told_and_is_no_approval(live: Release) -> None:
    at, who = held(live), gateway()
    with later(hours=5):
        before = footprint()
        services.sweep(actor=person("chen"))
        assert "governance_case" in changes(before)
        case = who.get("/decisions/outcomes/", {"reference": "APP-0000001"}).json()["case"]
        assert (case["state"], case["effect"], case["outcome"]) == ("lapsed", "deny", "")
        fu = caller("fu")
        with nothing_left():
            refused(fu.post(f"{at}claims/"), 409, "case_closed")


def test_a_replaced_plan_stays_what_its_cases_were_opened_under(live: Release) -> None:
    at, former = held(live), Plan.objects.get(state="in_force")
    planned(live, PLAN.replace("0.52", "0.9").replace("grey_zone", "wide_zone"))
    assert gateway().post(ONE, body(live, 2)).json()["checkpoints"] == ["wide_zone"]
    fu = caller("fu")
    fu.post(f"{at}claims/")
    done = fu.post(f"{at}outcomes/", ACCEPT).json()
    assert (done["plan"], done["state"]) == (str(former.pk), "decided")

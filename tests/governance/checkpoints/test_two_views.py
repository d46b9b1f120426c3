"""Two persons above authority: no way around the second, and no look at the first one's view."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from governance.checkpoints import queries, services
from governance.checkpoints.models import Case
from governance.checkpoints.schema import parse_plan
from registry.core import clock
from registry.core.errors import Forbidden, SegregationRefused
from registry.core.policy.rules import PolicyError
from registry.releases.models import Release
from tests.governance.checkpoints.asking import gateway
from tests.governance.checkpoints.test_deciding import decide, held
from tests.governance.checkpoints.world import PLAN
from tests.refusals import refused
from tests.rest.calling import caller
from tests.world import person

LARGE = {"amount": 300_000}


def elsewhere(case: Case, reviewer: str, outcome: str = "accept") -> Case:
    given: dict[str, Any] = {"reason_code": "facts_confirmed"}
    if outcome == "override":
        given = {"reason_code": "model_wrong", "final_output": "refuse"}
    return services.report_elsewhere(
        gateway=person("gateway"), case_id=case.pk, system="LOS", reviewer=reviewer,
        outcome=outcome, opened_at=case.opened_at, decided_at=clock.now(), **given,
    )  # fmt: skip


def test_whoever_escalates_does_not_decide(live: Release) -> None:
    case = held(live)
    services.claim(actor=person("fu"), case_id=case.pk)
    services.escalate(actor=person("fu"), case_id=case.pk, note="证据相互矛盾")
    assert queries.mine(person("fu")) == []
    with refused(SegregationRefused, "own_view"):
        services.claim(actor=person("fu"), case_id=case.pk)
    assert decide(case, "fang").state == "decided"


def test_whoever_differed_does_not_decide(live: Release) -> None:
    case = held(live, fields=LARGE)
    decide(case, "fu")
    decide(case, "fang", "override")
    assert queries.mine(person("fang")) == []
    with refused(SegregationRefused, "own_view"):
        services.claim(actor=person("fang"), case_id=case.pk)
    assert decide(case, "fei").state == "decided"


def test_an_escalated_case_needs_two_as_well(live: Release) -> None:
    case = held(live, fields=LARGE)
    services.claim(actor=person("fu"), case_id=case.pk)
    services.escalate(actor=person("fu"), case_id=case.pk, note="金额过大")
    due = Case.objects.get(pk=case.pk).due_at
    first = decide(case, "fang")
    assert (first.state, first.outcome, first.first_by) == ("escalated", "", person("fang"))
    differing = decide(case, "fei", "override")
    assert (differing.state, differing.outcome, differing.due_at) == ("escalated", "", due)
    for by in ("fu", "fang", "fei"):
        with refused(SegregationRefused, "own_view"):
            services.claim(actor=person(by), case_id=case.pk)


def test_nobody_reads_the_first_view_before_the_second(live: Release) -> None:
    case = held(live, fields=LARGE)
    decide(case, "fu", "override", note="收入证明不符")
    row = caller("fang").get(f"/cases/{case.pk}/").json()
    assert (row["final_output"], row["reason_code"], row["note"]) == ("", "", "")
    (row,) = caller("fang").get("/cases/").json()["results"]
    assert (row["final_output"], row["reason_code"], row["note"]) == ("", "", "")
    told = gateway().get("/decisions/outcomes/", {"reference": case.reference}).json()["case"]
    assert (told["final_output"], told["reason_code"]) == ("", "")
    decide(case, "fang", "override", note="同意")
    row = caller("fang").get(f"/cases/{case.pk}/").json()
    assert (row["final_output"], row["reason_code"]) == ("refuse", "model_wrong")
    told = gateway().get("/decisions/outcomes/", {"reference": case.reference}).json()["case"]
    assert (told["final_output"], told["reason_code"]) == ("refuse", "model_wrong")


def test_views_count_as_much_as_decisions(live: Release) -> None:
    for number, by in enumerate(("fu", "fu", "fang")):
        case = held(live, reference=f"APP-{number}", fields=LARGE)
        decide(case, by)
    decide(case, "fu", "override")
    assert [queries.decided_today(person(by)) for by in ("fu", "fang")] == [3, 1]
    services.record_competence(
        actor=person("xu"), user=person("fan"), key="credit_review", daily_limit=1,
        valid_to=dt.date(2027, 1, 1), proof="培训记录",
    )  # fmt: skip
    decide(held(live, reference="APP-8", fields=LARGE), "fan")
    again = held(live, reference="APP-9", fields=LARGE)
    with refused(Forbidden, "daily_limit"):
        services.claim(actor=person("fan"), case_id=again.pk)


class TestElsewhere:
    """What a business system reports does not overrule a first view that was given here."""

    def test_who_differ(self, live: Release) -> None:
        case = held(live, fields=LARGE)
        decide(case, "fu", "override")
        assert elsewhere(case, "u-1").state == "escalated"
        with refused(SegregationRefused, "own_view"):
            elsewhere(case, "u-2")
        assert decide(case, "fang").outcome == "accept"

    def test_who_agree(self, live: Release) -> None:
        case = held(live, fields=LARGE)
        decide(case, "fu", "override")
        done = elsewhere(case, "u-1", "override")
        assert (done.state, done.first_by, done.decided_elsewhere) == (
            "decided", person("fu"), "LOS: u-1",
        )  # fmt: skip


@pytest.mark.parametrize("above", [".inf", ".nan", "1e999"])
def test_authority_has_an_end(above: str) -> None:
    with pytest.raises(PolicyError, match="above"):
        parse_plan(PLAN.replace("above: 200000", f"above: {above}"))

"""PR-09 looks at a drill: one since the last such review, or since going live, under two names."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from governance.reviews import services
from governance.reviews.models import Review
from governance.reviews.queries import drilling
from governance.reviews.queries.owing import drill_months
from governance.reviews.schema import NOTHING, Kind, ReviewsSection
from governance.suspensions import services as suspensions
from governance.suspensions.models import DrillReport
from registry.core.errors import Conflict
from registry.core.ledger.models import Entry
from registry.releases.models import Release
from tests import story
from tests.governance.desk.test_what_is_shown import page
from tests.governance.reviews.doing import carry_out, on, report, waiting
from tests.refusals import changes, footprint, refused
from tests.rest.calling import caller, problem
from tests.world import person

DRILLED = "2026-06-01"


def submit(live: Release) -> Review:
    row = waiting(live, "PR-09")
    return services.submit(actor=person("luo"), review_id=row.pk, report=report(row))


def drill(live: Release, day: str = DRILLED) -> DrillReport:
    with on(day):
        return story.drill(live)


def test_without_a_drill_since_going_live_it_cannot_be_carried_out(live: Release) -> None:
    assert DrillReport.objects.count() == 1  # the one in the pilot
    with refused(Conflict, "drill_missing") as caught:
        submit(live)
    assert (caught.value.field, bool(caught.value.hint)) == ("drill_report", True)


def test_it_records_which_drill_it_looked_at(live: Release) -> None:
    made = drill(live)
    with on("2026-06-02"):
        before = footprint()
        row = submit(live)
        assert changes(before) == {"governance_review": (0, 1), "registry_entry": (1, 0)}
    assert row.drill_report == made
    body = json.loads(Entry.objects.latest("seq").body)
    assert body["facts"]["drill"] == str(made.order_id)
    assert body["state"]["drill_report_id"] == str(made.pk)


def test_the_next_review_needs_the_next_drill(live: Release) -> None:
    drill(live)
    with on("2026-06-02"):
        carry_out(waiting(live, "PR-09"), "luo", "chen")
    with on("2027-05-01"), refused(Conflict, "drill_missing"):
        submit(live)
    made = drill(live, "2027-05-02")
    with on("2027-05-03"):
        assert submit(live).drill_report == made


def test_a_drill_serves_one_review(live: Release) -> None:
    drill(live)
    with on("2026-06-02"):
        carry_out(waiting(live, "PR-09"), "luo", "chen")
        services.record_past(
            actor=person("sun"), release_id=live.pk, kind="PR-09",
            done_on=dt.date(2026, 6, 2), summary="年度演练已完成，记录在旧台账。",
        )  # fmt: skip
    with on("2027-05-01"), refused(Conflict, "drill_missing"):
        submit(live)


def test_after_one_recorded_from_before_a_drill_since_its_day_counts(live: Release) -> None:
    with on("2026-02-01"):
        services.record_past(
            actor=person("sun"), release_id=live.pk, kind="PR-09",
            done_on=dt.date(2026, 1, 20), summary="年度演练已完成，记录在旧台账。",
        )  # fmt: skip
        row = waiting(live, "PR-09")
        assert drilling.wanted_since(row) == dt.datetime(2026, 1, 19, 16, tzinfo=dt.UTC)
        with refused(Conflict, "drill_missing"):
            submit(live)
    made = drill(live)
    with on("2026-06-02"):
        assert submit(live).drill_report == made


def test_a_drill_whose_report_nobody_countersigned_does_not_count(live: Release) -> None:
    with on(DRILLED):
        order = suspensions.order(
            actor=person("luo"), kind="stop", target_type="release", target_id=live.pk,
            reason="年度演练", is_drill=True,
        )  # fmt: skip
        for username in ("chen", "gao"):
            suspensions.resume(
                actor=person(username), order_id=order.pk, reason="演练结束，切换正常。"
            )
        made = suspensions.report_drill(actor=person("luo"), order_id=order.pk, told=story.SHOWN)
        with refused(Conflict, "drill_missing"):
            submit(live)
        suspensions.countersign_drill(actor=person("chen"), report_id=made.pk)
        assert submit(live).drill_report == made


def test_what_was_handed_back_looks_at_the_last_drill(live: Release) -> None:
    drill(live)
    with on("2026-06-02"):
        row = submit(live)
        services.hand_back(actor=person("chen"), review_id=row.pk, note="演练未覆盖夜间。")
    again = drill(live, "2026-06-03")
    with on("2026-06-04"):
        assert submit(live).drill_report == again


def test_the_page_says_what_is_missing_and_leads_to_a_drill(live: Release) -> None:
    row = waiting(live, "PR-09")
    path = f"/reviews/{row.package_id}/"
    html = page("luo", path)
    assert "A drill of this release is needed since 2026-01-12" in html
    assert f"/do/stop/{live.pk}/?is_drill=on" in html
    assert "Order a drill" not in page("wang", path)
    assert "checked" in page("luo", f"/do/stop/{live.pk}/?is_drill=on")
    made = drill(live)
    for _state in ("planned", "submitted"):
        html = page("luo", path)
        assert f"/orders/{made.order_id}/" in html
        assert "A drill of this release is needed" not in html
        if _state == "planned":
            with on("2026-06-02"):
                submit(live)


def test_rest_refuses_and_shows_it(live: Release) -> None:
    row = waiting(live, "PR-09")
    told = vars(report(row))
    answer = caller("luo").post(f"/reviews/{row.pk}/submissions/", told)
    problem(answer, 409, "drill_missing")
    made = drill(live)
    with on("2026-06-02"):
        done = caller("luo").post(f"/reviews/{row.pk}/submissions/", told).json()
    assert done["drill_report"] == str(made.pk)


def test_a_kind_that_looks_at_drills_is_for_releases(live: Release) -> None:
    kind = {
        "key": "PR-16", "label": {"zh": "甲", "en": "a"}, "scope": "institution",
        "months": {"institution": 12}, "lead": ["mrm"], "signs": ["mrm_head"], "drills": True,
        "checklist": [{"key": "one", "label": {"zh": "甲", "en": "a"}}],
        "sources": [{"ref": "RI-15", "tag": "own_design"}],
    }  # fmt: skip
    with pytest.raises(ValueError, match="a kind that looks at drills is for releases"):
        ReviewsSection(**(dict(NOTHING) | {"kinds": (Kind.model_validate(kind),)}))
    assert drill_months(live) == 12

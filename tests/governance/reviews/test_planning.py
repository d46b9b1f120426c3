"""Which reviews a release owes, on which days, in which packages."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.lifecycle import services as lifecycle
from governance.reactions import reviewing
from governance.reviews import queries, services
from governance.reviews.models import Package, Review
from governance.reviews.schema import ReviewsSection
from registry.core.dispatch import services as dispatch
from registry.core.dispatch.services import Event
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.ledger.models import Entry
from registry.core.people.queries import system
from registry.releases.models import Release
from tests import story
from tests.governance.reviews.doing import carry_out, due, on, regrade, waiting
from tests.refusals import changes, footprint
from tests.world import person

# Regulations II.5.1: kind → months by tier; None: no calendar.
CADENCE: dict[str, tuple[int | None, ...]] = {
    "PR-01": (12, 12, 24, 36),
    "PR-02": (1, 3, 3, 6),
    "PR-03": (6, 12, 24, None),
    "PR-04": (6, 12, 24, None),
    "PR-05": (3, 6, 12, 24),
    "PR-06": (3, 6, 12, None),
    "PR-07": (6, 12, 12, 24),
    "PR-08": (6, 12, 24, None),
    "PR-09": (6, 12, 24, None),
    "PR-10": (12, 12, 12, 24),
    "PR-11": (12, 24, 36, None),
    "PR-12": (12, 12, 24, None),
    "PR-13": (6, 6, 6, 12),
    "PR-14": (3, 6, 12, 12),
    "PR-15": (3, 3, 6, 12),
}
TIERS = ("I", "II", "III", "IV")


def section() -> ReviewsSection:
    return queries.active_section()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", sorted(CADENCE))
def test_the_packs_cadence_is_the_tables(kind: str) -> None:
    found = section().kind(kind)
    assert found is not None
    months = {tier: n for tier, n in zip(TIERS, CADENCE[kind], strict=True) if n is not None}
    assert found.months == months


@pytest.mark.django_db
def test_the_institutions_own_kinds_and_every_code() -> None:
    own = {one.key: one.months["institution"] for one in section().of_scope("institution")}
    assert own == {"PR-16": 3, "PR-17": 6, "PR-18": 12}
    assert [one.key for one in section().kinds] == [f"PR-{n:02}" for n in range(1, 19)]


def test_going_live_opens_the_plan_of_the_tier(live: Release) -> None:
    """Live since 12 January; tier II; in house, so that no vendor is reviewed."""
    assert due(live) == {
        "PR-01": "2027-01-12", "PR-02": "2026-04-12", "PR-03": "2027-01-12", "PR-04": "2027-01-12",
        "PR-05": "2026-07-12", "PR-06": "2026-07-12", "PR-08": "2027-01-12", "PR-09": "2027-01-12",
        "PR-10": "2027-01-12", "PR-11": "2028-01-12", "PR-12": "2027-01-12", "PR-13": "2026-07-12",
        "PR-14": "2026-07-12", "PR-15": "2026-04-12",
    }  # fmt: skip
    assert Package.objects.filter(release=live).count() == 4
    planned = Entry.objects.filter(kind="review.planned").values_list("actor", flat=True)
    assert (len(planned), set(planned)) == (14, {system().pk})


def test_planning_twice_changes_nothing(live: Release) -> None:
    before = footprint()
    services.plan_release(actor=system(), release_id=live.pk)
    dispatch.run()
    assert changes(before) == {}


def test_a_raised_tier_reschedules_and_calls_for_its_review(live: Release) -> None:
    carry_out(waiting(live, "PR-15"), "wang", "xu")
    regrade(live, "I")
    dispatch.run()
    found = due(live)
    assert (found["PR-03"], found["PR-15"], found["PR-02"]) == (
        "2026-07-12", "2026-04-12", "2026-02-11",
    )  # fmt: skip
    assert set(Package.objects.filter(release=live, state="open").values_list(
        "place", flat=True)) == {"I"}  # fmt: skip
    called = waiting(live, "PR-10")
    assert (called.trigger, called.package.due_on) == ("tier_raised", dt.date(2026, 2, 11))


def test_a_package_that_has_emptied_is_closed(live: Release) -> None:
    regrade(live, "I")
    dispatch.run()
    for package in Package.objects.filter(release=live):
        is_busy = queries.pending([package.pk]).exists()
        assert package.state == ("open" if is_busy else "closed")


def test_retirement_closes_the_plan(live: Release) -> None:
    story.hand_in(live, "retirement_plan")
    lifecycle.promote(actor=person("wang"), release_id=live.pk, to="S8")
    dispatch.run()
    assert due(live) == {}
    assert set(Review.objects.filter(release=live).values_list("state", flat=True)) == {"cancelled"}
    assert not Package.objects.filter(release=live, state="open").exists()


def test_what_is_signed_off_comes_again_after_its_months(live: Release) -> None:
    with on("2026-04-01"):
        carry_out(waiting(live, "PR-15"), "wang", "xu")
    again = waiting(live, "PR-15")
    # three months from 1 April; it joins the nearest package of the month before, if there is one
    assert again.package.due_on == dt.date(2026, 7, 1)
    with on("2026-04-02"):
        carry_out(waiting(live, "PR-02"), "wang", "chen")
    # owed on 2 July: done together with what is due on the 1st
    assert waiting(live, "PR-02").package == again.package
    closed = Package.objects.get(release=live, due_on="2026-04-12")
    assert closed.state == "closed"


def test_a_review_from_before_the_register_counts(live: Release) -> None:
    row = services.record_past(
        actor=person("sun"), release_id=live.pk, kind="PR-01", done_on=dt.date(2025, 9, 1),
        summary="投产前由外部机构完成再验证,报告已归档。",
    )  # fmt: skip
    assert row.state == "recorded"
    assert due(live)["PR-01"] == "2026-09-01"


def test_the_institutions_reviews_wait_once(live: Release) -> None:
    services.plan_institution(actor=system())
    services.plan_institution(actor=system())
    assert due(None) == {"PR-16": "2026-04-12", "PR-17": "2026-07-12", "PR-18": "2027-01-12"}


def test_a_lost_plan_is_drawn_up_again(live: Release) -> None:
    lost = story.to_production(story.register(name="另一评分卡"))  # the dispatcher has not run
    assert [row.pk for row in queries.unplanned()] == [lost.pk]
    assert services.plan_missing(actor=system()) == 1
    assert len(due(lost)) == 14
    assert services.plan_missing(actor=system()) == 0


def test_another_policy_plans_every_live_release_anew_in_a_job(live: Release) -> None:
    entry = Entry.objects.filter(kind="pack.activated").latest("seq")
    reviewing.plan_everything_anew(Event.of(entry))
    job = Job.objects.filter(kind="reviews.plan").latest("requested_at")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"planned": 1, "to_regrade": 0, "watched": 1})

"""Sampling: fixed before the decisions, drawn alike by everybody; blind, planted cases; trials."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from governance.checkpoints import queries, services
from governance.checkpoints.models import Case, Decision, Plan, Sample
from governance.checkpoints.queries import oversight, trials
from governance.checkpoints.rules import sampling
from registry.core import clock
from registry.core.errors import Conflict, Forbidden, SegregationRefused
from registry.core.jobs import services as jobs
from registry.core.ledger.models import Entry
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.governance.checkpoints.world import PLAN, decision, planned
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import changes, footprint, refused
from tests.states import LIVE
from tests.world import person

SEED = "a seed"
TOMORROW = dt.timedelta(days=1)


def names(count: int, risky: int = 0) -> dict[str, bool]:
    return {f"1-{n}": n < risky for n in range(count)}


def test_the_seed_alone_says_what_is_drawn() -> None:
    drawn = sampling.draw(SEED, names(2_000), percent=5, least=0)
    assert drawn == sampling.draw(SEED, dict(reversed(names(2_000).items())), percent=5, least=0)
    assert drawn != sampling.draw("another", names(2_000), percent=5, least=0)
    assert 60 < len(drawn) < 145  # 100 expected; six standard deviations to either side
    assert all(sampling.lot(SEED, name) < 0.05 for name in drawn)


def test_what_is_risky_is_drawn_three_times_as_often() -> None:
    drawn = sampling.draw(SEED, names(6_000, risky=3_000), percent=5, least=0)
    risky = [name for name in drawn if int(name.split("-")[1]) < 3_000]
    assert 2.2 < len(risky) / (len(drawn) - len(risky)) < 4.0


@given(st.integers(0, 200), st.integers(0, 40), st.floats(0, 100))
def test_at_least_so_many_are_drawn_where_there_are(count: int, least: int, percent: float) -> None:
    drawn = sampling.draw(SEED, names(count), percent=percent, least=least)
    assert len(drawn) >= min(count, least)
    assert len(set(drawn)) == len(drawn)


def post(live: Release, count: int, first: int = 1, **told: Any) -> None:
    services.take(
        gateway=person("gateway"), told=[decision(live, first + n, **told) for n in range(count)]
    )


class TestDays:
    """A day's sample, from its seed to its cases."""

    def test_it_is_committed_before_and_drawn_after(self, live: Release) -> None:
        planned(live)
        assert [one.day for one in services.commit(actor=system())] == [
            dt.date(2026, 1, 12), dt.date(2026, 1, 13),
        ]  # fmt: skip
        assert services.commit(actor=system()) == []
        post(live, 400)
        post(live, 5, first=900, fields={"score": 0.5})  # these wait anyway
        assert services.draw(actor=system()) == []  # the day is not over
        with clock.at(LIVE + TOMORROW):
            (sample,) = services.draw(actor=system())
            assert services.draw(actor=system()) == []
        assert sampling.digest_of(sample.seed) == sample.seed_digest
        cases = Case.objects.filter(kind="sampled")
        expected = sampling.draw(
            sample.seed,
            {f"{batch}-{place}": False for batch, place in
             Decision.objects.filter(answer="proceed").values_list("batch_id", "position")},
            percent=2, least=3,
        )  # fmt: skip
        found = {f"{case.batch_id}-{case.position}" for case in cases}
        assert found == set(expected)
        assert sample.cases == len(found) > 0
        kinds = Entry.objects.filter(subject_id=sample.pk).order_by("seq")
        assert list(kinds.values_list("kind", flat=True)) == ["sample.committed", "sample.drawn"]
        assert sample.seed not in kinds[0].body

    def test_what_came_before_the_seed_is_not_drawn(self, live: Release) -> None:
        planned(live)
        post(live, 50)
        with clock.at(LIVE + dt.timedelta(hours=1)):
            services.commit(actor=system())
        with clock.at(LIVE + TOMORROW):
            (sample,) = services.draw(actor=system())
        assert (sample.cases, Case.objects.count()) == (0, 0)

    def test_a_seed_that_was_lost_is_not_replaced(self, live: Release, settings: Any) -> None:
        services.commit(actor=system())
        settings.SECRET_KEY = "another key"
        with clock.at(LIVE + TOMORROW), refused(Conflict, "seed_lost"):
            services.draw(actor=system())

    def test_sampled_cases_are_decided_like_others(self, live: Release) -> None:
        planned(live)
        services.commit(actor=system())
        post(live, 5)
        with clock.at(LIVE + TOMORROW):
            services.draw(actor=system())
            case = Case.objects.filter(kind="sampled").first()
            assert case is not None
            assert case in queries.mine(person("fu"))
            services.claim(actor=person("fu"), case_id=case.pk)
            done = services.decide(
                actor=person("fu"), case_id=case.pk, outcome="accept",
                reason_code="within_policy",
            )  # fmt: skip
        assert done.state == "decided"


def held_and_decided(live: Release, number: int, outcome: str = "accept") -> Case:
    (found,) = services.take(
        gateway=person("gateway"), told=[decision(live, number, fields={"score": 0.5})]
    )
    assert found.case is not None
    services.claim(actor=person("fu"), case_id=found.case.pk)
    words = {"reason_code": "facts_confirmed"}
    if outcome == "override":
        words = {"reason_code": "model_wrong", "final_output": "refuse"}
    return services.decide(actor=person("fu"), case_id=found.case.pk, outcome=outcome, **words)


def test_a_share_is_decided_again_by_somebody_else(live: Release) -> None:
    services.commit(actor=system())
    for number in range(20):
        held_and_decided(live, number)
    with clock.at(LIVE + TOMORROW):
        (sample,) = services.draw(actor=system())
        again = list(Case.objects.filter(kind="blind").order_by("code"))
        assert 0 < len(again) == sample.cases < 20
        assert queries.mine(person("fu")) == []
        with refused(SegregationRefused, "own_view"):
            services.claim(actor=person("fu"), case_id=again[0].pk)
        services.claim(actor=person("fang"), case_id=again[0].pk)
        services.decide(
            actor=person("fang"), case_id=again[0].pk, outcome="accept",
            reason_code="within_policy",
        )  # fmt: skip
        assert oversight.agreement(live) == (1, 1)
    figures = oversight.overseen(live).reviewers
    assert sum(one.figures.cases for one in figures) == 20  # the second look counts apart


class TestPlanted:
    """A case in which the model was wrong waits once more."""

    def test_it_looks_like_any_and_its_detection_is_measured(self, live: Release) -> None:
        wrong = held_and_decided(live, 1, "override")
        planted = services.plant(actor=person("chen"), case_id=wrong.pk)
        shown = browser("fang", "en").get("/cases/").content.decode()
        assert planted.code in shown
        assert "seeded" not in shown
        services.claim(actor=person("fang"), case_id=planted.pk)
        services.decide(
            actor=person("fang"), case_id=planted.pk, outcome="accept",
            reason_code="within_policy",
        )  # fmt: skip
        assert oversight.detected(live) == (0, 1)
        page = browser("chen", "en").get(f"/plans/{Plan.objects.get().pk}/").content.decode()
        assert "0 of 1 known-wrong outputs were noticed" in page

    def test_who_plants_and_what(self, live: Release) -> None:
        right, wrong = held_and_decided(live, 1), held_and_decided(live, 2, "override")
        with refused(Conflict, "not_known_wrong"):
            services.plant(actor=person("chen"), case_id=right.pk)
        with refused(Forbidden, "not_permitted"):
            services.plant(actor=person("fu"), case_id=wrong.pk)


class TestTrials:
    """What a plan would have made of recorded decisions."""

    def test_a_draft_is_tried_and_nothing_written(self, live: Release) -> None:
        post(live, 30)
        post(live, 10, first=100, fields={"score": 0.5})
        post(live, 5, first=200, fields={"amount": 500_000})
        draft = services.draft(
            actor=person("wang"), release_id=live.pk,
            content=PLAN.replace('"score >= 0.48", "score <= 0.52"', '"amount > 100000"'),
        )  # fmt: skip
        job = services.request_trial(actor=person("wang"), plan_id=draft.pk)
        before = footprint()
        assert trials.trial(draft) == {
            "plan": draft.code, "decisions": 45, "held_then": 10, "held_by_this": 5,
            "by_checkpoint": {"grey_zone": 5}, "by_day": {"2026-01-12": [45, 10, 5]},
            "never": ["refusal"],
        }  # fmt: skip
        assert changes(before) == {}
        jobs.run(job.pk)
        for language, words in (("en", "5 would have waited"), ("zh-hans", "2026-01-12")):
            wang = browser("wang", language)
            assert words in wang.get(f"/plans/{draft.pk}/").content.decode()
            assert wang.get(f"/jobs/{job.pk}/").status_code == 200

    def test_a_field_that_was_not_kept_counts_as_undecided(self, live: Release) -> None:
        post(live, 3, fields={"income": 9})
        draft = services.draft(
            actor=person("wang"), release_id=live.pk,
            content=PLAN.replace("fields:", "fields:\n  - {name: income, type: number}").replace(
                '"score >= 0.48", "score <= 0.52"', '"income < 1"'
            ),
        )  # fmt: skip
        assert trials.trial(draft)["held_by_this"] == 3

    def test_only_who_may_plan_asks(self, live: Release) -> None:
        with refused(Forbidden, "not_permitted"):
            services.request_trial(actor=person("fu"), plan_id=Plan.objects.get().pk)


def test_samples_are_listed_without_their_seeds(live: Release) -> None:
    services.commit(actor=system())
    seed = Sample.objects.get(day=dt.date(2026, 1, 12))
    assert seed.seed == ""
    page = browser("shen", "en").get("/admin/governance/sample/").content.decode()
    assert seed.seed_digest in page

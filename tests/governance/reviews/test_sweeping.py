"""The ladder in the database: who is told, once; what follows; alike to the pure rule."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator

import pytest

from governance.findings.models import Finding
from governance.lifecycle import queries as lifecycle
from governance.reviews import queries, rules, services
from governance.reviews.models import Package, Reminder
from governance.reviews.queries import coming
from governance.suspensions.models import Order
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices.models import Notice
from registry.core.people import services as people
from registry.core.people.queries import system
from registry.releases.models import Release
from registry.usecases.models import ModelUse
from tests import story
from tests.governance.reviews.doing import carry_out, on, rungs, sweep, waiting
from tests.refusals import changes, footprint
from tests.world import person

LADDER = [
    ("2026-02-26", "task", ["wang"]),
    ("2026-03-29", "two_weeks", ["li", "wang"]),
    ("2026-04-05", "one_week", ["li", "wang", "xu"]),
    ("2026-04-11", "tomorrow", ["chen", "li", "wang", "xu"]),
    ("2026-04-13", "overdue", ["chen", "li", "ma", "wang", "xu"]),
    ("2026-04-19", "new_uses_blocked", ["chen", "li", "sun", "wang", "xu"]),
    ("2026-04-22", "restriction_announced", ["li", "ma", "sun", "wang", "xu"]),
    ("2026-04-27", "restriction", ["chen", "gao", "li", "ma", "sun", "wang", "xu"]),
    ("2026-05-12", "suspension_proposed", ["gao", "mi", "shen", "sun", "wang"]),
]


@pytest.fixture
def april(live: Release) -> Package:
    """The package of 12 April: performance (owner, developer) and attestation (owner)."""
    return Package.objects.get(release=live, due_on="2026-04-12")


def told(rung: str) -> list[str]:
    rows = Notice.objects.filter(kind=f"review.{rung}").values_list("user__username", flat=True)
    return sorted(rows)


def climb(upto: str) -> None:
    """Twice on every day of the ladder and on the day before it, until that day and on it."""
    last, day = dt.date.fromisoformat(upto), dt.timedelta(days=1)
    rung_days = [dt.date.fromisoformat(text) for text, _rung, _told in LADDER]
    for one in sorted({last, *rung_days, *(rung_day - day for rung_day in rung_days)}):
        if one <= last:
            with on(one):
                sweep()
                sweep()
                dispatch.run()


def test_every_rung_comes_on_its_day_and_tells_whom_it_names(april: Package) -> None:
    seen: list[str] = []
    for day, rung, people_told in LADDER:
        with on(dt.date.fromisoformat(day) - dt.timedelta(days=1)):
            sweep()
            assert rungs(april) == seen, f"the day before {day}"
        with on(day):
            sweep()
            sweep()
            seen.append(rung)
            assert rungs(april) == seen, day
            assert told(rung) == people_told, rung


def test_a_rung_tells_each_person_once_in_both_languages(april: Package) -> None:
    with on("2026-04-13"):
        sweep()
    notice = Notice.objects.get(kind="review.overdue", user__username="ma")
    assert notice.text_zh == (
        "已逾期：“零售贷款申请评分卡”性能与漂移、台账确认，到期日 2026-04-12。"
    )
    assert notice.text_en == (
        "Overdue: “Retail scorecard”, Performance and drift, Inventory attestation, due 2026-04-12."
    )
    assert notice.link == f"/reviews/{april.pk}/"


def test_a_week_of_downtime_sends_late_and_skips_nothing(april: Package) -> None:
    with on("2026-04-06"):
        assert sweep() == 3
    assert rungs(april) == ["one_week", "task", "two_weeks"]
    late = Reminder.objects.get(package=april, rung="task")
    assert late.came_on == dt.date(2026, 4, 6)


def test_a_clock_that_goes_back_doubles_nothing(april: Package) -> None:
    with on("2026-03-29"):
        sweep()
    before = footprint()
    for day in ("2026-03-28", "2026-03-29", "2026-02-26"):
        with on(day):
            assert sweep() == 0
    assert changes(before) == {}


def test_of_a_confidential_model_only_the_code_is_told(live: Release) -> None:
    secret = story.to_production(story.register(name="保密评分卡", is_confidential=True))
    dispatch.run()
    with on("2026-04-13"):
        sweep()
    texts = Notice.objects.filter(
        kind="review.overdue", link=f"/reviews/{waiting(secret, 'PR-15').package_id}/"
    ).values_list("text_zh", "text_en")
    assert texts
    for text in [one for pair in texts for one in pair]:
        assert secret.model_use.model.code in text
        assert "保密" not in text


def test_an_owner_who_has_left_is_replaced_by_model_risk(april: Package) -> None:
    people.deactivate(actor=person("admin"), user_id=person("wang").pk, reason="离职")
    with on("2026-02-26"):
        sweep()
    assert told("task") == ["chen"]


def test_a_finished_package_reminds_nobody(april: Package, live: Release) -> None:
    with on("2026-04-01"):
        carry_out(waiting(live, "PR-15"), "wang", "xu")
        carry_out(waiting(live, "PR-02"), "wang", "chen")
    climb("2026-04-13")
    assert rungs(april) == []


# What bites


def blocked_on(day: str, release: Release) -> set[str]:
    with on(day):
        return {one.rule.id for one in lifecycle.gate_of(release, "S5").blocked}


def test_overdue_beyond_the_grace_restricts_after_the_announcement(
    april: Package, live: Release
) -> None:
    climb("2026-04-26")
    assert not Order.objects.filter(is_drill=False).exists()  # a Sunday
    climb("2026-04-27")
    order = Order.objects.get(is_drill=False)
    assert (order.kind, order.target_id, order.ordered_by, order.reason) == (
        "restrict", live.pk, system(), f"BR-11: {april.code}",
    )  # fmt: skip
    assert "BR-11" in blocked_on("2026-04-27", live)
    assert "BR-11" not in blocked_on("2026-04-25", live)


def test_new_uses_wait_from_the_seventh_day(april: Package, live: Release) -> None:
    second = story.register(name="同一模型")
    assert second is not None
    other = Release.objects.exclude(pk=live.pk).get()
    other.model_use.model_id = live.model_use.model_id  # seen as a further use of the model
    with on("2026-04-18"):
        assert not queries.overdue(other).blocks_new_use
    with on("2026-04-19"):
        assert queries.overdue(other).blocks_new_use
        assert not queries.overdue(live).blocks_new_use  # it is in production already


def test_a_deferral_holds_the_restriction_once(april: Package, live: Release) -> None:
    climb("2026-04-20")
    with on("2026-04-20"):
        services.defer(
            actor=person("gao"), package_id=april.pk, until=dt.date(2026, 5, 10),
            reason="数据迁移期间,监测由人工每日复核。",
        )  # fmt: skip
        assert not queries.overdue(live).blocks_new_use
    climb("2026-05-07")
    climb("2026-05-10")
    assert not Order.objects.filter(is_drill=False).exists()
    climb("2026-05-12")
    assert Order.objects.get(is_drill=False).kind == "restrict"
    announced = Reminder.objects.get(package=april, rung="restriction_announced")
    assert (announced.for_on, announced.came_on) == (dt.date(2026, 5, 10), dt.date(2026, 5, 7))


def test_an_uninterruptible_use_is_spared_and_the_record_says_so(
    april: Package, live: Release
) -> None:
    use = ModelUse.objects.get(pk=live.model_use_id)
    with ledger.act(person("sun")) as act:
        act.update(use, "use.grade_shown", {"is_uninterruptible": True})
    climb("2026-04-28")
    assert not Order.objects.filter(is_drill=False).exists()
    kinds = Entry.objects.filter(subject_id=april.pk, kind__startswith="package.").values_list(
        "kind", flat=True
    )
    assert "package.restriction_spared" in set(kinds)
    assert "package.restriction_due" not in set(kinds)
    assert "gao" in told("restriction")


def test_late_work_tells_model_risk_that_the_restriction_can_end(
    april: Package, live: Release
) -> None:
    climb("2026-04-27")
    with on("2026-04-28"):
        carry_out(waiting(live, "PR-15"), "wang", "xu")
        assert told("restriction_can_end") == []
        carry_out(waiting(live, "PR-02"), "wang", "chen")
        dispatch.run()
    assert told("restriction_can_end") == ["chen", "sun"]
    assert "BR-11" not in blocked_on("2026-04-28", live)


@pytest.mark.parametrize(
    ("outcome", "severity", "orders"),
    [("in_order", None, 0), ("with_findings", "high", 0), ("not_acceptable", "critical", 1)],
)
def test_what_a_review_found_is_followed_up(
    live: Release, outcome: str, severity: str | None, orders: int
) -> None:
    before = Finding.objects.count()
    carry_out(waiting(live, "PR-02"), "wang", "chen", outcome)
    dispatch.run()
    found = list(Finding.objects.order_by("-raised_at")[: Finding.objects.count() - before])
    assert [one.severity for one in found] == ([severity] if severity else [])
    assert Order.objects.filter(is_drill=False).count() == orders


# SQL and rule agree


def seeded() -> Iterator[tuple[str, int, int, int | None, dict[str, int]]]:
    """Place, days to the due date, days since the planning, days of a deferral, rungs taken."""
    drawn = random.Random(20260112)
    steps = [step.key for step in queries.active_section().steps()]
    for _ in range(300):
        taken = {key: drawn.randint(-40, 0) for key in drawn.sample(steps, drawn.randint(0, 5))}
        yield (
            drawn.choice(["I", "II", "III", "IV", "institution"]),
            drawn.randint(-60, 80),
            drawn.choice([0, 1, 10, 100, 400]),
            drawn.choice([None, None, drawn.randint(-5, 20)]),
            taken,
        )


def test_the_query_finds_exactly_what_the_rule_says(live: Release) -> None:
    """300 drawn packages: what SQL finds due is what the pure rule finds due, rung by rung."""
    section, today = queries.active_section(), dt.date(2026, 4, 27)
    with on(today), ledger.act(system()) as act:
        made: dict[uuid.UUID, rules.Task] = {}
        entity = live.model_use.entity
        for number, (place, due, planned, held, taken) in enumerate(seeded()):
            day = today + dt.timedelta(days=due)
            until = None if held is None else today + dt.timedelta(days=held)
            row = Package(
                code=f"RVP-T-{number:04}", entity=entity, place=place, due_on=day,
                planned_on=today - dt.timedelta(days=planned), held_until=until,
                held_by=None if held is None else person("gao"),
                held_reason="" if held is None else "理由充分,已核对。",
            )  # fmt: skip
            act.book.entries.clear()
            act.create(row, "package.opened")
            steps = {step.key: step for step in section.steps()}
            came = {key: today + dt.timedelta(days=n) for key, n in taken.items()}
            for key, on_day in came.items():
                Reminder.objects.create(
                    package=row, rung=key, for_on=queries.counted_from(row, steps[key]),
                    came_on=on_day, sent_at=clock.now(), told=0,
                )  # fmt: skip
            made[row.pk] = rules.Task(place, day, row.planned_on, came, until)
        act.book.entries.clear()  # this act is rolled back with its test
        by_query: dict[uuid.UUID, list[str]] = {pk: [] for pk in made}
        for rung in coming.due_rungs(section, today):
            for pk in rung.packages.filter(pk__in=made).values_list("pk", flat=True):
                by_query[pk].append(rung.step.key)
        by_rule = {
            pk: rules.steps_due(section.steps(), task, today, queries.working_days(section))
            for pk, task in made.items()
        }
        assert by_query == by_rule
        assert queries.tasks(Package.objects.filter(pk__in=made), section) == made
        assert sum(map(len, by_rule.values())) > 200

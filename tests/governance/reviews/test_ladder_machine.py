"""The ladder under any order of days, edits, kills and restarts: once, in time, never skipped.

Two machines walk at random: one over the pure rules with a store of its own, one over the database
and the product's sweep. Both are held to the same yardstick.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import replace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from governance.reviews import services
from governance.reviews.models import Package, Reminder
from governance.reviews.rules import Effect, Step, Task, steps_due
from registry.core.calendars.rules import WorkingDays
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices import services as notices
from registry.core.notices.models import Notice
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.governance.reviews.doing import on, sweep
from tests.governance.reviews.yardstick import (
    BY_KEY,
    DAY,
    SECTION,
    STEPS,
    Row,
    left,
    may_come,
)
from tests.refusals import changes, footprint
from tests.world import person

CHINA = WorkingDays("CN")
TIERS = ("I", "II", "III", "IV")
EFFECTS = {
    Effect.BLOCK_NEW_USES: "package.new_uses_blocked",
    Effect.ANNOUNCE: "package.restriction_announced",
    Effect.RESTRICT: "package.restriction_due",
    Effect.PROPOSE_SUSPENSION: "package.suspension_proposed",
}


# The pure rules


class PureLadder(RuleBasedStateMachine):
    """A process that remembers what it took, over a store that outlives it."""

    seen: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.today = dt.date(2026, 1, 12)
        self.rows: list[Row] = []
        self.store: list[dict[tuple[str, dt.date], dt.date]] = []
        self.memory: dict[int, Task] = {}

    def task(self, index: int) -> Task:
        """The package as the rules see it: as remembered, else as the store tells it."""
        if index not in self.memory:
            row, came = self.rows[index], self.store[index]
            keys = {step.key: (step.key, row.counted_from(step)) for step in STEPS}
            taken = {rung: came[key] for rung, key in keys.items() if key in came}
            told = (row.place, row.due_on, row.planned_on, taken, row.held_until)
            self.memory[index] = Task(*told)
        return self.memory[index]

    def take(self, most: int = 10_000) -> int:
        """Rung by rung what is due is taken, `most` of it: then the process dies."""
        taken = 0
        for step in STEPS:
            for index, row in enumerate(self.rows):
                task = self.task(index)
                if step.key not in steps_due(STEPS, task, self.today, CHINA):
                    continue
                if taken == most:
                    self.memory.clear()
                    return taken
                self.put(index, row, step)
                self.memory[index] = replace(task, taken={**task.taken, step.key: self.today})
                taken += 1
        return taken

    def put(self, index: int, row: Row, step: Step) -> None:
        """The store's unique key, and the rung's day."""
        key, came = (step.key, row.counted_from(step)), self.store[index]
        assert key not in came, f"{key} of {row} was taken on {came[key]}, again on {self.today}"
        assert may_come(row, step, self.today, came), f"{key} of {row} came early on {self.today}"
        came[key] = self.today
        self.seen.add(step.key)

    def edit(self, index: int, row: Row) -> None:
        self.rows[index] = row
        self.memory.pop(index, None)

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        for place in ("II", "III", "institution"):
            self.plan(place, data.draw(st.integers(0, 60)))

    @rule(place=st.sampled_from([*TIERS, "institution"]), days=st.integers(0, 120))
    def plan(self, place: str, days: int) -> None:
        """A new task: another date for what was planned, or one called for at short notice."""
        if len(self.rows) < 6:
            self.rows.append(Row(place, self.today + dt.timedelta(days=days), self.today))
            self.store.append({})

    @rule(data=st.data(), days=st.integers(1, SECTION.defer_days))
    def defer(self, data: st.DataObject, days: int) -> None:
        """Once, from the due date or from today on."""
        index = data.draw(st.integers(0, len(self.rows) - 1))
        row = self.rows[index]
        if row.held_until is None:
            until = max(row.due_on, self.today) + dt.timedelta(days=days)
            self.edit(index, replace(row, held_until=until))

    @rule(data=st.data(), tier=st.sampled_from(TIERS))
    def move(self, data: st.DataObject, tier: str) -> None:
        """Another tier; the institution has none."""
        index = data.draw(st.integers(0, len(self.rows) - 1))
        if self.rows[index].place != "institution":
            self.edit(index, replace(self.rows[index], place=tier))

    @rule(days=st.integers(-1, 9))
    def tick(self, days: int) -> None:
        """Days pass; none; or the clock goes back."""
        self.today += dt.timedelta(days=days)

    @rule(weeks=st.integers(2, 8))
    def be_down(self, weeks: int) -> None:
        self.today += dt.timedelta(weeks=weeks)
        self.restart()

    @rule()
    def restart(self) -> None:
        self.memory.clear()

    @rule(most=st.integers(0, 6))
    def die_in_mid_sweep(self, most: int) -> None:
        self.take(most)

    @rule(times=st.integers(1, 2))
    def sweep(self, times: int) -> None:
        """Only what has come is called due; then nothing is left, however often one looks."""
        for index, row in enumerate(self.rows):
            for rung in steps_due(STEPS, self.task(index), self.today, CHINA):
                assert may_come(row, BY_KEY[rung], self.today, self.store[index]), (rung, row)
        for time in range(times):
            taken = self.take()
            assert taken == 0 or time == 0
        for row, came in zip(self.rows, self.store, strict=True):
            assert left(row, self.today, came) == [], f"{row} on {self.today}"


def test_the_ladder_comes_once_in_time_and_whole_whatever_happens() -> None:
    """No key twice, none early, none left; restrictions announced; what was missed comes late."""
    PureLadder.seen = set()
    run_state_machine_as_test(
        PureLadder,
        settings=settings(max_examples=80, stateful_step_count=40, deadline=None, derandomize=True),
    )
    assert PureLadder.seen == {step.key for step in STEPS}  # the walks have been everywhere


@pytest.mark.parametrize("place", [*TIERS, "institution"])
def test_who_was_down_for_weeks_has_taken_the_same_rungs_in_the_end(place: str) -> None:
    """A daily sweep and one that slept from before the due date until long after it."""
    first, days = dt.date(2026, 1, 5), 240
    found: list[list[str]] = []
    for sleeps in (range(0), range(60, 150)):
        machine = PureLadder()
        machine.seen = set()
        machine.today = first
        machine.plan(place, 90)
        for day in range(days):
            machine.today = first + DAY * day
            if day not in sleeps:
                machine.sweep(1)
        found.append(sorted(rung for rung, _for_on in machine.store[0]))
    always, slept = found
    assert (
        slept
        == always
        == sorted(one.key for one in STEPS if place in BY_KEY.get(one.before, one).days)
    )


# The database and the product's sweep


class Killed(BaseException):
    """As if by kill -9: nothing after it runs."""


class RealSweeps(RuleBasedStateMachine):
    """The live release's packages, edited and swept on a frozen clock; each walk is undone."""

    release: Release
    seen: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.today = dt.date(2026, 4, 9)  # shortly before the first packages are due
        self.known: set[object] = set()
        self.called = 0
        self.undo = transaction.atomic()
        self.undo.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def came(self) -> dict[object, dict[tuple[str, dt.date], dt.date]]:
        """What the store tells, package by package. What is new came neither early nor twice."""
        found: dict[object, dict[tuple[str, dt.date], dt.date]] = {}
        new: list[Reminder] = []
        for one in Reminder.objects.select_related("package"):
            kept = found.setdefault(one.package_id, {})
            assert (one.rung, one.for_on) not in kept
            kept[one.rung, one.for_on] = one.came_on
            new += [] if one.pk in self.known else [one]
        for one in new:
            row, step = as_row(one.package), BY_KEY[one.rung]
            assert (one.for_on, one.came_on) == (row.counted_from(step), self.today)
            assert may_come(row, step, self.today, found[one.package_id]), f"{row} {one.rung}"
            self.known.add(one.pk)
            self.seen.add(one.rung)
        return found

    def agree(self) -> dict[object, dict[tuple[str, dt.date], dt.date]]:
        """Rungs, lines in the inboxes and entries of effects tell the same story."""
        came = self.came()
        told = sum(Reminder.objects.values_list("told", flat=True))
        kinds = [f"review.{step.key}" for step in STEPS]
        assert Notice.objects.filter(kind__in=kinds).count() == told
        for step in STEPS:
            taken = sum(step.key == rung for kept in came.values() for rung, _ in kept)
            if step.effect is not Effect.NONE:
                assert Entry.objects.filter(kind=EFFECTS[step.effect]).count() == taken, step.key
        return came

    def package(self, data: st.DataObject) -> Package:
        """One of the three that are due first."""
        rows = Package.objects.filter(state="open").order_by("due_on", "code")[:3]
        return data.draw(st.sampled_from(list(rows)))

    @precondition(lambda self: self.called < 3)
    @rule(days=st.integers(0, 60))
    def call_for_one(self, days: int) -> None:
        """A new date for a kind of review, perhaps at short notice."""
        kind = ("PR-02", "PR-15", "PR-03")[self.called]
        self.called += 1
        with on(self.today):
            services.call_for(
                actor=person("chen"), release_id=self.release.pk, kind=kind, trigger="complaint",
                reason="客户投诉解释难以理解。", due_on=self.today + dt.timedelta(days=days),
            )  # fmt: skip

    @rule(data=st.data(), days=st.integers(1, 9))
    def defer(self, data: st.DataObject, days: int) -> None:
        row = self.package(data)
        if row.held_until is None:
            with on(self.today):
                services.defer(
                    actor=person("gao"), package_id=row.pk, reason="数据迁移期间,由人工每日复核。",
                    until=max(row.due_on, self.today) + dt.timedelta(days=days),
                )  # fmt: skip

    @rule(data=st.data(), tier=st.sampled_from(TIERS))
    def move(self, data: st.DataObject, tier: str) -> None:
        row = self.package(data)
        if row.place != "institution":
            with on(self.today), ledger.act(system()) as act:
                act.update(row, "package.moved_to_tier", {"place": tier})

    @rule(survives=st.integers(0, 3))
    def die_in_mid_chunk(self, survives: int) -> None:
        """The process dies between a chunk's reminders and its lines: the chunk never was."""
        calls = iter(range(100))
        whole = notices.tell_many

        def tell_or_die(lines: list[notices.Line]) -> None:
            if next(calls) >= survives:
                raise Killed
            whole(lines)

        with pytest.MonkeyPatch.context() as patched, on(self.today):
            patched.setattr(notices, "tell_many", tell_or_die)
            with contextlib.suppress(Killed):
                sweep()
        self.agree()

    @rule(days=st.integers(-1, 9))
    def sweep_after(self, days: int) -> None:
        """Days pass, none, or the clock goes back; nothing is left, nothing to do for a second."""
        self.today += dt.timedelta(days=days)
        before = Reminder.objects.count()
        with on(self.today):
            taken = sweep()
            assert Reminder.objects.count() - before == taken
            stands = footprint()
            assert sweep() == 0
        assert changes(stands) == {}
        came = self.agree()
        for row in Package.objects.filter(state="open"):
            assert left(as_row(row), self.today, came.get(row.pk, {})) == [], row.code

    @rule(weeks=st.integers(2, 6))
    def sweep_after_downtime(self, weeks: int) -> None:
        """Weeks later what was missed comes; then its notice runs from day to day."""
        self.sweep_after(7 * weeks)
        self.sweep_daily(6)

    @rule(days=st.integers(2, 8))
    def sweep_daily(self, days: int) -> None:
        for _ in range(days):
            self.sweep_after(1)


def as_row(package: Package) -> Row:
    return Row(package.place, package.due_on, package.planned_on, package.held_until)


def test_the_sweep_tells_and_bites_once_in_time_and_whole_whatever_happens(live: Release) -> None:
    """As the pure rules; besides, each rung has its lines, and each effect its entry."""
    RealSweeps.release, RealSweeps.seen = live, set()
    run_state_machine_as_test(
        RealSweeps,
        settings=settings(
            max_examples=10,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # a walk that fails is told as it was: shrinking takes minutes
            suppress_health_check=list(HealthCheck),
        ),  # fmt: skip
    )
    assert RealSweeps.seen >= {"task", "overdue", "restriction_announced", "restriction"}

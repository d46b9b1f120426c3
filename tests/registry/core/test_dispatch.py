"""The dispatcher: every entry has its effect once, in order per object; what fails waits alone."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterator

import pytest
from django.db import connection

from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.dispatch.models import Cursor, Held
from registry.core.dispatch.services import Event
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.notices import services as notices
from registry.core.notices.models import Notice
from registry.core.people.models import Department
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)


class Effects:
    """A reaction to departments' renaming that notes what it saw, and fails for some."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.failing: set[str] = set()

    def __call__(self, event: Event) -> None:
        name = event.body["state"]["name_zh"]
        notices.tell(
            user_ids=[event.actor], kind="test", text_zh=name, text_en=name, once_key=str(event.seq)
        )
        if name[0] in self.failing:
            raise ZeroDivisionError(name)
        self.seen.append(name)


@pytest.fixture
def effects(monkeypatch: pytest.MonkeyPatch) -> Iterator[Effects]:
    """The only reaction that there is; failures are not printed."""
    monkeypatch.setattr(dispatch, "_reactions", {})
    told = Effects()
    dispatch.react("note_names", {"department.renamed"}, told)
    logging.disable(logging.ERROR)
    yield told
    logging.disable(logging.NOTSET)


def rename(code: str, *names: str) -> Department:
    """The department has borne these names, one after another."""
    row = Department.objects.filter(code=code).first()
    with ledger.act(person("admin")) as act:
        if row is None:
            row = Department(code=code, name_zh="部门", entity=head_office())
            act.create(row, "department.opened")
    for name in names:
        with ledger.act(person("admin")) as act:
            act.update(row, "department.renamed", {"name_zh": name})
    return row


def last_seq() -> int:
    return Entry.objects.order_by("-seq")[0].seq


def told() -> list[str]:
    return list(
        Notice.objects.filter(kind="test").order_by("text_zh").values_list("text_zh", flat=True)
    )


def test_each_entry_has_its_effect_once_and_the_cursor_stands_behind_it(effects: Effects) -> None:
    rename("A", "a1", "a2")
    assert dispatch.run() == 2
    assert (effects.seen, Cursor.objects.get().seq) == (["a1", "a2"], last_seq())
    assert dispatch.run() == 0
    assert effects.seen == ["a1", "a2"]


def test_an_event_says_what_its_entry_says() -> None:
    row = rename("A", "a1")
    entry = Entry.objects.order_by("-seq")[0]
    event = Event.of(entry)
    assert (event.seq, event.kind, event.subject_id) == (entry.seq, "department.renamed", row.pk)
    assert (event.subject_type, event.actor) == ("registry.department", person("admin").pk)
    assert event.body["state"]["name_zh"] == "a1"


def test_entries_of_other_kinds_have_no_effect(effects: Effects) -> None:
    rename("A")
    assert (dispatch.run(), effects.seen) == (0, [])


def test_a_lost_wake_up_is_made_good_by_the_next_run(effects: Effects) -> None:
    rename("A", "a1")  # nobody is woken: nothing is committed here
    rename("A", "a2")
    assert dispatch.run() == 2
    assert effects.seen == ["a1", "a2"]


def test_an_effect_that_fails_leaves_nothing_but_the_object_that_waits(effects: Effects) -> None:
    effects.failing = {"a"}
    row = rename("A", "a1")
    with clock.at(NOON):
        assert dispatch.run() == 0
    held = Held.objects.get()
    assert told() == []
    assert (held.subject_id, held.from_seq, held.failures) == (row.pk, last_seq(), 1)
    assert (held.error, held.next_try_at) == (
        "ZeroDivisionError: a1",
        NOON + dt.timedelta(seconds=10),
    )
    assert Cursor.objects.get().seq == last_seq()


def test_an_error_of_the_database_in_an_effect_does_not_stop_the_dispatcher(
    effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide(event: Event) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    dispatch.react("divide", {"department.renamed"}, divide)
    rename("A", "a1")
    assert dispatch.run() == 1
    assert (effects.seen, Held.objects.get().reaction) == (["a1"], "divide")


def test_one_object_waits_and_the_others_go_on(effects: Effects) -> None:
    effects.failing = {"a"}
    rename("A", "a1")
    rename("B", "b1")
    rename("A", "a2")
    assert dispatch.run() == 1
    assert (effects.seen, Held.objects.count(), Held.objects.get().failures) == (["b1"], 1, 1)


def test_an_object_that_waits_keeps_its_order(effects: Effects) -> None:
    effects.failing = {"a"}
    rename("A", "a1", "a2")
    with clock.at(NOON):
        dispatch.run()
    effects.failing = set()
    rename("A", "a3")
    with clock.at(NOON + dt.timedelta(seconds=9)):
        assert dispatch.run() == 0  # not due yet: a3 waits behind a1
    with clock.at(NOON + dt.timedelta(seconds=10)):
        assert dispatch.run() == 3
    assert (effects.seen, Held.objects.count()) == (["a1", "a2", "a3"], 0)


def test_an_object_that_fails_later_waits_from_there(effects: Effects) -> None:
    effects.failing = {"x"}
    rename("A", "a1", "x2", "a3")
    with clock.at(NOON):
        assert dispatch.run() == 1
    effects.failing = set()
    with clock.at(NOON + dt.timedelta(minutes=1)):
        assert dispatch.run() == 2
    assert effects.seen == ["a1", "x2", "a3"]


def parked(effects: Effects) -> Held:
    """After failures at 0, 10, 30, 70 and 150 seconds."""
    effects.failing = {"a"}
    rename("A", "a1", "a2")
    for failures, seconds in enumerate((0, 10, 30, 70, 150), start=1):
        with clock.at(NOON + dt.timedelta(seconds=seconds)):
            assert dispatch.run() == 0
            assert dispatch.run() == 0  # not due again at once
        held = Held.objects.get()
        assert (held.failures, held.parked_at is None) == (failures, failures < 5)
    return Held.objects.get()


def test_after_five_failures_the_object_is_parked_and_the_administrators_are_told(
    effects: Effects,
) -> None:
    held = parked(effects)
    assert held.parked_at == NOON + dt.timedelta(seconds=150)
    sent = Notice.objects.filter(kind="dispatch.parked")
    assert sorted(notice.user.username for notice in sent) == ["admin", "admin2"]
    with clock.at(NOON + dt.timedelta(days=9)):
        assert dispatch.run() == 0
    assert (Held.objects.get().failures, sent.count()) == (5, 2)


def test_a_parked_object_does_not_keep_the_others(effects: Effects) -> None:
    parked(effects)
    rename("B", "b1")
    with clock.at(NOON + dt.timedelta(days=1)):
        assert dispatch.run() == 1
    assert effects.seen == ["b1"]


def test_a_released_object_goes_on_in_order(effects: Effects) -> None:
    held = parked(effects)
    rename("A", "a3")
    effects.failing = set()
    with clock.at(NOON + dt.timedelta(days=1)):
        dispatch.release(actor=person("admin"), subject_id=held.subject_id)
        assert dispatch.run() == 3
    assert (effects.seen, Held.objects.count()) == (["a1", "a2", "a3"], 0)


def test_two_reactions_stand_apart(effects: Effects) -> None:
    other = Effects()
    other.failing = {"a"}
    dispatch.react("other", {"department.renamed"}, other)
    rename("A", "a1")
    rename("B", "b1")
    assert dispatch.run() == 3
    assert (effects.seen, other.seen) == (["a1", "b1"], ["b1"])
    assert {cursor.reaction for cursor in Cursor.objects.all()} == {"note_names", "other"}


def test_reactions_are_told_by_name() -> None:
    names = [reaction.name for reaction in dispatch.reactions()]
    assert names == sorted(names)
    assert "void_changed_approvals" in names


def test_somebody_is_told_once_per_cause_and_reads_the_own_notices(effects: Effects) -> None:
    wang = person("wang")
    for _ in range(2):
        notices.tell(user_ids=[wang.pk, wang.pk], kind="k", text_zh="中", text_en="e", once_key="x")
    notice = Notice.objects.get(user=wang)
    notices.read(actor=person("li"), notice_id=notice.pk)
    assert Notice.objects.get(pk=notice.pk).read_at is None
    with clock.at(NOON):
        notices.read(actor=wang, notice_id=notice.pk)
        notices.read(actor=wang, notice_id=uuid.UUID(int=5))
    assert Notice.objects.get(pk=notice.pk).read_at == NOON

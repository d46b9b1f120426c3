"""Two dispatchers at once: every effect happens once, and none is lost."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.dispatch.models import Cursor, Held
from registry.core.dispatch.services import Event
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people.models import Department
from tests.concurrency.conftest import codes, together
from tests.world import head_office, person

LATER = dt.timedelta(hours=1)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the only reaction saw; it fails for names that begin with x until that is taken away."""
    monkeypatch.setattr(dispatch, "_reactions", {})
    names: list[str] = ["fails"]
    lock = threading.Lock()

    def note(event: Event) -> None:
        name = event.body["state"]["name_zh"]
        if name.startswith("x") and "fails" in names:
            raise ZeroDivisionError
        with lock:
            names.append(name)

    dispatch.react("note_names", {"department.opened"}, note)
    Cursor.objects.create(reaction="note_names", seq=ledger_head())
    logging.disable(logging.ERROR)
    yield names
    logging.disable(logging.NOTSET)


def ledger_head() -> int:
    return Entry.objects.order_by("-seq")[0].seq


def opened(code: str) -> Department:
    with ledger.act(person("admin")) as act:
        row = Department(code=code, name_zh=code, entity=head_office())
        return act.create(row, "department.opened")


def test_two_dispatchers_at_once_have_each_effect_once(committed: str, seen: list[str]) -> None:
    for number in range(20):
        opened(f"D{number:02}")
    done = together(dispatch.run, dispatch.run, dispatch.run)
    assert codes(done) == ["done"] * 3
    assert sum(one for one in done if isinstance(one, int)) == 20
    assert seen[1:] == [f"D{number:02}" for number in range(20)]


def test_an_entry_that_comes_while_its_object_is_let_go_is_not_lost(
    committed: str, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One dispatcher has seen that the object waits; the other finds nothing left to wait for."""
    row = opened("x1")
    dispatch.run()
    assert Held.objects.count() == 1
    seen.remove("fails")
    with ledger.act(person("admin")) as act:
        act.note(row, "department.opened")  # the second entry of the object that waits
    decided, may_go = threading.Event(), threading.Event()
    save = Cursor.save

    def slow_save(self: Cursor, *args: Any, **kwargs: Any) -> None:
        decided.set()
        may_go.wait(timeout=20)
        save(self, *args, **kwargs)

    def retrying() -> int:
        assert decided.wait(timeout=20)
        try:
            with clock.at(clock.now() + LATER):
                return dispatch.run()
        finally:
            may_go.set()

    monkeypatch.setattr(Cursor, "save", slow_save)
    codes(together(dispatch.run, retrying))
    monkeypatch.setattr(Cursor, "save", save)
    with clock.at(clock.now() + LATER):
        dispatch.run()
    assert (seen, Held.objects.count()) == (["x1", "x1"], 0)

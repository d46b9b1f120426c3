"""Many acts at once: one chain, no gap, nobody waits for ever."""

from __future__ import annotations

import pytest
from django.db import connection

from registry.core.ledger import queries
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import entry_hash
from registry.core.people import services as people
from registry.core.people.models import Department, LegalEntity, User
from registry.core.people.services import NewPerson
from tests.concurrency.conftest import codes, together
from tests.world import PASSWORD, head_office, person

THREADS, ACTS = 8, 5


def test_appends_from_eight_threads_make_one_sound_chain(committed: str) -> None:
    before, entity, admin = Entry.objects.count(), head_office(), person("admin")

    def append(thread: int) -> None:
        for number in range(ACTS):
            with ledger.act(admin) as act:
                code = f"T{thread}-{number}"
                row = Department(code=code, name_zh="部门", entity=entity)
                act.create(row, "department.opened")
                act.update(row, "department.renamed", {"name_zh": "新部门"})

    verbs = [lambda thread=thread: append(thread) for thread in range(THREADS)]
    assert codes(together(*verbs)) == ["done"] * THREADS
    lines = list(queries.lines())
    assert [line.seq for line in lines] == list(range(1, before + 2 * THREADS * ACTS + 1))
    assert [line.hash for line in lines] == [entry_hash(line) for line in lines]
    assert [line.prev for line in lines[1:]] == [line.hash for line in lines[:-1]]
    acts = [line.act for line in lines[before:]]
    assert acts[0::2] == acts[1::2]  # the entries of an act stand together
    assert len(set(acts)) == THREADS * ACTS
    assert [fault for fault in ledger.verify().faults if "anchor" not in fault] == []


def test_acts_that_fail_among_others_leave_no_gap(committed: str) -> None:
    before, entity, admin = Entry.objects.count(), head_office(), person("admin")

    def append() -> None:
        with ledger.act(admin) as act:
            act.note(entity, "entity.looked_at")

    def fail() -> None:
        with ledger.act(admin) as act:
            act.note(entity, "entity.looked_at")
            raise ZeroDivisionError

    outcomes = together(append, fail, append, fail, append, fail)
    assert sum(isinstance(outcome, ZeroDivisionError) for outcome in outcomes) == 3
    seqs = [line.seq for line in queries.lines()]
    assert seqs == list(range(1, before + 4))


def test_an_act_of_one_thread_is_not_joined_by_another(committed: str) -> None:
    admin, entity = person("admin"), head_office()

    def note() -> None:
        with ledger.act(admin) as act:
            act.note(entity, "entity.looked_at")

    with ledger.act(admin):
        together(note)
        assert Entry.objects.filter(kind="entity.looked_at").count() == 1


def test_of_two_enrolments_under_one_name_one_counts(committed: str) -> None:
    def enrol() -> User:
        new = NewPerson("fang", "方圆", PASSWORD)
        return people.enrol(actor=person("admin"), person=new)

    outcomes = together(enrol, enrol)
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert User.objects.filter(username="fang").count() == 1


def test_a_lock_outside_an_act_is_refused(committed: str) -> None:
    assert not connection.in_atomic_block
    with pytest.raises(RuntimeError, match="Lock inside an act."):
        ledger.lock(LegalEntity.objects.all(), head_office().pk)

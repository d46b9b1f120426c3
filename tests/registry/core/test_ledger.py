"""The act and the chain: what is entered, in which order, under which hash."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.core.ledger import queries, rules
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import GENESIS, Line
from registry.core.people import services as people
from registry.core.people.models import Department
from registry.core.people.services import NewPerson
from tests.refusals import changes, footprint
from tests.world import PASSWORD, head_office, person

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 12, 31, 4, tzinfo=dt.UTC)


def department(code: str) -> Department:
    return Department(code=code, name_zh="部门", entity=head_office())


def last_entries(count: int) -> list[Entry]:
    return list(Entry.objects.order_by("-seq")[:count])[::-1]


def test_entries_are_numbered_without_gaps_and_each_hash_covers_the_one_before() -> None:
    lines = list(queries.lines())
    assert [line.seq for line in lines] == list(range(1, Entry.objects.count() + 1))
    assert [line.prev for line in lines] == [GENESIS, *(line.hash for line in lines[:-1])]
    assert [line.hash for line in lines] == [rules.entry_hash(line) for line in lines]


def test_a_new_entry_is_hashed_by_the_database_as_the_rules_hash_it() -> None:
    seq, head = queries.head()
    with ledger.act(person("admin")) as act:
        act.create(department("D1"), "department.opened", note="“引号”\\斜线 \t 制表")
    (line,) = queries.lines(after=seq)
    assert (line.seq, line.prev, line.hash) == (seq + 1, head, rules.entry_hash(line))
    assert queries.head() == (line.seq, line.hash)


def test_lines_stop_where_they_are_told_to() -> None:
    assert [line.seq for line in queries.lines(after=3, upto=6)] == [4, 5, 6]


@pytest.mark.parametrize(
    ("name", "rows", "size"),
    [("by rows", 7, 10**9), ("by bytes", 10**6, 2_000), ("each alone", 10**6, 1)],
)
def test_the_chain_is_read_in_batches(
    name: str, rows: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(queries.lines())
    monkeypatch.setattr(queries, "_BATCH", rows)
    monkeypatch.setattr(queries, "_BATCH_BYTES", size)
    with CaptureQueriesContext(connection) as statements:
        assert list(queries.lines()) == whole
    assert len(statements) >= len(whole) // 7
    assert name != "each alone" or len(statements) == len(whole) + 1


def test_an_act_inside_an_act_joins_it() -> None:
    admin, other = person("admin"), person("admin2")
    with ledger.act(admin) as outer:
        outer.create(department("D1"), "department.opened")
        with ledger.act(other) as inner:
            inner.create(department("D2"), "department.opened")
        outer.create(department("D3"), "department.opened")
    entries = last_entries(3)
    assert len({entry.act for entry in entries}) == 1
    assert [entry.actor for entry in entries] == [admin.pk, other.pk, admin.pk]
    assert [json.loads(entry.body)["state"]["code"] for entry in entries] == ["D1", "D2", "D3"]


def test_two_acts_have_two_numbers() -> None:
    for code in ("D1", "D2"):
        with ledger.act(person("admin")) as act:
            act.create(department(code), "department.opened")
    first, second = last_entries(2)
    assert first.act != second.act


def act_of(entries: int) -> None:
    """A department, then so many entries in the same act."""
    entity = head_office()
    with ledger.act(person("admin")) as act:
        act.create(department("D1"), "department.opened")
        for _ in range(entries - 1):
            act.note(entity, "entity.looked_at")


def failing_act() -> None:
    """An act that fails when its row is written and its entry noted."""
    with ledger.act(person("admin")) as act:
        act.create(department("D1"), "department.opened")
        raise ZeroDivisionError


def act_around_a_failing_one() -> None:
    """The inner act fails."""
    with ledger.act(person("admin")) as act:
        act.create(department("D2"), "department.opened")
        failing_act()


def test_an_act_holds_five_hundred_entries() -> None:
    before = footprint()
    act_of(500)
    assert changes(before) == {"registry_department": (1, 1), "registry_entry": (500, 0)}


def test_an_act_with_five_hundred_and_one_entries_writes_nothing() -> None:
    before = footprint()
    with pytest.raises(ValueError, match="An act holds at most 500 entries; use chunks."):
        act_of(501)
    assert changes(before) == {}


def test_an_act_that_fails_leaves_neither_row_nor_entry() -> None:
    before = footprint()
    with pytest.raises(ZeroDivisionError):
        failing_act()
    assert changes(before) == {}


def test_an_inner_act_that_fails_takes_the_outer_one_with_it() -> None:
    before = footprint()
    with pytest.raises(ZeroDivisionError):
        act_around_a_failing_one()
    assert changes(before) == {}


def test_after_a_failed_act_the_next_one_begins_afresh() -> None:
    with pytest.raises(ZeroDivisionError):
        failing_act()
    before = footprint()
    with ledger.act(person("admin")) as act:
        act.note(head_office(), "entity.looked_at")
    assert changes(before) == {"registry_entry": (1, 0)}


def test_an_act_without_entries_writes_nothing_and_wakes_nobody(
    django_capture_on_commit_callbacks: Any,
) -> None:
    before = footprint()
    with django_capture_on_commit_callbacks() as told, ledger.act(person("admin")):
        pass
    assert (changes(before), told) == ({}, [])


def test_an_act_wakes_each_listener_once_however_many_entries_it_has(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks() as told, ledger.act(person("admin")) as act:
        act.note(head_office(), "entity.looked_at")
        act.note(head_office(), "entity.looked_at")
    assert [one.func.__name__ for one in told] == ["_wake_dispatcher", "wake"]
    assert {one.args for one in told} == {(frozenset({"entity.looked_at"}),)}


def test_only_what_has_an_effect_wakes_the_dispatcher() -> None:
    assert dispatch.wants({"entity.looked_at", "release.moved"})
    assert not dispatch.wants({"entity.looked_at", "experiment.registered"})


def test_an_update_raises_the_row_version_and_its_entry_says_so() -> None:
    with ledger.act(person("admin")) as act:
        row = act.create(department("D1"), "department.opened")
        act.update(row, "department.renamed", {"name_zh": "新部门"}, reason="更名")
    created, updated = last_entries(2)
    assert [created.row_version, updated.row_version] == [1, 2]
    assert json.loads(updated.body)["facts"] == {"reason": "更名"}
    assert json.loads(updated.body)["state"] == queries.state_of(Department.objects.get(pk=row.pk))


def test_rows_made_together_have_an_entry_each_and_none_at_all_have_none() -> None:
    before = footprint()
    with ledger.act(person("admin")) as act:
        act.create_many([], "department.opened")
        act.create_many([department(f"D{i}") for i in range(3)], "department.opened")
    assert changes(before) == {"registry_department": (3, 3), "registry_entry": (3, 0)}


def test_personal_fields_are_entered_as_salted_digests_alone() -> None:
    told = NewPerson("fang", "方圆", PASSWORD, email="fang@example.org")
    user = people.enrol(actor=person("admin"), person=told)
    (entry,) = last_entries(1)
    state = json.loads(entry.body)["state"]
    for name in ("username", "name", "email", "password", "salt"):
        assert state[name] == rules.personal_digest(user.salt, getattr(user, name))
    for secret in ("fang", "方圆", user.password, user.salt):
        assert secret not in entry.body


def test_the_same_name_with_another_salt_has_another_digest() -> None:
    assert rules.personal_digest("a", "方圆") != rules.personal_digest("b", "方圆")
    assert rules.personal_digest("a", "方圆") == rules.personal_digest("a", "方圆")


def renamed_department() -> tuple[Department, dt.datetime]:
    """Opened at noon; renamed an hour later, effective 23½ hours after noon."""
    with clock.at(NOON), ledger.act(person("admin")) as act:
        row = act.create(department("D1"), "department.opened")
    takes_effect = NOON + dt.timedelta(hours=23, minutes=30)
    with (
        clock.at(NOON + dt.timedelta(hours=1)),
        ledger.act(person("admin"), effective_at=takes_effect) as act,
    ):
        act.update(row, "department.renamed", {"name_zh": "新部门"})
    return row, takes_effect


@pytest.mark.parametrize(
    ("name", "moment", "believed", "expected"),
    [
        ("before it existed", -1, None, None),
        ("when it was opened", 0, None, "部门"),
        ("before the new name took effect", 23, None, "部门"),
        ("after the new name took effect", 24, None, "新部门"),
        ("after, as believed before the renaming was recorded", 24, 0.5, "部门"),
        ("after, as believed when it was recorded", 24, 1, "新部门"),
        ("believed before anything was recorded", 24, -1, None),
    ],
)
def test_what_was_true_and_what_was_believed_are_two_answers(
    name: str, moment: float, believed: float | None, expected: str | None
) -> None:
    row, _ = renamed_department()
    state = queries.state_as_of(
        row.pk,
        NOON + dt.timedelta(hours=moment),
        believed_at=None if believed is None else NOON + dt.timedelta(hours=believed),
    )
    assert (state["name_zh"] if state else None) == expected


def test_the_state_at_the_very_moment_of_a_change_is_the_new_one() -> None:
    row, takes_effect = renamed_department()
    state = queries.state_as_of(row.pk, takes_effect)
    assert state is not None
    assert state["name_zh"] == "新部门"


def test_an_entry_says_when_it_took_effect_and_when_it_was_recorded() -> None:
    _, takes_effect = renamed_department()
    (entry,) = last_entries(1)
    assert entry.effective_at == takes_effect
    assert entry.recorded_at == NOON + dt.timedelta(hours=1)


def test_codes_carry_the_year_of_the_institution_and_are_never_given_twice() -> None:
    with clock.at(dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC)):  # midnight in Shanghai
        first, second = queries.next_code("AIM"), queries.next_code("REL")
    assert first.startswith("AIM-2027-")
    assert second == f"REL-2027-{int(first[-6:]) + 1:06d}"


def test_what_stays_out_of_the_state() -> None:
    assert set(queries.state_of(head_office())) == {
        "code",
        "name_zh",
        "name_en",
        "parent_id",
        "path",
    }


def test_altered_columns_are_named() -> None:
    entity = head_office()
    body = rules.canonical({"state": queries.state_of(entity) | {"name_en": "x", "path": "y"}})
    assert queries.altered_columns(entity, body) == ["name_en", "path"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("keys are sorted", {"b": 1, "a": 2}, '{"a":2,"b":1}'),
        ("chinese as it is", "明册", '"明册"'),
        ("a moment in utc", NOON, '"2026-12-31T04:00:00.000000Z"'),
        (
            "another zone is the same moment",
            NOON.astimezone(dt.timezone(dt.timedelta(hours=8))),
            '"2026-12-31T04:00:00.000000Z"',
        ),
        ("a day", dt.date(2026, 1, 2), '"2026-01-02"'),
        ("a decimal keeps its zeros", Decimal("1.10"), '"1.10"'),
        ("a key", uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ("nothing", None, "null"),
        ("yes", True, "true"),
        ("a tuple is a list", (1, "a"), '[1,"a"]'),
        ("keys are texts", {1: "a"}, '{"1":"a"}'),
        ("a line break stays on the line", "a\nb", '"a\\nb"'),
    ],
)
def test_canonical_json_has_one_spelling(name: str, value: object, expected: str) -> None:
    assert rules.canonical(value) == expected


def test_a_value_without_canonical_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no canonical JSON"):
        rules.canonical(object())


def chain(*seqs: int) -> list[Line]:
    found: list[Line] = []
    for seq in seqs:
        line = Line(
            seq,
            "u",
            "a",
            "k.k",
            "p",
            "a.b",
            "s",
            1,
            "",
            "e",
            "r",
            "{}",
            found[-1].hash if found else GENESIS,
            "",
        )
        found.append(dataclasses.replace(line, hash=rules.entry_hash(line)))
    return found


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("sound", {}, ""),
        ("missing", {"seq": 4}, "entry 3 is missing"),
        (
            "not after the one before",
            {"prev": "0" * 64},
            "entry 3 does not follow the one before it",
        ),
        ("altered body", {"body": "{1}"}, "entry 3 was altered"),
        ("altered actor", {"actor": "q"}, "entry 3 was altered"),
        ("altered hash", {"hash": "f" * 64}, "entry 3 was altered"),
    ],
)
def test_a_fault_in_the_chain_is_named(name: str, change: dict[str, Any], fault: str) -> None:
    _, before, line = chain(1, 2, 3)
    assert rules.fault_in(dataclasses.replace(line, **change), before) == fault


def test_every_column_of_a_line_counts_for_its_hash() -> None:
    (line,) = chain(1)
    for column in dataclasses.fields(Line):
        if column.name != "hash":
            value: Any = 7 if column.name in ("seq", "row_version") else "changed"
            assert rules.entry_hash(dataclasses.replace(line, **{column.name: value})) != line.hash

"""An entry is one that every reader can read, about a version that exists, at its time."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection

from registry.catalogue.models import AIModel
from registry.core import clock
from registry.core.ledger import queries, rules
from registry.core.ledger import services as ledger
from registry.core.ledger.services import granting
from tests import story
from tests.forging import about, forge
from tests.refusals import execute, refused_by_database
from tests.world import head_office, person

KNOWN = 'the "known":{} \\ state'


def body(text: str) -> str:
    """The text as the facts of an honest entry about head office."""
    state = rules.canonical(queries.state_of(head_office()))
    return f'{{"facts":{text},"state":{state}}}'


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nothing", ""),
        ("no JSON", "nonsense"),
        ("half an object", '{"state":{}'),
        ("NaN", '{"facts":{"a":NaN}}'),
        ("a character that no text holds", '{"facts":{"a":"\\u0000"}}'),
        ("a text", '"state"'),
        ("a list", "[]"),
        ("a number", "7"),
        ("null", "null"),
        ("a state that is a list", '{"state":[]}'),
        ("facts that are a text", '{"facts":"approved"}'),
        ("101 levels", '{"facts":' + '{"a":' * 100 + "1" + "}" * 101),
        ("a million levels", "[" * 1_000_000),
        ("more than a megabyte", '{"facts":{"a":"' + "明" * 350_000 + '"}}'),
        ("a state twice", '{"state":{},"state":{}}'),
        ("a key twice, deep inside", '{"facts":{"a":[{"b":1,"c":{"d":1,"d":1}}]}}'),
        ("a key twice, spelled in two ways", '{"facts":{"ab":1,"a\\u0062":1}}'),
    ],
)
def test_a_body_that_not_every_reader_reads_alike_is_refused(name: str, text: str) -> None:
    with refused_by_database("MC018"):
        forge(body=text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "quotes, colons and escapes in texts",
            rules.canonical({"a": KNOWN, KNOWN: [KNOWN, "\\"]}),
        ),
        ("a text that begins with a colon", '{"a":":","b:":":\\""}'),
        ("numbers in any spelling", '{"a":1e-7,"b":-0.0,"c":[1.50]}'),
        ("nearly a hundred levels", '{"a":' * 97 + "1" + "}" * 97),
        ("the same key in two objects", '{"a":{"b":1},"b":1,"c":[{"b":1},{"b":1}]}'),
        ("blanks", '{ "a" : 1 , "b" : [ ] }'),
    ],
)
def test_whatever_readers_agree_on_is_taken(name: str, text: str) -> None:
    forge(body=body(text))
    connection.check_constraints()
    assert ledger.verify().faults == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "columns", "state"),
    [
        ("version 0", {"row_version": 0}, "MC019"),
        ("a version to come", {"row_version": 2}, "MC019"),
        ("a row that does not exist", {"subject_id": uuid.UUID(int=7)}, "MC019"),
        ("a type that does not exist", {"subject_type": "registry.shadow"}, "MC019"),
        ("a table that is not governed", {"subject_type": "registry.job"}, "MC019"),
        ("the ledger", {"subject_type": "registry.entry"}, "MC019"),
        ("another table's row", {"subject_type": "registry.aimodel"}, "MC019"),
        ("a digest of two lines", {"digest": "a\nb"}, "MC001"),
        ("a digest that is none", {"digest": "approved"}, "MC001"),
        ("an effect at no time", {"effective_at": "infinity"}, "MC022"),
        ("an effect before all years", {"effective_at": "0044-03-15 00:00Z BC"}, "MC022"),
        ("an effect after all years", {"effective_at": "10000-01-01 00:00Z"}, "MC022"),
        ("recorded at no time", {"recorded_at": "-infinity"}, "MC022"),
    ],
)
def test_an_entry_about_what_does_not_exist_is_refused(
    name: str, columns: dict[str, object], state: str
) -> None:
    with refused_by_database(state):
        forge(**columns)


@pytest.mark.django_db
def test_a_version_told_in_advance_does_not_block_the_row() -> None:
    model = story.register().registered.model
    connection.check_constraints()
    with refused_by_database("MC019"):
        about(model, {"name_en": "Blocked"}, row_version=model.row_version + 1)
    with ledger.act(person("wang")) as act:
        act.update(model, "model.corrected", {"name_en": "Free"})
    connection.check_constraints()
    assert AIModel.objects.get().name_en == "Free"


@pytest.mark.django_db
def test_an_act_may_change_a_row_twice() -> None:
    model = story.register().registered.model
    with ledger.act(person("wang")) as act:
        act.update(model, "model.corrected", {"name_en": "First"})
        act.update(model, "model.corrected", {"name_en": "Second"})
    connection.check_constraints()
    assert ledger.verify().faults == []


# --- what rows hold


@pytest.mark.django_db
def test_a_personal_column_is_not_told_as_nothing() -> None:
    user = person("wang")
    with refused_by_database("MC006"):
        execute(
            "UPDATE registry_user SET password='new', row_version=row_version+1 WHERE id=%s",
            user.pk,
        )
        about(user, {"password": None})


@pytest.mark.django_db
def test_a_text_that_looks_like_a_moment_is_told_to_the_letter() -> None:
    model = story.register().registered.model
    connection.check_constraints()
    with refused_by_database("MC006"):
        execute(
            "UPDATE registry_aimodel SET description='2026-01-01T00:00:00Z',"
            " row_version=row_version+1 WHERE id=%s",
            model.pk,
        )
        about(model, {"description": "2026-01-01T08:00:00+08:00"})


# --- the clock


@pytest.fixture
def strict(committed: str) -> None:
    """A database that production has prepared."""
    granting.free_clock(allowed=False)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("name", "minutes", "state"),
    [
        ("long ago", -60 * 24 * 365, "MC022"),
        ("six minutes ago", -6, "MC022"),
        ("four minutes ago", -4, ""),
        ("in four minutes", 4, ""),
        ("in six minutes", 6, "MC022"),
    ],
)
def test_an_entry_is_recorded_when_it_is_made(
    name: str, minutes: int, state: str, strict: None
) -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    if state:
        with refused_by_database(state):
            forge(recorded_at=moment)
    else:
        forge(recorded_at=moment)


@pytest.mark.faults
def test_the_application_does_not_set_the_databases_clock(strict: None) -> None:
    with refused_by_database("42501"):
        execute(
            "CREATE OR REPLACE FUNCTION mingce_clock_is_free() RETURNS boolean"
            " LANGUAGE sql STABLE AS 'SELECT true'"
        )
    with refused_by_database("MC022"):
        execute("SET LOCAL search_path = pg_temp, public")
        execute("SET LOCAL mingce.clock = 'free'")
        forge(recorded_at=clock.now() - dt.timedelta(days=1))


@pytest.mark.faults
def test_the_clock_is_free_again_where_the_settings_say_so(strict: None) -> None:
    assert granting.clock_is_free() is False
    granting.free_clock(allowed=True)
    assert granting.clock_is_free() is True
    forge(recorded_at=clock.now() - dt.timedelta(days=1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("sound", '{"facts":{},"state":{"a":1}}', ""),
        ("no JSON", "{", "is not JSON"),
        ("NaN", '{"a":NaN}', "is not JSON"),
        ("a list", "[]", "is no JSON object"),
        ("a key twice", '{"a":{"b":1,"b":2}}', "has a key twice"),
        ("too deep for a parser", "[" * 200_000, "is nested too deeply"),
        ("too deep for us", '{"a":' * 101 + "1" + "}" * 101, "is nested too deeply"),
        ("a state that is a text", '{"state":"x"}', "tells a state or facts that are no object"),
    ],
)
def test_the_rules_name_the_same_faults_as_the_database(name: str, text: str, fault: str) -> None:
    found = ""
    try:
        rules.body_of(text)
    except ValueError as error:
        found = str(error)
    with connection.cursor() as cursor:
        cursor.execute("SELECT mingce_body_fault(%s)", [text])
        ((by_database,),) = cursor.fetchall()
    assert (found, by_database is None) == (fault, not fault)
    state, facts = rules.parts_of(text)
    assert (state, facts) == (({"a": 1}, {}) if not fault else ({}, {}))


def test_unreadable_facts_and_states_are_told_as_empty_ones() -> None:
    told: Any = rules.parts_of('{"state":7}')
    assert told == ({}, {})

"""Damage done with the triggers off, by a database superuser: found and named."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from governance.approvals.models import Vote
from registry.catalogue.models import AIModel
from registry.core import clock
from registry.core.ledger import queries
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.rules import entry_hash
from registry.core.ledger.services import anchoring
from registry.core.people.models import User
from registry.evidence.models import Document
from registry.releases.models import Release
from tests import conftest, story
from tests.refusals import execute
from tests.world import head_office, person

MORNING = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def voted(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database with a model in approval and one vote."""
    name = f"mingce_own_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(conftest.WORLD, name)
        conftest.use_database(name)
        story.vote(story.to_approval(story.register()), "sun")
        connections.close_all()
        conftest.use_database(conftest.MAIN)
        yield name
        connections.close_all()
        conftest.use_database(conftest.MAIN)
        conftest.drop(name)


@pytest.fixture
def damaged(voted: str, django_db_blocker: Any, settings: Any, tmp_path: Path) -> Iterator[None]:
    """In that database as its superuser, inside a transaction; anchors in a folder of their own."""
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"
    settings.ANCHOR_KEY_FILE = tmp_path / "keys" / "anchor.pem"
    with django_db_blocker.unblock():
        conftest.use_database(voted)
        connection.settings_dict["USER"] = urlsplit(conftest.ADMIN_URL).username
        try:
            with transaction.atomic():
                yield
                transaction.set_rollback(True)
        finally:
            connection.close()
            conftest.use_database(conftest.MAIN)


def tamper(statement: str) -> None:
    """What a database superuser can do: every trigger is off."""
    execute("SET LOCAL session_replication_role = replica")
    assert execute(statement) == 1
    execute("SET LOCAL session_replication_role = origin")


def faults() -> list[str]:
    return ledger.verify().faults


def test_what_nobody_has_touched_is_sound(damaged: None) -> None:
    ledger.anchor()
    report = ledger.verify()
    rows = sum(model._base_manager.count() for model in queries.governed_models())
    assert (report.faults, report.sound) == ([], True)
    assert (report.entries, report.anchors, report.rows) == (Entry.objects.count(), 1, rows)


@pytest.mark.parametrize(
    ("name", "statement", "expected"),
    [
        (
            "altered body",
            "UPDATE registry_entry SET body = replace(body, '明册', '暗册') WHERE seq = 2",
            "entry 2 was altered",
        ),
        (
            "altered actor",
            "UPDATE registry_entry SET actor = gen_random_uuid() WHERE seq = 5",
            "entry 5 was altered",
        ),
        (
            "altered time",
            "UPDATE registry_entry SET recorded_at = recorded_at - interval '1 day' WHERE seq = 5",
            "entry 5 was altered",
        ),
        ("deleted entry", "DELETE FROM registry_entry WHERE seq = 7", "entry 7 is missing"),
        ("deleted first entry", "DELETE FROM registry_entry WHERE seq = 1", "entry 1 is missing"),
    ],
)
def test_the_first_bad_entry_is_named_first(
    name: str, statement: str, expected: str, damaged: None
) -> None:
    tamper(statement)
    report = ledger.verify()
    assert report.faults[0] == expected
    assert report.entries == int(expected.split()[1]) - 1


def test_an_altered_entry_whose_own_hash_was_mended_breaks_the_next(damaged: None) -> None:
    tamper("UPDATE registry_entry SET digest = repeat('a', 64) WHERE seq = 5")
    (line,) = queries.lines(after=4, upto=5)
    mended = entry_hash(line)
    tamper(f"UPDATE registry_entry SET hash = '{mended}' WHERE seq = 5")  # noqa: S608
    assert faults() == ["entry 6 does not follow the one before it"]


def test_a_tail_cut_off_after_an_anchor_is_noticed(damaged: None) -> None:
    made = ledger.anchor()
    assert made is not None
    tamper(f"DELETE FROM registry_entry WHERE seq = {made.seq}")  # noqa: S608
    (vote,) = Vote.objects.all()
    assert faults() == [
        f"the ledger ends at entry {made.seq - 1}, but entry {made.seq} was anchored",
        f"governance.vote {vote.pk} has no ledger entry",
    ]


def test_a_tail_written_anew_after_an_anchor_is_noticed(damaged: None) -> None:
    made = ledger.anchor()
    assert made is not None
    entity = head_office()
    tamper(f"DELETE FROM registry_entry WHERE seq = {made.seq}")  # noqa: S608
    with ledger.act(person("admin")) as act:
        act.note(entity, "entity.looked_at")
    (vote,) = Vote.objects.all()
    assert faults() == [
        f"entry {made.seq} is not the one that was anchored at {made.at}",
        f"governance.vote {vote.pk} has no ledger entry",
    ]


def test_an_anchor_that_somebody_else_signed_is_named(damaged: None) -> None:
    made = ledger.anchor()
    assert made is not None
    Path(settings.ANCHOR_KEY_FILE).unlink()  # the next use makes another key
    assert faults() == [f"the anchor of entry {made.seq} is not signed by the key"]


def subject(table: str) -> str:
    """The label and key of the one row that the cases below damage."""
    models: dict[str, type[AIModel | Vote | Release | Document | User]] = {
        "registry_aimodel": AIModel,
        "governance_vote": Vote,
        "registry_release": Release,
        "registry_document": Document,
        "registry_user": User,
    }
    model = models[table]
    rows = model.objects.filter(username="wang") if model is User else model.objects.all()
    row = rows.order_by("pk")[0]
    return f"{model._meta.label_lower} {row.pk}"


@pytest.mark.parametrize(
    ("name", "table", "change", "fault"),
    [
        ("a model's name", "registry_aimodel", "name_zh = '改'", "was altered in name_zh"),
        ("a model's tier", "registry_aimodel", "tier = 'IV'", "was altered in tier"),
        (
            "a vote",
            "governance_vote",
            "choice = 'reject', reason = '改'",
            "was altered in choice, reason",
        ),
        ("a voter", "governance_vote", "cast_at = now()", "was altered in cast_at"),
        ("a stage", "registry_release", "stage = 'S5'", "was altered in stage"),
        (
            "an approval",
            "registry_release",
            "approved_digest = 'a'",
            "was altered in approved_digest",
        ),
        ("a document", "registry_document", "sha256 = repeat('a', 64)", "was altered in sha256"),
        (
            "a key slipped into JSON",
            "governance_vote",
            "conditions = conditions || '[{}]'",
            "was altered in conditions",
        ),
        (
            "a value where none was",
            "registry_aimodel",
            "department_id = gen_random_uuid()",
            "was altered in department_id",
        ),
        ("a password", "registry_user", "password = 'x'", "was altered in password"),
        (
            "a salt",
            "registry_user",
            "salt = 'x'",
            "was altered in email, name, password, salt, username",
        ),
        (
            "a version counted up",
            "registry_release",
            "row_version = 99",
            "is at version 99, recorded 6",
        ),
    ],
)
def test_an_altered_row_is_named_with_its_columns(
    name: str, table: str, change: str, fault: str, damaged: None
) -> None:
    told = subject(table)
    tamper(f"UPDATE {table} SET {change} WHERE id = '{told.split()[1]}'")  # noqa: S608
    assert faults() == [f"{told} {fault}"]


def test_the_database_vouches_for_every_row_that_it_can_compare(damaged: None) -> None:
    left = {
        model._meta.label_lower
        for model in queries.governed_models()
        for _pk, is_same in queries.compared(model, None)
        if not is_same
    }
    assert left == {"registry.user"}  # their entries hold salted digests


def test_an_entry_that_is_not_even_json_does_not_stop_the_verification(damaged: None) -> None:
    seq = Entry.objects.get(kind="vote.cast").seq
    tamper(f"UPDATE registry_entry SET body = '{{' WHERE seq = {seq}")  # noqa: S608
    (vote,) = Vote.objects.all()
    assert faults() == [
        f"entry {seq} was altered",
        f"the last entry of governance.vote {vote.pk} is not JSON",
    ]


@pytest.mark.parametrize(
    "table", ["registry_aimodel", "governance_vote", "registry_release", "registry_document"]
)
def test_a_deleted_row_is_named(table: str, damaged: None) -> None:
    told = subject(table)
    tamper(f"DELETE FROM {table} WHERE id = '{told.split()[1]}'")  # noqa: S608
    assert faults() == [f"{told} was deleted"]


def test_an_inserted_row_without_an_entry_is_named(damaged: None) -> None:
    key = uuid.uuid4()
    tamper(
        "INSERT INTO registry_roleassignment (id, row_version, user_id, role, entity_id,"  # noqa: S608
        f" valid_from) SELECT '{key}', 1, user_id, 'cro', entity_id, valid_from"
        " FROM registry_roleassignment LIMIT 1"
    )
    assert faults() == [f"registry.roleassignment {key} has no ledger entry"]


def test_at_most_twenty_faults_are_kept(damaged: None) -> None:
    execute("SET LOCAL session_replication_role = replica")
    altered = execute("UPDATE registry_user SET name = 'x'")
    assert altered == User.objects.count() == 24
    report = ledger.verify()
    assert (len(report.faults), report.sound, report.rows > 100) == (20, False, True)


def test_verification_tells_how_far_it_is(damaged: None) -> None:
    told: list[tuple[str, int, int]] = []
    ledger.verify(lambda stage, done, total: told.append((stage, done, total)))
    entries = Entry.objects.count()
    assert told[0] == ("entries", entries, entries)
    assert ("registry.user", 24, 24) in told
    assert len(told) == 1 + len(queries.governed_models())


# --- anchors


def test_the_head_is_anchored_once(damaged: None) -> None:
    made = ledger.anchor()
    assert made is not None
    assert (made.seq, made.hash) == queries.head()
    assert made.is_signed_by(anchoring.public_key())
    assert ledger.anchor() is None
    assert list(anchoring.anchors()) == [made]


@pytest.mark.parametrize(
    ("name", "seconds", "due"),
    [("after four minutes", 240, False), ("after five minutes", 300, True)],
)
def test_a_changed_head_is_anchored_every_five_minutes(
    name: str, seconds: int, due: bool, damaged: None
) -> None:
    with clock.at(MORNING):
        ledger.anchor()
    with ledger.act(person("admin")) as act:
        act.note(head_office(), "entity.looked_at")
    with clock.at(MORNING + dt.timedelta(seconds=seconds)):
        assert (ledger.anchor_when_due() is not None) is due
    assert len(list(anchoring.anchors())) == 1 + due


def test_a_thousand_entries_are_anchored_at_once(damaged: None) -> None:
    entity = head_office()
    with clock.at(MORNING):
        ledger.anchor()
        for _ in range(2):
            with ledger.act(person("admin")) as act:
                for _ in range(499):
                    act.note(entity, "entity.looked_at")
        assert ledger.anchor_when_due() is None
        with ledger.act(person("admin")) as act:
            act.note(entity, "entity.looked_at")
            act.note(entity, "entity.looked_at")
        assert ledger.anchor_when_due() is not None


def test_the_signing_key_is_readable_by_its_owner_alone(damaged: None) -> None:
    ledger.anchor()
    assert Path(settings.ANCHOR_KEY_FILE).stat().st_mode & 0o777 == 0o600

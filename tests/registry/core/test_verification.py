"""Damage done with the triggers off, by a database superuser: found and named."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from governance.approvals.models import Vote
from registry.catalogue.models import AIModel
from registry.core import clock
from registry.core.errors import SegregationRefused
from registry.core.ledger import queries, rules
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.queries import faults as asked
from registry.core.ledger.rules import entry_hash
from registry.core.ledger.services import anchoring
from registry.core.people.models import Department, User
from registry.evidence.models import Document
from registry.releases.models import Release
from tests.forging import append
from tests.refusals import execute, refused_by_database, tamper
from tests.world import head_office, person

SET_CLOCK = "this database lets its clock be set: no entry's time was checked"
MORNING = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
pytestmark = pytest.mark.faults


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


def test_the_database_vouches_for_every_row(damaged: None) -> None:
    left = {
        model._meta.label_lower
        for model in queries.governed_models()
        for _pk, is_same in queries.compared(model, None)
        if not is_same
    }
    assert left == set()


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


def test_of_each_table_the_first_five_are_named_and_the_rest_is_counted(damaged: None) -> None:
    execute("SET LOCAL session_replication_role = replica")
    assert execute("UPDATE registry_user SET name = 'x'") == User.objects.count() == 24
    assert execute("UPDATE governance_vote SET reason = 'x'") == 1
    execute("SET LOCAL session_replication_role = origin")
    report = ledger.verify()
    users = [f"registry.user {one.pk} was altered in name" for one in User.objects.order_by("pk")]
    (vote,) = Vote.objects.all()
    assert sorted(report.faults[-1:] + report.faults[:6]) == sorted(
        [
            *users[:5],
            "… and 19 more about registry.user",
            f"governance.vote {vote.pk} was altered in reason",
        ]
    )
    assert (len(report.faults), report.sound, report.rows > 100) == (7, False, True)


def test_deleted_rows_are_counted_table_by_table(damaged: None) -> None:
    execute("SET LOCAL session_replication_role = replica")
    roles = execute("DELETE FROM registry_roleassignment")
    assert execute("DELETE FROM governance_vote") == 1
    execute("SET LOCAL session_replication_role = origin")
    told = faults()
    assert [one for one in told if "vote" in one][0].endswith("was deleted")
    assert len([one for one in told if one.startswith("registry.roleassignment ")]) == 5
    assert told[-1] == f"… and {roles - 5} more about deleted rows of registry.roleassignment"
    assert len(told) == 7


# --- alterations that later acts must not make part of the record


ALTERED = "UPDATE registry_aimodel SET tier = 'IV' WHERE id = '{}'"


def altered_model() -> AIModel:
    model = AIModel.objects.get()
    connection.check_constraints()
    tamper(ALTERED.format(model.pk))
    model.refresh_from_db()
    return model


def test_a_note_about_an_altered_row_is_refused(damaged: None) -> None:
    model = altered_model()
    with refused_by_database("MC014"), ledger.act(person("admin")) as act:
        act.note(model, "model.looked_at")
    assert faults() == [f"registry.aimodel {model.pk} was altered in tier"]


def test_a_refused_attempt_about_an_altered_row_does_not_launder_it(damaged: None) -> None:
    model = altered_model()
    refusal = SegregationRefused("second_person", "x")
    with refused_by_database("MC014"):
        ledger.record_refusal(actor=person("wang"), subject=model, refusal=refusal)
    assert faults() == [f"registry.aimodel {model.pk} was altered in tier"]


def test_an_update_of_an_altered_row_is_refused(damaged: None) -> None:
    model = altered_model()
    with refused_by_database("MC015"), ledger.act(person("admin")) as act:
        act.update(model, "model.corrected", {"name_en": "x"})
    assert faults() == [f"registry.aimodel {model.pk} was altered in tier"]


def test_an_update_of_a_row_that_was_inserted_silently_is_refused(damaged: None) -> None:
    key = uuid.uuid4()
    tamper(
        "INSERT INTO registry_department (id, row_version, code, name_zh, name_en, entity_id)"  # noqa: S608
        f" VALUES ('{key}', 1, 'XX', '影', '', '{head_office().pk}')"
    )
    row = Department.objects.get(pk=key)
    with refused_by_database("MC015"), ledger.act(person("admin")) as act:
        act.update(row, "department.renamed", {"name_zh": "改"})


def test_what_is_put_back_can_be_worked_with_again(damaged: None) -> None:
    model = AIModel.objects.get()
    tier = model.tier
    altered_model()
    tamper(f"UPDATE registry_aimodel SET tier = '{tier}' WHERE id = '{model.pk}'")  # noqa: S608
    model.refresh_from_db()
    with ledger.act(person("admin")) as act:
        act.update(model, "model.corrected", {"name_en": "x"})
    connection.check_constraints()
    assert faults() == []


def test_two_entries_that_tell_one_version_in_two_ways_are_named(damaged: None) -> None:
    release = Release.objects.get()
    state = rules.canonical({"state": queries.state_of(release) | {"stage": "S5"}})
    seq = append(
        body=state, subject_type="registry.release", subject_id=str(release.pk),
        row_version=release.row_version,
    )  # fmt: skip
    assert faults() == [
        f"entry {seq} tells its row version otherwise than an earlier entry",
        f"registry.release {release.pk} was altered in stage",
    ]


# --- warrants


def test_a_use_that_was_deleted_is_named(damaged: None) -> None:
    grant = Entry.objects.filter(kind="pack.activation_granted").order_by("seq")[0]
    tamper(f"DELETE FROM registry_warrantuse WHERE entry_id = '{grant.uid}'")  # noqa: S608
    assert faults() == [
        f"the use of the warrant in entry {grant.seq} is missing",
        f"entry {grant.seq + 1} tells a change that no warrant grants",
    ]


def test_a_grant_that_nobody_spent_is_named(damaged: None) -> None:
    with ledger.act(person("wang")) as act:
        act.note(Release.objects.get(), "approval.granted", digest="a" * 64)
    assert faults() == [f"the use of the warrant in entry {queries.head()[0]} is missing"]


def test_a_use_of_another_entry_is_named(damaged: None) -> None:
    grant = Entry.objects.filter(kind="pack.activation_granted").order_by("seq")[0]
    tamper(
        f"UPDATE registry_warrantuse SET digest = 'x' WHERE entry_id = '{grant.uid}'"  # noqa: S608
    )
    assert faults() == [
        f"the spent warrant {grant.uid} matches no entry",
        f"entry {grant.seq + 1} tells a change that no warrant grants",
    ]


def test_the_kinds_of_warrants_are_those_that_the_guards_name() -> None:
    assert asked.purposes() == [
        "approval.grant_ended",
        "approval.granted",
        "grading.lowering_granted",
        "lifecycle.move_granted",
        "pack.activation_granted",
    ]


def test_every_purpose_that_a_function_of_the_database_asks_for_is_known(damaged: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'mingce_grants'")
        ((told,),) = cursor.fetchall()
    assert sorted(re.findall(r"WHEN '([a-z_]+\.[a-z_]+)' THEN", told)) == asked.purposes()


def test_verification_tells_how_far_it_is(damaged: None) -> None:
    told: list[tuple[str, int, int]] = []
    ledger.verify(lambda stage, done, total: told.append((stage, done, total)))
    entries = Entry.objects.count()
    assert told[0] == ("entries", entries, entries)
    assert ("registry.user", 24, 24) in told
    assert len(told) == 1 + len(queries.governed_models())


# --- anchors


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_short_ledger_without_anchors_is_noted(name: str, damaged: None) -> None:
    if name == "empty":
        anchoring.sink().parent.mkdir()
        anchoring.sink().touch()
    report = ledger.verify()
    told = f"no anchor covers the ledger's {Entry.objects.count()} entries"
    assert (report.faults, report.notes) == ([], [SET_CLOCK, told])


def test_a_long_ledger_without_anchors_is_faulty(
    damaged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "registry.core.ledger.services.verifying.EVERY_ENTRIES", Entry.objects.count()
    )
    report = ledger.verify()
    told = f"no anchor covers the ledger's {Entry.objects.count()} entries"
    assert (report.faults, report.notes) == ([told], [SET_CLOCK])


def test_anchors_that_cannot_be_read_do_not_stop_the_verification(damaged: None) -> None:
    ledger.anchor()
    with anchoring.sink().open("a", encoding="utf-8") as out:
        out.write("nonsense\n")
    (fault,) = faults()
    assert fault.startswith("the file of anchors cannot be read: ")


def test_an_anchor_out_of_order_is_named(damaged: None) -> None:
    first = ledger.anchor()
    assert first is not None
    with ledger.act(person("admin")) as act:
        act.note(head_office(), "entity.looked_at")
    ledger.anchor()
    lines = anchoring.sink().read_text(encoding="utf-8").splitlines(keepends=True)
    anchoring.sink().write_text("".join(reversed(lines)), encoding="utf-8")
    assert faults() == [f"the anchor of entry {first.seq} stands after a later one"]


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

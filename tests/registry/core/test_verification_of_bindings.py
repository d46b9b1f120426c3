"""What a database superuser did with the triggers off to entries, warrants, proofs and guards."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from governance.approvals.models import Vote
from registry.core import clock
from registry.core.ledger import queries, rules
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry, Governed, WarrantUse
from registry.core.ledger.services import granting, verifying
from registry.core.people.models import StepUpUse
from registry.core.policy.models import PackRelease
from registry.releases.models import Release
from registry.usecases.models import ModelUse
from tests.forging import append
from tests.refusals import execute, tamper
from tests.rest.calling import caller
from tests.world import person

pytestmark = pytest.mark.faults
SET_CLOCK = "this database lets its clock be set: no entry's time was checked"


def faults() -> list[str]:
    return ledger.verify().faults


def rewritten(row: Governed, values: dict[str, str], told: dict[str, Any] | None = None) -> int:
    """The row's next version holds the SQL values, with a true entry (but for `told`)."""
    table, version = row._meta.db_table, row.row_version + 1
    written = ", ".join(f"{name} = {value}" for name, value in values.items())
    tamper(f"UPDATE {table} SET {written}, row_version = {version} WHERE id = '{row.pk}'")  # noqa: S608
    row.refresh_from_db()
    return append(
        kind="row.changed", subject_type=row._meta.label_lower, subject_id=str(row.pk),
        row_version=version, body=rules.canonical({"state": queries.state_of(row) | (told or {})}),
    )  # fmt: skip


def approval(letter: str, day: str) -> dict[str, str]:
    return {"approved_digest": f"repeat('{letter}', 64)", "approved_until": f"'{day}'"}


def spent(row: Governed, kind: str, digest: str, **facts: object) -> None:
    """A grant of the kind about the row's present version, spent on the next one."""
    told = {"facts": facts, "state": queries.state_of(row)}
    seq = append(
        kind=kind, subject_type=row._meta.label_lower, subject_id=str(row.pk), digest=digest,
        row_version=row.row_version, body=rules.canonical(told),
    )  # fmt: skip
    tamper(
        "INSERT INTO registry_warrantuse (entry_id, purpose, subject_type, subject_id, row_version,"  # noqa: S608
        " digest) SELECT uid, kind, subject_type, subject_id, row_version + 1, digest"
        f" FROM registry_entry WHERE seq = {seq}"
    )


# --- warrants


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("a stage", {"stage": "'S4'"}),
        ("an approval", {"approved_digest": "repeat('a', 64)"}),
        ("a day", {"approved_until": "'2099-12-31'"}),
    ],
)
def test_a_change_without_a_warrant_is_named_though_its_entry_is_true(
    name: str, values: dict[str, str], damaged: None
) -> None:
    seq = rewritten(Release.objects.get(), values)
    assert faults() == [f"entry {seq} tells a change that no warrant grants"]


def test_a_lower_tier_without_a_warrant_is_named(damaged: None) -> None:
    seq = rewritten(ModelUse.objects.get(), {"tier": "'IV'"})
    assert faults() == [f"entry {seq} tells a change that no warrant grants"]


def test_a_higher_tier_needs_none(damaged: None) -> None:
    rewritten(ModelUse.objects.get(), {"tier": "'I'"})
    assert faults() == []


def test_another_profile_of_the_pack_in_force_is_named(damaged: None) -> None:
    seq = rewritten(PackRelease.objects.get(state="active"), {"profile": "'literal'"})
    assert faults() == [f"entry {seq} tells a change that no warrant grants"]


@pytest.mark.parametrize(
    ("name", "facts", "values", "is_sound"),
    [
        ("as granted", {"until": "2027-06-30"}, ("a", "2027-06-30"), True),
        ("another state", {"until": "2027-06-30"}, ("b", "2027-06-30"), False),
        ("another day", {"until": "2027-06-30"}, ("a", "2099-12-31"), False),
    ],
)
def test_a_spent_warrant_is_compared_with_the_change(
    name: str, facts: dict[str, str], values: tuple[str, str], is_sound: bool, damaged: None
) -> None:
    release = Release.objects.get()
    spent(release, "approval.granted", "a" * 64, **facts)
    letter, day = values
    seq = rewritten(release, approval(letter, day))
    told = [] if is_sound else [f"entry {seq} tells a change that no warrant grants"]
    assert faults() == told


def test_grants_that_are_older_than_their_days_are_noted_not_named(damaged: None) -> None:
    release = Release.objects.get()
    spent(release, "approval.granted", "a" * 64)
    rewritten(release, approval("a", "2099-12-31"))
    report = ledger.verify()
    assert report.faults == []
    assert "1 grants of approvals do not tell until when they hold" in report.notes
    # Since the first one that tells its day, every one must.
    spent(release, "approval.granted", "b" * 64, until="2027-06-30")
    rewritten(release, approval("b", "2027-06-30"))
    spent(release, "approval.granted", "c" * 64)
    seq = rewritten(release, approval("c", "2099-12-31"))
    assert faults() == [f"entry {seq} tells a change that no warrant grants"]


def test_a_past_change_that_was_taken_back_is_named(damaged: None) -> None:
    release = Release.objects.get()
    there = rewritten(release, {"stage": "'S4'"})
    back = rewritten(release, {"stage": "'S3'"})
    assert faults() == [
        f"entry {there} tells a change that no warrant grants",
        f"entry {back} tells a change that no warrant grants",
    ]


@pytest.mark.parametrize("version", [1, 77])
def test_a_use_for_another_version_is_named(version: int, damaged: None) -> None:
    use = WarrantUse.objects.get(purpose="lifecycle.move_granted", row_version=3)
    moved = Entry.objects.get(kind="release.moved", row_version=3)
    tamper(
        f"UPDATE registry_warrantuse SET row_version = {version}"  # noqa: S608
        f" WHERE entry_id = '{use.entry_id}'"
    )
    assert faults() == [
        f"the spent warrant {use.entry_id} matches no entry",
        f"entry {moved.seq} tells a change that no warrant grants",
    ]


# --- entries


@pytest.mark.parametrize(
    ("name", "body", "fault"),
    [
        ("no JSON", "nonsense", "is not JSON"),
        ("a list", "[]", "is no JSON object"),
        ("a state that is a list", '{"state":[1]}', "tells a state or facts that are no object"),
        ("a key twice", '{"state":{},"state":{}}', "has a key twice"),
        ("too deep for a parser", "[" * 200_000, "is nested too deeply"),
    ],
)
def test_a_body_that_not_every_reader_reads_is_named(
    name: str, body: str, fault: str, damaged: None
) -> None:
    (vote,) = Vote.objects.all()
    seq = append(body=body)
    assert faults() == [
        f"the body of entry {seq} {fault}",
        f"entry {seq} tells its row version otherwise than an earlier entry",
        f"the last entry of governance.vote {vote.pk} {fault}",
    ]


def test_an_entry_about_nothing_governed_is_named(damaged: None) -> None:
    seq = append(subject_type="registry.shadow")
    assert faults() == [f"entry {seq} is about nothing governed: registry.shadow"]


def test_an_entry_about_version_0_is_named(damaged: None) -> None:
    seq = append(row_version=0)
    assert faults() == [f"entry {seq} is about row version 0"]


def test_an_entry_about_a_version_to_come_is_named(damaged: None) -> None:
    release = Release.objects.get()
    append(
        subject_type="registry.release", subject_id=str(release.pk),
        row_version=release.row_version + 1,
    )  # fmt: skip
    version = release.row_version
    assert (
        f"registry.release {release.pk} is at version {version}, recorded {version + 1}" in faults()
    )


@pytest.mark.parametrize("value", [None, "王建国", "salted:7"])
def test_a_past_version_that_tells_something_personal_openly_is_named(
    value: str | None, damaged: None
) -> None:
    user = person("wang")
    seq = rewritten(user, {"name": "'改'"}, {"name": value})
    rewritten(user, {"name": "'再改'"})
    told = f"entry {seq} tells something personal otherwise than as a salted digest"
    assert faults() == [told]


# --- the order of time


@pytest.fixture
def strict(damaged: None) -> None:
    """The database as production prepares it; everything in it is recorded by now."""
    execute(
        "CREATE OR REPLACE FUNCTION mingce_clock_is_free() RETURNS boolean"
        " LANGUAGE sql STABLE AS 'SELECT false'"
    )
    assert granting.clock_is_free() is False


def moment(minutes: float) -> str:
    return str(rules.plain(clock.now() + dt.timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("name", "minutes", "fault"),
    [
        ("in order", 0, ""),
        ("a little out of order", -4, ""),
        ("long before", -60, "was recorded before the one before it"),
        ("a little ahead", 4, ""),
        ("in the future", 6, "was recorded in the future"),
    ],
)
def test_an_entry_out_of_the_order_of_time_is_named(
    name: str, minutes: float, fault: str, strict: None
) -> None:
    append(recorded_at=moment(0))
    at = moment(minutes)
    seq = append(recorded_at=at)
    told = [f"entry {seq} {fault}, at {at}"] if fault else []
    report = ledger.verify()
    assert report.faults == told
    assert SET_CLOCK not in report.notes


def test_a_year_of_five_digits_does_not_stop_the_verification(strict: None) -> None:
    seq = append(recorded_at="10000-01-01T00:00:00.000000Z")
    told = f"entry {seq} was recorded before the one before it, at 10000-01-01T00:00:00.000000Z"
    assert faults() == [told]


# --- proofs, flags, guards


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("a use on other papers", "UPDATE registry_stepupuse SET subject = repeat('a', 64)"),
        ("a step-up for other papers", "UPDATE registry_stepup SET subjects = '{}'"),
        (
            "another person's step-up",
            "UPDATE registry_stepup SET user_id = (SELECT id FROM registry_user"
            " WHERE username = 'wang')",
        ),
        ("a use that came too late", "UPDATE registry_stepupuse SET used_at = now() + '1 day'"),
        ("a step-up that was deleted", "DELETE FROM registry_stepup"),
        ("a use that was deleted", "DELETE FROM registry_stepupuse"),
    ],
)
def test_a_vote_without_its_step_up_is_named(name: str, statement: str, damaged: None) -> None:
    assert StepUpUse.objects.count() == 1
    tamper(statement)
    (vote,) = Vote.objects.all()
    assert faults() == [f"governance.vote {vote.pk} has no step-up of its voter for the papers"]


def test_flags_that_no_grade_says_are_named(damaged: None) -> None:
    use = ModelUse.objects.get()
    rewritten(use, {"flags": "'{}'"})
    assert faults() == [f"registry.modeluse {use.pk} shows flags that none of its grades says"]


@pytest.mark.parametrize(
    ("name", "statement", "fault"),
    [
        (
            "switched off",
            "ALTER TABLE registry_entry DISABLE TRIGGER {chained}",
            "the guard chained of registry_entry is switched off",
        ),
        (
            "for replicas alone",
            "ALTER TABLE registry_entry ENABLE REPLICA TRIGGER {chained}",
            "the guard chained of registry_entry is switched off",
        ),
        (
            "dropped",
            "DROP TRIGGER {chained} ON registry_entry",
            "the guard chained of registry_entry is missing",
        ),
        (
            "made to run something else",
            "CREATE OR REPLACE TRIGGER {chained} BEFORE INSERT ON registry_entry FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "the guard chained of registry_entry runs something else",
        ),
    ],
)
def test_a_guard_that_does_not_stand_is_named(
    name: str, statement: str, fault: str, damaged: None
) -> None:
    (guard,) = (one for one in Entry._meta.triggers if one.name == "chained")  # type: ignore[attr-defined]  # pgtrigger's
    connection.check_constraints()
    execute(statement.format(chained=guard.get_pgid(Entry)))
    assert faults() == [fault]


def test_a_guard_with_another_argument_is_named(damaged: None) -> None:
    triggers = {one.name: one for one in Release._meta.triggers}  # type: ignore[attr-defined]  # pgtrigger's
    name = triggers["follows_stage"].get_pgid(Release)
    execute(f"DROP TRIGGER {name} ON registry_release")
    execute(
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON registry_release FOR EACH ROW"
        " EXECUTE FUNCTION mingce_transition('stage', 'S0', 'S0>S5')"
    )
    assert faults() == ["the guard follows_stage of registry_release runs something else"]


def test_a_declared_check_is_asked_and_counted(
    damaged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: dict[str, verifying.Check] = {}
    monkeypatch.setattr(verifying, "_checks", checks)
    key = uuid.UUID(int=7)
    verifying.declare_check("things", lambda most: [(f"thing {key} is odd", 12)])
    assert faults() == [f"thing {key} is odd", "… and 11 more about things"]


# --- what people read


@pytest.mark.parametrize(
    "body",
    [
        "nonsense", "[]", "7", '{"state":7,"facts":"x"}',
        '{"state":{"stage":{}},"facts":{"to":[]}}',
        "[" * 200_000, '{"facts":' + '{"a":' * 500 + "1" + "}" * 501,
    ],
    ids=["no JSON", "a list", "a number", "no objects", "other types", "a deep list", "deep facts"],
)  # fmt: skip
def test_no_page_breaks_on_a_bad_body(body: str, damaged: None) -> None:
    release = Release.objects.select_related("model_use").get()
    model = release.model_use.model_id
    for kind, label, subject in (
        ("release.moved", "registry.release", release.pk),
        ("model.corrected", "registry.aimodel", model),
        ("model.corrected", "registry.shadow", model),
    ):
        seq = append(kind=kind, subject_type=label, subject_id=str(subject), body=body)
    client = Client(raise_request_exception=False)
    client.force_login(person("chen"))
    for path in ("/trail/", f"/models/{model}/", f"/releases/{release.pk}/"):
        answer = client.get(path)
        assert (path, answer.status_code) == (path, 200)
    told = caller("chen").get("/ledger/entries/", {"page_size": "1"})
    assert [one["seq"] for one in told.json()["results"]] == [seq + 1]  # its own token's entry

"""The commands around the ledger, the packs and the founding act: what they print and exit with."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import connection, connections
from django.utils import translation

from registry.classification.models import Grade
from registry.core.ledger import queries, services
from registry.core.ledger.models import Entry
from registry.core.people.models import LegalEntity, RoleAssignment, User
from registry.core.policy.models import PackRelease
from registry.evidence import queries as evidence
from registry.management.commands.verify_ledger import ProgressLines
from tests import conftest, story
from tests.refusals import changes, footprint

PROJECT = Path(__file__).resolve().parents[3]
PACKS = PROJECT / "seeds" / "policy_packs"
PEOPLE = ("--administrator", "anna:安娜", "--administrator", "bert:伯特")
BANK = ("--document", "总行发〔2026〕9号", "--entity-code", "HO", "--entity-name", "某银行")


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def own_anchors(settings: Any, tmp_path: Path) -> None:
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"
    settings.ANCHOR_KEY_FILE = tmp_path / "keys" / "anchor.pem"


@pytest.fixture
def empty(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database of the test's own without an institution."""
    with django_db_blocker.unblock(), conftest.copy_of(conftest.EMPTY):
        yield


def run(*arguments: str) -> tuple[int, str, str]:
    """(exit status, standard output, standard error) of the command."""
    out, errors = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=errors)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    except SystemExit as error:
        return int(error.code or 0), out.getvalue(), errors.getvalue()
    return 0, out.getvalue(), errors.getvalue()


# verify_ledger


@pytest.mark.django_db
def test_a_sound_ledger_is_said_to_be_sound() -> None:
    services.anchor()
    rows = services.verify().rows
    assert run("verify_ledger") == (
        0,
        f"sound: {Entry.objects.count()} entries, 1 anchors, {rows} rows\n"
        "note: this database lets its clock be set: no entry's time was checked\n",
        "",
    )


@pytest.mark.django_db
def test_the_files_of_documents_are_read_when_asked_for(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    (document,) = story.hand_in(story.register().release, "model_card")
    assert run("verify_ledger", "--files")[1].endswith("note: 1 files of documents were read\n")
    evidence.path_of(document.sha256).write_bytes(b"other")
    told = f"FAULT: the file of registry.document {document.pk} was changed: {document.sha256}"
    assert run("verify_ledger")[0] == 0
    status, out, _ = run("verify_ledger", "--files")
    assert (status, out.splitlines()[0]) == (1, told)


@pytest.mark.faults
def test_the_first_bad_entry_is_named_and_the_exit_status_is_1(committed: str) -> None:
    connection.settings_dict["USER"] = _superuser()
    connections.close_all()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE registry_entry SET body = '{}' WHERE seq = 3")
    status, out, _ = run("verify_ledger")
    assert (status, out.splitlines()[0]) == (1, "FAULT: entry 3 was altered")
    assert out.splitlines()[-1].startswith("read: 2 entries, 0 anchors, ")


@pytest.mark.faults
def test_an_altered_row_is_named_and_the_exit_status_is_1(committed: str) -> None:
    entity = LegalEntity.objects.get(code="SH")
    connection.settings_dict["USER"] = _superuser()
    connections.close_all()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_legalentity DISABLE TRIGGER USER")
        cursor.execute("UPDATE registry_legalentity SET name_zh = '他行' WHERE code = 'SH'")
        cursor.execute("ALTER TABLE registry_legalentity ENABLE TRIGGER USER")
    status, out, _ = run("verify_ledger")
    told = f"FAULT: registry.legalentity {entity.pk} was altered in name_zh"
    assert (status, out.splitlines()[0]) == (1, told)


@pytest.mark.django_db
def test_a_score_without_cents_is_recorded_as_the_database_keeps_it() -> None:
    story.register(story.PLAIN)
    scores = {str(one) for one in Grade.objects.values_list("score", flat=True)}
    assert all(re.fullmatch(r"\d+\.\d\d", one) for one in scores)
    assert services.verify().faults == []


def test_progress_is_told_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 10.5, 11.5, 11.9, 12.6])
    monkeypatch.setattr(
        "registry.management.commands.verify_ledger.time.monotonic", moments.__next__
    )
    out = StringIO()
    tell = ProgressLines(OutputWrapper(out))
    for done in (5_000, 10_000, 12_000, 20_000):
        tell("entries", done, 40_000)
    assert out.getvalue().splitlines() == [
        "entries: 10,000 of 40,000, 10,000 a second",
        "entries: 20,000 of 40,000, 9,524 a second",
    ]


# export_ledger


@pytest.mark.django_db
def test_an_export_says_what_it_holds_and_which_key_to_hand_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    status, out, _ = run("export_ledger", str(path))
    key = tmp_path / "anchors" / "anchor.pub.pem"
    assert (status, out.splitlines()) == (
        0,
        [
            f"exported: {Entry.objects.count()} entries",
            f"sha256: {hashlib.sha256(path.read_bytes()).hexdigest()}",
            f"public key to hand over: {key}",
        ],
    )
    script = [sys.executable, str(PROJECT / "docs" / "verify_export.py"), str(path)]
    done = subprocess.run([*script, "--key", str(key)], capture_output=True, text=True, check=True)
    assert done.stdout == f"sound: {Entry.objects.count()} entries, 1 anchors\n"


@pytest.mark.django_db
def test_an_existing_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("precious")
    assert run("export_ledger", str(path)) == (2, "", f"{path} exists; --force replaces it.")
    assert path.read_text() == "precious"
    assert run("export_ledger", str(path), "--force")[0] == 0
    assert path.read_text().startswith('{"header":')


@pytest.mark.django_db
def test_a_place_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    status, out, told = run("export_ledger", str(tmp_path / "nowhere" / "ledger.jsonl"))
    assert (status, out) == (2, "")
    assert "cannot be written: No such file or directory." in told
    assert run("export_ledger", str(tmp_path)) == (2, "", f"{tmp_path} is a folder.")


def test_an_empty_ledger_is_not_exported(empty: None, tmp_path: Path) -> None:
    status, out, told = run("export_ledger", str(tmp_path / "ledger.jsonl"))
    assert (status, out) == (1, "")
    assert told == "The ledger is empty; there is nothing to export."
    assert not (tmp_path / "ledger.jsonl").exists()


# load_packs


def test_a_check_needs_no_database() -> None:
    status, out, _ = run("load_packs", "--check")
    assert status == 0
    assert re.fullmatch(r"(OK [a-z0-9-]+: \w+ [0-9.]+, \d+ examples, sha256 [0-9a-f]{64}\n)+", out)
    assert "OK cn-nfra: cn_nfra 1.7, 14 examples, sha256 " in out


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "message"),
    [
        (
            "an example that comes out otherwise",
            "grading.yaml",
            'score: "74.75"',
            'score: "74.50"',
            "cn-nfra/grading.yaml: example E01: score is 74.75, expected 74.50",
        ),
        (
            "an unknown role of a requirement's document",
            "lifecycle.yaml",
            "documents: [data_sheet]",
            "documents: [moon_sheet]",
            "cn-nfra/lifecycle.yaml: data_sheet: no such document: moon_sheet",
        ),
        (
            "a misspelt key",
            "evidence.yaml",
            "attested: true",
            "atested: true",
            "cn-nfra/evidence.yaml:",
        ),
    ],
)
def test_the_first_fault_is_named_with_its_file(
    name: str, file: str, old: str, new: str, message: str, settings: Any, tmp_path: Path
) -> None:
    settings.POLICY_PACKS_DIR = tmp_path
    shutil.copytree(PACKS / "cn-nfra", tmp_path / "cn-nfra")
    path = tmp_path / "cn-nfra" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    status, out, told = run("load_packs", "--check")
    assert (status, out) == (2, "")
    assert told.startswith(message)


@pytest.mark.django_db
def test_what_is_loaded_already_is_not_loaded_twice() -> None:
    before = footprint()
    assert run("load_packs") == (0, "known already: cn_nfra 1.7\n", "")
    assert changes(before) == {}


@pytest.mark.django_db
def test_changed_content_needs_a_new_version(settings: Any, tmp_path: Path) -> None:
    settings.POLICY_PACKS_DIR = tmp_path
    shutil.copytree(PACKS / "cn-nfra", tmp_path / "cn-nfra")
    path = tmp_path / "cn-nfra" / "lifecycle.yaml"
    path.write_text(path.read_text("utf-8").replace("waiver_days: 90", "waiver_days: 60"), "utf-8")
    before = footprint()
    assert run("load_packs") == (2, "", "Release 1.7 of this pack exists with other content.")
    assert changes(before) == {}
    about = tmp_path / "cn-nfra" / "pack.yaml"
    about.write_text(about.read_text("utf-8").replace('version: "1.7"', 'version: "1.8"'), "utf-8")
    assert run("load_packs") == (0, "loaded: cn_nfra 1.8\n", "")
    states = PackRelease.objects.order_by("version").values_list("version", "state")
    assert list(states) == [("1.7", "active"), ("1.8", "loaded")]


def test_before_the_founding_nothing_is_loaded_so_that_it_stays_possible(empty: None) -> None:
    told = "Nothing is founded yet: `manage.py found` loads the first pack itself.\n"
    assert run("load_packs") == (0, told, "")
    assert queries.head() == (0, "")
    assert run("found", *BANK, *PEOPLE)[0] == 0


# found


def test_an_institution_is_founded_with_made_up_passwords(empty: None) -> None:
    status, out, _ = run("found", *BANK, *PEOPLE, "--profile", "literal")
    assert status == 0
    first, *passwords = out.splitlines()
    assert first == "某银行 (HO) is founded."
    shown = [
        re.fullmatch(r"Password of (\w+), shown this once: (\S{24})", one) for one in passwords
    ]
    told = {one[1]: one[2] for one in shown if one}
    assert sorted(told) == ["anna", "bert"]
    assert all(User.objects.get(username=user).check_password(told[user]) for user in told)
    pack = PackRelease.objects.get()
    assert (pack.key, pack.state, pack.profile) == ("cn_nfra", "active", "literal")
    held = RoleAssignment.objects.values_list("user__username", "role")
    assert sorted(held) == [("anna", "administrator"), ("bert", "administrator")]


def test_given_passwords_are_used_and_not_printed(
    empty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINGCE_PASSWORD_ANNA", "correct-horse-battery")
    monkeypatch.setenv("MINGCE_PASSWORD_BERT", "staple-of-the-bank")
    assert run("found", *BANK, *PEOPLE) == (0, "某银行 (HO) is founded.\n", "")
    assert User.objects.get(username="anna").check_password("correct-horse-battery")


@pytest.mark.parametrize(
    ("name", "arguments", "status", "message"),
    [
        ("a second time", [*BANK, *PEOPLE], 1, "The institution has been founded already."),
        (
            "one administrator",
            [*BANK, *PEOPLE[:2]],
            2,
            "Founding names two administrators.",
        ),
        (
            "the same one twice",
            [*BANK, *PEOPLE[:2], *PEOPLE[:2]],
            2,
            "Founding names two administrators.",
        ),
        (
            "a name without its user",
            [*BANK, "--administrator", "安娜", *PEOPLE[:2]],
            2,
            "An administrator is given as USERNAME:NAME, not “安娜”.",
        ),
        (
            "a code in small letters",
            [*BANK[:2], "--entity-code", "ho", *BANK[4:], *PEOPLE],
            2,
            "The entity's code holds capital letters, figures, “-” and “_” only.",
        ),
        (
            "an empty document",
            ["--document", " ", *BANK[2:], *PEOPLE],
            2,
            "Name the policy document.",
        ),
    ],
)
@pytest.mark.django_db
def test_a_founding_that_is_refused_writes_nothing(
    name: str, arguments: list[str], status: int, message: str
) -> None:
    before = footprint()
    assert run("found", *arguments) == (status, "", message)
    assert changes(before) == {}


@pytest.mark.django_db
def test_a_weak_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGCE_PASSWORD_ANNA", "short")
    before = footprint()
    status, out, told = run("found", *BANK, *PEOPLE)
    assert (status, out) == (2, "")
    assert told.startswith("The password of anna: This password is too short.")
    assert changes(before) == {}


def _superuser() -> str:
    found = urlsplit(conftest.ADMIN_URL).username
    assert found is not None
    return str(found)

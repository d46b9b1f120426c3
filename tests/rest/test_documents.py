"""Documents: handed in whole or not at all, given back byte for byte, and only as an attachment."""

from __future__ import annotations

import hashlib
import io
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile

from registry.evidence import queries
from tests import story
from tests.refusals import changes, footprint
from tests.rest.calling import NOBODY, Caller, caller, machine, problem
from tests.story import Story

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n" + bytes(range(256))
STATEMENT = "本人确认以上内容属实并已核对。"


@pytest.fixture(autouse=True)
def _store(settings: LazySettings, tmp_path: Path) -> None:
    """A store of the test's own."""
    settings.DATA_DIR = tmp_path


@pytest.fixture
def told() -> Story:
    """A registered model."""
    return story.register()


@pytest.fixture
def wang(told: Story) -> Caller:
    """Its owner."""
    return caller("wang")


def form(
    told: Story, name: str = "报告.pdf", content: bytes = PDF, **fields: Any
) -> dict[str, Any]:
    """What hands in a model card."""
    return {
        "subject_type": "release",
        "subject": str(told.release.pk),
        "kind": "model_card",
        "title": "模型卡",
        "statement": STATEMENT,
        "file": SimpleUploadedFile(name, content),
    } | fields


def stored(root: Path) -> list[Path]:
    """The files in the store, unfinished ones too."""
    return [path for path in (root / "documents").rglob("*") if path.is_file()]


def test_the_bytes_come_back_as_they_were_handed_in(wang: Caller, told: Story) -> None:
    made = wang.form("/documents/", form(told))
    assert made.status_code == 201, made.content
    card = made.json()
    assert card["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (card["size_bytes"], card["media_type"]) == (len(PDF), "application/pdf")
    assert (card["file_name"], card["row_version"]) == ("报告.pdf", 1)
    assert wang.get(f"/documents/{card['id']}/").json() == card
    file = caller("shen").get(f"/documents/{card['id']}/file/")
    assert b"".join(file.streaming_content) == PDF
    assert file["Content-Type"] == "application/octet-stream"
    name = urllib.parse.quote("报告.pdf")
    named = f"attachment; filename=\"file.pdf\"; filename*=UTF-8''{name}"
    assert file["Content-Disposition"] == named
    assert file["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert file["X-Content-Type-Options"] == "nosniff"


def test_the_same_bytes_twice_lie_there_once(wang: Caller, told: Story, tmp_path: Path) -> None:
    for _time in range(2):
        assert wang.form("/documents/", form(told)).status_code == 201
    assert [path.name for path in stored(tmp_path)] == [hashlib.sha256(PDF).hexdigest()]


def test_a_document_of_an_invisible_thing_is_not_there(wang: Caller, told: Story) -> None:
    key = wang.form("/documents/", form(told)).json()["id"]
    branch = caller("hai")
    for path in (f"/documents/{key}/", f"/documents/{key}/file/"):
        problem(branch.get(path), 404, "not_found")
        assert branch.get(path).content == branch.get(path.replace(key, NOBODY)).content
    assert branch.get("/documents/").json()["results"] == []


def test_nothing_is_handed_in_for_an_invisible_thing(told: Story, tmp_path: Path) -> None:
    branch = caller("hai")
    before = footprint()
    invisible = branch.form("/documents/", form(told))
    missing = branch.form("/documents/", form(told, subject=NOBODY))
    assert problem(invisible, 404, "not_found") == problem(missing, 404, "not_found")
    assert changes(before) == {}
    assert stored(tmp_path) == []


REFUSED = [
    ("an unaccepted type", {"name": "tool.exe"}, 415, "file_type"),
    ("no type at all", {"name": "README"}, 415, "file_type"),
    ("a page", {"name": "page.html", "content": b"<script>"}, 415, "file_type"),
    ("a picture that is text", {"name": "a.png", "content": b"text"}, 415, "file_type"),
    ("a PDF that is none", {"name": "a.pdf", "content": b"MZ\x90"}, 415, "file_type"),
    ("text with NUL bytes", {"name": "a.txt", "content": b"a\x00b"}, 415, "file_type"),
    ("an empty file", {"content": b""}, 400, "invalid"),
    ("an unknown kind", {"kind": "poem"}, 400, "unknown_document_kind"),
    ("an unknown subject", {"subject_type": "weather"}, 400, "unknown_subject"),
    ("a title with NUL", {"title": "a\x00b"}, 400, "invalid"),
    ("a statement without end", {"statement": "属实" * 5_000}, 400, "invalid"),
    ("an impossible date", {"valid_until": "2026-02-30"}, 400, "invalid"),
    ("a malformed key", {"subject": "1"}, 400, "invalid"),
    ("no statement", {"kind": "development_record", "statement": ""}, 422, "statement_needed"),
    ("too short", {"kind": "development_record", "statement": "好"}, 422, "statement_needed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "wrong", "status", "code"), REFUSED, ids=[one[0] for one in REFUSED]
)
def test_what_is_not_in_order_is_refused_and_leaves_no_file(
    wang: Caller,
    told: Story,
    tmp_path: Path,
    case: str,
    wrong: dict[str, Any],
    status: int,
    code: str,
) -> None:
    attested = [key for key, kind in queries.kinds().items() if kind.attested]
    if wrong.get("kind") == "development_record":
        wrong = wrong | {"kind": attested[0]}
    before = footprint()
    problem(wang.form("/documents/", form(told, **wrong)), status, code)
    assert changes(before) == {}
    assert stored(tmp_path) == []


def test_a_form_without_a_file_is_refused(wang: Caller, told: Story) -> None:
    fields = form(told)
    del fields["file"]
    assert problem(wang.form("/documents/", fields), 400, "invalid")["field"] == "file"
    assert problem(wang.form("/documents/", fields | {"file": "text"}), 400)["field"] == "file"


@pytest.mark.parametrize(("size", "status"), [(1_000, 201), (1_001, 413)])
def test_a_file_may_be_as_large_as_the_limit(
    wang: Caller, told: Story, settings: LazySettings, tmp_path: Path, size: int, status: int
) -> None:
    settings.DOCUMENT_MAX_BYTES = 1_000
    response = wang.form("/documents/", form(told, "a.txt", b"x" * size))
    assert response.status_code == status
    assert len(stored(tmp_path)) == (1 if status == 201 else 0)
    if status == 413:
        assert problem(response, 413, "file_too_large")["field"] == "file"


NAMES = [
    ("../../../etc/passwd.txt", "passwd.txt"),
    ("..\\..\\windows\\win.txt", "win.txt"),
    ("/etc/shadow.txt", "shadow.txt"),
    ("a';c.txt", "a';c.txt"),
    ("a\x01b\x1b\x7fc.txt", "abc.txt"),
    ("invoice\u202etxt.txt", "invoicetxt.txt"),
    ("年度验证报告" * 45 + ".txt", None),
    ("报告 (终稿) 100%.txt", "报告 (终稿) 100%.txt"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kept"), NAMES, ids=[str(index) for index in range(len(NAMES))])
def test_a_name_is_made_harmless(
    wang: Caller, told: Story, tmp_path: Path, name: str, kept: str | None
) -> None:
    file = _as_sent(name)
    made = wang.form("/documents/", form(told, file=file))
    assert made.status_code == 201, made.content
    found = made.json()["file_name"]
    assert found == kept or (kept is None and found.endswith(".txt") and len(found) <= 255)
    download = wang.get(f"/documents/{made.json()['id']}/file/")
    assert b"".join(download.streaming_content) == b"text"
    assert "\n" not in download["Content-Disposition"]
    digest = hashlib.sha256(b"text").hexdigest()
    assert stored(tmp_path) == [tmp_path / "documents" / digest[:2] / digest[2:4] / digest]


def _as_sent(name: str) -> Any:
    """A file whose name is sent as it is."""
    file = io.BytesIO(b"text")
    file.name = name
    return file


def test_a_newer_document_supersedes_a_current_one_of_the_same_thing(
    wang: Caller, told: Story
) -> None:
    first = wang.form("/documents/", form(told)).json()
    second = wang.form("/documents/", form(told, "b.txt", b"new", supersedes=first["id"]))
    assert second.status_code == 201
    assert second.json()["supersedes"] == first["id"]
    current = queries.current([told.release.pk]).values_list("pk", flat=True)
    assert [str(key) for key in current] == [second.json()["id"]]
    before = footprint()
    again = wang.form("/documents/", form(told, "c.txt", b"newer", supersedes=first["id"]))
    problem(again, 409, "not_current")
    unknown = wang.form("/documents/", form(told, "c.txt", b"newer", supersedes=NOBODY))
    problem(unknown, 409, "not_current")
    assert changes(before) == {}


def test_a_repeated_form_with_a_key_is_answered_again(wang: Caller, told: Story) -> None:
    first = wang.form("/documents/", form(told), Idempotency_Key="d-1")
    again = wang.form("/documents/", form(told), Idempotency_Key="d-1")
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    other = wang.form("/documents/", form(told, content=PDF + b"!"), Idempotency_Key="d-1")
    problem(other, 422, "idempotency_key_reused")


def test_a_file_that_is_gone_from_the_store_is_said_to_be_missing(
    wang: Caller, told: Story, tmp_path: Path
) -> None:
    key = wang.form("/documents/", form(told)).json()["id"]
    for path in stored(tmp_path):
        path.unlink()
    problem(wang.get(f"/documents/{key}/file/"), 409, "file_missing")


def test_a_file_that_was_changed_in_the_store_is_not_served(
    wang: Caller, told: Story, tmp_path: Path
) -> None:
    key = wang.form("/documents/", form(told)).json()["id"]
    (path,) = stored(tmp_path)
    path.write_bytes(PDF + b"%")
    problem(wang.get(f"/documents/{key}/file/"), 409, "file_changed")
    path.write_bytes(PDF)
    assert b"".join(wang.get(f"/documents/{key}/file/").streaming_content) == PDF


def test_a_machine_hands_in_documents_and_attests_to_nothing(told: Story) -> None:
    """A pipeline brings reports along; only a person can vouch for something."""
    pipeline = machine()
    assert pipeline.form("/documents/", form(told)).status_code == 201
    before = footprint()
    found = problem(
        pipeline.form("/documents/", form(told, kind="monitoring_live")), 403, "machine_attests"
    )
    assert found["field"] == "kind"
    assert changes(before) == {}


def test_a_token_without_the_scope_hands_in_nothing(told: Story) -> None:
    problem(caller("wang", "read").form("/documents/", form(told)), 403, "not_permitted")
    reader = caller("wang", "hand_in_evidence")
    assert reader.form("/documents/", form(told)).status_code == 201
    problem(reader.get("/documents/"), 403, "not_permitted")

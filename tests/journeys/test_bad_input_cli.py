"""The commands about the ledger: what they answer, and what they answer to bad input."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command, get_commands

from tests import story
from tests.rest.calling import entries

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not {"verify_ledger", "export_ledger"} <= set(get_commands()), reason="no such commands"
    ),
]


@pytest.fixture(autouse=True)
def _own_files(settings: LazySettings, tmp_path: Path) -> None:
    """Keys and anchors of the test's own."""
    settings.ANCHOR_KEY_FILE = tmp_path / "keys" / "anchor.pem"
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"
    story.register()


def run(name: str, *arguments: str, **options: Any) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def offline(export: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """docs/verify_export.py, in a process that knows nothing of Mingce."""
    script = str(ROOT / "docs" / "verify_export.py")
    command = [sys.executable, "-I", script, str(export), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_sound_ledger_is_said_to_be_sound() -> None:
    assert str(entries()) in run("verify_ledger")


def test_an_export_is_verified_offline(tmp_path: Path) -> None:
    export = tmp_path / "ledger.jsonl"
    assert str(entries()) in run("export_ledger", str(export))
    found = offline(export, "--key", str(tmp_path / "anchors" / "anchor.pub.pem"))
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith(f"sound: {entries()} entries, 1 anchors")


def test_an_export_replaces_no_file_unless_told_to(tmp_path: Path) -> None:
    export = tmp_path / "ledger.jsonl"
    export.write_text("mine")
    with pytest.raises(CommandError) as refused:
        run("export_ledger", str(export))
    assert (refused.value.returncode, export.read_text()) == (2, "mine")
    run("export_ledger", str(export), force=True)
    assert offline(export).returncode == 0


@pytest.mark.parametrize("path", [".", "missing/folder/ledger.jsonl"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(CommandError) as refused:
        run("export_ledger", str(tmp_path / path))
    assert refused.value.returncode == 2
    assert list(tmp_path.rglob("*.jsonl*")) in ([], [tmp_path / "anchors" / "anchors.jsonl"])


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("a", "--nonsense")])
def test_wrong_arguments_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises((CommandError, SystemExit)):
        run("export_ledger", *arguments)


@pytest.mark.parametrize(
    ("case", "content", "status"),
    [
        ("nothing", b"", 1),
        ("no JSON", b"hello\n", 2),
        ("bytes", b"\xff\xfe\x00", 2),
        ("another format", b'{"header": {"format": "other/1"}}\n', 1),
        ("a list", b"[]\n", 2),
        ("a header alone", b'{"header": {"format": "mingce-ledger-export/2"}}\n', 1),
    ],
)
def test_a_file_that_is_no_export_is_not_sound(
    tmp_path: Path, case: str, content: bytes, status: int
) -> None:
    export = tmp_path / "export.jsonl"
    export.write_bytes(content)
    found = offline(export)
    assert (found.returncode, "Traceback" in found.stderr) == (status, False), found
    assert offline(tmp_path / "missing.jsonl").returncode == 2


def test_an_export_that_was_shortened_or_altered_is_not_sound(tmp_path: Path) -> None:
    export = tmp_path / "ledger.jsonl"
    run("export_ledger", str(export))
    lines = export.read_bytes().splitlines(keepends=True)
    altered = [line.replace("零售".encode(), "批发".encode()) for line in lines]
    for case in (lines[:-1], lines[:3] + lines[4:], lines[:2] + lines[:0:-1], altered):
        export.write_bytes(b"".join(case))
        assert offline(export).returncode == 1

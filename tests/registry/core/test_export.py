"""The export, and the script with which an auditor verifies it without Mingce."""

from __future__ import annotations

import ast
import base64
import dataclasses
import hashlib
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.test import override_settings

from registry.core.ledger import jobs, queries, rules
from registry.core.ledger import services as ledger
from registry.core.ledger.services import anchoring

SCRIPT = Path(settings.BASE_DIR) / "docs" / "verify_export.py"
NOTE = (
    "note: only the file's internal consistency was checked, with the key in the file\n"
    "itself; give --key to check that the institution signed it"
)
Lines = list[str]
SPELLED = "line {end} is not spelled as the export spells it"


@pytest.fixture(scope="module")
def folder(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The founded world's ledger as sound.jsonl, with the institution's key beside it."""
    path = tmp_path_factory.mktemp("export")
    own = override_settings(
        ANCHOR_SINK_DIR=path / "anchors", ANCHOR_KEY_FILE=path / "keys" / "anchor.pem"
    )
    with django_db_blocker.unblock(), own:
        ledger.export(path / "sound.jsonl")
        yield path


def verify(path: Path, *arguments: str) -> tuple[int, str, str]:
    """(exit status, what it printed, what it complained of), as an auditor runs it."""
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def public_pem(folder: Path) -> str:
    return str(folder / "anchors" / "anchor.pub.pem")


def lines_of(folder: Path) -> Lines:
    return (folder / "sound.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)


def ended(lines: Lines) -> Lines:
    """The lines with a fresh end: somebody who forges an export mends its own checksum too.

    The signature stays: only the institution's key makes another.
    """
    kept = [line for line in lines if not line.startswith('{"end":')]
    end = {
        "entries": sum(line.startswith('{"entry":') for line in kept),
        "sha256": hashlib.sha256("".join(kept).encode()).hexdigest(),
        "signature": next(json.loads(one)["end"]["signature"] for one in lines if '"end":' in one),
    }
    return [*kept, rules.canonical({"end": end}) + "\n"]


def signed(lines: Lines) -> Lines:
    """The lines with a fresh end, signed with the key of the settings."""
    *kept, last = ended(lines)
    end = json.loads(last)["end"]
    told = {name: end[name] for name in ("entries", "sha256")}
    return [*kept, changed(last, "end", signature=anchoring.sign(rules.canonical(told).encode()))]


def changed(line: str, part: str, **values: object) -> str:
    record = json.loads(line)
    record[part] |= values
    return rules.canonical(record) + "\n"


def anchor_line(lines: Lines) -> int:
    return next(i for i, line in enumerate(lines) if line.startswith('{"anchor":'))


def test_a_sound_export_passes_and_says_whose_key_it_used(folder: Path) -> None:
    count = len(lines_of(folder)) - 3
    assert verify(folder / "sound.jsonl") == (
        0,
        f"sound: {count} entries, 1 anchors\n{NOTE}\n",
        "",
    )


def test_a_sound_export_passes_with_the_institutions_own_key(folder: Path) -> None:
    count = len(lines_of(folder)) - 3
    status = verify(folder / "sound.jsonl", "--key", public_pem(folder))
    assert status == (0, f"sound: {count} entries, 1 anchors\n", "")


def test_the_export_holds_the_whole_ledger_in_order(folder: Path, django_db_blocker: Any) -> None:
    records = [json.loads(line) for line in lines_of(folder)]
    with django_db_blocker.unblock():
        expected = [vars(line) for line in queries.lines()]
    assert [record["entry"] for record in records if "entry" in record] == expected
    assert [next(iter(record)) for record in (records[0], *records[-2:])] == [
        "header",
        "anchor",
        "end",
    ]


def test_the_export_holds_no_name_of_a_person(folder: Path) -> None:
    told = (folder / "sound.jsonl").read_text(encoding="utf-8")
    for name in ("王建国", "wang", "马行长", "md5$"):
        assert name not in told


def altered_entry(lines: Lines) -> Lines:
    lines[5] = changed(lines[5], "entry", actor=str(uuid.UUID(int=5)))
    return ended(lines)


def altered_body(lines: Lines) -> Lines:
    body = json.loads(lines[5])["entry"]["body"] + " "
    lines[5] = changed(lines[5], "entry", body=body)
    return ended(lines)


def removed_line(lines: Lines) -> Lines:
    return ended(lines[:5] + lines[6:])


def removed_first(lines: Lines) -> Lines:
    return ended(lines[:1] + lines[2:])


def swapped_lines(lines: Lines) -> Lines:
    lines[5], lines[6] = lines[6], lines[5]
    return ended(lines)


def doubled_line(lines: Lines) -> Lines:
    return ended(lines[:6] + lines[5:])


def truncated(lines: Lines) -> Lines:
    return lines[:10]


def cut_tail(lines: Lines) -> Lines:
    at = anchor_line(lines)
    return ended(lines[: at - 1] + lines[at:])


def cut_tail_and_anchor(lines: Lines) -> Lines:
    return ended([*lines[: anchor_line(lines) - 1], lines[-1]])


def checksum(lines: Lines) -> Lines:
    return [*lines[:-1], changed(lines[-1], "end", sha256="0" * 64)]


def anchored_hash(lines: Lines) -> Lines:
    at = anchor_line(lines)
    lines[at] = changed(lines[at], "anchor", hash="f" * 64)
    return ended(lines)


def anchored_time(lines: Lines) -> Lines:
    at = anchor_line(lines)
    lines[at] = changed(lines[at], "anchor", at="2020-01-01T00:00:00.000000Z")
    return ended(lines)


def earlier_anchor(lines: Lines) -> Lines:
    at = anchor_line(lines)
    lines[at] = changed(lines[at], "anchor", seq=3, hash=json.loads(lines[3])["entry"]["hash"])
    return ended(lines)


def signature(lines: Lines) -> Lines:
    at = anchor_line(lines)
    lines[at] = changed(lines[at], "anchor", signature="AAAA")
    return ended(lines)


def changed_header(lines: Lines) -> Lines:
    return ended([changed(lines[0], "header", exported_at="2020-01-01T00:00:00Z"), *lines[1:]])


def removed_key(lines: Lines) -> Lines:
    header = json.loads(lines[0])["header"]
    del header["exported_at"]
    return ended([rules.canonical({"header": header}) + "\n", *lines[1:]])


def remarked_entry(lines: Lines) -> Lines:
    lines[5] = changed(lines[5], "entry", remark="approved")
    return ended(lines)


def remarked_anchor(lines: Lines) -> Lines:
    at = anchor_line(lines)
    lines[at] = changed(lines[at], "anchor", remark="approved")
    return ended(lines)


def remarked_end(lines: Lines) -> Lines:
    return [*lines[:-1], changed(lines[-1], "end", remark="approved")]


def remarked_line(lines: Lines) -> Lines:
    lines[5] = rules.canonical(json.loads(lines[5]) | {"remark": "approved"}) + "\n"
    return ended(lines)


def doubled_key(lines: Lines) -> Lines:
    lines[5] = lines[5].replace('{"entry":{', '{"entry":{"kind":"vote.cast",')
    return ended(lines)


def number_as_text(lines: Lines) -> Lines:
    lines[5] = changed(lines[5], "entry", row_version="1")
    return ended(lines)


def windows_line_ends(lines: Lines) -> Lines:
    return ended([line.replace("\n", "\r\n") for line in lines])


def earlier_end(lines: Lines) -> Lines:
    """Cut back to an earlier anchor, which the institution's key did sign."""
    entry = json.loads(lines[4])["entry"]
    made = anchoring.Anchor(entry["seq"], entry["hash"], "2026-01-05T04:00:00Z", "k", "")
    told = dataclasses.replace(made, signature=anchoring.sign(made.message()))
    line = rules.canonical({"anchor": dataclasses.asdict(told)}) + "\n"
    return ended([*lines[:5], line, lines[-1]])


def something_after_the_end(lines: Lines) -> Lines:
    return [*lines, lines[1]]


def blanks_in_the_end(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1].replace(":", " : ")]


def end_in_another_order(lines: Lines) -> Lines:
    end = json.loads(lines[-1])["end"]
    told = json.dumps({"end": dict(reversed(end.items()))}, separators=(",", ":"))
    return [*lines[:-1], told + "\n"]


def escaped_end(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1].replace("sha256", "sha\\u0032\\u0035\\u0036")]


def no_last_line_end(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1].removesuffix("\n")]


def junk_in_the_signature(lines: Lines) -> Lines:
    value = json.loads(lines[-1])["end"]["signature"]
    return [*lines[:-1], changed(lines[-1], "end", signature=f"!{value[:4]}*{value[4:]}\n")]


def other_last_bits(lines: Lines) -> Lines:
    """The last letter before the padding carries four bits that no byte holds."""
    value = json.loads(lines[-1])["end"]["signature"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert value.endswith("==")
    other = letters[letters.index(value[-3]) ^ 1]
    assert base64.b64decode(value) == base64.b64decode(f"{value[:-3]}{other}==")
    return [*lines[:-1], changed(lines[-1], "end", signature=f"{value[:-3]}{other}==")]


def too_deep(lines: Lines) -> Lines:
    return [*lines[:5], '{"entry":' + "[" * 200_000 + "]" * 200_000 + "}\n", *lines[5:]]


def too_deep_an_anchor(lines: Lines) -> Lines:
    return [*lines[:5], '{"anchor":' + "[" * 200_000 + "]" * 200_000 + "}\n", *lines[5:]]


def unknown_kind(lines: Lines) -> Lines:
    return ended([*lines[:4], '{"remark":"x"}\n', *lines[4:]])


def other_format(lines: Lines) -> Lines:
    return ended([changed(lines[0], "header", format="other/1"), *lines[1:]])


@pytest.mark.parametrize(
    ("name", "damage", "fault"),
    [
        ("an altered entry", altered_entry, "entry 5 was altered"),
        ("an altered body", altered_body, "entry 5 was altered"),
        ("a removed entry", removed_line, "entry 5 is missing (found 6)"),
        ("a removed first entry", removed_first, "entry 1 is missing (found 2)"),
        ("two entries swapped", swapped_lines, "entry 5 is missing (found 6)"),
        ("an entry twice", doubled_line, "entry 6 is missing (found 5)"),
        ("a truncated file", truncated, "the export stops after entry 9, without its end"),
        ("a tail cut off", cut_tail, "entry {last} is not the one that was anchored at {at}"),
        (
            "a tail and its anchor cut off",
            cut_tail_and_anchor,
            "the end of the export is not signed by the key",
        ),
        (
            "a whole that ends at an earlier anchor",
            earlier_end,
            "the end of the export is not signed by the key",
        ),
        ("another header", changed_header, "the end of the export is not signed by the key"),
        ("other line ends", windows_line_ends, "line 1 is not spelled as the export spells it"),
        (
            "a header with a field less",
            removed_key,
            "line 1 has too many or too few fields: exported_at",
        ),
        (
            "an entry with a field more",
            remarked_entry,
            "line 6 has too many or too few fields: remark",
        ),
        (
            "an anchor with a field more",
            remarked_anchor,
            "line {anchored} has too many or too few fields: remark",
        ),
        (
            "an end with a field more",
            remarked_end,
            "line {end} has too many or too few fields: remark",
        ),
        ("a line with two parts", remarked_line, "line 6 is of no known kind"),
        ("a key twice", doubled_key, "line 6: a key stands twice"),
        ("a number as a text", number_as_text, "line 6: row_version is of another type"),
        ("a wrong checksum", checksum, "the export's own checksum does not match"),
        (
            "another hash anchored",
            anchored_hash,
            "entry {last} is not the one that was anchored at {at}",
        ),
        (
            "another time anchored",
            anchored_time,
            "the anchor of entry {last} is not signed by the key",
        ),
        (
            "an anchor moved to an earlier entry",
            earlier_anchor,
            "the anchor of entry 3 is not signed by the key",
        ),
        ("another signature", signature, "the anchor of entry {last} is not signed by the key"),
        ("blanks in the end", blanks_in_the_end, SPELLED),
        ("an end in another order", end_in_another_order, SPELLED),
        ("an end with escapes", escaped_end, SPELLED),
        ("no line end after the end", no_last_line_end, SPELLED),
        (
            "junk in the end's signature",
            junk_in_the_signature,
            "the end of the export is not signed by the key",
        ),
        (
            "another spelling of the end's signature",
            other_last_bits,
            "the end of the export is not signed by the key",
        ),
        ("a line too deep to read", too_deep, "line 6 is nested too deeply"),
        ("an anchor too deep to read", too_deep_an_anchor, "line 6 is nested too deeply"),
        ("a line after the end", something_after_the_end, "line {after} stands after the end"),
        ("a line of an unknown kind", unknown_kind, "line 5 is of no known kind"),
        ("another format", other_format, "not a mingce-ledger-export/2 file"),
    ],
)
def test_a_damaged_export_fails_and_the_fault_is_named(
    name: str, damage: Callable[[Lines], Lines], fault: str, folder: Path, tmp_path: Path
) -> None:
    sound = lines_of(folder)
    anchor = json.loads(sound[anchor_line(sound)])["anchor"]
    told = fault.format(
        last=anchor["seq"],
        at=anchor["at"],
        anchored=anchor_line(sound) + 1,
        end=len(sound),
        after=len(sound) + 1,
    )
    path = tmp_path / "damaged.jsonl"
    with override_settings(ANCHOR_KEY_FILE=folder / "keys" / "anchor.pem"):
        damaged = damage(list(sound))
    path.write_text("".join(damaged), encoding="utf-8", newline="\n")
    assert verify(path, "--key", public_pem(folder)) == (1, f"FAULT: {told}\n", "")


def test_a_tail_that_no_anchor_covers_is_named(folder: Path, tmp_path: Path) -> None:
    lines = lines_of(folder)
    at = anchor_line(lines)
    path = tmp_path / "damaged.jsonl"
    with override_settings(ANCHOR_KEY_FILE=folder / "keys" / "anchor.pem"):
        path.write_text("".join(signed(lines[:at] + lines[at + 1 :])), "utf-8", newline="\n")
    told = f"FAULT: no anchor covers the last entry, {at - 1}\n"
    assert verify(path, "--key", public_pem(folder)) == (1, told, "")


def forged(folder: Path, path: Path) -> Path:
    """An export of another history, whole and consistent, signed with another key."""
    own = Ed25519PrivateKey.generate()
    pem = own.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = path / "forger.pem"
    key.write_bytes(pem)
    lines = lines_of(folder)
    with override_settings(ANCHOR_KEY_FILE=key, ANCHOR_SINK_DIR=path):
        at = anchor_line(lines)
        told = json.loads(lines[at])["anchor"]
        made = anchoring.Anchor(told["seq"], told["hash"], told["at"], "", "")
        signature = base64.b64encode(own.sign(made.message())).decode()
        lines[0] = changed(lines[0], "header", public_key=anchoring.public_pem())
        lines[at] = changed(lines[at], "anchor", signature=signature)
        target = path / "forged.jsonl"
        target.write_text("".join(signed(lines)), encoding="utf-8", newline="\n")
    return target


def test_a_forgery_under_another_key_fails_with_the_institutions_own_key(
    folder: Path, tmp_path: Path
) -> None:
    target = forged(folder, tmp_path)
    last = json.loads(lines_of(folder)[-2])["anchor"]["seq"]
    status, told, _ = verify(target, "--key", public_pem(folder))
    assert (status, told) == (1, f"FAULT: the anchor of entry {last} is not signed by the key\n")


def test_a_forgery_under_its_own_key_passes_only_with_the_note(
    folder: Path, tmp_path: Path
) -> None:
    status, told, _ = verify(forged(folder, tmp_path))
    assert status == 0
    assert told.endswith(f"{NOTE}\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no json", b"nonsense\n"),
        ("no text", b"\xff\xfe\x00"),
        ("a number", b"7\n"),
        ("a list", b"[]\n"),
        ("a header that is a text", b'{"header":"x"}\n'),
        (
            "a key that is none",
            b'{"header":{"exported_at":"x","format":"mingce-ledger-export/2","public_key":"x"}}\n',
        ),
    ],
)
def test_nonsense_is_unreadable(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "nonsense.jsonl"
    path.write_bytes(content)
    status, told, complaint = verify(path)
    assert (status, told, complaint.startswith("unreadable: ")) == (2, "", True)


def test_a_missing_file_or_key_is_unreadable(folder: Path, tmp_path: Path) -> None:
    assert verify(tmp_path / "none.jsonl")[0] == 2
    assert verify(folder / "sound.jsonl", "--key", str(tmp_path / "none.pem"))[0] == 2


def test_the_script_needs_nothing_but_the_standard_library_and_cryptography() -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    assert imported - sys.stdlib_module_names == {"cryptography"}


def test_an_export_that_is_interrupted_does_not_appear(
    folder: Path, django_db_blocker: Any, tmp_path: Path
) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        raise InterruptedError

    target = tmp_path / "export.jsonl"
    with django_db_blocker.unblock(), pytest.raises(InterruptedError):
        ledger.export(target, interrupt)
    assert not target.exists()


@pytest.mark.django_db
def test_export_and_verification_run_as_jobs(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"
    told: list[tuple[str, int, int]] = []

    def progress(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))

    entries, _ = queries.head()
    report = jobs.verify({}, progress)
    assert (report["sound"], report["faults"], report["entries"]) == (True, [], entries)
    made = jobs.export({}, progress)
    assert made == {"file": made["file"], "entries": entries}
    assert verify(tmp_path / "exports" / made["file"])[0] == 0
    assert told[-1] == ("entries", entries, entries)

"""docs/verify_*.py: who lacks `cryptography` is told so, in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_DOCS = Path(__file__).resolve().parents[2] / "docs"
_HEADER = {"exported_at": "2026-11-26", "format": "mingce-ledger-export/2", "public_key": ""}
_EXPORT = json.dumps({"header": _HEADER}, separators=(",", ":")) + "\n"


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("verify_export.py", ["export.jsonl"]),
        ("verify_permit.py", ["permit.json", "--keys", "keys", "--environment", "production"]),
        ("verify_stop_list.py", ["list.json", "--key", "key.pem"]),
    ],
)
def test_without_the_package_one_line_says_what_to_install(
    tmp_path: Path, script: str, arguments: list[str]
) -> None:
    (tmp_path / "cryptography.py").write_text("raise ImportError('not installed')\n")
    (tmp_path / "export.jsonl").write_text(_EXPORT)
    told = subprocess.run(
        [sys.executable, str(_DOCS / script), *arguments],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = told.stdout + told.stderr
    assert (told.returncode, "Traceback" in said) == (2, False), said
    assert "pip install cryptography" in said
    assert len(said.strip().splitlines()) == 1

"""Who may import whom: the contracts of pyproject.toml are kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture import house


def test_the_import_contracts_are_kept() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [str(tool), "--no-logo", "--no-cache"],
        cwd=house.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_floor_is_an_exhaustive_contract() -> None:
    """A folder that nobody has placed breaks the contract."""
    exhaustive = {
        container
        for one in house.contracts().values()
        if one.get("exhaustive")
        for container in one["containers"]
    }
    assert exhaustive == {"registry", "registry.core", "governance"}

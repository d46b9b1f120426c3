"""Checking the packs' files and their examples, without a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from registry.classification.rules.examples import example_faults
from registry.classification.schema import load_section
from registry.core.policy import queries as policy
from registry.core.policy.rules import PolicyError


@dataclass(frozen=True)
class CheckedPack:
    """A pack's folder with its release's name and digest and its number of examples."""

    folder: str
    name: str
    sha256: str
    examples: int


def check_packs() -> Iterator[CheckedPack]:
    """Every pack in the packs' folder is sound. Raises PolicyError at the first fault, by file."""
    for folder in pack_folders():
        try:
            yield _checked(folder)
        except PolicyError as error:
            told = str(error).removeprefix(f"{folder.name}/")
            raise PolicyError(f"{folder.name}/{told}") from error


def pack_folders() -> list[Path]:
    """The folders that hold a pack, in the order of their names."""
    packs = Path(settings.POLICY_PACKS_DIR)
    return sorted(path for path in packs.iterdir() if (path / "pack.yaml").exists())


def _checked(folder: Path) -> CheckedPack:
    about, content = policy.read_pack(folder)
    section = load_section(folder)
    for fault in example_faults(section):
        raise PolicyError(fault)
    return CheckedPack(
        folder.name,
        f"{about.key} {about.version}",
        policy.pack_digest(about, content),
        len(section.grading.examples),
    )

"""The house as its files tell it: slices, modules, floors."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
APPS = ("registry", "governance")
# Folders of an app that are no slices: the core holds slices, the others are Django's.
NO_SLICES = {"core", "management", "migrations"}


@dataclass(frozen=True)
class Module:
    """A file of Python, read and parsed."""

    name: str
    path: Path
    source: str
    tree: ast.Module

    @property
    def shown(self) -> str:
        """Where it is, from the project's folder."""
        return self.path.relative_to(PROJECT).as_posix()


@cache
def modules(*roots: str) -> tuple[Module, ...]:
    """Every module under the folders, generated migrations left out."""
    return tuple(_read(path) for root in roots or (*APPS, "config") for path in _files(root))


def _files(root: str) -> Iterator[Path]:
    for path in sorted((PROJECT / root).rglob("*.py")):
        if "migrations" not in path.parts:
            yield path


def _read(path: Path) -> Module:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    source = path.read_text(encoding="utf-8")
    return Module(name, path, source, ast.parse(source))


@cache
def slices() -> tuple[str, ...]:
    """Every slice's dotted name: `registry.catalogue`, `registry.core.people`."""
    return tuple(
        ".".join(folder.relative_to(PROJECT).parts)
        for parent in ("registry", "registry/core", "governance")
        for folder in sorted((PROJECT / parent).iterdir())
        if folder.is_dir() and folder.name not in {*NO_SLICES, "__pycache__"}
    )


def folder_of(slice_name: str) -> Path:
    """The slice's folder."""
    return PROJECT.joinpath(*slice_name.split("."))


def slice_of(module: str) -> str:
    """The slice that holds the module."""
    return max((one for one in slices() if f"{module}.".startswith(f"{one}.")), key=len)


def parts_of(slice_name: str) -> set[str]:
    """The names inside the slice: its modules, and its folders that hold anything of ours."""
    found = set()
    for path in folder_of(slice_name).iterdir():
        if path.suffix == ".py":
            found.add(path.stem)
        elif path.is_dir() and path.name != "__pycache__" and any(path.rglob("*.*")):
            found.add(path.name)
    return found - {"__init__"}


@cache
def contracts() -> dict[str, dict[str, list[str]]]:
    """The import contracts, by name."""
    told = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return {one["name"]: one for one in told["tool"]["importlinter"]["contracts"]}


def layers(container: str) -> dict[str, int]:
    """What stands in the container → its floor, the ground floor 0, by the import contracts."""
    (contract,) = [one for one in contracts().values() if one.get("containers") == [container]]
    floors = enumerate(reversed(contract["layers"]))
    return {name.strip(" ()"): floor for floor, line in floors for name in line.split("|")}


def floor_of(slice_name: str) -> tuple[int, int, int]:
    """The slice's floor: of its app, inside the app, inside the core. Lower tuples lie lower."""
    app, *inner = slice_name.split(".")
    in_core = layers("registry.core")[inner[1]] if len(inner) > 1 else 0
    return APPS.index(app), layers(app)[inner[0]], in_core

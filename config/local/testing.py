"""`make test`: one command between the start and the end of private, forgetful services."""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TextIO

import psycopg

from config.local import binaries, layout, services
from config.local.children import Command
from config.local.supervisor import StopRequested, Supervisor

_INTERRUPTED = 130
_LOG_TAIL_LINES = 30
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders made there have mode 700
_DISK = Path("/tmp")  # noqa: S108
_PLENTY_BYTES = 6 * 1024**3


def main(arguments: list[str]) -> int:
    """The command after `--` has run with services of its own; its exit code is returned."""
    if "--" not in arguments or arguments[-1] == "--":
        sys.stderr.write("Usage: python -m config.local.testing -- COMMAND [ARGUMENT ...]\n")
        return 2
    wanted = arguments[arguments.index("--") + 1 :]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        supervisor = Supervisor(log)
        try:
            with supervisor.minding_signals(), contextlib.ExitStack() as held:
                return _attend(supervisor, held, wanted)
        except StopRequested:
            return _INTERRUPTED
        except (layout.LocalError, psycopg.Error) as error:
            sys.stderr.write(f"{_tail(log)}The tests' services failed: {error}\n")
            return 1


def _attend(supervisor: Supervisor, held: contextlib.ExitStack, wanted: list[str]) -> int:
    scratch = _scratch_folder(held)
    addresses = {
        # config/__init__.py has named the demo settings by now, as a default.
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "MINGCE_DATA_DIR": str(scratch / "documents"),
    }
    if sys.dont_write_bytecode:  # the tests' many processes compile each module once, not each time
        addresses |= {
            "PYTHONPYCACHEPREFIX": str(scratch / "bytecode"),
            "PYTHONDONTWRITEBYTECODE": "",
        }
    lent = os.environ.get("TEST_DATABASE_ADMIN_URL")
    if lent:
        addresses |= services.given_database(lent)
    else:
        state = layout.state_dir()
        data = scratch / "postgresql"
        addresses |= held.enter_context(services.database(supervisor, state, data, durable=False))
    if not os.environ.get("REDIS_URL"):
        addresses |= held.enter_context(services.queue(supervisor))
    environment = services.environment(addresses)
    return supervisor.attend(Command("tests", _argv(wanted), environment, layout.PROJECT))


def _argv(wanted: list[str]) -> tuple[str, ...]:
    """The programs of this environment come first, whether or not it is activated."""
    beside = Path(sys.executable).parent / wanted[0]
    return (str(beside) if beside.exists() else wanted[0], *wanted[1:])


def _scratch_folder(held: contextlib.ExitStack) -> Path:
    """A folder that goes with the run, and that PostgreSQL's account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="mingce-test-", dir=_fastest()))  # mode 700
    held.callback(shutil.rmtree, folder, ignore_errors=True)
    if binaries.unprivileged_account(folder) is not None:
        folder.chmod(0o711)
    return folder


def _fastest() -> Path:
    """Where files are made fastest: each test that commits has a database, of 700 files, its own.

    In memory where there is plenty: a disk's journal makes such a copy ten times slower.
    """
    plenty = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _PLENTY_BYTES
    return _MEMORY if plenty and os.access(_MEMORY, os.W_OK | os.X_OK) else _DISK


def _tail(log: TextIO) -> str:
    log.seek(0)
    return "".join(log.readlines()[-_LOG_TAIL_LINES:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

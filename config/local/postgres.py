"""A private PostgreSQL on a Unix socket, started again over the same data."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.local import binaries, occupancy
from config.local.children import Account, Command
from config.local.layout import LocalError

SUPERUSER = "postgres"
_LOCALE = "C.UTF-8"
_PREFIX = "mingce-"
_FASTER_AND_FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL: its programs, its data, its socket, and the account that runs it."""

    programs: Path
    data: Path
    sockets: Path
    account: Account | None
    durable: bool

    def url(self, role: str, database: str) -> str:
        """What libpq and Django call a database of this cluster."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets))}"


@contextlib.contextmanager
def cluster(state: Path, data: Path, durable: bool) -> Iterator[Cluster]:
    """The data exist and are ours alone until the block ends; the server is not yet started."""
    account = binaries.unprivileged_account(data)
    programs = binaries.find(state, account)
    _make_private(data, account)
    with occupancy.sole_use(data):
        for sockets in occupancy.clear_traces(data):
            if sockets.name.startswith(_PREFIX):
                shutil.rmtree(sockets, ignore_errors=True)
        sockets = private_folder(account)
        try:
            built = Cluster(programs, data, sockets, account, durable)
            _initialise(built)
            yield built
        finally:
            shutil.rmtree(sockets, ignore_errors=True)


def command(cluster: Cluster) -> Command:
    """The server: no TCP, one socket, one log."""
    settings = ["listen_addresses=", "max_connections=100", "timezone=UTC", "log_timezone=UTC"]
    settings += ["log_checkpoints=off", "log_line_prefix=", "cluster_name=mingce"]
    settings += [] if cluster.durable else _FASTER_AND_FORGETFUL
    flags = [flag for setting in settings for flag in ("-c", setting)]
    argv = [cluster.programs / "postgres", "-D", cluster.data, "-k", cluster.sockets, *flags]
    return Command(
        name="postgres",
        argv=tuple(str(part) for part in argv),
        environment=_environment(),
        folder=Path("/"),
        # SIGINT is the fast shutdown: sessions are closed, nothing is lost.
        stop_signal=signal.SIGINT,
        grace_seconds=5.0,
        account=cluster.account,
    )


def answers(cluster: Cluster) -> bool:
    """True once the server takes connections; before that it would log each attempt as fatal."""
    try:
        status = (cluster.data / "postmaster.pid").read_text(encoding="utf-8").split()[-1:]
    except FileNotFoundError:
        return False
    if status != ["ready"]:
        return False
    try:
        psycopg.connect(cluster.url(SUPERUSER, "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def check_text(cluster: Cluster) -> None:
    """The server sorts and folds Unicode; Chinese search fails silently where it does not."""
    with psycopg.connect(cluster.url(SUPERUSER, "postgres")) as connection:
        row = connection.execute(
            "SELECT datctype, pg_encoding_to_char(encoding) FROM pg_database"
            " WHERE datname = 'template1'"
        ).fetchone()
    kind, encoding = row or ("unknown", "unknown")
    if encoding != "UTF8" or not str(kind).upper().replace("-", "").endswith("UTF8"):
        raise LocalError(
            f"The database in {cluster.data} has encoding {encoding} and character type {kind}; "
            "Chinese search needs UTF-8. Move the folder away and start again."
        )


def private_folder(account: Account | None) -> Path:
    """A new folder that only its account (and root) can enter, with a path short enough.

    A socket's path may have 107 bytes, which a project's own folder easily exceeds.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))  # noqa: S108 - mode 700
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def _make_private(data: Path, account: Account | None) -> None:
    data.parent.mkdir(parents=True, exist_ok=True)
    if not data.exists():
        data.mkdir(mode=0o700)
        if account is not None:
            data.parent.chmod(0o755)
            os.chown(data, account.uid, account.gid)


def _initialise(cluster: Cluster) -> None:
    """The data folder holds a cluster of this PostgreSQL's version."""
    mark = cluster.data / "PG_VERSION"
    ours = binaries.major_version(cluster.programs)
    if mark.exists():
        theirs = mark.read_text(encoding="ascii").strip()
        if theirs != str(ours):
            raise LocalError(
                f"The data in {cluster.data} are of PostgreSQL {theirs}; the programs are {ours}. "
                "Dump them with the old version, or move the folder away."
            )
        return
    account = cluster.account
    argv = [str(cluster.programs / "initdb"), "-D", str(cluster.data)]
    argv += ["-U", SUPERUSER, "--auth=trust"]
    argv += ["--encoding=UTF8", f"--locale={_LOCALE}"]
    argv += [] if cluster.durable else ["--no-sync"]
    done = subprocess.run(
        argv,
        env=_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )
    if done.returncode != 0:
        raise LocalError(f"PostgreSQL could not make its data folder:\n{done.stderr.strip()}")


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": _LOCALE, "TZ": "UTC"}

"""The launcher of the private PostgreSQL: what it decides before it starts anything."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.local import binaries, occupancy, postgres, roles
from config.local.layout import LocalError

_TRACE = "{pid}\n/data\n1700000000\n5432\n/tmp/mingce-x\n\n  1 2\nready\n"


def _cluster(tmp_path: Path, durable: bool) -> postgres.Cluster:
    return postgres.Cluster(tmp_path, tmp_path / "data", Path("/tmp/mingce-x"), None, durable)


@pytest.mark.parametrize(
    ("said", "major"),
    [
        ("postgres (PostgreSQL) 18.6\n", 18),
        ("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", 15),
        ("postgres (PostgreSQL) 19beta1", 19),
    ],
    ids=["plain", "debian", "beta"],
)
def test_the_major_version_is_read(said: str, major: int) -> None:
    assert binaries.parse_major(said) == major


def test_a_stranger_among_the_programs_is_refused() -> None:
    with pytest.raises(LocalError, match="does not look like PostgreSQL"):
        binaries.parse_major("mysqld 8.0")


@pytest.mark.parametrize(
    ("known", "mapped", "uid"),
    [
        ([1, 1000, 65534], [range(2**32)], 65534),
        ([1, 1000], [range(2**32)], 1000),
        ([1, 33, 65534], [range(1000)], 33),
    ],
    ids=["nobody", "no such account", "not in this container"],
)
def test_the_account_is_nobody_where_it_can_be_used(
    known: list[int], mapped: list[range], uid: int
) -> None:
    assert binaries.choose_uid(known, mapped) == uid


def test_a_machine_with_root_alone_is_told_what_to_do() -> None:
    with pytest.raises(LocalError, match="set DATABASE_URL"):
        binaries.choose_uid([], [range(2**32)])


def test_a_running_server_leaves_its_number_and_its_socket() -> None:
    found = occupancy.read_trace(_TRACE.format(pid=42))
    assert found == occupancy.Trace(pid=42, sockets=Path("/tmp/mingce-x"))


@pytest.mark.parametrize("text", ["", "\n", "not a number\n/data\n"])
def test_a_damaged_trace_is_no_trace(text: str) -> None:
    assert occupancy.read_trace(text) is None


def test_a_trace_whose_number_a_stranger_has_now_is_removed(tmp_path: Path) -> None:
    trace = tmp_path / "postmaster.pid"
    trace.write_text(_TRACE.format(pid=os.getpid()), encoding="ascii")
    assert occupancy.clear_traces(tmp_path, patience_seconds=0) == [Path("/tmp/mingce-x")]
    assert not trace.exists()


def test_data_that_a_process_still_serves_are_left_alone(tmp_path: Path) -> None:
    server = subprocess.Popen(["sleep", "60"], cwd=tmp_path)
    trace = tmp_path / "postmaster.pid"
    trace.write_text(_TRACE.format(pid=server.pid), encoding="ascii")
    try:
        with pytest.raises(LocalError, match=f"already served by process {server.pid}"):
            occupancy.clear_traces(tmp_path, patience_seconds=0)
        assert trace.exists()
    finally:
        server.kill()
        server.wait()


def test_two_runs_over_the_same_data_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        occupancy.sole_use(data),
        pytest.raises(LocalError, match="already served by another `make run`"),
        occupancy.sole_use(data),
    ):
        pass


def test_the_data_are_free_again_after_the_run(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with occupancy.sole_use(data):
        pass
    with occupancy.sole_use(data):
        pass


def test_a_run_keeps_its_data_through_a_power_cut(tmp_path: Path) -> None:
    assert "fsync=off" not in postgres.command(_cluster(tmp_path, durable=True)).argv


def test_the_tests_do_not_wait_for_the_disk(tmp_path: Path) -> None:
    argv = postgres.command(_cluster(tmp_path, durable=False)).argv
    wanted = {"fsync=off", "full_page_writes=off", "synchronous_commit=off"}
    assert wanted <= set(argv)


def test_the_server_listens_on_no_network_and_closes_its_sessions(tmp_path: Path) -> None:
    command = postgres.command(_cluster(tmp_path, durable=True))
    assert "listen_addresses=" in command.argv
    assert command.stop_signal is signal.SIGINT


def test_the_address_names_role_database_and_socket(tmp_path: Path) -> None:
    url = _cluster(tmp_path, durable=True).url("mingce_app", "mingce")
    assert url == "postgresql://mingce_app@/mingce?host=/tmp/mingce-x"


@pytest.mark.parametrize(
    ("admin", "password", "url"),
    [
        (
            "postgresql://postgres@/postgres?host=/s",
            None,
            "postgresql://mingce_app@/mingce?host=/s",
        ),
        ("postgresql://postgres@[::1]:5432/x", None, "postgresql://mingce_app@[::1]:5432/mingce"),
        ("postgresql://a:b@db:5432/x", "c", "postgresql://mingce_app:c@db:5432/mingce"),
    ],
    ids=["socket", "network", "password"],
)
def test_a_lent_server_is_reached_under_our_roles(
    admin: str, password: str | None, url: str
) -> None:
    assert roles.address(admin, "mingce_app", "mingce", password) == url


def test_the_socket_fits_and_only_its_account_can_enter() -> None:
    folder = postgres.private_folder(None)
    try:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(os.fsencode(folder / ".s.PGSQL.5432")) <= 107
    finally:
        folder.rmdir()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_ends_when_its_launcher_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, signal, subprocess\n"
        "from config.local.children import Command, spawn\n"
        "child = spawn(Command('x', ('sleep', '60'), dict(os.environ), pathlib.Path('/')),"
        " subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert _is_gone(int(done.stdout))


def _is_gone(pid: int) -> bool:
    """Waits for the end of a process that is not our child; nobody may have collected it yet."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ended, _writable, _failed = select.select([handle], [], [], 10)
    finally:
        os.close(handle)
    return bool(ended)

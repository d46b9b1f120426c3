"""Makes `.venv` hold exactly the locked packages. Run as a script, before anything is installed."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

UV = "uv==0.13.9"
RUNTIME_LOCK = "requirements.txt"
DEVELOPMENT_LOCK = "requirements-dev.txt"
_VENV = Path(".venv")
_TOOLS = Path(".tools")
_STAMP = "installed.txt"


class InstallError(Exception):
    """Something that the person at the terminal can mend; the message says how."""


def main(lock: str) -> int:
    """The environment exists and fits the lock; nothing was done where it did already."""
    try:
        if not python(_VENV).exists():
            _make_environment()
        if not is_current(_VENV, lock):
            _install(lock)
            _write_stamp(_VENV, lock)
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def python(environment: Path) -> Path:
    """The environment's interpreter."""
    return environment / "bin" / "python"


def is_current(environment: Path, lock: str) -> bool:
    """True when the lock, as it is now, has been installed."""
    stamp = environment / _STAMP
    return stamp.exists() and _fingerprint(lock) in stamp.read_text(encoding="utf-8").splitlines()


def _write_stamp(environment: Path, lock: str) -> None:
    # The development lock contains the runtime one, so `make run` after `make test` is content.
    locks = [lock, RUNTIME_LOCK] if lock == DEVELOPMENT_LOCK else [lock]
    text = "\n".join(_fingerprint(one) for one in locks)
    (environment / _STAMP).write_text(text + "\n", encoding="utf-8")


def _fingerprint(lock: str) -> str:
    return f"{hashlib.sha256(Path(lock).read_bytes()).hexdigest()} {Path(lock).name}"


def _make_environment() -> None:
    """`.venv` exists, with pip in it or, where this Python has no venv, with uv beside it."""
    print("Creating .venv ...", flush=True)
    if _succeeds([sys.executable, "-m", "venv", str(_VENV)]):
        return
    # Debian and Ubuntu ship venv apart from Python. uv makes one without it.
    shutil.rmtree(_VENV, ignore_errors=True)
    print("This Python has no venv; using uv instead ...", flush=True)
    tools = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(_TOOLS), UV]
    uv = _TOOLS / "bin" / "uv"
    if not (uv.exists() or _succeeds(tools, quiet=False)):
        raise InstallError("Install python3-venv (or python3-pip), then try again.")
    if not _succeeds([str(uv), "venv", "--quiet", "--python", sys.executable, str(_VENV)]):
        raise InstallError("Could not create .venv. Install python3-venv, then try again.")


def _install(lock: str) -> None:
    print(f"Installing the packages of {lock} ...", flush=True)
    target = str(python(_VENV))
    uv = _find_uv(target)
    if uv is not None:
        sync = [str(uv), "pip", "sync", "--quiet", "--require-hashes", "--python", target, lock]
        if _succeeds(sync, quiet=False):
            return
        print("uv could not install them; trying pip ...", flush=True)
    install = [target, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock]
    if not _succeeds(install, quiet=False):
        raise InstallError(f"Could not install the packages of {lock}. Is the network reachable?")


def _find_uv(target: str) -> Path | None:
    for folder in (_VENV / "bin", _TOOLS / "bin"):
        if (folder / "uv").exists():
            return folder / "uv"
    found = _succeeds([target, "-m", "pip", "install", "--quiet", UV])
    return _VENV / "bin" / "uv" if found else None


def _succeeds(argv: list[str], quiet: bool = True) -> bool:
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(argv, stdout=output, stderr=output, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

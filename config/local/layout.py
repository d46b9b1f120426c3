"""Where the files of a local installation lie, and who may read them."""

import os
import secrets
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_ROOT_STATE = Path("/var/lib/mingce")


class LocalError(Exception):
    """Something that the person at the terminal can mend; the message says how."""


def is_root() -> bool:
    """True where PostgreSQL would refuse to start under this account."""
    return os.geteuid() == 0


def state_dir() -> Path:
    """The folder that keeps data between runs exists, and can be entered by PostgreSQL's uid."""
    state = _ROOT_STATE if is_root() else PROJECT / "var"
    state.mkdir(parents=True, exist_ok=True)
    if is_root():
        state.chmod(0o755)
    return state


def data_dir() -> Path:
    """The folder of documents, anchors and keys exists, and is closed to everybody else."""
    given = os.environ.get("MINGCE_DATA_DIR")
    path = Path(given).resolve() if given else state_dir() / "data"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def address_file() -> Path:
    """Where the addresses of the running services are written down; see config/settings/demo.py."""
    return PROJECT / "var" / "local.env"


def secret_key(data: Path) -> str:
    """The signing key of this installation: made once, kept with mode 600."""
    path = data / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text(encoding="ascii").strip()
        if not key:
            raise LocalError(
                f"{path} is empty. Delete it; a new key is made at the start."
            ) from None
        return key
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(50)
        file.write(key + "\n")
    return key

"""Writes down where the running services are, for `manage.py` in another terminal."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

# What config/settings/demo.py reads back where DATABASE_URL is not set.
_NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "MINGCE_DATA_DIR", "SECRET_KEY_FILE")


@contextlib.contextmanager
def written_down(path: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """The file names the services, readable by us alone; it is gone when they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name}='{environment[name]}'\n" for name in _NAMES if environment.get(name))
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    partial.replace(path)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            if path.read_text(encoding="utf-8") == text:
                path.unlink()

"""How much memory this process holds, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

OF_THIS = Path("/proc/self")


def begin() -> float:
    """The peak counts from here; returns what is held now, in MiB."""
    (OF_THIS / "clear_refs").write_text("5")
    return _mebibytes("VmRSS")


def peak() -> float:
    """The most that has been held since the beginning, in MiB."""
    return _mebibytes("VmHWM")


def _mebibytes(name: str) -> float:
    lines = (OF_THIS / "status").read_text().splitlines()
    (found,) = [line for line in lines if line.startswith(f"{name}:")]
    return int(found.split()[1]) / 1024

"""Verification and export as jobs: they take longer than a page may."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from registry.core.ledger.services.exporting import export as export_ledger
from registry.core.ledger.services.verifying import verify as verify_ledger

Progress = Callable[[str, int, int], None]


def verify(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:  # Any: JSON
    """The report of a whole verification."""
    report = verify_ledger(progress)
    return {
        "sound": report.sound,
        "entries": report.entries,
        "anchors": report.anchors,
        "rows": report.rows,
        "faults": report.faults,
        "notes": report.notes,
    }


def export(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:  # Any: JSON
    """The export's file name under DATA_DIR/exports, and its number of entries."""
    folder = Path(settings.DATA_DIR) / "exports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"ledger-{uuid.uuid4().hex[:12]}.jsonl"
    return {"file": path.name, "entries": export_ledger(path, progress)}

"""Asking the tracking server after a version's run: later, and again where it fails."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging

from django.conf import settings
from django.db import transaction

from governance.mlflow_compat.models import Enrichment, RegisteredVersion
from registry.connectors.mlflow import Found, TrackingServer, Unavailable, Unknown
from registry.core import clock

logger = logging.getLogger(__name__)
AT_ONCE = 20  # versions in one turn
LATER = (60, 300, 1_800, 7_200, 21_600, 43_200)  # seconds to the next attempt; then it has failed
CLAIMED_SECONDS = 120  # whoever asks has so long before another may
_LOGGED = "models:/m-"


def plan(version: RegisteredVersion) -> None:
    """The version is asked after soon, where there is a tracking server and something to ask."""
    if settings.MLFLOW_TRACKING_URL and (version.run_id or logged_model_of(version)):
        Enrichment.objects.create(version=version, try_at=clock.now())


def logged_model_of(version: RegisteredVersion) -> str:
    """MLflow's key of the logged model that lies there; what else was told counts nothing."""
    here = version.location
    return here.removeprefix("models:/") if here.startswith(_LOGGED) else ""


def enrich() -> int:
    """What is due has been asked for; returns how many. Nothing where there is no server."""
    if not settings.MLFLOW_TRACKING_URL:
        return 0
    server = TrackingServer(settings.MLFLOW_TRACKING_URL, settings.MLFLOW_TRACKING_TOKEN)
    done = 0
    while done < AT_ONCE and (row := _claim()) is not None:
        _ask(server, row)
        done += 1
    return done


def _claim() -> Enrichment | None:
    """The next one that is due, ours for a while: who dies over it leaves it to the next."""
    now = clock.now()
    with transaction.atomic():
        rows = Enrichment.objects.filter(state="pending", try_at__lte=now)
        row = rows.select_for_update(skip_locked=True, of=("self",)).order_by("try_at").first()
        if row is None:
            return None
        if row.attempts > len(LATER):
            row.state = "failed"
        row.attempts += 1
        row.try_at = now + dt.timedelta(seconds=CLAIMED_SECONDS)
        row.save(update_fields=["attempts", "try_at", "state"])
        return row


def _ask(server: TrackingServer, row: Enrichment) -> None:
    version = row.version
    if row.state == "failed":
        return
    try:
        found = server.look(version.run_id, logged_model_of(version))
        with transaction.atomic():
            _keep(row, "done", found.note, found)
    except Unknown as fault:
        _keep(row, "failed", str(fault))
    except Unavailable as fault:
        _again(row, str(fault))
    except Exception:
        logger.exception("the run of version %s could not be read", version.pk)
        row.refresh_from_db()
        _again(row, "the answer could not be read")


def _again(row: Enrichment, why: str) -> None:
    if row.attempts > len(LATER):
        _keep(row, "failed", why)
        return
    row.note = why[:300]
    row.try_at = clock.now() + dt.timedelta(seconds=LATER[row.attempts - 1])
    row.save(update_fields=["note", "try_at"])


def _keep(row: Enrichment, state: str, note: str, found: Found | None = None) -> None:
    row.state, row.note = state, note[:300]
    row.found = dataclasses.asdict(found) if found is not None else {}
    row.save(update_fields=["state", "note", "found"])

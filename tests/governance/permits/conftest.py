"""Each test has signing keys of its own, and a release that is in production, made once."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from governance.permits.services import listing
from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.releases.models import Release
from tests import conftest, story

NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the keys; no list is kept from another test."""
    settings.PERMIT_KEY_FOLDER = tmp_path / "permit-keys"
    settings.PUBLIC_URL = "https://models.bank.example"
    monkeypatch.setattr(listing, "_made", {})
    return Path(settings.PERMIT_KEY_FOLDER)


@pytest.fixture(scope="session")
def in_production(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database in which a tier II high-risk release is in production."""
    name = f"mingce_permits_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(conftest.WORLD, name)
        conftest.use_database(name)
        with clock.at(NOON - dt.timedelta(hours=1)):
            story.to_production(story.register())
            dispatch.run()
        connections.close_all()
        conftest.use_database(conftest.MAIN)
    yield name
    conftest.drop(name)


@pytest.fixture
def live(in_production: str, django_db_blocker: Any) -> Iterator[Release]:
    """The release in production, at noon; the test is rolled back. Not with `django_db`."""
    with django_db_blocker.unblock():
        conftest.use_database(in_production)
        try:
            with clock.at(NOON), transaction.atomic():
                yield Release.objects.select_related(
                    "version", "model_use__model", "model_use__entity"
                ).get(stage="S5")
                transaction.set_rollback(True)
        finally:
            connection.close()
            conftest.use_database(conftest.MAIN)

"""A tier II release in production since 12 January 2026, with its plan of reviews, made once."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections, transaction

from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.releases.models import Release
from tests import conftest, story
from tests.governance.reviews.doing import SCORECARD, digest_of

LIVE = dt.datetime(2026, 1, 12, 4, tzinfo=dt.UTC)  # noon in Shanghai


@pytest.fixture(scope="session")
def in_production(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database in which the scorecard went live and the dispatcher has run."""
    name = f"mingce_live_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(conftest.WORLD, name)
        conftest.use_database(name)
        with clock.at(LIVE):
            story.to_production(story.register(digest=digest_of(SCORECARD)))
            dispatch.run()
        connections.close_all()
        conftest.use_database(conftest.MAIN)
    yield name
    conftest.drop(name)


@pytest.fixture
def live(in_production: str, django_db_blocker: Any) -> Iterator[Release]:
    """The live release, on its first day; the test is rolled back."""
    with django_db_blocker.unblock():
        conftest.use_database(in_production)
        try:
            with clock.at(LIVE), transaction.atomic():
                yield Release.objects.select_related(
                    "version", "model_use__model", "model_use__use_case", "model_use__entity"
                ).get()
                transaction.set_rollback(True)
        finally:
            connection.close()
            conftest.use_database(conftest.MAIN)


@pytest.fixture
def live_committed(in_production: str, django_db_blocker: Any) -> Iterator[str]:
    """A database of the test's own with the live release, in which commits are real."""
    name = f"mingce_own_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(in_production, name)
        conftest.use_database(name)
        try:
            yield name
        finally:
            connections.close_all()
            conftest.use_database(conftest.MAIN)
            conftest.drop(name)

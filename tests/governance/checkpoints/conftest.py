"""The live scorecard with its intervention plan, made once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections, transaction

from registry.core import clock
from registry.releases.models import Release
from tests import conftest
from tests.governance.checkpoints import world
from tests.governance.reviews.conftest import LIVE, in_production

__all__ = ["in_production"]


@pytest.fixture(scope="session")
def guarded_release(in_production: str, django_db_blocker: Any) -> Iterator[str]:
    """A database in which the live scorecard has its plan and its reviewers."""
    name = f"mingce_plan_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(in_production, name)
        conftest.use_database(name)
        with clock.at(LIVE):
            world.staffed()
            world.planned(Release.objects.get())
        connections.close_all()
        conftest.use_database(conftest.MAIN)
    yield name
    conftest.drop(name)


@pytest.fixture
def live(guarded_release: str, django_db_blocker: Any) -> Iterator[Release]:
    """The live release with its plan in force; the test is rolled back."""
    with django_db_blocker.unblock():
        conftest.use_database(guarded_release)
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
def live_committed(guarded_release: str, django_db_blocker: Any) -> Iterator[str]:
    """A database of the test's own with the plan in force, in which commits are real."""
    name = f"mingce_own_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(guarded_release, name)
        conftest.use_database(name)
        try:
            yield name
        finally:
            connections.close_all()
            conftest.use_database(conftest.MAIN)
            conftest.drop(name)

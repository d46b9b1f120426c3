"""A release that waits for its approval, made once: most tests of deciding begin there."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections, transaction

from governance.approvals.models import Approval
from registry.core import clock
from tests import conftest, story

NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def in_approval(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database in which a tier II high-risk release is at S3 with an open approval."""
    name = f"mingce_approval_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(conftest.WORLD, name)
        conftest.use_database(name)
        with clock.at(NOON):
            story.to_approval(story.register())
        connections.close_all()
        conftest.use_database(conftest.MAIN)
    yield name
    conftest.drop(name)


@pytest.fixture
def approval(in_approval: str, django_db_blocker: Any) -> Iterator[Approval]:
    """The open approval, at noon; the test is rolled back. Not together with `django_db`."""
    with django_db_blocker.unblock():
        conftest.use_database(in_approval)
        try:
            with clock.at(NOON), transaction.atomic():
                yield Approval.objects.get()
                transaction.set_rollback(True)
        finally:
            connection.close()
            conftest.use_database(conftest.MAIN)

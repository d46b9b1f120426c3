"""Databases in which something is damaged on purpose, with the triggers off."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections, transaction

from tests import conftest, story


@pytest.fixture(scope="module")
def voted(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database with a model in approval and one vote."""
    name = f"mingce_own_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(conftest.WORLD, name)
        conftest.use_database(name)
        story.vote(story.to_approval(story.register()), "sun")
        connections.close_all()
        conftest.use_database(conftest.MAIN)
        yield name
        connections.close_all()
        conftest.use_database(conftest.MAIN)
        conftest.drop(name)


@pytest.fixture
def damaged(voted: str, django_db_blocker: Any, settings: Any, tmp_path: Path) -> Iterator[None]:
    """In that database as its superuser, inside a transaction; anchors in a folder of their own."""
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"
    settings.ANCHOR_KEY_FILE = tmp_path / "keys" / "anchor.pem"
    with django_db_blocker.unblock():
        conftest.use_database(voted)
        connection.settings_dict["USER"] = urlsplit(conftest.ADMIN_URL).username
        try:
            with transaction.atomic():
                yield
                transaction.set_rollback(True)
        finally:
            connection.close()
            conftest.use_database(conftest.MAIN)

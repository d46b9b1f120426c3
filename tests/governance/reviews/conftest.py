"""The release in production since 12 January 2026, with its plan of reviews."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry.core import clock
from registry.releases.models import Release
from tests import conftest
from tests.states import LIVE


@pytest.fixture
def live(in_production: str, django_db_blocker: Any) -> Iterator[Release]:
    """The live release, on its first day; the test is rolled back.

    It is not checked: some tests show grades and packages that no act has recorded.
    """
    inside = conftest.inside(in_production, checked=False)
    with django_db_blocker.unblock(), inside, clock.at(LIVE):
        yield Release.objects.select_related(
            "version", "model_use__model", "model_use__use_case", "model_use__entity"
        ).get()


@pytest.fixture
def live_committed(in_production: str, django_db_blocker: Any) -> Iterator[str]:
    """A database of the test's own with the live release, in which commits are real."""
    with django_db_blocker.unblock(), conftest.copy_of(in_production) as name:
        yield name

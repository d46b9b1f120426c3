"""The live scorecard with its intervention plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry.core import clock
from registry.releases.models import Release
from tests import conftest
from tests.states import LIVE


@pytest.fixture
def live(guarded_release: str, django_db_blocker: Any) -> Iterator[Release]:
    """The live release with its plan in force; the test is rolled back."""
    with django_db_blocker.unblock(), conftest.inside(guarded_release), clock.at(LIVE):
        yield Release.objects.select_related(
            "version", "model_use__model", "model_use__use_case", "model_use__entity"
        ).get()


@pytest.fixture
def live_committed(guarded_release: str, django_db_blocker: Any) -> Iterator[str]:
    """A database of the test's own with the plan in force, in which commits are real."""
    with django_db_blocker.unblock(), conftest.copy_of(guarded_release) as name:
        yield name

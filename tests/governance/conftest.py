"""A release that waits for its approval, and one in production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from governance.approvals.models import Approval
from registry.core import clock
from tests import conftest, story
from tests.states import NOON
from tests.story import Story


@pytest.fixture
def approval(in_approval: str, django_db_blocker: Any) -> Iterator[Approval]:
    """The open approval, at noon; the test is rolled back."""
    with django_db_blocker.unblock(), conftest.inside(in_approval), clock.at(NOON):
        yield Approval.objects.get()


@pytest.fixture
def serving(in_service: str, django_db_blocker: Any) -> Iterator[Story]:
    """The release in production, today; the test is rolled back."""
    with django_db_blocker.unblock(), conftest.inside(in_service):
        yield story.only()

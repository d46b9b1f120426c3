"""Each test has a scorecard that went live in January, on its first day; it is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry.core import clock
from registry.releases.models import Release
from registry.releases.queries import whole
from tests import conftest, states


@pytest.fixture
def live(in_production: str, django_db_blocker: Any) -> Iterator[Release]:
    """The release in production. Not with `django_db`."""
    inside = conftest.inside(in_production)
    with django_db_blocker.unblock(), inside, clock.at(states.LIVE):
        yield whole(Release.objects.all()).get(stage="S5")

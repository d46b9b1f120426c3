"""Databases in which a release has got somewhere, each told once: what many tests begin in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from registry.core import clock
from registry.core.dispatch import services as dispatch
from registry.releases.models import Release
from tests import conftest, story
from tests.governance.checkpoints import world
from tests.governance.reviews.doing import SCORECARD, digest_of

NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
LIVE = dt.datetime(2026, 1, 12, 4, tzinfo=dt.UTC)  # noon in Shanghai


@pytest.fixture(scope="session")
def in_approval(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database in which a tier II high-risk release is at S3 with an open approval."""

    def tell() -> None:
        with clock.at(NOON):
            story.to_approval(story.register())

    with django_db_blocker.unblock(), conftest.told(conftest.WORLD, tell) as name:
        yield name


@pytest.fixture(scope="session")
def in_service(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database in which a tier II release is in production and nobody enforces its stop."""

    def tell() -> None:
        story.to_production(story.register())
        story.disarm()

    with django_db_blocker.unblock(), conftest.told(conftest.WORLD, tell) as name:
        yield name


@pytest.fixture(scope="session")
def in_production(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database in which the demo's scorecard went live in January; the dispatcher has run."""

    def tell() -> None:
        with clock.at(LIVE):
            story.to_production(story.register(digest=digest_of(SCORECARD)))
            dispatch.run()

    with django_db_blocker.unblock(), conftest.told(conftest.WORLD, tell) as name:
        yield name


@pytest.fixture(scope="session")
def guarded_release(in_production: str, django_db_blocker: Any) -> Iterator[str]:
    """A database in which the live scorecard has its plan and its reviewers."""

    def tell() -> None:
        with clock.at(LIVE):
            world.staffed()
            world.planned(Release.objects.get())

    with django_db_blocker.unblock(), conftest.told(in_production, tell) as name:
        yield name

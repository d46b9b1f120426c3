"""A receiver on the loopback that the operators have listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry.core import clock
from tests.governance.webhooks.telling import NOON
from tests.registry.core.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """It answers 200 unless told otherwise; it is noon."""
    with receiving() as found, clock.at(NOON):
        settings.PUBLIC_URL = "https://models.bank.example"
        settings.WEBHOOK_ALLOWED_HOSTS = [found.origin]
        yield found

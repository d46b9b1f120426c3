"""A release in production, told once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story import Story


@pytest.fixture
def live(serving: Story, settings: Any) -> Story:
    """A release of tier II in production, whose orders have an address."""
    settings.PUBLIC_URL = "https://models.bank.example"
    return serving

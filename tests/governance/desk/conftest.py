"""The live release of the reviews' tests."""

from tests.governance.reviews.conftest import in_production, live

__all__ = ["in_production", "live"]

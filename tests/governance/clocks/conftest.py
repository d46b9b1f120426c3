"""The live release of the reviews' tests."""

from tests.governance.reviews.conftest import live

__all__ = ["live"]

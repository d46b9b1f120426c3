"""MLflow: its tracking server's runs, its registry's versions, its signed webhooks."""

from registry.connectors.mlflow.listing import read
from registry.connectors.mlflow.tracking import (
    Found,
    TrackingServer,
    Unavailable,
    Unknown,
    digest_of,
)
from registry.connectors.mlflow.webhooks import signs

__all__ = ["Found", "TrackingServer", "Unavailable", "Unknown", "digest_of", "read", "signs"]

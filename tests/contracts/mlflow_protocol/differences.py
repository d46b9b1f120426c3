"""What Mingce answers otherwise than MLflow's server, on purpose: one table, told in the how-to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tests.contracts.mlflow_protocol.conftest import Registry

T = TypeVar("T")

# What MLflow 3.17.2 answers; Mingce answers what the test says.
WANTED: dict[str, object] = {
    "humps": 400,
    "archive into None": "INTERNAL_ERROR",
    "dangling and": (200, None),
    "clauses without and": (200, None),
    "order twice": (500, "INTERNAL_ERROR"),
    "negative page": (200, None),
    "address": "whole",
    "prompt events": 200,
}


def answer(registry: Registry, key: str, ours: T) -> object:
    """What this registry answers where the two differ."""
    return WANTED.get(key, ours) if registry.kind == "mlflow" else ours

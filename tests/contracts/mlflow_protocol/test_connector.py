"""Discovery's connector reads what an unmodified client has registered, from either server."""

from __future__ import annotations

import time

import pytest

from registry.connectors import mlflow
from registry.connectors.fetching import fetching
from registry.connectors.mlflow import listing
from registry.connectors.shapes import Found
from tests.contracts.mlflow_protocol.conftest import Registry

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def read(registry: Registry, since: Found | None = None) -> dict[str, Found]:
    """The versions of this test's name, by number."""
    headers = {"Authorization": f"Bearer {registry.token}"} if registry.token else {}
    scope, moment = f"name = '{registry.name()}'", since.updated_at if since else None
    with fetching(registry.url, headers, seconds=60) as fetch:
        return {one.version: one for one in mlflow.read(fetch, scope, moment)}


def test_what_a_client_registers_is_what_the_connector_reads(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, name = registry.client, registry.name()
    client.create_registered_model(name)
    for index in range(3):
        client.create_model_version(name, f"s3://b/{index}", tags={"k": str(index)})
        time.sleep(0.01)  # MLflow dates to the millisecond
    client.set_model_version_tag(name, "1", "sha256", DIGEST)
    client.set_registered_model_alias(name, "best", "2")
    monkeypatch.setattr(listing, "PAGE", "2")
    found = read(registry)
    assert set(found) == {"1", "2", "3"}
    assert (found["1"].digest, found["2"].words, found["3"].words) == (DIGEST, ("best",), ())
    newest = max(found.values(), key=lambda one: one.updated_at or 0)
    client.set_registered_model_alias(name, "best", "1")
    later = read(registry, newest)
    assert later["1"].words == ("best",)  # though MLflow dates no change of an alias
    assert newest.version in later

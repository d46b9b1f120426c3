"""A source to look at, and things that it shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from registry.connectors.shapes import Found
from registry.discovery import services
from registry.discovery.models import Scan, Sighting, Source
from registry.discovery.services import NewSource
from tests.world import head_office, person

HOST = "https://qyapi.weixin.qq.com"  # a host that the operators allow by default


def opened(address: str = HOST, **more: Any) -> Source:
    """An MLflow of production that has been opened."""
    told: dict[str, Any] = {
        "name": "生产 MLflow", "kind": "mlflow", "address": address, "entity": head_office(),
        "environment": "production", "token": "secret-token",
    }  # fmt: skip
    return services.open_source(actor=person("admin"), told=NewSource(**(told | more)))[0]


def thing(version: str = "3", digest: str = "", *words: str, **more: Any) -> Found:
    """A version of `credit`."""
    return Found(
        **({"name": "credit", "version": version, "digest": digest, "words": words} | more)
    )


def look(source: Source, *found: Found) -> Scan:
    """The source shows just this."""
    return services.take_in(source=source, found=found)


def sightings(**only: Any) -> list[tuple[str, str, str]]:
    """Kind, name and state of each, by name."""
    rows: Iterable[Sighting] = Sighting.objects.filter(**only).order_by("name", "kind")
    return [(row.kind, row.name, row.state) for row in rows]

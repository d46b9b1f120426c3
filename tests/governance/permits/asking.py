"""Asking for permits, and reading what is signed."""

from __future__ import annotations

import base64
import json
from typing import Any

from governance.permits import services
from governance.permits.models import Permit
from registry.releases.models import Release
from tests.world import person


def issue(
    release: Release, environment: str = "production", by: str = "pipeline", **told: Any
) -> Permit:
    """The actor's permit for the release's version there."""
    assert release.version is not None
    given: dict[str, Any] = {"digest": release.version.digest, "reference": "build 42"} | told
    return services.issue(
        actor=person(by), version_id=release.version.pk, environment=environment, **given
    )


def payload(envelope: Any) -> dict[str, Any]:
    """What is signed."""
    found: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return found


def revoked() -> list[str]:
    """The codes on the list of revoked permits, now."""
    told = payload(json.loads(services.revocations().body))
    return [one["permit"] for one in told["revoked"]]

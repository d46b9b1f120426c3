"""Asking the doors of checkpoints, as gateways and people do over REST."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from registry.releases.models import Release
from tests.governance.checkpoints.world import DIGEST
from tests.refusals import Footprint, changes, footprint
from tests.rest.calling import Caller, problem, secret_of
from tests.world import person

ONE, MANY = "/decisions/", "/decisions/batch/"
RECORDED: Footprint = {"registry_entry": (1, 0)}  # a refusal that stands in the ledger


def gateway() -> Caller:
    """The world's gateway, with the scopes that it needs."""
    return Caller(secret_of(person("gateway"), "post_decisions", "read", actor=person("admin")))


def body(release: Release, number: int = 1, **told: Any) -> dict[str, Any]:
    """A decision that needs nobody, unless told otherwise."""
    fields = {"score": 0.8, "amount": 50_000} | told.pop("fields", {})
    given = {
        "release": release.code, "reference": f"APP-{number:07}", "output": "approve",
        "confidence": 0.93, "input_digest": DIGEST, "fields": fields,
    }  # fmt: skip
    return given | told


def grey(release: Release, number: int = 1, **told: Any) -> dict[str, Any]:
    """A decision that waits for a person."""
    return body(release, number, **({"fields": {"score": 0.5}} | told))


@contextmanager
def nothing_left(leaving: Footprint | None = None) -> Iterator[None]:
    """What is asked in the block leaves no trace, or exactly this one."""
    before = footprint()
    yield
    assert changes(before) == (leaving or {})


def refused(answer: Any, status: int, code: str, place: str = "") -> dict[str, Any]:
    """The problem, which names the place of the mistake."""
    found = problem(answer, status, code)
    assert found.get("field", "") == place, found
    return found

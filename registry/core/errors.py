"""Refusals. A rule or service that refuses raises one of these; the doors present them."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A refusal that a committee member would understand.

    code: stable, for machines (`vote_twice`); message: one translated sentence; field: the field
    or key it is about; hint: the way out; status: the HTTP status a web door answers with;
    details: further machine-readable facts. Pure rules can't translate: they give a plain message
    with `%(name)s` places and `params`, and the door translates both (`web.wording`).
    """

    status = 422

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str = "",
        status: int | None = None,
        hint: str = "",
        details: dict[str, Any] | None = None,  # JSON for the problem's extension members
        params: dict[str, Any] | None = None,  # whatever can be printed
    ) -> None:
        super().__init__(message % params if params else message)
        self.params = params or {}
        self.code = code
        self.message = message
        self.field = field
        self.hint = hint
        self.details = details or {}
        if status is not None:
            self.status = status


class NotFound(DomainError):
    """The thing does not exist, or this person may not know that it does."""

    status = 404


class Forbidden(DomainError):
    """The person may not press this button."""

    status = 403


class Conflict(DomainError):
    """The world has moved on: a state, a digest or a version is no longer what was assumed."""

    status = 409


class Stale(DomainError):
    """The given ETag or row version is not the current one."""

    status = 412


class SegregationRefused(Forbidden):
    """Segregation of duties forbids it. The door records this refusal in the ledger."""

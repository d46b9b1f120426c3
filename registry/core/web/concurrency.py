"""ETag and If-Match: nobody overwrites what they have not seen."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from rest_framework.request import Request

from registry.core.errors import DomainError, Stale

_ETAG = re.compile(r'^(?:W/)?"(\d{1,9})"$')


def etag(row_version: int) -> str:
    """The entity tag of a row version."""
    return f'"{row_version}"'


def expected_version(request: Request) -> int:
    """The row version that the caller has seen. Raises 428 without If-Match, 400 if malformed."""
    header = request.headers.get("If-Match", "")
    if not header:
        raise DomainError(
            "if_match_needed",
            _("Say which version you are changing."),
            field="If-Match",
            status=428,
            hint=_("Send the ETag of your last read as If-Match."),
        )
    match = _ETAG.match(header.strip())
    if not match:
        raise DomainError(
            "bad_etag", _("This is not an ETag of ours."), field="If-Match", status=400
        )
    return int(match.group(1))


def check_version(expected: int | None, actual: int) -> None:
    """Raises Stale where the row has changed since it was read. Called inside the lock."""
    if expected is not None and expected != actual:
        raise Stale(
            "stale",
            _("It has been changed in the meantime: you saw version %(seen)s, it is %(now)s.")
            % {"seen": expected, "now": actual},
            field="If-Match",
            hint=_("Read it again, look at the changes, and repeat yours."),
        )

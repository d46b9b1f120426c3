"""Language and time zone: the person's own, else the browser's, else the institution's.

REST speaks UTC alone, so that a row has one spelling, read or written, in a list or by itself.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


class PersonLanguage:
    """The request is answered in the person's language and time zone, REST in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        chosen = getattr(user, "language", "") or translation.get_language_from_request(request)
        zone = "UTC" if request.path.startswith("/api/") else getattr(user, "time_zone", "")
        with translation.override(chosen), timezone.override(_zone(zone)):
            request.LANGUAGE_CODE = translation.get_language() or "zh-hans"
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None

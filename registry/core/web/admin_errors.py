"""In the browser a refusal is a message on the page one came from, not an error page."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from registry.core.errors import DomainError, NotFound
from registry.core.web.wording import hint_of, message_of


class DomainErrorsAsMessages:
    """A DomainError raised by a page's POST is shown on the page it came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Presents the refusal; anything else goes on to Django."""
        if not isinstance(error, DomainError) or request.path.startswith("/api/"):
            return None
        if isinstance(error, NotFound) or request.method != "POST":
            return HttpResponse(message_of(error), status=error.status, content_type="text/plain")
        text = f"{message_of(error)} {hint_of(error)}".strip()
        messages.error(request, text)
        return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The page that the form stands on, within this site."""
    referer = urlsplit(request.headers.get("Referer", ""))
    if referer.netloc == request.get_host():
        return referer.path + (f"?{referer.query}" if referer.query else "")
    return request.path

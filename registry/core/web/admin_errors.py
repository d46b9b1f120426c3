"""In the browser a refusal is a page of ours: on the page one came from, or one with a way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from registry.core.errors import NotFound
from registry.core.web.wording import refusal_in, whole_text


class DomainErrorsAsMessages:
    """A refusal raised by a page's POST is shown on the page it came from; others are a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Presents the refusal; anything else goes on to Django."""
        refusal = refusal_in(error)
        if refusal is None or request.path.startswith("/api/"):
            return None
        text = whole_text(refusal)
        if isinstance(refusal, NotFound) or request.method != "POST":
            return refused(request, refusal.status, text)
        messages.error(request, text)
        return HttpResponseRedirect(_back(request))


def refused(
    request: HttpRequest,
    status: int,
    text: str,
    title: str = "",
    ways: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """The refusal as a page in the frame, with ways out: those given, and to the desk."""
    titles = {403: _("This is not open to you"), 404: _("There is nothing here")}
    told: dict[str, Any] = {
        "title": title or titles.get(status, _("This can't be done")),
        "text": text,
    }
    is_inside = hasattr(request, "user") and request.user.is_authenticated
    template = "mingce/refused.html" if is_inside else "mingce/refused_outside.html"
    told |= {"ways": ways or ([] if is_inside else [(_("Log in"), _login())])}
    return render(request, template, admin.site.each_context(request) | told, status=status)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403: what its own pages would do is done by the desk's buttons, or by nobody."""
    text = _("Rows come about and change through the buttons of the desk's pages only.")
    return refused(request, 403, text)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF failure: the form is older than the login; a way back, and one to log in."""
    text = _(
        "This form was opened before you signed in again, perhaps in another tab and as somebody "
        "else. Nothing has been saved. Open the page again and send it once more; with the "
        "browser's Back button you find what you typed."
    )
    ways = [(_("Open the page again"), _back(request)), (_("Log in again"), _login())]
    return refused(request, 403, text, title=_("This form has expired"), ways=ways)


def _login() -> str:
    return reverse("admin:login")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404, for machines and for people."""
    text = _("There is nothing here.")
    if request.path.startswith("/api/"):
        body = {
            "type": "urn:mingce:problem:not_found",
            "title": "not found",
            "status": 404,
            "code": "not_found",
            "detail": text,
        }
        return JsonResponse(body, status=404, content_type="application/problem+json")
    return refused(request, 404, _("The address may be mistyped, or the page has moved."))


def _back(request: HttpRequest) -> str:
    """The page that the form stands on, within this site."""
    referer = urlsplit(request.headers.get("Referer", ""))
    if referer.netloc == request.get_host():
        return referer.path + (f"?{referer.query}" if referer.query else "")
    return request.path

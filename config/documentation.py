"""The page of the API's documentation."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.views import SpectacularSwaggerSplitView


class DocumentationView(SpectacularSwaggerSplitView):
    """A browser in which nobody is signed in is led to the login; a program is refused."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """The page, or the login before it."""
        is_browser = "text/html" in request.headers.get("Accept", "")
        if is_browser and not request.user.is_authenticated and not _tells_who(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer


def _tells_who(request: HttpRequest) -> bool:
    return "Authorization" in request.headers

"""What every page of the desk shares: signed in, and framed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import get_language

from registry.core.people.models import User

P = ParamSpec("P")


class PersonRequest(HttpRequest):
    """A request of somebody who has signed in."""

    user: User


Page = Callable[Concatenate[PersonRequest, P], HttpResponseBase]


def page(view: Page[P]) -> Callable[..., HttpResponseBase]:
    """Only people who have signed in see the page; others are led to the login."""

    @wraps(view)
    def inner(request: PersonRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    guarded: Callable[..., HttpResponseBase] = staff_member_required(inner)
    return guarded


def show(
    request: HttpRequest, template: str, title: Any, context: dict[str, Any], status: int = 200
) -> TemplateResponse:
    """The page in the admin's frame."""
    frame = admin.site.each_context(request)
    told = frame | {"title": title} | context
    return TemplateResponse(request, f"desk/{template}.html", told, status=status)


def said(label: dict[str, str] | None) -> str:
    """A label of a pack, in the language of the page."""
    if not label:
        return ""
    return label["zh"] if (get_language() or "").startswith("zh") else label["en"]

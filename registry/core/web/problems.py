"""Errors as application/problem+json (RFC 9457) with a stable `code`. Never a 500 for bad input."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from registry.core.web.wording import hint_of, message_of, refusal_in

_CODES = {
    400: "malformed",
    401: "not_signed_in",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    field: str = "",
    hint: str = "",
    errors: list[dict[str, str]] | None = None,
    extra: dict[str, Any] | None = None,  # Any: JSON
    headers: dict[str, str] | None = None,
) -> Response:
    """The problem document."""
    body: dict[str, Any] = {  # Any: JSON
        "type": f"urn:mingce:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if field:
        body["field"] = field
    if hint:
        body["hint"] = hint
    if errors:
        body["errors"] = errors
    body.update(extra or {})
    return Response(body, status=status, headers=headers, content_type="application/problem+json")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:  # Any: DRF's signature
    """DRF's exception handler: every refusal as a problem; anything unknown stays a 500."""
    response = _answer(error)
    if response is not None:
        set_rollback()
        _speak_json(context.get("request"))
    return response


def _speak_json(request: Any) -> None:  # Any: DRF's request, or None
    """A problem is JSON, whatever the view would have answered with."""
    if request is not None:
        request.accepted_renderer = JSONRenderer()
        request.accepted_media_type = "application/problem+json"


def _answer(error: Exception) -> Response | None:
    refusal = refusal_in(error)
    if refusal is not None:
        return problem(
            refusal.status,
            refusal.code,
            message_of(refusal),
            field=refusal.field,
            hint=hint_of(refusal),
            extra=refusal.details,
        )
    if isinstance(error, Http404):
        return problem(404, "not_found", _("There is nothing here."))
    if isinstance(error, PermissionDenied):
        return problem(403, "not_permitted", _("This is not permitted."))
    if isinstance(error, RequestDataTooBig):
        return problem(413, "too_large", _("The request is too large."))
    if isinstance(error, SuspiciousOperation):
        return problem(400, "malformed", _("The request is malformed."))
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.APIException):
        return _api(error)
    return None


def _invalid(error: exceptions.ValidationError) -> Response:
    errors = list(_flat(error.detail, ""))
    first = errors[0] if errors else {"field": "", "message": ""}
    detail = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return problem(400, "invalid", detail, field=first["field"], errors=errors)


def _flat(detail: Any, path: str) -> Any:  # Any: DRF's nested details
    if isinstance(detail, dict):
        for key, value in detail.items():
            inner = "" if key == api_settings.NON_FIELD_ERRORS_KEY else str(key)
            yield from _flat(value, ".".join(part for part in (path, inner) if part))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            yield from _flat(value, f"{path}[{index}]" if nested else path)
    else:
        yield {"field": path, "message": str(detail), "code": str(getattr(detail, "code", ""))}


def _api(error: exceptions.APIException) -> Response:
    status = error.status_code
    headers: dict[str, str] = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(error.auth_header)  # type: ignore[attr-defined]  # DRF
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait or 1))  # type: ignore[attr-defined]  # DRF
    return problem(status, _CODES.get(status, "refused"), str(error.detail), headers=headers)

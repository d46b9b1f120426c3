"""The door itself: who calls, which call, and refusals as MLflow's clients understand them."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from governance.mlflow_compat.api.calls import CALLS
from governance.mlflow_compat.api.hooks import named
from governance.mlflow_compat.rules.naming import invalid
from governance.mlflow_compat.rules.parameters import Parameters, spelled
from governance.mlflow_compat.services.promoting import page
from registry.core.people.authentication import BearerAuthentication, by_token
from registry.core.people.models import User
from registry.core.people.queries import require
from registry.core.people.rules import Capability
from registry.core.web import problems
from registry.core.web.parsing import StrictJSONParser
from registry.core.web.rendering import ExactJSONRenderer
from registry.core.web.views import CallerRequest
from registry.core.web.wording import refusal_in, whole_text

logger = logging.getLogger(__name__)
SPEAKS = "3.17.2"  # the protocol of MLflow that is spoken
_LISTS = ("order_by", "stages")
_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "ENDPOINT_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
}
_OWN_CODES = {"resource_already_exists": "RESOURCE_ALREADY_EXISTS"}


class BasicAuthentication(BaseAuthentication):
    """User name and password; or a token in the password's place, quicker, and it can end."""

    def authenticate(self, request: Request) -> tuple[User, object] | None:
        """Who it is; None where there is no basic header."""
        scheme, _blank, told = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _colon, secret = base64.b64decode(told, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise exceptions.AuthenticationFailed(
                gettext("The basic credentials are malformed.")
            ) from error
        if secret.startswith("mc_"):
            return by_token(secret)
        user = authenticate(username=name, password=secret)
        if not isinstance(user, User):
            raise exceptions.AuthenticationFailed(gettext("User name or password is wrong."))
        return user, None


class MlflowView(APIView):
    """Every call of the protocol. It decides nothing: each is a line in `calls.CALLS`."""

    request: CallerRequest
    authentication_classes = (BearerAuthentication, BasicAuthentication)
    parser_classes: tuple[type[BaseParser], ...] = (StrictJSONParser,)
    renderer_classes = (ExactJSONRenderer,)

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Refusals in the protocol's form."""
        return _refused

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:  # Any: Django's
        """Who calls may read here, and is answered in the own language, by default in English."""
        if not request.headers.get("Accept-Language"):  # MLflow's clients send none
            translation.activate("en")
        super().initial(request, *args, **kwargs)
        if not isinstance(request.user, User):
            raise exceptions.NotAuthenticated(gettext("No token was sent."))
        if request.user.language:
            translation.activate(request.user.language)
        require(request.user, Capability.READ)

    @extend_schema(exclude=True)
    def get(self, request: CallerRequest, call: str) -> Response:
        """A question: its parameters stand in the address."""
        query = request.query_params
        told = {name: query.getlist(name) if name in _LISTS else query[name] for name in query}
        return self._answer("GET", call, told)

    @extend_schema(exclude=True)
    def post(self, request: CallerRequest, call: str) -> Response:
        """A change."""
        return self._answer("POST", call, request.data)

    @extend_schema(exclude=True)
    def patch(self, request: CallerRequest, call: str) -> Response:
        """A change of what exists."""
        return self._answer("PATCH", call, request.data)

    @extend_schema(exclude=True)
    def delete(self, request: CallerRequest, call: str) -> Response:
        """Something is taken away; the body says what."""
        return self._answer("DELETE", call, request.data)

    def _answer(self, method: str, call: str, told: Any) -> Response:  # Any: JSON
        listed, in_address = named(call)
        found = CALLS.get((method, listed))
        if found is None:
            return _problem(404, "ENDPOINT_NOT_FOUND", f"No call {method} {call} is known here.")
        if not isinstance(told, dict):
            raise invalid("The body must be a JSON object.", "")
        return Response(found(self.request.user, Parameters(spelled(told) | in_address)))


def _refused(error: Exception, context: dict[str, Any]) -> Response:  # Any: DRF's
    refusal = refusal_in(error)
    if refusal is not None:
        code = _OWN_CODES.get(refusal.code) or _CODES.get(refusal.status, "")
        status = refusal.status if code else 400
        set_rollback()
        return _problem(status, code or "INVALID_PARAMETER_VALUE", whole_text(refusal))
    answer = problems.handle(error, context)
    if answer is None:
        logger.error("a call of MLflow's protocol has failed", exc_info=error)
        set_rollback()
        return _problem(500, "INTERNAL_ERROR", "Something failed here; it has been written down.")
    status = answer.status_code if answer.status_code in _CODES else 400
    code = _CODES[status]
    if status == 405:
        status = 404  # as MLflow's server says it
    told = answer.data if isinstance(answer.data, dict) else {}
    detail = str(told.get("detail", ""))
    found = _problem(status, code, f"{detail} {_way_in()}" if status == 401 else detail)
    for name, value in answer.headers.items():
        if name.lower() in ("www-authenticate", "retry-after"):
            found.headers[name] = value
    return found


def _way_in() -> str:
    told = gettext(
        "Set MLFLOW_TRACKING_TOKEN to a token of yours; it is issued here: %(page)s, user menu,"
        " My tokens."
    )
    return told % {"page": page("/admin/")}


def _problem(status: int, code: str, message: str) -> Response:
    return Response({"error_code": code, "message": message}, status=status)


def health(request: HttpRequest) -> HttpResponse:
    """`OK`, as MLflow's server says."""
    return HttpResponse("OK", content_type="text/plain")


def version(request: HttpRequest) -> HttpResponse:
    """Which MLflow's protocol is spoken."""
    return HttpResponse(SPEAKS, content_type="text/plain")


def server_info(request: HttpRequest) -> HttpResponse:
    """What the client asks before it loads: there are no workspaces."""
    return JsonResponse({"store_type": "SqlStore", "workspaces_enabled": False})

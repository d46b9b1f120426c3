"""Who is calling: bearer tokens for machines and people, the session for the browser."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from registry.core.errors import DomainError
from registry.core.people import queries, services
from registry.core.people.models import Token, User


class PersonBackend(ModelBackend):
    """The login: people only, and not after too many wrong passwords."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The person, or None; a wrong name takes as long as a wrong password."""
        user = User.objects.filter(username=username or "").first()
        if user is None or password is None:
            make_password(password)
            return None
        try:
            return user if services.proves(user=user, password=password, door="login") else None
        except DomainError:
            return None


def by_token(secret: str) -> tuple[User, Token]:
    """The user and the token, whose scopes limit what the user may do.

    Raises AuthenticationFailed for an unknown, ended or revoked one.
    """
    token = queries.live_token(secret)
    if token is None:
        raise exceptions.AuthenticationFailed(_("This token is unknown, has ended or was revoked."))
    return token.user, token


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer mc_…`; the token's scopes limit what its owner may do."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """The user and the token; None where there is no bearer header."""
        scheme, _blank, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return by_token(secret.strip())

    def authenticate_header(self, request: Request) -> str:
        """What 401 answers with."""
        return 'Bearer realm="mingce"'


class BrowserSession(SessionAuthentication):
    """The signed-in browser, with CSRF protection."""


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its hook
    """What OpenAPI says of it."""

    target_class = "registry.core.people.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # Any: DRF's signature
        """HTTP bearer."""
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its hook
    """What OpenAPI says of it."""

    target_class = "registry.core.people.authentication.BrowserSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # Any: DRF's signature
        """The session cookie."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class SignedIn(BasePermission):
    """Somebody is signed in, and the action's button exists for them."""

    def has_permission(self, request: Request, view: Any) -> bool:  # Any: DRF's signature
        """Raises Forbidden naming the capability where the button does not exist."""
        if not isinstance(request.user, User) or not request.user.is_active:
            return False
        needed = getattr(view, "capabilities", {}).get(getattr(view, "action", None))
        if needed is not None:
            queries.require(request.user, needed)
        return True

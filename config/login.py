"""The login page's form."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.forms import AdminAuthenticationForm
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # the theme has no types
    """The theme's form, with an error that speaks to everybody who works here."""

    error_messages: ClassVar[dict[str, Any]] = {  # Any: lazy texts
        **AdminAuthenticationForm.error_messages,
        "invalid_login": _(
            "User name or password is wrong, or the account is not active. "
            "Capital and small letters differ."
        ),
    }

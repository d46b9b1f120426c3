"""The login page's form."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.forms import AdminAuthenticationForm
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.forms import AuthenticationForm

# What Django's password rules say; its own Chinese lacks the first and is rough in the others.
PASSWORD_RULES = (
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
    _("This password is too common."),
    _("This password is entirely numeric."),
    _("The password is too similar to the %(verbose_name)s."),
)


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # the theme has no types
    """The theme's form, with an error that speaks to everybody who works here."""

    error_messages: ClassVar[dict[str, Any]] = {  # Any: lazy texts
        **AdminAuthenticationForm.error_messages,
        "invalid_login": _(
            "User name or password is wrong, or the account is not active. Capital and small "
            "letters differ. After five wrong passwords the login stays closed, for the right one "
            "too: wait a quarter of an hour, or ask an administrator."
        ),
    }

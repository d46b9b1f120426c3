"""Fields of REST bodies whose refusals say what would do."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class ChoiceField(serializers.ChoiceField):
    """One of several words; a refusal lists them."""

    default_error_messages: ClassVar[dict[str, Any]] = {  # Any: lazy texts
        "invalid_choice": _("“{input}” is none of: {choices}.")
    }

    def fail(self, key: str, **kwargs: Any) -> NoReturn:  # Any: DRF's signature
        """Raises ValidationError."""
        super().fail(key, choices=", ".join(str(one) for one in self.choices if one), **kwargs)


class DigestField(serializers.RegexField):
    """A SHA-256, as `sha256sum` writes it."""

    default_error_messages: ClassVar[dict[str, Any]] = {  # Any: lazy texts
        "invalid": _("A SHA-256 is 64 hexadecimal digits (0-9, a-f), in lower case.")
    }

    def __init__(self, **kwargs: Any) -> None:  # Any: handed on
        super().__init__(r"^[0-9a-f]{64}$", **kwargs)

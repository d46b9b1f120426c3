"""A refusal in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from registry.core.errors import DomainError


def message_of(error: DomainError) -> str:
    """The translated message. Messages that services have translated already pass unchanged."""
    text = gettext(error.message)
    return text % error.params if error.params else text


def hint_of(error: DomainError) -> str:
    """The translated way out."""
    return gettext(error.hint) if error.hint else ""

"""A refusal in the reader's language, whoever refused: a rule, a service or the database."""

from __future__ import annotations

import re

from django.db import DatabaseError, DataError, IntegrityError
from django.utils.translation import gettext

from registry.core.errors import Conflict, DomainError

_VIOLATION = re.compile(r'(?:constraint|index) "([a-z0-9_]+)"')
# What PostgreSQL calls a value of the wrong form, or one too long.
_MALFORMED = {"22001", "22003", "22021", "22P02", "22P05", "22007", "22008"}


def message_of(error: DomainError) -> str:
    """The translated message. Messages that services have translated already pass unchanged."""
    text = gettext(error.message)
    return text % error.params if error.params else text


def hint_of(error: DomainError) -> str:
    """The translated way out."""
    return gettext(error.hint) if error.hint else ""


def whole_text(error: DomainError) -> str:
    """The message and the way out, for a page."""
    return f"{message_of(error)} {hint_of(error)}".strip()


# Deadlock, serialization failure: the other one went first.
_AGAIN = {"40P01", "40001"}


def refusal_in(error: Exception) -> DomainError | None:
    """The refusal that the error is; None where it is a fault of ours.

    A constraint or trigger that refuses is a refusal too: its name is the sentence it keeps true.
    """
    if isinstance(error, DomainError):
        return error
    if not isinstance(error, DatabaseError):
        return None
    cause = error.__cause__
    state = str(getattr(cause, "sqlstate", "") or "")
    if state.startswith("MC"):
        return Conflict("refused_by_database", str(cause).splitlines()[0])
    if state in _AGAIN:
        text = gettext("Somebody else changed the same at this moment; nothing was saved.")
        return Conflict("try_again", text, hint=gettext("Try once more."))
    if isinstance(error, IntegrityError):
        match = _VIOLATION.search(str(cause))
        name = match.group(1) if match else "constraint"
        return Conflict(
            "constraint",
            gettext("The database refuses this: %(rule)s.") % {"rule": name.replace("_", " ")},
            details={"constraint": name},
        )
    never_sent = isinstance(error, DataError) and not state  # the driver refused the value
    if never_sent or state in _MALFORMED:
        text = gettext("A value has the wrong form or is too long.")
        return DomainError("malformed", text, status=400)
    return None

"""Orders in words: what they limit, and whose word still lacks before they are lifted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from governance.suspensions.models import Order
from registry.core.people.models import User


def tell(user: User, orders: Iterable[Order]) -> list[Any]:
    """Each order with `limits_shown`, `waits` and `may_resume`, for the templates."""
    found: list[Any] = list(orders)
    for order in found:
        order.limits_shown = _limits(order)
        order.waits = waits(order)
        order.may_resume = user.pk not in (order.ordered_by_id, order.resume_asked_by_id)
    return found


def waits(order: Order) -> str:
    """Who has asked for resuming; empty where nobody has, or where it is lifted."""
    if order.state != "in_force" or order.resume_asked_by is None:
        return ""
    return _(
        "%(name)s has asked for resuming. It stays in force until a second officer confirms."
    ) % {"name": order.resume_asked_by.name}


def asked_or_lifted(order: Order) -> str:
    """What has come of a resuming, for whoever has just said so."""
    if order.state == "in_force":
        return _("Your word is recorded. The order stays in force until a second officer confirms.")
    return _("The order is lifted.")


def _limits(order: Order) -> str:
    """The limits; those that the system wrote in both languages, in the page's."""
    chinese, slash, english = order.limits.partition(" / ")
    if not slash or not order.reason.startswith("BR-09: "):
        return order.limits
    return chinese if (get_language() or "").startswith("zh") else english

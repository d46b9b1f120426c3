"""Stop and restrict at once, by one person; resume by others."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext as _

from governance.suspensions.models import Order, OrderKind, TargetType
from registry.catalogue.models import AIModel, ModelVersion
from registry.core import clock
from registry.core.errors import Conflict, DomainError, NotFound, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User, UserKind
from registry.core.people.queries import standing
from registry.core.people.rules import GRANTS, Capability
from registry.releases.models import Release
from registry.usecases.models import ModelUse

_MODELS: dict[str, Any] = {  # Any: model classes
    TargetType.RELEASE: Release,
    TargetType.VERSION: ModelVersion,
    TargetType.MODEL_USE: ModelUse,
    TargetType.MODEL: AIModel,
}


def order(
    *,
    actor: User,
    kind: str,
    target_type: str,
    target_id: uuid.UUID,
    reason: str,
    limits: str = "",
    given_by: str = "",
) -> Order:
    """The order is in force. It needs no approval, waits for nothing, and is seen at once.

    A stop or restriction locks nothing of its target: no other work can hold it up.
    """
    if kind not in OrderKind.values:
        raise DomainError("unknown_order", _("Unknown order."), field="kind", status=400)
    if target_type not in _MODELS:
        raise DomainError("unknown_target", _("Unknown target."), field="target_type", status=400)
    if len(reason.strip()) < 2:
        raise DomainError("reason_needed", _("Say why, in a few words."), field="reason")
    if not _MODELS[target_type].objects.filter(pk=target_id).exists():
        raise NotFound("not_found", _("There is nothing with this key."), field="target_id")
    with ledger.act(actor) as act:
        row = Order(
            kind=kind,
            target_type=target_type,
            target_id=target_id,
            reason=reason,
            limits=limits,
            given_by=given_by,
            ordered_by=actor,
            ordered_at=clock.now(),
        )
        return act.create(row, f"order.{kind}", target=target_id)


def resume(
    *,
    actor: User,
    order_id: uuid.UUID,
    reason: str,
    second_officer: User | None = None,
) -> Order:
    """恢复启用: others than the giver have lifted the order; a stop needs two named officers.

    Raises SegregationRefused (`own_order`) where the giver takes part.
    """
    if len(reason.strip()) < 6:
        raise DomainError(
            "reason_needed", _("State the root cause and the test that was done."), field="reason"
        )
    with ledger.act(actor) as act:
        row = ledger.lock(Order.objects.all(), order_id)
        if row.state != "in_force":
            raise Conflict("already_lifted", _("This order has been lifted already."))
        officers = {actor.pk} | ({second_officer.pk} if second_officer else set())
        if row.ordered_by_id in officers or actor.is_superuser:
            raise SegregationRefused(
                "own_order", _("Whoever gave the order does not take part in lifting it.")
            )
        if row.kind == OrderKind.STOP:
            _check_second(actor, second_officer)
        changes = {
            "state": "lifted",
            "lifted_by": actor,
            "confirmed_by": second_officer,
            "lifted_at": clock.now(),
            "lift_reason": reason,
        }
        return act.update(row, "order.lifted", changes)


def _check_second(actor: User, second: User | None) -> None:
    fit = (
        second is not None
        and second.pk != actor.pk
        and second.is_active
        and second.kind == UserKind.PERSON
        and not second.is_superuser
        and bool(standing(second).role_set & GRANTS[Capability.RESUME])
    )
    if not fit:
        raise DomainError(
            "second_officer",
            _("Lifting a stop needs a second named officer who may resume."),
            field="second_officer",
        )

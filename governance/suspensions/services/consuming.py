"""Who enforces stops: consumers are opened and closed, and acknowledge."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from governance.suspensions.models import (
    AcknowledgedAction,
    Acknowledgement,
    Consumer,
    Order,
    Posting,
)
from governance.suspensions.queries import consuming
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, NotFound
from registry.core.ledger import services as ledger
from registry.core.notices import rules as sealing
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.models import LegalEntity, User, UserKind
from registry.core.people.rules import Capability

OPENING_LOCK = 7301015  # one consumer is opened at a time: names and accounts are looked at first


@dataclass(frozen=True)
class NewConsumer:
    """What a consumer is opened with. address: of its webhook, if it has one."""

    name: str
    user: User
    entity: LegalEntity
    address: str = ""
    secret: str = ""


def open_consumer(*, actor: User, told: NewConsumer) -> tuple[Consumer, str]:
    """The machine account enforces stops in the entity and below; the secret, if made up here.

    Raises DomainError where the account is no machine's, or the host is not allowed; Conflict
    (`name_taken`, `account_taken`) where another has the name or the account, open or closed.
    """
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    if told.user.kind != UserKind.MACHINE or not told.user.is_active:
        said = _("Only a machine account enforces stops.")
        raise DomainError("no_machine", said, field="user")
    host = notices.check_host(told.address) if told.address else ""
    if told.address and told.secret:
        notices.check_secret(told.secret)
    made_up = notices.new_secret() if told.address and not told.secret else ""
    row = Consumer(name=told.name, user=told.user, entity=told.entity, opened_at=clock.now())
    if told.address:
        secret = told.secret or made_up
        row.host = host
        row.fingerprint = sealing.fingerprint(told.address, secret, keys=notices.vault_keys())
        row.sealed = sealing.seal(told.address, secret, notices.vault_keys())
    with ledger.act(actor) as act:
        _check_free(told)
        return act.create(row, "consumer.opened"), made_up


def _check_free(told: NewConsumer) -> None:
    """Nobody else has the name or the account, nor takes it at this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [OPENING_LOCK])
    if Consumer.objects.filter(name=told.name).exists():
        said = _("An enforcing system has this name already.")
        raise Conflict("name_taken", said, field="name")
    if Consumer.objects.filter(user=told.user).exists():
        said = _("This account stands for an enforcing system already.")
        raise Conflict("account_taken", said, field="user")


def close_consumer(*, actor: User, consumer_id: uuid.UUID) -> Consumer:
    """It enforces nothing any more; what is on its way to it is given up."""
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    with ledger.act(actor) as act:
        row = ledger.lock(Consumer.objects.all(), consumer_id)
        if not row.is_open:
            raise Conflict("closed_already", _("This enforcing system is closed already."))
        waiting = Posting.objects.filter(consumer=row, state="claimed")
        waiting.update(state="failed", error="the consumer was closed")
        return act.update(row, "consumer.closed", {"is_open": False})


def acknowledge(
    *, actor: User, order_id: uuid.UUID, action: str, applied_at: dt.datetime | None = None
) -> Acknowledgement:
    """The actor's consumer has applied the order, has its fallback, or resumed; each said once.

    applied_at: when (now, if left out). Raises NotFound for an order that is none of its.
    """
    people.require(actor, Capability.ACKNOWLEDGE_STOP)
    with ledger.act(actor) as act:
        # Its own row is locked, not the order's: whoever says so twice waits for oneself alone.
        mine = Consumer.objects.select_for_update(of=("self",)).filter(user=actor, is_open=True)
        consumer = mine.first()
        if consumer is None:
            raise Forbidden("no_consumer", _("This account stands for no enforcing system."))
        order = Order.objects.filter(pk=order_id).first()
        if order is None or not _is_of(consumer, order):
            raise NotFound("not_found", _("There is no such order for you."), field="id")
        moment = applied_at or clock.now()
        _check_moment(order, action, moment)
        known = Acknowledgement.objects.filter(order=order, consumer=consumer, action=action)
        if known.exists():
            raise Conflict("acknowledged_already", _("You have said so already."))
        row = Acknowledgement(
            order=order, consumer=consumer, action=action, applied_at=moment,
            received_at=clock.now(),
        )  # fmt: skip
        notices.settle(once_key=f"order:{order.pk}:late:{consumer.pk}")
        return act.create(row, f"order.{action}")


def _is_of(consumer: Consumer, order: Order) -> bool:
    """Whether the order concerns the consumer, or did when it was told."""
    told = Posting.objects.filter(order=order, consumer=consumer)
    return consuming.concerned(order).filter(pk=consumer.pk).exists() or told.exists()


def _check_moment(order: Order, action: str, moment: dt.datetime) -> None:
    if action not in AcknowledgedAction.values:
        raise DomainError("unknown_action", _("Unknown action."), field="action", status=400)
    earliest = order.ordered_at
    if action == AcknowledgedAction.RESUMED:
        if order.lifted_at is None:
            raise Conflict("still_in_force", _("This order is still in force."))
        earliest = order.lifted_at
    if not earliest <= moment <= clock.now():
        said = _("It was done after the order, and not in the future.")
        raise DomainError("moment_out_of_range", said, field="applied_at")

"""MLflow's webhooks are opened, changed and tried: they are webhooks like any other."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from governance.mlflow_compat.queries.webhooks import visible_webhooks
from governance.mlflow_compat.rules.naming import invalid
from governance.mlflow_compat.rules.webhooks import LONGEST
from governance.webhooks import services as webhooks
from governance.webhooks.models import ProtocolChoice, Subscription
from governance.webhooks.services import Changed, NewSubscription
from registry.core.ledger import services as ledger
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability

STATUSES = ("ACTIVE", "DISABLED")


@dataclass(frozen=True)
class Hook:
    """What is told of a webhook; None: it stays, or is left out."""

    name: str | None = None
    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    secret: str | None = None
    status: str | None = None


def create_webhook(*, actor: User, told: Hook) -> Subscription:
    """The receiver is told of what the actor may see, in MLflow's shape. Administrators only."""
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    _check(told)
    root = people.root_entity()
    assert root is not None  # noqa: S101 (there is an administrator of it)
    new = NewSubscription(
        name=told.name or "",
        address=told.url or "",
        types=list(told.events or ()),
        entity=root,
        secret=told.secret or "",
        description=told.description or "",
        protocol=ProtocolChoice.MLFLOW,
    )
    with ledger.act(actor):
        row, _secret = webhooks.open_subscription(actor=actor, told=new)
        if told.status == "DISABLED":
            return webhooks.pause_subscription(actor=actor, subscription_id=row.pk)
    return row


def update_webhook(*, actor: User, webhook_id: str, told: Hook) -> Subscription:
    """What is told is changed, the rest stays; another secret counts at once."""
    row = _found(actor, webhook_id)
    _check(told)
    changed = Changed(
        name=told.name, description=told.description, types=told.events, address=told.url,
        secret=told.secret if told.url is not None else None,
    )  # fmt: skip
    with ledger.act(actor):
        if any(value is not None for value in vars(changed).values()):
            row = webhooks.change_subscription(actor=actor, subscription_id=row.pk, told=changed)
        if told.secret and told.url is None:
            row, _made = webhooks.rotate_secret(
                actor=actor, subscription_id=row.pk, secret=told.secret, overlap_hours=0
            )
        if told.status == "DISABLED" and row.state == "open":
            row = webhooks.pause_subscription(actor=actor, subscription_id=row.pk)
        if told.status == "ACTIVE" and row.state != "open":
            row = webhooks.resume_subscription(actor=actor, subscription_id=row.pk)
    return row


def delete_webhook(*, actor: User, webhook_id: str) -> None:
    """Nothing goes there any more."""
    webhooks.close_subscription(actor=actor, subscription_id=_found(actor, webhook_id).pk)


def key_of(actor: User, webhook_id: str) -> uuid.UUID:
    """The webhook's key. Raises Forbidden for others than administrators, NotFound."""
    return _found(actor, webhook_id).pk


def _found(actor: User, webhook_id: str) -> Subscription:
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    return get_or_refuse(visible_webhooks(actor), webhook_id)


def _check(told: Hook) -> None:
    for field, most in LONGEST.items():
        value = getattr(told, field)
        if value is not None and (len(value) > most or "\x00" in value):
            raise invalid("'%(field)s' has at most %(most)s characters.", field,
                          field=field, most=most)  # fmt: skip
    if told.status is not None and told.status not in STATUSES:
        raise invalid("'status' is ACTIVE or DISABLED.", "status")

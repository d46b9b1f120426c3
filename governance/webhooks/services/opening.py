"""Webhooks are opened, changed, given another secret, paused, resumed, closed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from governance.webhooks import queries
from governance.webhooks.models import (
    SUBSCRIPTION_STATES,
    DisabledBecause,
    Pace,
    ProtocolChoice,
    Sending,
    Subscription,
    SubscriptionState,
)
from governance.webhooks.services.claiming import wake
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.notices import rules as outgoing
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.models import LegalEntity, User
from registry.core.people.rules import Capability
from registry.core.web.concurrency import check_version

MOST_TYPES = 200
MOST_MODELS = 200
LONGEST_OVERLAP_HOURS = 24 * 7
MLFLOW_SECRET = 500  # characters


@dataclass(frozen=True)
class NewSubscription:
    """What a webhook is opened with. secret: left out, one is made up (MLflow's have none then).

    of_models: keys of models; none: all. is_paused: it begins when it is resumed.
    """

    name: str
    address: str
    types: Sequence[str]
    entity: LegalEntity
    secret: str = ""
    description: str = ""
    of_models: Sequence[uuid.UUID] = ()
    protocol: str = ProtocolChoice.CLOUDEVENTS


def open_subscription(*, actor: User, told: NewSubscription) -> tuple[Subscription, str]:
    """What happens from now on is told there; the secret, where it was made up here.

    Raises DomainError for an unknown event, an address that may not be reached, a weak secret.
    """
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    is_ours = told.protocol == ProtocolChoice.CLOUDEVENTS
    made_up = notices.new_secret() if is_ours and not told.secret else ""
    secrets = [told.secret or made_up] if told.secret or made_up else []
    row = Subscription(
        name=told.name,
        description=told.description,
        protocol=told.protocol,
        entity=told.entity,
        types=sorted(set(told.types)),
        of_models=_models(told.of_models),
        opened_by=actor,
        opened_at=clock.now(),
        **_sealed(told.protocol, told.address, secrets),
    )
    _check_types(row)
    with ledger.act(actor) as act:
        row.from_seq, _hash = ledger_queries.head()
        act.create(row, "webhook.opened")
        Pace.objects.create(subscription=row, seq=row.from_seq)
    return row, made_up


@dataclass(frozen=True)
class Changed:
    """What is changed; None: it stays. secret: with a new address, where the former are lost."""

    name: str | None = None
    description: str | None = None
    types: Sequence[str] | None = None
    of_models: Sequence[uuid.UUID] | None = None
    entity: LegalEntity | None = None
    address: str | None = None
    secret: str | None = None


def change_subscription(
    *,
    actor: User,
    subscription_id: uuid.UUID,
    told: Changed,
    expected_version: int | None = None,
) -> Subscription:
    """The webhook is as told from now on; what waits goes to the new address.

    Raises DomainError (`sealed`) for an address without a secret where the key is lost.
    """
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    with ledger.act(actor) as act:
        row = _locked(subscription_id)
        check_version(expected_version, row.row_version)
        changes: dict[str, Any] = {  # Any: column values
            name: value
            for name, value in vars(told).items()
            if value is not None and name not in ("address", "secret", "types", "of_models")
        }
        if told.types is not None:
            changes["types"] = sorted(set(told.types))
            _check_types(row, changes["types"])
        if told.of_models is not None:
            changes["of_models"] = _models(told.of_models)
        changes |= _renewed(row, told)
        if not changes:
            raise DomainError("nothing_told", _("Nothing is told that could change."))
        return act.update(row, "webhook.changed", changes)


def _renewed(row: Subscription, told: Changed) -> dict[str, Any]:  # Any: column values
    """The columns about address and secrets. With both told, nothing needs to be opened."""
    if told.address is None:
        if told.secret:
            raise DomainError(
                "no_address",
                _("Name the new address with it, or exchange the secret alone."),
                field="address",
            )
        return {}
    if told.secret:
        return _sealed(row.protocol, told.address, [told.secret]) | {"previous_until": None}
    _address, *secrets = _opened(row)
    return dict(_sealed(row.protocol, told.address, secrets, is_known=True))


def _opened(row: Subscription) -> list[str]:
    """Address and secrets. Raises DomainError where no key opens them."""
    try:
        return outgoing.unseal_all(row.sealed, notices.vault_keys())
    except ValueError as error:
        raise DomainError(
            "sealed",
            _("The key that sealed the address and secrets of “%(name)s” is not there any more.")
            % {"name": row.name},
            field="secret",
            hint=_("Give a new address together with a new secret, or close it and open another."),
        ) from error


def rotate_secret(
    *, actor: User, subscription_id: uuid.UUID, secret: str = "", overlap_hours: int = 24
) -> tuple[Subscription, str]:
    """Another secret signs; the former one too, for so many hours. The one that was made up here.

    Raises DomainError for a weak secret, for more than a week, and where the key is lost.
    """
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    if not 0 <= overlap_hours <= LONGEST_OVERLAP_HOURS:
        said = _("Both secrets sign for 0 to %(most)s hours.") % {"most": LONGEST_OVERLAP_HOURS}
        raise DomainError("overlap_out_of_range", said, field="overlap_hours")
    made_up = "" if secret else notices.new_secret()
    with ledger.act(actor) as act:
        row = _locked(subscription_id)
        address, *before = _opened(row)
        former = before[:1] if overlap_hours else []
        changes: dict[str, Any] = _sealed(  # Any: column values
            row.protocol, address, [secret or made_up, *former]
        )
        until = clock.now() + dt.timedelta(hours=overlap_hours)
        changes["previous_until"] = until if former else None
        return act.update(row, "webhook.rotated", changes), made_up


def pause_subscription(*, actor: User, subscription_id: uuid.UUID) -> Subscription:
    """Nothing goes there until it is resumed; then everything that happened meanwhile."""
    return _move(actor, subscription_id, SubscriptionState.PAUSED, "webhook.paused")


def resume_subscription(*, actor: User, subscription_id: uuid.UUID) -> Subscription:
    """What happened since it stopped is told, and so is what follows."""
    with ledger.act(actor):
        row = _move(actor, subscription_id, SubscriptionState.OPEN, "webhook.resumed")
        Pace.objects.filter(subscription=row).update(
            failures=0, failing_since=None, rest_until=None
        )
        waiting = Sending.objects.filter(subscription=row, state="claimed")
        waiting.update(attempts=0, try_at=clock.now())
        transaction.on_commit(wake, robust=True)
    return row


def close_subscription(*, actor: User, subscription_id: uuid.UUID) -> Subscription:
    """Nothing goes there any more, for good; what waits is given up, the secrets are forgotten."""
    with ledger.act(actor):
        row = _move(actor, subscription_id, SubscriptionState.CLOSED, "webhook.closed", sealed="")
        waiting = Sending.objects.filter(subscription=row, state="claimed")
        waiting.update(state="failed", error="the webhook was closed")
    return row


def disable(*, subscription_id: uuid.UUID, because: DisabledBecause) -> bool:
    """Nothing goes there until somebody resumes it, who has been told; whether it was open."""
    with ledger.act(people.system()) as act:
        row = ledger.lock(Subscription.objects.all(), subscription_id)
        if row.state != SubscriptionState.OPEN:
            return False
        changes = {"state": SubscriptionState.DISABLED, "because": because}
        act.update(row, "webhook.disabled", changes)
    return True


def _move(
    actor: User, subscription_id: uuid.UUID, to: SubscriptionState, kind: str, **more: str
) -> Subscription:
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    with ledger.act(actor) as act:
        row = ledger.lock(Subscription.objects.all(), subscription_id)
        SUBSCRIPTION_STATES.check(row, to)
        return act.update(row, kind, {"state": to, "because": "", **more})


def _locked(subscription_id: uuid.UUID) -> Subscription:
    """The row, which is not closed. Raises Conflict."""
    row = ledger.lock(Subscription.objects.all(), subscription_id)
    if row.state == SubscriptionState.CLOSED:
        raise Conflict("closed_already", _("This webhook is closed already."))
    return row


def _check_types(row: Subscription, told: Sequence[str] | None = None) -> None:
    types = row.types if told is None else told
    protocol = queries.protocol_of(row)
    unknown = sorted(one for one in types if not protocol.kinds([one]))
    if unknown or not types or len(types) > MOST_TYPES:
        raise DomainError(
            "unknown_types",
            _("No event is called so: %(names)s.") % {"names": ", ".join(unknown)[:200]}
            if unknown
            else _("Name 1 to %(most)s events.") % {"most": MOST_TYPES},
            field="types",
            hint=_(
                "Name kinds of events, or beginnings of them such as “release.*”; GET"
                " /api/v1/webhooks/types/ lists them."
            ),  # fmt: skip
        )


def _models(keys: Sequence[uuid.UUID]) -> list[str]:
    if len(keys) > MOST_MODELS:
        said = _("At most %(most)s models are named.") % {"most": MOST_MODELS}
        raise DomainError("too_many_models", said, field="models")
    return sorted({str(one) for one in keys})


def _sealed(
    protocol: str, address: str, secrets: Sequence[str], *, is_known: bool = False
) -> dict[str, str]:
    """The columns about address and secrets, which are looked at first (if they are not known)."""
    if not is_known:
        for secret in secrets:
            _check_secret(protocol, secret)
    return {
        "host": check_address(address),
        "fingerprint": outgoing.fingerprint(address, *secrets, keys=notices.vault_keys()),
        "sealed": outgoing.seal_all([address, *secrets], notices.vault_keys()),
    }


def _check_secret(protocol: str, secret: str) -> None:
    if protocol == ProtocolChoice.CLOUDEVENTS:
        notices.check_secret(secret)
    elif not secret or len(secret) > MLFLOW_SECRET:
        said = _("The secret has 1 to %(most)s characters.") % {"most": MLFLOW_SECRET}
        raise DomainError("weak_secret", said, field="secret")


def check_address(address: str) -> str:
    """The origin, as it is shown. Raises DomainError for what may not be reached.

    Where a name leads is looked at again whenever it is connected to.
    """
    try:
        place = outgoing.place_of(address)
    except ValueError:
        said = _("This is no address of http or https.")
        raise DomainError("bad_address", said, field="address") from None
    if notices.allowed().why_not_named(place):
        raise DomainError(
            "address_not_allowed",
            _("Nothing may be sent to %(host)s from here.") % {"host": place.origin[:100]},
            field="address",
            hint=_(
                "https to the public Internet is open%(only)s. The operators list other hosts in"
                " MINGCE_WEBHOOK_ALLOWED_HOSTS, networks in MINGCE_WEBHOOK_ALLOWED_NETWORKS."
            )
            % {"only": _(" only where listed") if settings.WEBHOOK_ONLY_ALLOWED else ""},
        )
    return place.origin

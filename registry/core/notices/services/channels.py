"""Channels' verbs: open one, close it, try it, try again what has failed."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.ledger import services as ledger
from registry.core.notices import rules
from registry.core.notices.models import KINDS, Channel, Delivery
from registry.core.notices.rules import CARRYING_MANY, Way
from registry.core.people import queries as people
from registry.core.people.models import LegalEntity, User
from registry.core.people.rules import Capability


@dataclass(frozen=True)
class NewChannel:
    """What a channel is opened with. secret: of a robot, or left out for one that we make up."""

    name: str
    way: str
    address: str
    kinds: Sequence[str]
    entity: LegalEntity
    secret: str = ""
    language: str = "zh-hans"


def open_channel(*, actor: User, told: NewChannel) -> tuple[Channel, str]:
    """What people are told from now on goes there too; the secret where it was made up here.

    Raises DomainError for a host that the operators have not allowed, a kind that is unknown.
    """
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    host = _check(told)
    made_up = "" if told.secret or told.way in CARRYING_MANY else new_secret()
    secret = told.secret or made_up
    row = Channel(
        name=told.name,
        way=told.way,
        entity=told.entity,
        kinds=sorted(set(told.kinds)),
        language=told.language,
        host=host,
        fingerprint=rules.fingerprint(told.address, secret, keys=vault_keys()),
        sealed=rules.seal(told.address, secret, vault_keys()),
        opened_at=clock.now(),
    )
    with ledger.act(actor) as act:
        if Channel.objects.filter(name=told.name).exists():
            raise Conflict("name_taken", _("A channel has this name already."), field="name")
        return act.create(row, "channel.opened"), made_up


def close_channel(*, actor: User, channel_id: uuid.UUID) -> Channel:
    """Nothing more goes there; what waits for it is given up."""
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    with ledger.act(actor) as act:
        row = ledger.lock(Channel.objects.all(), channel_id)
        if not row.is_open:
            raise Conflict("closed_already", _("This channel is closed already."))
        waiting = Delivery.objects.filter(channel=row, state="claimed")
        waiting.update(state="failed", error="the channel was closed")
        return act.update(row, "channel.closed", {"is_open": False})


def try_channel(*, actor: User, channel_id: uuid.UUID) -> Delivery:
    """A test message is on its way; the log tells within a minute whether it was taken."""
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    row = Channel.objects.get(pk=channel_id)
    if not row.is_open:
        raise Conflict("closed_already", _("This channel is closed already."))
    moment = clock.now()
    return Delivery.objects.create(
        channel=row, action="test", key=str(uuid.uuid4()), day=clock.today(), try_at=moment
    )


def retry_failed(*, actor: User, channel_id: uuid.UUID) -> int:
    """What has failed on the channel is tried again; returns how many."""
    people.require_everywhere(actor, Capability.MANAGE_CHANNELS)
    failed = Delivery.objects.filter(channel=channel_id, channel__is_open=True, state="failed")
    failed = failed.exclude(action="open", notice__settled_at__isnull=False)
    return failed.update(state="claimed", attempts=0, try_at=clock.now())


def vault_keys() -> list[str]:
    """The keys outside the database that seal and open channels."""
    return settings.VAULT_KEYS or [settings.SECRET_KEY]


def new_secret() -> str:
    """A secret for signing, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _check(told: NewChannel) -> str:
    """The host, as it is shown. Raises DomainError naming the field."""
    if told.way not in set(Way):
        raise DomainError("unknown_way", _("Unknown way."), field="way", status=400)
    unknown = sorted(set(told.kinds) - set(KINDS))
    if unknown or not told.kinds:
        raise DomainError(
            "unknown_kinds",
            _("Choose at least one kind of notices."),
            field="kinds",
            hint=_("Possible: %(names)s.") % {"names": ", ".join(KINDS)},
        )
    if not settings.PUBLIC_URL:
        raise DomainError(
            "no_public_url",
            _("Links would lead nowhere: this installation does not know its own address."),
            hint=_("The operators set MINGCE_PUBLIC_URL."),
        )
    if told.secret and told.way in (Way.WEBHOOK, Way.TODO):
        check_secret(told.secret)
    return check_host(told.address)


def check_secret(secret: str) -> None:
    """Raises DomainError where the secret is too short to sign with, or no base64."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not 24 <= len(key) <= 64:
        raise DomainError(
            "weak_secret",
            _("The secret is 24 to 64 bytes in base64, with or without “whsec_”."),
            field="secret",
            hint=_("Leave it out, and one is made up."),
        )


def check_host(address: str) -> str:
    """The host, where the operators allow it: this is no way into the bank's network."""
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    host = parts.netloc if parts.scheme == "https" else f"{parts.scheme}://{parts.netloc}"
    if host not in settings.OUTBOUND_HOSTS or parts.username or len(address) > 2_000:
        raise DomainError(
            "host_not_allowed",
            _("Nothing may be sent to %(host)s from here.") % {"host": host[:100] or "–"},
            field="address",
            hint=_("The operators list allowed hosts in MINGCE_OUTBOUND_HOSTS: %(hosts)s.")
            % {"hosts": ", ".join(settings.OUTBOUND_HOSTS)},
        )
    return host

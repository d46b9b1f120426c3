"""Webhooks: who is told of which entries of the ledger, how far, and what became of it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import LegalEntity, User
from registry.core.transitions import Transitions


class SubscriptionState(models.TextChoices):
    """How a subscription stands."""

    OPEN = "open", _("in operation")
    PAUSED = "paused", _("paused")
    DISABLED = "disabled", _("disabled")
    CLOSED = "closed", _("closed")


class DisabledBecause(models.TextChoices):
    """Why nothing goes there any more."""

    GONE = "gone", _("the receiver has said that it is gone (410)")
    FAILING = "failing", _("nothing but failures for five days")


class ProtocolChoice(models.TextChoices):
    """In which shape the receiver is told."""

    CLOUDEVENTS = "cloudevents", "CloudEvents"
    MLFLOW = "mlflow", "MLflow"


class SendingState(models.TextChoices):
    """What has become of a message, as of deliveries over channels."""

    CLAIMED = "claimed", _("waiting to be sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("not delivered")


SUBSCRIPTION_STATES = Transitions.table(
    "state",
    "open",
    {
        "open": ["paused", "disabled", "closed"],
        "paused": ["open", "closed"],
        "disabled": ["open", "closed"],
    },
)


class Subscription(Governed):
    """A receiver that is told of events: entries of some kinds, about what lies in an entity.

    types: kinds of entries and beginnings of them (`release.*`); of MLflow its own events.
    of_models: keys of the models that alone are told of; none: all. from_seq: the last entry before
    it. Of address and secrets the ledger knows the fingerprint; the secret before this one signs
    too, as long as previous_until says. opened_by: with whose eyes MLflow's way sees.
    """

    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=500, blank=True)
    protocol = models.CharField(
        _("protocol"), max_length=12, choices=ProtocolChoice, default=ProtocolChoice.CLOUDEVENTS
    )
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    types = models.JSONField(_("events"), default=list)
    of_models = models.JSONField(_("models"), default=list, blank=True)
    host = models.CharField(_("host"), max_length=300)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    sealed = models.TextField(editable=False)
    previous_until = models.DateTimeField(_("former secret signs until"), null=True, blank=True)
    state = models.CharField(
        _("state"), max_length=8, choices=SubscriptionState, default=SubscriptionState.OPEN
    )
    because = models.CharField(
        _("disabled because"), max_length=8, choices=DisabledBecause, blank=True
    )
    opened_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("opened by")
    )
    opened_at = models.DateTimeField(_("opened at"))
    from_seq = models.BigIntegerField(_("after entry"))
    derived_fields: ClassVar[tuple[str, ...]] = ("sealed",)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("name", "id")
        triggers = (
            *guarded(
                "governance.subscription",
                immutable=("protocol", "opened_by_id", "opened_at", "from_seq"),
            ),
            follows(SUBSCRIPTION_STATES),
        )
        constraints = (
            models.CheckConstraint(
                name="a_disabled_webhook_says_why",
                condition=(Q(state="disabled") & ~Q(because=""))
                | (~Q(state="disabled") & Q(because="")),
            ),
        )

    def __str__(self) -> str:
        return self.name


class Pace(models.Model):
    """How far a subscription has been told, and how its receiver fares. Operational.

    seq: the last entry that was looked at; failures: attempts that have failed one after another;
    failing_since: the first of them; rest_until: before that nothing is tried.
    """

    subscription = models.OneToOneField(
        Subscription, models.PROTECT, primary_key=True, related_name="pace"
    )
    seq = models.BigIntegerField()
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    rest_until = models.DateTimeField(null=True, blank=True)
    last_sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "webhook's pace"
        verbose_name_plural = "webhooks' paces"

    def __str__(self) -> str:
        return str(self.seq)


class Sending(models.Model):
    """An entry on its way to a subscription's receiver, or a test. Operational: pruned by age.

    It is claimed before it is sent: whoever dies in between leaves it claimed, and it is sent again
    under the same message id, which is the entry's own. seq: of the entry; none for a test. Its
    body is composed anew from the ledger, and not kept. tries: the last attempts, each with its
    moment, status, milliseconds and reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="sendings", verbose_name=_("webhook")
    )
    message_id = models.UUIDField(_("message"))
    seq = models.BigIntegerField(_("entry"), null=True, blank=True)
    kind = models.CharField(_("event"), max_length=80)
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=SendingState,
        default=SendingState.CLAIMED,
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claimed_at = models.DateTimeField(_("begun at"))
    try_at = models.DateTimeField(_("next try"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    status = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    tries = models.JSONField(_("tries"), default=list, blank=True)

    class Meta:
        verbose_name = _("webhook's message")
        verbose_name_plural = _("webhooks' messages")
        ordering = ("-claimed_at", "-id")
        constraints = (
            models.UniqueConstraint(
                name="an_entry_is_sent_once_to_a_webhook", fields=["subscription", "message_id"]
            ),
        )
        indexes = (
            models.Index(
                fields=["subscription", "try_at"],
                name="webhooks_to_try",
                condition=Q(state="claimed"),
            ),
            models.Index(
                fields=["subscription", "-claimed_at", "-id"], name="messages_of_a_webhook"
            ),
            models.Index(fields=["claimed_at"], name="messages_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"

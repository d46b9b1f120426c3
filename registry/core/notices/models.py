"""The inbox: what a person is told, and the ways on which it leaves the house."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import guarded
from registry.core.ledger.models import Governed
from registry.core.notices.rules import Way
from registry.core.people.models import LegalEntity, User

KINDS = (
    "approval", "grade", "review", "clock", "delegation", "person", "dispatch", "order", "breach",
    "webhook", "sighting",
)  # fmt: skip


class WayChoice(models.TextChoices):
    """The ways out in words."""

    WECOM = Way.WECOM.value, _("WeCom robot")
    DINGTALK = Way.DINGTALK.value, _("DingTalk robot")
    FEISHU = Way.FEISHU.value, _("Feishu robot")
    WEBHOOK = Way.WEBHOOK.value, _("signed webhook")
    TODO = Way.TODO.value, _("to-do list")


class Channel(Governed):
    """A way out of the house besides mail: a group robot, a signed webhook, a to-do list 统一待办.

    kinds: the first words of the kinds of notices that it carries; entity: it carries what people
    with a role in this entity or below are told. Address and secret are sealed with a key outside
    the database; the ledger knows their fingerprint.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    way = models.CharField(
        _("way"),
        max_length=10,
        choices=WayChoice,
    )
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    kinds = models.JSONField(_("kinds of notices"), default=list)
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        default="zh-hans",
    )
    host = models.CharField(_("host"), max_length=200)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    sealed = models.TextField(editable=False)
    is_open = models.BooleanField(_("open"), default=True)
    opened_at = models.DateTimeField(_("opened at"))
    derived_fields: ClassVar[tuple[str, ...]] = ("sealed",)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ("name",)
        triggers = guarded("registry.channel", immutable=("way",))

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """Something on its way out: a person's digest of a day by mail, or a notice over a channel.

    It is claimed before it is sent: whoever dies in between leaves it claimed, and it is sent again
    under the same message id. Operational: what it tells lies in the inbox. key: what is sent once
    over a channel; is_over: the to-do that it opened has been closed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, blank=True, related_name="deliveries",
        verbose_name=_("channel"),
    )  # fmt: skip
    notice = models.ForeignKey("Notice", models.PROTECT, null=True, blank=True, related_name="+")
    action = models.CharField(
        _("action"),
        max_length=6,
        choices=[
            ("digest", _("digest")), ("tell", _("message")), ("open", _("to-do opened")),
            ("close", _("to-do closed")), ("test", _("test")),
        ],
        default="digest",
    )  # fmt: skip
    key = models.CharField(max_length=250, blank=True)
    day = models.DateField(_("day"))
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=[("claimed", _("being sent")), ("sent", _("sent")), ("failed", _("failed"))],
        default="claimed",
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    try_at = models.DateTimeField(_("next try"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    is_over = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-day", "-id")
        constraints = (
            models.UniqueConstraint(
                name="one_digest_a_day", fields=["user", "day"], condition=Q(channel=None)
            ),
            models.UniqueConstraint(
                name="a_channel_tells_once",
                fields=["channel", "action", "key"],
                condition=Q(channel__isnull=False),
            ),
            models.CheckConstraint(
                name="a_digest_is_somebodys_all_else_is_a_channels",
                condition=Q(action="digest", channel=None, user__isnull=False)
                | Q(~Q(action="digest"), channel__isnull=False, user=None),
            ),
        )
        indexes = (
            models.Index(
                fields=["channel", "try_at"],
                name="deliveries_to_try",
                condition=Q(state="claimed"),
            ),
            models.Index(
                fields=["channel", "notice"],
                name="open_todos",
                condition=Q(action="open", is_over=False),
            ),
            models.Index(fields=["channel", "-sent_at"], name="deliveries_of_a_channel"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.day}"


class Notice(models.Model):
    """One line in somebody's inbox. Operational: its cause stands in the ledger.

    is_task: something has to be done, and then it is settled; stays_inside: it is about a
    confidential model, so that no channel carries it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=60)
    text_zh = models.CharField(max_length=500)
    text_en = models.CharField(max_length=500)
    link = models.CharField(max_length=300, blank=True)
    once_key = models.CharField(max_length=200)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    is_task = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    stays_inside = models.BooleanField(default=False)
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, null=True, blank=True, related_name="notices"
    )

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-sent_at", "-id")
        constraints = (
            models.UniqueConstraint(name="a_person_is_told_once", fields=["user", "once_key"]),
        )
        indexes = (
            models.Index(
                fields=["user", "-sent_at"],
                name="unread_by_user",
                condition=Q(read_at__isnull=True),
            ),
            models.Index(
                fields=["user", "sent_at"],
                name="notices_to_deliver",
                condition=Q(read_at__isnull=True, delivery__isnull=True),
            ),
            models.Index(
                fields=["once_key"],
                name="unsettled_notices",
                opclasses=["text_pattern_ops"],
                condition=Q(settled_at__isnull=True),
            ),
            models.Index(fields=["sent_at"], name="notices_by_age"),
        )

    def __str__(self) -> str:
        return self.text_zh

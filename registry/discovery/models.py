"""Other systems that are looked at, what they show, and the differences people decide about."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.catalogue.models import AIModel, ModelVersion
from registry.core.ledger.guards import Guard, follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import LegalEntity, User
from registry.core.transitions import Transitions
from registry.discovery.rules import Difference
from registry.releases.models import Deployment, Environment, Release


class SourceKind(models.TextChoices):
    """The systems that can be read."""

    MLFLOW = "mlflow", _("MLflow model registry")
    KUBEFLOW = "kubeflow", _("Kubeflow model registry")
    SAGEMAKER = "sagemaker", _("SageMaker model registry")
    HUGGINGFACE = "huggingface", _("Hugging Face hub")


class Source(Governed):
    """来源: a system that holds models or runs them, and is looked at.

    environment: what it stands for; words: its stages and aliases that mean `runs there`; scope:
    which part of it, where it needs to be named. Address and credentials are sealed with a key
    outside the database; the ledger knows their fingerprint.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=SourceKind)
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    environment = models.CharField(_("environment"), max_length=12, choices=Environment)
    words = models.JSONField(_("words for what runs"), default=list, blank=True)
    scope = models.CharField(_("part of it"), max_length=200, blank=True)
    host = models.CharField(_("host"), max_length=200)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    sealed = models.TextField(editable=False)
    is_open = models.BooleanField(_("open"), default=True)
    opened_at = models.DateTimeField(_("opened at"))
    derived_fields: ClassVar[tuple[str, ...]] = ("sealed",)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ("name",)
        triggers = guarded("registry.source", immutable=("name", "kind", "entity_id", "opened_at"))

    def __str__(self) -> str:
        return self.name


class ScanState(models.TextChoices):
    """A scan waits for its turn, runs, and ends well or badly."""

    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class ScanReason(models.TextChoices):
    """Why a source is looked at."""

    NIGHTLY = "nightly", _("every night")
    LOOK = "look", _("hourly look at what has changed")
    WEBHOOK = "webhook", _("woken by the source")
    BY_HAND = "by_hand", _("asked for")


class Scan(models.Model):
    """One look at a source. Operational: what it found stands in sightings, which are governed.

    is_whole: everything was listed, so that what is missing shows; watermark: up to where changes
    are known; trouble, detail: why it could not be read.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    source = models.ForeignKey(
        Source, models.PROTECT, related_name="scans", verbose_name=_("source")
    )
    state = models.CharField(_("state"), max_length=8, choices=ScanState)
    reason = models.CharField(_("why"), max_length=8, choices=ScanReason)
    is_whole = models.BooleanField(_("whole"), default=True)
    asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    seen = models.PositiveIntegerField(_("seen"), default=0)
    matched = models.PositiveIntegerField(_("matched"), default=0)
    opened = models.PositiveIntegerField(_("new differences"), default=0)
    gone = models.PositiveIntegerField(_("differences gone"), default=0)
    watermark = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(_("trouble"), max_length=20, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        ordering = ("-asked_at", "-id")
        constraints = (
            models.UniqueConstraint(
                name="one_scan_of_a_source_waits", fields=["source"], condition=Q(state="waiting")
            ),
            models.UniqueConstraint(
                name="one_scan_of_a_source_runs", fields=["source"], condition=Q(state="running")
            ),
        )
        indexes = (
            models.Index(fields=["source", "-asked_at"], name="scans_of_a_source"),
            models.Index(fields=["-asked_at", "-id"], name="scans_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.source_id} {self.asked_at:%Y-%m-%d %H:%M}"


class Seen(models.Model):
    """A version as a source shows it. Operational: a copy of what somebody else holds.

    is_there: in the last whole list, or seen since.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    source = models.ForeignKey(Source, models.PROTECT, related_name="things")
    name = models.CharField(_("name there"), max_length=512)
    version = models.CharField(_("version there"), max_length=60)
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    words = models.JSONField(default=list)
    runs = models.BooleanField(default=False)
    endpoint = models.CharField(_("endpoint"), max_length=300, blank=True)
    url = models.CharField(max_length=1_000, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)
    raw = models.JSONField(default=dict)
    first_seen = models.DateTimeField(_("first seen"))
    last_seen = models.DateTimeField(_("last seen"))
    scan = models.ForeignKey(Scan, models.PROTECT, related_name="+")
    is_there = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("seen version")
        verbose_name_plural = _("seen versions")
        constraints = (
            models.UniqueConstraint(
                name="a_version_is_seen_once_per_source", fields=["source", "name", "version"]
            ),
        )
        indexes = (models.Index(fields=["scan", "name"], name="seen_in_a_scan"),)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class KnownName(Governed):
    """A name in a source that belongs to a model of ours; with a version there, which of ours.

    version: empty for the name as a whole. linked_by: who says so.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="names")
    name = models.CharField(_("name there"), max_length=512)
    version = models.CharField(_("version there"), max_length=60, blank=True)
    model = models.ForeignKey(
        AIModel, models.PROTECT, related_name="known_names", verbose_name=_("model")
    )
    known_version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("model version"),
    )  # fmt: skip
    is_open = models.BooleanField(_("open"), default=True)
    linked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    linked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("known name")
        verbose_name_plural = _("known names")
        triggers = (
            *guarded("registry.knownname", immutable=("source_id", "name", "version")),
            Guard(
                name="linked_lawfully",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                runs="mingce_known_name_is_lawful()",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="a_name_belongs_to_one_model", fields=["source", "name", "version"]
            ),
            models.CheckConstraint(
                name="a_version_there_is_one_of_ours",
                condition=Q(version="") | Q(known_version__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name


SIGHTING_STATES = Transitions.table(
    "state",
    "open",
    {
        "open": ["accepted", "dismissed", "gone"],
        "accepted": ["open", "gone"],
        "dismissed": ["open", "gone"],
        "gone": ["open"],
    },
)


class SightingKind(models.TextChoices):
    """The differences in words."""

    UNKNOWN = Difference.UNKNOWN.value, _("not in the register")
    MISSING = Difference.MISSING.value, _("in the register, not there")
    VERSION_DRIFT = Difference.VERSION_DRIFT.value, _("another version than approved")
    IDENTITY_MISMATCH = Difference.IDENTITY_MISMATCH.value, _("other bytes than approved")


class SightingState(models.TextChoices):
    """A difference waits for a person, has been answered, or is no more."""

    OPEN = "open", _("open")
    ACCEPTED = "accepted", _("accepted")
    DISMISSED = "dismissed", _("dismissed")
    GONE = "gone", _("no longer there")


class Sighting(Governed):
    """发现: a difference between what a source shows and what the register says.

    key: SHA-256 of what it is about, by which it is found again; content: of what people looked at:
    where that changes, an answered one is open again. expected: the versions approved there;
    comes_back_on: until when it is dismissed.
    """

    source = models.ForeignKey(
        Source, models.PROTECT, related_name="sightings", verbose_name=_("source")
    )
    kind = models.CharField(_("difference"), max_length=17, choices=SightingKind)
    key = models.CharField(max_length=64)
    content = models.CharField(max_length=64)
    name = models.CharField(_("name there"), max_length=512)
    version = models.CharField(_("version there"), max_length=60, blank=True)
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    environment = models.CharField(_("environment"), max_length=12, choices=Environment, blank=True)
    endpoint = models.CharField(_("endpoint"), max_length=300, blank=True)
    expected = models.CharField(_("approved there"), max_length=300, blank=True)
    seen = models.ForeignKey(
        Seen, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("seen as")
    )
    model = models.ForeignKey(
        AIModel, models.PROTECT, null=True, blank=True, related_name="sightings",
        verbose_name=_("model"),
    )  # fmt: skip
    release = models.ForeignKey(
        Release, models.PROTECT, null=True, blank=True, related_name="sightings",
        verbose_name=_("release"),
    )  # fmt: skip
    deployment = models.ForeignKey(
        Deployment, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("deployment"),
    )  # fmt: skip
    state = models.CharField(_("state"), max_length=9, choices=SightingState, default="open")
    first_seen = models.DateTimeField(_("first seen"))
    state_since = models.DateTimeField(_("in this state since"))
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    reason = models.TextField(_("reason"), blank=True)
    comes_back_on = models.DateField(_("comes back on"), null=True, blank=True)

    class Meta:
        verbose_name = _("difference found")
        verbose_name_plural = _("differences found")
        ordering = ("-state_since", "-id")
        triggers = (
            *guarded(
                "registry.sighting", immutable=("source_id", "kind", "key", "name", "first_seen")
            ),
            follows(SIGHTING_STATES),
            Guard(
                name="answered_lawfully",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                runs="mingce_sighting_is_lawful()",
            ),
        )
        constraints = (
            models.UniqueConstraint(name="a_difference_is_found_once", fields=["source", "key"]),
            models.CheckConstraint(
                name="an_answered_difference_says_who_and_why",
                condition=Q(state__in=["open", "gone"])
                | Q(decided_by__isnull=False) & ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="only_what_is_dismissed_comes_back_on_a_day",
                condition=Q(comes_back_on=None) | Q(state="dismissed"),
            ),
        )
        indexes = (
            models.Index(fields=["state", "-state_since", "-id"], name="sightings_by_state"),
            models.Index(fields=["-state_since", "-id"], name="sightings_by_age"),
            models.Index(fields=["source", "name"], name="sightings_of_a_name"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

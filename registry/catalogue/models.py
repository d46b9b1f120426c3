"""Models and their versions."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.db.models.functions import Lower, Trim
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import guarded, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import Department, LegalEntity, User


class Tier(models.TextChoices):
    """分级: the risk tier; P is prohibited."""

    P = "P", _("P prohibited")
    I = "I", _("I critical")  # noqa: E741 (the field's own word)
    II = "II", _("II high")
    III = "III", _("III medium")
    IV = "IV", _("IV low")


class AIModel(Governed):
    """A model, whatever its technique. Its tier is the highest of its live uses."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    former_names = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, verbose_name=_("former names")
    )
    description = models.TextField(_("description"), blank=True)
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, verbose_name=_("department")
    )
    owner = models.ForeignKey(
        User, models.PROTECT, related_name="models_owned", verbose_name=_("model owner")
    )
    is_confidential = models.BooleanField(_("confidential"), default=False)
    tier = models.CharField(_("tier"), max_length=3, choices=Tier, blank=True)
    search_text = models.TextField(default="", editable=False)
    search_grams = ArrayField(models.CharField(max_length=4), default=list, editable=False)
    registered_at = models.DateTimeField(_("registered at"))

    derived_fields: ClassVar[tuple[str, ...]] = ("search_text", "search_grams")

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering = ("-registered_at", "-id")
        triggers = guarded("registry.aimodel", immutable=("code", "registered_at"))
        indexes = (
            GinIndex(fields=["search_grams"], name="model_by_grams", fastupdate=False),
            models.Index(fields=["-registered_at", "-id"], name="model_by_age"),
            models.Index(fields=["tier", "-registered_at", "-id"], name="model_by_tier"),
            models.Index(fields=["entity", "-registered_at", "-id"], name="model_by_entity"),
            models.Index(fields=["owner", "-registered_at"], name="model_by_owner"),
        )

    def __str__(self) -> str:
        return self.name_zh


class NeedToKnow(Governed):
    """保密: who may know of a confidential model."""

    model = models.ForeignKey(AIModel, models.PROTECT, related_name="initiated")
    user = models.ForeignKey(User, models.PROTECT, related_name="initiated_into")
    is_open = models.BooleanField(default=True)
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("need to know")
        verbose_name_plural = _("need to know")
        triggers = guarded("registry.needtoknow", immutable=("model_id", "user_id"))
        constraints = (
            models.UniqueConstraint(
                name="a_person_is_initiated_once_per_model", fields=["model", "user"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.model_id} {self.user_id}"


class IdentityKind(models.TextChoices):
    """What makes a version that version."""

    ARTIFACT = "artifact", _("artifact digest")
    CONFIGURATION = "configuration", _("configuration manifest")
    RULES = "rules", _("rule package")
    VENDOR = "vendor", _("vendor version with behaviour probe")


class ModelVersion(Governed):
    """A version with a typed identity: whoever holds the same digest holds the same version."""

    model = models.ForeignKey(AIModel, models.PROTECT, related_name="versions")
    label = models.CharField(_("version"), max_length=60)
    identity_kind = models.CharField(_("identity"), max_length=15, choices=IdentityKind)
    digest = models.CharField(_("digest"), max_length=64)
    manifest = models.JSONField(_("manifest"), default=dict, blank=True)
    metrics = models.JSONField(_("metrics"), default=dict, blank=True)
    source = models.CharField(_("source"), max_length=500, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    registered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    registered_at = models.DateTimeField(_("registered at"))

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ("-registered_at", "-id")
        triggers = guarded(
            "registry.modelversion",
            immutable=("model_id", "label", "identity_kind", "digest", "manifest", "registered_at"),
        )
        constraints = (
            models.UniqueConstraint(name="a_version_label_is_unique", fields=["model", "label"]),
            models.UniqueConstraint(
                name="a_version_digest_is_unique_in_its_model", fields=["model", "digest"]
            ),
            models.CheckConstraint(
                name="a_version_has_a_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
        )
        indexes = (
            models.Index(fields=["digest"], name="version_by_digest"),
            models.Index(fields=["-registered_at", "-id"], name="version_by_age"),
            models.Index(Lower(Trim(KT("manifest__vendor"))), name="version_by_vendor"),
            models.Index(Lower(Trim(KT("manifest__base_model"))), name="version_by_base_model"),
            models.Index(KT("manifest__run"), name="version_by_run"),
        )

    def __str__(self) -> str:
        return self.label


class VersionDeveloper(Governed):
    """Who built the version; they never validate or approve it."""

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="developers")
    user = models.ForeignKey(User, models.PROTECT, related_name="versions_built")

    class Meta:
        verbose_name = _("developer of a version")
        verbose_name_plural = _("developers of versions")
        triggers = recorded("registry.versiondeveloper")
        constraints = (
            models.UniqueConstraint(
                name="a_developer_is_named_once_per_version", fields=["version", "user"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.version_id} {self.user_id}"

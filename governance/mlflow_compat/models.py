"""The experiments pool: what MLflow's clients have registered, before and after it is claimed."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.catalogue.models import AIModel, ModelVersion
from registry.core.ledger.guards import Guard, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import LegalEntity, User


class Place(models.Func):
    """Where files are, in one spelling of the address."""

    function = "mingce_place"
    arity = 1
    output_field = models.TextField()


class Stage(models.TextChoices):
    """MLflow's own stages of a version. They are no stages of the lifecycle."""

    NONE = "None", _("none")
    STAGING = "Staging", _("staging")
    PRODUCTION = "Production", _("production")
    ARCHIVED = "Archived", _("archived")


class RegisteredModel(Governed):
    """A name under which MLflow's clients register versions: an experiment until it is claimed.

    model: the model of the inventory that it has been claimed for; one model may have several
    names. last_number: numbers of versions count up and never come back. touched_at: MLflow's
    `last_updated_timestamp`.
    """

    name = models.CharField(_("registered name"), max_length=256)
    description = models.TextField(_("description"), blank=True)
    tags = models.JSONField(_("tags"), default=dict, blank=True)
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    model = models.ForeignKey(
        AIModel, models.PROTECT, null=True, blank=True, related_name="registered_names",
        verbose_name=_("model"),
    )  # fmt: skip
    last_number = models.PositiveIntegerField(_("last version"), default=0)
    registered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("registered by")
    )
    registered_at = models.DateTimeField(_("registered at"))
    touched_at = models.DateTimeField(_("last changed at"))
    is_deleted = models.BooleanField(_("deleted"), default=False)

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ("-registered_at", "-id")
        triggers = (
            *guarded(
                "governance.registeredmodel",
                immutable=("entity_id", "registered_by_id", "registered_at"),
            ),
            Guard(
                name="stays_claimed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                runs="mingce_experiment_stays()",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="a_registered_name_is_unique",
                fields=["name"],
                condition=Q(is_deleted=False),
            ),
            models.CheckConstraint(
                name="a_claimed_name_is_not_deleted",
                condition=Q(model__isnull=True) | Q(is_deleted=False),
            ),
        )
        indexes = (
            models.Index(
                fields=["touched_at", "name"], name="experiment_by_touch",
                condition=Q(is_deleted=False),
            ),
            models.Index(fields=["-registered_at", "-id"], name="experiment_by_age"),
            GinIndex(fields=["tags"], name="experiment_by_tag", opclasses=["jsonb_path_ops"]),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name


class RegisteredVersion(Governed):
    """A numbered version under a registered name.

    version: the version of the inventory that it has been claimed as, once. location: where the
    files are: the source, or for a copy (`models:/name/number`) that of its origin.
    logged_model: MLflow's `model_id`.
    """

    registered = models.ForeignKey(
        RegisteredModel, models.PROTECT, related_name="versions", verbose_name=_("registered name")
    )
    number = models.PositiveIntegerField(_("version"))
    description = models.TextField(_("description"), blank=True)
    source = models.CharField(_("source"), max_length=500)
    location = models.CharField(_("location"), max_length=500)
    origin = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="copies",
        verbose_name=_("copied from"),
    )  # fmt: skip
    run_id = models.CharField(_("run"), max_length=64, blank=True)
    run_link = models.CharField(_("link to the run"), max_length=500, blank=True)
    logged_model = models.CharField(_("logged model"), max_length=64, blank=True)
    tags = models.JSONField(_("tags"), default=dict, blank=True)
    stage = models.CharField(_("MLflow stage"), max_length=12, choices=Stage, default=Stage.NONE)
    version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="registered_as",
        verbose_name=_("model version"),
    )  # fmt: skip
    registered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("registered by")
    )
    registered_at = models.DateTimeField(_("registered at"))
    touched_at = models.DateTimeField(_("last changed at"))
    is_deleted = models.BooleanField(_("deleted"), default=False)

    class Meta:
        verbose_name = _("experiment's version")
        verbose_name_plural = _("experiments' versions")
        ordering = ("-registered_at", "-id")
        triggers = (
            *guarded(
                "governance.registeredversion",
                immutable=(
                    "registered_id", "number", "source", "location", "origin_id", "run_id",
                    "registered_by_id",
                    "registered_at",
                ),
            ),
            Guard.deferred("of_the_claimed_model", "mingce_claimed_version()"),
        )  # fmt: skip
        constraints = (
            models.UniqueConstraint(name="a_number_is_given_once", fields=["registered", "number"]),
            models.CheckConstraint(
                name="a_claimed_version_is_not_deleted",
                condition=Q(version__isnull=True) | Q(is_deleted=False),
            ),
        )
        indexes = (
            models.Index(
                fields=["-touched_at"], name="experiment_version_by_touch",
                condition=Q(is_deleted=False),
            ),
            models.Index(fields=["run_id"], name="experiment_version_by_run"),
            models.Index(
                Place("location"), name="claimed_by_place", condition=Q(version__isnull=False)
            ),
            GinIndex(
                fields=["tags"], name="experiment_version_by_tag", opclasses=["jsonb_path_ops"]
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.number)


class RegisteredAlias(Governed):
    """A word that points to one version of a registered name; to none once it has been deleted."""

    registered = models.ForeignKey(
        RegisteredModel, models.PROTECT, related_name="aliases", verbose_name=_("registered name")
    )
    alias = models.CharField(_("alias"), max_length=255)
    version = models.ForeignKey(
        RegisteredVersion, models.PROTECT, null=True, blank=True, related_name="aliases",
        verbose_name=_("version"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        triggers = (
            *guarded("governance.registeredalias", immutable=("registered_id", "alias")),
            Guard.deferred("of_its_own_version", "mingce_own_version()"),
        )
        constraints = (
            models.UniqueConstraint(
                name="an_alias_is_unique_in_its_name", fields=["registered", "alias"]
            ),
        )

    def __str__(self) -> str:
        return self.alias


class Enrichment(models.Model):
    """What the tracking server tells of a version: asked for after it came, again where it fails.

    found: as `registry.connectors.mlflow.Found`. Operational: what is taken over at a claim stands
    in the claimed version's entry.
    """

    version = models.OneToOneField(
        RegisteredVersion, models.PROTECT, primary_key=True, related_name="enrichment"
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[("pending", _("pending")), ("done", _("done")), ("failed", _("failed"))],
        default="pending",
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    try_at = models.DateTimeField(_("next attempt"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    found = models.JSONField(_("found"), default=dict, blank=True)

    class Meta:
        verbose_name = _("enrichment")
        verbose_name_plural = _("enrichments")
        indexes = (
            models.Index(
                fields=["try_at"], name="pending_enrichments", condition=Q(state="pending")
            ),
        )

    def __str__(self) -> str:
        return self.state


class Loading(models.Model):
    """The last day on which somebody asked where the name's files are. Operational."""

    registered = models.OneToOneField(
        RegisteredModel, models.PROTECT, primary_key=True, related_name="loading"
    )
    last_day = models.DateField(_("last loaded on"))

    class Meta:
        verbose_name = _("loading")
        verbose_name_plural = _("loadings")

    def __str__(self) -> str:
        return str(self.last_day)

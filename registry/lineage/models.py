"""Events of training runs, as pipelines tell them in OpenLineage."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.lineage.rules import AHEAD, KEPT


class TrainingEvent(Governed):
    """One event of a run that has trained a model: on what data, by which job.

    It names a version by what it knows (digest, name and label, MLflow's run); which one it is, is
    asked when it is read, so that a version registered later has its past too. reach: the entities
    for whose models the reporter may register versions; it counts for no others.
    """

    run_id = models.UUIDField(_("run"))
    event_type = models.CharField(_("event"), max_length=10)
    event_at = models.DateTimeField(_("at"))
    producer = models.CharField(_("producer"), max_length=500)
    job_namespace = models.CharField(_("namespace of the job"), max_length=500)
    job_name = models.CharField(_("job"), max_length=500)
    inputs = models.JSONField(_("data sets"), default=list, blank=True)
    model_name = models.CharField(_("model"), max_length=500, blank=True)
    model_version = models.CharField(_("version"), max_length=500, blank=True)
    model_digest = models.CharField(_("digest"), max_length=64, blank=True)
    mlflow_run = models.CharField(_("MLflow run"), max_length=64, blank=True)
    facets = models.TextField(_("facets"), blank=True)
    sha256 = models.CharField("SHA-256", max_length=64)
    reach = ArrayField(models.CharField(max_length=400), default=list, blank=True)
    reported_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("reported by")
    )
    reported_at = models.DateTimeField(_("reported at"))

    class Meta:
        verbose_name = _("training event")
        verbose_name_plural = _("training events")
        ordering = ("-event_at", "-id")
        triggers = recorded("registry.trainingevent")
        constraints = (
            models.UniqueConstraint(
                name="an_event_is_told_once_by_each",
                fields=["run_id", "event_type", "event_at", "reported_by"],
            ),
            models.CheckConstraint(
                name="an_event_is_not_of_the_future",
                condition=Q(event_at__lte=F("reported_at") + AHEAD),
            ),
            models.CheckConstraint(name="an_event_that_is_kept", condition=Q(event_type__in=KEPT)),
            models.CheckConstraint(
                name="an_event_has_a_digest", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")
            ),
        )
        indexes = (
            models.Index(fields=["-event_at", "-id"], name="training_by_age"),
            models.Index(fields=["mlflow_run"], name="training_by_mlflow_run"),
            models.Index(fields=["model_digest"], name="training_by_digest"),
            models.Index(fields=["model_name", "model_version"], name="training_by_name"),
        )

    def __str__(self) -> str:
        return f"{self.job_name} {self.event_type}"

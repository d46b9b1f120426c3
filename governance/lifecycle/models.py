"""Second-line confirmations that a requirement does not apply, or is met by its alternative."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.core.transitions import Transitions
from registry.releases.models import Release


class Exemption(Governed):
    """“Not applicable” or “met by the alternative”, asked for by one and confirmed by another."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="exemptions")
    requirement = models.CharField(_("requirement"), max_length=60)
    kind = models.CharField(
        _("kind"),
        max_length=15,
        choices=[("not_applicable", _("not applicable")), ("alternative", _("alternative"))],
    )
    reason = models.TextField(_("reason"))
    asked_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    asked_at = models.DateTimeField(_("asked for at"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[("asked", _("asked for")), ("confirmed", _("confirmed")),
                 ("refused", _("refused"))],
        default="asked",
    )  # fmt: skip
    answered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("answered by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("exemption")
        verbose_name_plural = _("exemptions")
        ordering = ("-asked_at", "-id")
        triggers = (
            *guarded(
                "governance.exemption",
                immutable=("release_id", "requirement", "kind", "asked_by_id"),
            ),
            follows(Transitions.table("state", "asked", {"asked": ["confirmed", "refused"]})),
        )
        constraints = (
            models.CheckConstraint(
                name="an_exemption_is_confirmed_by_another",
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("asked_by")),
            ),
            models.UniqueConstraint(
                name="a_requirement_is_exempted_once",
                fields=["release", "requirement"],
                condition=~Q(state="refused"),
            ),
        )
        indexes = (models.Index(fields=["release"], name="exemption_by_release"),)

    def __str__(self) -> str:
        return self.requirement

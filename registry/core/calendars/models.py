"""What people have recorded about a year's working days."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from registry.core.calendars.rules import FIRST_YEAR, LAST_YEAR
from registry.core.ledger.guards import guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import User


class Arrangement(Governed):
    """放假安排: the days of a country's year that are off, or worked, whatever the law would say.

    is_published: it is the whole year's arrangement, as the authorities published it; otherwise
    these are single exceptional days. proposal: what one person wants instead, for a year that is
    published already; it waits for another person.
    """

    country = models.CharField(_("country"), max_length=2)
    year = models.PositiveSmallIntegerField(
        _("year"), validators=[MinValueValidator(FIRST_YEAR), MaxValueValidator(LAST_YEAR)]
    )
    source = models.CharField(_("document"), max_length=200)
    days_off = models.JSONField(_("days off"), default=list, blank=True)
    worked_days = models.JSONField(_("make-up working days"), default=list, blank=True)
    is_published = models.BooleanField(_("the year's published arrangement"), default=True)
    proposal = models.JSONField(_("proposed change"), null=True, blank=True)
    proposed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("proposed by")
    )
    confirmed_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )

    class Meta:
        verbose_name = _("arrangement of working days")
        verbose_name_plural = _("arrangements of working days")
        ordering = ("country", "year")
        triggers = guarded("registry.arrangement", immutable=("country", "year"))
        constraints = (
            models.UniqueConstraint(name="one_arrangement_a_year", fields=["country", "year"]),
            models.CheckConstraint(name="an_arrangement_has_a_source", condition=~Q(source="")),
            models.CheckConstraint(
                name="another_confirms_an_arrangement",
                condition=Q(confirmed_by=None)
                | Q(proposal=None) & ~Q(confirmed_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="a_proposal_has_its_proposer",
                condition=Q(proposal=None) | Q(proposed_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.country} {self.year}"

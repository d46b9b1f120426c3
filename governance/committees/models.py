"""Committees, their seats and their numbered resolutions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import guarded, only_shortens, recorded
from registry.core.ledger.models import Governed
from registry.core.people.models import LegalEntity, Post, User


class Committee(Governed):
    """A body that decides: MRC, RMC, AI committee. How it votes is policy, not data."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))

    class Meta:
        verbose_name = _("committee")
        verbose_name_plural = _("committees")
        ordering = ("code",)
        triggers = guarded("governance.committee", immutable=("code",))

    def __str__(self) -> str:
        return self.name_zh


class Seat(Governed):
    """A seat, held by a person or by whoever holds a post. `name` marks seats that policy names."""

    committee = models.ForeignKey(Committee, models.PROTECT, related_name="seats")
    name = models.CharField(_("seat"), max_length=40, blank=True)
    user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="seats", verbose_name=_("person")
    )
    post = models.ForeignKey(Post, models.PROTECT, null=True, blank=True, verbose_name=_("post"))
    is_chair = models.BooleanField(_("chair"), default=False)
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        ordering = ("committee", "name", "id")
        triggers = (
            *guarded("governance.seat", immutable=("committee_id", "user_id", "post_id")),
            only_shortens(),
        )
        constraints = (
            models.CheckConstraint(
                name="a_seat_is_held_by_a_person_or_a_post",
                condition=Q(user__isnull=False, post__isnull=True)
                | Q(user__isnull=True, post__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name or str(self.pk)


class Resolution(Governed):
    """决议: numbered without gaps per body and year."""

    body_code = models.CharField(_("body"), max_length=40)
    year = models.PositiveSmallIntegerField(_("year"))
    number = models.PositiveIntegerField(_("number"))
    subject_id = models.UUIDField()
    outcome = models.CharField(_("outcome"), max_length=30)
    text_zh = models.TextField(_("text (Chinese)"))
    text_en = models.TextField(_("text (English)"))
    passed_at = models.DateTimeField(_("passed at"))

    class Meta:
        verbose_name = _("resolution")
        verbose_name_plural = _("resolutions")
        ordering = ("-year", "-number")
        triggers = recorded("governance.resolution")
        constraints = (
            models.UniqueConstraint(
                name="a_resolution_number_is_unique", fields=["body_code", "year", "number"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.body_code.upper()}-{self.year}-{self.number:03d}"

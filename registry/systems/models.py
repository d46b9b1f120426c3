"""Systems in which models run."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.core.ledger.guards import guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import Department, LegalEntity


class System(Governed):
    """An information system, with its protection level (等级保护 1–5)."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    protection_level = models.PositiveSmallIntegerField(
        _("protection level"), null=True, blank=True
    )
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, verbose_name=_("department")
    )

    class Meta:
        verbose_name = _("system")
        verbose_name_plural = _("systems")
        ordering = ("code",)
        triggers = guarded("registry.system", immutable=("code",))
        constraints = (
            models.CheckConstraint(
                name="protection_level_is_1_to_5",
                condition=Q(protection_level__isnull=True) | Q(protection_level__range=(1, 5)),
            ),
        )

    def __str__(self) -> str:
        return self.name_zh

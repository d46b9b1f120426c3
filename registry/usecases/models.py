"""Use cases, and the uses that entities make of models in them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.catalogue.models import AIModel, Tier
from registry.core.ledger.guards import Guard, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import Department, LegalEntity, User
from registry.systems.models import System


class UseCase(Governed):
    """应用场景: a node of a business process in which a model is used."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=200)
    name_en = models.CharField(_("name (English)"), max_length=200, blank=True)
    process_node = models.CharField(_("process node"), max_length=200, blank=True)
    purpose = models.TextField(_("purpose"))
    prohibited_uses = models.TextField(_("prohibited uses"), blank=True)
    benefit = models.TextField(_("benefit"), blank=True)
    affected_people = models.TextField(_("affected people"), blank=True)
    system = models.ForeignKey(
        System, models.PROTECT, null=True, blank=True, verbose_name=_("system")
    )
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("legal entity"))
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, verbose_name=_("department")
    )
    owner = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("owner"))

    class Meta:
        verbose_name = _("use case")
        verbose_name_plural = _("use cases")
        ordering = ("code",)
        triggers = guarded("registry.usecase", immutable=("code",))

    def __str__(self) -> str:
        return self.name_zh


class ModelUse(Governed):
    """A model in a use case at a using entity: what is classified, graded and approved.

    `tier`, `flags` and `grade_digest` repeat the grade in force (classification writes them), so
    that lists, gates and votes need not compute them.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    model = models.ForeignKey(AIModel, models.PROTECT, related_name="uses")
    use_case = models.ForeignKey(UseCase, models.PROTECT, related_name="uses")
    entity = models.ForeignKey(LegalEntity, models.PROTECT, verbose_name=_("using entity"))
    tier = models.CharField(_("tier"), max_length=3, choices=Tier, blank=True)
    is_provisional = models.BooleanField(_("provisional"), default=True)
    flags = models.JSONField(_("flags"), default=dict, blank=True)
    grade_digest = models.CharField(max_length=64, blank=True)
    is_uninterruptible = models.BooleanField(_("uninterruptible"), default=False)
    is_live = models.BooleanField(_("live"), default=True)

    class Meta:
        verbose_name = _("use of a model")
        verbose_name_plural = _("uses of models")
        ordering = ("code",)
        triggers = (
            *guarded(
                "registry.modeluse", immutable=("code", "model_id", "use_case_id", "entity_id")
            ),
            Guard.deferred(
                "lowering_warranted",
                "mingce_lowering_warranted()",
                spends=("grading.lowering_granted",),
                needed=("mingce_tier_rank(becomes ->> 'tier') < mingce_tier_rank(was ->> 'tier')"),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="an_entity_uses_a_model_once_per_use_case",
                fields=["model", "use_case", "entity"],
            ),
        )
        indexes = (models.Index(fields=["entity", "model"], name="use_by_entity"),)

    def __str__(self) -> str:
        return self.code

"""Plans: which decisions of a release people look at, and how."""

from __future__ import annotations

from functools import cached_property

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.checkpoints.schema import PlanContent, parse_plan
from registry.core.ledger.guards import follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import User
from registry.core.policy.models import PackRelease
from registry.core.transitions import Transitions
from registry.releases.models import Release

PLAN_STATES = Transitions.table(
    "state", "draft", {"draft": ["in_force", "withdrawn"], "in_force": ["replaced"]}
)


class Plan(Governed):
    """人工干预方案: the checkpoints of a release. What it says never changes; another replaces it.

    content: YAML as written, and read by `PlanContent`; tested_at: when a gateway's sample was
    accepted; pack: the policy under which it was drawn up.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    release = models.ForeignKey(Release, models.PROTECT, related_name="plans")
    pack = models.ForeignKey(PackRelease, models.PROTECT, related_name="+")
    content = models.TextField(_("plan"))
    sha256 = models.CharField(max_length=64)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[
            ("draft", _("draft")), ("in_force", _("in force")), ("replaced", _("replaced")),
            ("withdrawn", _("withdrawn")),
        ],
        default="draft",
    )  # fmt: skip
    drafted_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("drafted by")
    )
    drafted_at = models.DateTimeField(_("drafted at"))
    tested_at = models.DateTimeField(_("tested at"), null=True, blank=True)
    activated_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("put in force by"),
    )  # fmt: skip
    activated_at = models.DateTimeField(_("in force since"), null=True, blank=True)

    class Meta:
        verbose_name = _("intervention plan")
        verbose_name_plural = _("intervention plans")
        ordering = ("-drafted_at", "-id")
        triggers = (
            *guarded(
                "governance.plan",
                immutable=(
                    "code", "release_id", "pack_id", "content", "sha256", "drafted_by_id",
                    "drafted_at",
                ),
            ),
            follows(PLAN_STATES),
        )  # fmt: skip
        constraints = (
            models.UniqueConstraint(
                name="a_release_has_one_plan_in_force",
                fields=["release"],
                condition=Q(state="in_force"),
            ),
            models.CheckConstraint(
                name="a_plan_in_force_was_tested_and_signed_by_another",
                condition=Q(state__in=["draft", "withdrawn"])
                | (
                    Q(tested_at__isnull=False, activated_at__isnull=False)
                    & Q(activated_by__isnull=False)
                    & ~Q(activated_by=F("drafted_by"))
                ),
            ),
        )

    def __str__(self) -> str:
        return self.code

    @cached_property
    def told(self) -> PlanContent:
        """What it says, typed."""
        return parse_plan(self.content)

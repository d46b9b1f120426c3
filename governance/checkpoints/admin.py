"""The lists of plans, cases, competences and seals."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from governance.checkpoints import queries
from governance.checkpoints.models import Case, Competence, Feed, Plan, Sample, Seal
from governance.checkpoints.models.cases import WAITING
from registry.core.adminkit import GovernedAdmin, linked, related_column, short_digest

RELEASE = related_column("release", _("release"))


@admin.register(Plan)
class PlanAdmin(GovernedAdmin):
    """人工干预方案."""

    visible = staticmethod(queries.visible_plans)
    list_display = (
        "code_link", RELEASE, "state", "drafted_by", "drafted_at", "activated_by", "activated_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("release", "drafted_by", "activated_by")
    search_fields = ("code", "release__code")
    ordering = ("-drafted_at", "-id")

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Plan) -> SafeString:
        """Leads to the plan."""
        return linked(row, row.code)


@admin.register(Case)
class CaseAdmin(GovernedAdmin):
    """复核案件."""

    visible = staticmethod(queries.visible_to)
    list_display = (
        "code_link", "point_shown", RELEASE, "state", "opened_at", "due_at", "decided_by",
        "outcome",
    )  # fmt: skip
    list_filter = ("state", "outcome")
    list_select_related = ("release", "decided_by")
    search_fields = ("code", "reference")
    ordering = ("-opened_at", "-id")

    @admin.display(description=_("intervention point"))
    def point_shown(self, row: Case) -> str:
        """Not before an own view: it says half of what the model said."""
        return "–" if row.hides_advice and row.state in WAITING else row.point

    @admin.display(description=_("code"), ordering="code")
    def code_link(self, row: Case) -> SafeString:
        """Leads to the case."""
        return linked(row, row.code)


@admin.register(Competence)
class CompetenceAdmin(GovernedAdmin):
    """胜任资格."""

    visible = staticmethod(queries.visible_competences)
    list_display = (
        "user", "key", "entity", "valid_from", "valid_to", "daily_limit", "recorded_by", "ended_at",
    )  # fmt: skip
    list_filter = ("key",)
    list_select_related = ("user", "recorded_by", "entity")
    search_fields = ("user__name",)
    ordering = ("-valid_from", "-id")


@admin.register(Feed)
class FeedAdmin(GovernedAdmin):
    """What gateways are told of their cases by webhook."""

    visible = staticmethod(queries.visible_feeds)
    list_display = ("consumer", "seq", "sent_at", "attempts", "try_at", "error")
    list_select_related = ("consumer",)
    ordering = ("consumer__name",)


@admin.register(Seal)
class SealAdmin(GovernedAdmin):
    """封存."""

    visible = staticmethod(queries.visible_seals)
    list_display = ("last_batch", "first_batch", "batches", "decisions", "sealed_at", "root_shown")
    ordering = ("-last_batch",)

    @admin.display(description=_("root of the batches"))
    def root_shown(self, row: Seal) -> SafeString:
        """The digest over all decisions of the batches."""
        return short_digest(row.root)


@admin.register(Sample)
class SampleAdmin(GovernedAdmin):
    """抽样种子."""

    visible = staticmethod(queries.visible_samples)
    list_display = ("day", "committed_at", "drawn_at", "cases", "digest_shown", "seed")
    ordering = ("-day",)

    @admin.display(description=_("digest of the seed"))
    def digest_shown(self, row: Sample) -> SafeString:
        """What was told before the day."""
        return short_digest(row.seed_digest)

"""Cases: decisions that wait for a person, or that a person looks at afterwards; who may decide."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.checkpoints.models.plans import Plan
from registry.core.ledger.guards import Guard, follows, guarded
from registry.core.ledger.models import Governed
from registry.core.people.models import LegalEntity, User
from registry.core.transitions import Transitions
from registry.releases.models import Release

CASE_STATES = Transitions.table(
    "state",
    "open",
    {
        "open": ["second", "escalated", "decided", "lapsed"],
        "second": ["escalated", "decided", "lapsed"],
        "escalated": ["decided", "lapsed"],
    },
)
WAITING = ("open", "second", "escalated")


class Outcome(models.TextChoices):
    """What a person makes of the model's output."""

    ACCEPT = "accept", _("accept")
    OVERRIDE = "override", _("override")


class CaseKind(models.TextChoices):
    """Why somebody looks at the decision."""

    HELD = "held", _("held before the decision")
    SAMPLED = "sampled", _("sampled afterwards")
    BLIND = "blind", _("blind second review")
    SEEDED = "seeded", _("test of attention")


class Case(Governed):
    """复核案件: a decision in front of a person, with a limit. Nothing is approved by silence.

    batch, position, received_at: where the decision lies; view_at: when the reviewer opened it;
    first_*: the first view, where a second person decides as well; effect: what the limit did;
    about: the case that this one looks at once more, blindly; hides_advice: what the model says is
    shown once the reviewer has given own_view; question, reply: asked of the business meanwhile.
    """

    code = models.CharField(_("code"), max_length=30, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=CaseKind)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="cases")
    release = models.ForeignKey(Release, models.PROTECT, related_name="cases")
    checkpoint = models.CharField(_("checkpoint"), max_length=40)
    point = models.CharField(_("intervention point"), max_length=8)
    gateway = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("gateway"))
    reference = models.CharField(_("reference"), max_length=160)
    batch_id = models.BigIntegerField()
    position = models.PositiveIntegerField()
    received_at = models.DateTimeField(_("received at"))
    output = models.CharField(_("the model's output"), max_length=200, blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    due_at = models.DateTimeField(_("due at"))
    legal_due_on = models.DateField(_("answer owed by law until"), null=True, blank=True)
    about = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("looked at once more"),
    )  # fmt: skip
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[
            ("open", _("open")), ("second", _("waits for a second person")),
            ("escalated", _("escalated")), ("decided", _("decided")), ("lapsed", _("lapsed")),
        ],
        default="open",
    )  # fmt: skip
    viewed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("opened by")
    )
    viewed_at = models.DateTimeField(_("opened by the reviewer at"), null=True, blank=True)
    hides_advice = models.BooleanField(_("own view first"), default=False)
    own_view = models.CharField(_("own view"), max_length=200, blank=True)
    own_view_at = models.DateTimeField(_("own view given at"), null=True, blank=True)
    question = models.TextField(_("question"), blank=True)
    asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked at"), null=True, blank=True)
    reply = models.TextField(_("reply"), blank=True)
    replied_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("replied by")
    )
    replied_at = models.DateTimeField(_("replied at"), null=True, blank=True)
    first_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("first view")
    )
    first_outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    final_output = models.CharField(_("what applies instead"), max_length=200, blank=True)
    reason_code = models.CharField(_("reason"), max_length=64, blank=True)
    note = models.TextField(_("note"), blank=True)
    effect = models.CharField(
        _("effect of the limit"),
        max_length=10,
        blank=True,
        choices=[("deny", _("denied")), ("fall_back", _("fallen back")),
                 ("escalate", _("escalated"))],
    )  # fmt: skip
    decided_elsewhere = models.CharField(_("decided in"), max_length=120, blank=True)
    link = models.CharField(_("page in the business system"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ("due_at", "id")
        triggers = (
            *guarded(
                "governance.case",
                immutable=(
                    "code", "kind", "plan_id", "release_id", "checkpoint", "point", "gateway_id",
                    "reference", "batch_id", "position", "received_at", "output", "opened_at",
                    "legal_due_on", "about_id", "hides_advice",
                ),
            ),
            follows(CASE_STATES),
            Guard.deferred("decided_lawfully", "mingce_case_is_lawful()"),
        )  # fmt: skip
        constraints = (
            models.CheckConstraint(
                name="a_decided_case_says_who_what_and_why",
                condition=~Q(state="decided")
                | (
                    Q(decided_at__isnull=False)
                    & ~Q(outcome="")
                    & ~Q(reason_code="")
                    & (Q(decided_by__isnull=False) | ~Q(decided_elsewhere=""))
                ),
            ),
            models.CheckConstraint(
                name="a_second_person_decides",
                condition=Q(first_by=None) | Q(decided_by=None) | ~Q(decided_by=F("first_by")),
            ),
            models.CheckConstraint(
                name="an_own_view_comes_first_where_advice_is_hidden",
                condition=~Q(hides_advice=True, state="decided", decided_by__isnull=False)
                | ~Q(own_view=""),
            ),
            models.CheckConstraint(
                name="a_reply_has_its_question",
                condition=(Q(reply="", replied_at=None) | Q(replied_at__isnull=False))
                & (Q(replied_at=None) | ~Q(question="")),
            ),
            models.UniqueConstraint(
                name="a_person_looks_at_one_case",
                fields=["viewed_by"],
                condition=Q(state__in=WAITING),
            ),
            models.CheckConstraint(
                name="a_lapsed_case_has_an_effect", condition=~Q(state="lapsed") | ~Q(effect="")
            ),
        )
        indexes = (
            models.Index(
                fields=["due_at", "id"], name="waiting_cases", condition=Q(state__in=WAITING)
            ),
            models.Index(fields=["release", "state", "-opened_at"], name="case_by_release"),
            models.Index(fields=["gateway", "reference"], name="case_by_reference"),
            models.Index(fields=["plan", "checkpoint", "decided_at"], name="case_by_checkpoint"),
        )

    def __str__(self) -> str:
        return self.code


class Competence(Governed):
    """胜任资格: what somebody was trained for, where, until when, for how many cases a day.

    entity: with all below it; None in records from before there was one: the whole institution.
    """

    user = models.ForeignKey(
        User, models.PROTECT, related_name="competences", verbose_name=_("reviewer")
    )
    key = models.CharField(_("competence"), max_length=64)
    entity = models.ForeignKey(
        LegalEntity, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("legal entity"),
    )  # fmt: skip
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"))
    daily_limit = models.PositiveIntegerField(_("cases a day"))
    recorded_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded at"), null=True, blank=True)
    proof = models.CharField(_("training record"), max_length=200)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    end_reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("competence")
        verbose_name_plural = _("competences")
        ordering = ("-valid_from", "-id")
        triggers = guarded(
            "governance.competence",
            immutable=(
                "user_id", "key", "entity_id", "valid_from", "valid_to", "daily_limit",
                "recorded_by_id", "recorded_at", "proof",
            ),
        )  # fmt: skip
        constraints = (
            models.CheckConstraint(
                name="nobody_records_their_own_competence", condition=~Q(recorded_by=F("user"))
            ),
            models.CheckConstraint(
                name="a_competence_begins_before_it_ends",
                condition=Q(valid_to__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="an_ended_competence_says_why",
                condition=Q(ended_at=None, end_reason="")
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
            ),
        )

    def __str__(self) -> str:
        return self.key


class Sample(Governed):
    """抽样种子: which decisions of a day are looked at afterwards, fixed before the day (RI-04).

    seed_digest: the sha256 of the seed, in the ledger before the day's decisions; seed: told once
    the sample has been drawn, so that everybody can draw it again.
    """

    day = models.DateField(_("day"), unique=True)
    seed_digest = models.CharField(max_length=64)
    committed_at = models.DateTimeField(_("committed at"))
    seed = models.CharField(_("seed"), max_length=64, blank=True)
    drawn_at = models.DateTimeField(_("drawn at"), null=True, blank=True)
    cases = models.PositiveIntegerField(_("cases"), default=0)

    class Meta:
        verbose_name = _("sample of decisions")
        verbose_name_plural = _("samples of decisions")
        ordering = ("-day",)
        triggers = guarded("governance.sample", immutable=("day", "seed_digest", "committed_at"))
        constraints = (
            models.CheckConstraint(
                name="a_drawn_sample_tells_its_seed",
                condition=Q(drawn_at=None, seed="") | (Q(drawn_at__isnull=False) & ~Q(seed="")),
            ),
        )

    def __str__(self) -> str:
        return self.day.isoformat()

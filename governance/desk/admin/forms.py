"""The forms of the verbs. They check shapes; services and rules decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, DigestField, Suggesting, choice, day, text
from governance.desk.admin.pages import said
from governance.desk.admin.words import approvals_words, body_label
from governance.findings.models import Severity
from governance.lifecycle.queries import gather, section_of
from governance.lifecycle.queries.papers import route_for
from governance.lifecycle.services import MOVERS
from governance.validations.models import Conclusion, TestOutcome
from registry.catalogue.models import ModelVersion
from registry.core.errors import DomainError
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.policy import queries as policy
from registry.core.web.wording import message_of
from registry.evidence import queries as evidence
from registry.releases.models import (
    ORDER,
    STAGES,
    DeploymentRole,
    Environment,
    ExplainabilityLevel,
    Stage,
)

SENTENCE = 6  # characters: the services ask as many of whatever must say something


class ReasonForm(DeskForm):
    """A reason alone."""

    reason = text(_("reason"))


class ConfirmGradeForm(DeskForm):
    """Confirm a grade."""

    reason = text(
        _("reason"), required=False, help_text=_("Needed where the score is near a threshold.")
    )


class PromotionForm(DeskForm):
    """Move a release to where the person's roles may move it."""

    to = forms.ChoiceField(label=_("into the stage"))
    reason = text(_("reason"), required=False, help_text=_("Needed for a move backwards."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here, labels = self.subject.stage, dict(Stage.choices)
        ahead = sorted(
            (one for one in STAGES.targets(here) if self._may_move(one)),
            key=lambda one: (ORDER.index(one) < ORDER.index(here), one),
        )
        field = self.fields["to"]
        blank = [] if len(ahead) == 1 else [("", _("Please choose"))]
        field.choices = [*blank, *((one, labels[one]) for one in ahead)]  # type: ignore[attr-defined]  # ChoiceField
        if not ahead:
            field.help_text = _("From here your roles move a release nowhere.")

    def _may_move(self, to: str) -> bool:
        movers, path = MOVERS.get(to, ()), self.subject.model_use.entity.path
        held = standing(self.filler).roles
        return any(role in movers and path.startswith(reach) for role, reach in held)


class NothingForm(DeskForm):
    """A button alone."""


class ApprovalRequestForm(NothingForm):
    """Request approval: of whom, as policy has it for the release as it now is."""

    def says(self) -> str:
        """The route with its bodies in their order."""
        pack = policy.active_pack()
        section = approvals_words(pack)
        try:
            route = route_for(section, gather(self.subject, section_of(pack)))
        except DomainError as refusal:
            return message_of(refusal)
        bodies = [body_label(section, step.body) for step in route.steps]
        words = said(route.label.model_dump())
        return gettext("It goes to: %(bodies)s (%(route)s).") % {
            "bodies": gettext(", then ").join(bodies),
            "route": words,
        }


class DocumentForm(DeskForm):
    """Hand in a document."""

    kind = forms.ChoiceField(
        label=_("kind"),
        help_text=_("Those that your roles hand in; with a ✎ the kinds that need an attestation."),
    )
    title = forms.CharField(label=_("title"), max_length=300)
    file = forms.FileField(
        label=_("file"),
        help_text=format_lazy(
            _("PDF, pictures, Office, JSON, CSV, Markdown or text; at most {megabytes} MB."),
            megabytes=settings.DOCUMENT_MAX_BYTES // (1024 * 1024),
        ),
    )
    statement = text(
        _("attestation"),
        required=False,
        least=SENTENCE,
        help_text=_("Needed for the kinds with a ✎: say what you vouch for."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = standing(self.filler).role_set
        choices = [
            (key, f"{said(one.label.model_dump())}{' ✎' if one.attested else ''}")
            for key, one in evidence.kinds().items()
            if not one.by or held & set(one.by)
        ]
        blank = ("", _("Please choose"))
        self.fields["kind"].choices = [blank, *choices]  # type: ignore[attr-defined]  # ChoiceField


class WorkingPaperForm(DocumentForm):
    """Hand in a validation's working paper."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("kind", "validation_working_paper")


# The kinds of tests that reports are usually about; others can be typed.
TEST_KINDS = (
    ("performance", _("performance")),
    ("stability", _("stability")),
    ("backtest", _("backtest")),
    ("stress", _("stress test")),
    ("sensitivity", _("sensitivity")),
    ("explainability", _("explainability")),
    ("fairness", _("fairness")),
    ("security", _("security")),
    ("data_quality", _("data quality")),
    ("replication", _("independent recalculation")),
)


class ValidationPlanForm(DeskForm):
    """Plan a validation."""

    plan = text(_("plan"), least=SENTENCE)
    scope = text(_("scope"), least=SENTENCE)
    independence = text(
        _("declaration of independence"),
        least=SENTENCE,
        help_text=_("I have neither built nor own nor use this model, because …"),
    )


class TestForm(DeskForm):
    """Record a test."""

    __test__ = False
    kind = forms.CharField(
        label=_("kind"),
        max_length=40,
        widget=Suggesting(TEST_KINDS),
        help_text=_("Choose from the list, or write another in a word."),
    )
    name = forms.CharField(
        label=_("test"), max_length=200, help_text=_("What was tested, such as: AUC out of sample.")
    )
    measure = forms.CharField(
        label=_("measure"), max_length=200, help_text=_("The result as measured, such as: 0.787.")
    )
    threshold = forms.CharField(
        label=_("threshold"),
        max_length=200,
        required=False,
        help_text=_("What was asked for, such as: ≥ 0.70."),
    )
    outcome = choice(_("outcome"), TestOutcome.choices)
    comment = text(_("comment"), required=False)


class ConclusionForm(DeskForm):
    """Conclude a validation."""

    conclusion = choice(_("conclusion"), Conclusion.choices)
    explainability_level = choice(_("explainability level"), ExplainabilityLevel.choices)
    summary = text(_("summary"), least=SENTENCE)
    limitations = text(
        _("limitations"),
        required=False,
        least=SENTENCE,
        help_text=_("Needed where the conclusion has limitations."),
    )


class ResponseForm(DeskForm):
    """The owner's answer."""

    response = text(_("your answer"), least=2)


class FindingForm(DeskForm):
    """Raise a finding."""

    severity = choice(_("severity"), Severity.choices)
    title = forms.CharField(label=_("title"), max_length=200)
    detail = text(_("detail"), required=False)


class FindingPlanForm(DeskForm):
    """A dated plan."""

    plan = text(_("plan"), least=2)
    due_on = day(_("due on"))


class NoteForm(DeskForm):
    """How it was done."""

    note = text(_("how it was mended"))


class DeploymentForm(DeskForm):
    """Report a deployment, or that it was taken down."""

    environment = choice(_("environment"), Environment.choices)
    digest = DigestField(
        label=_("digest"), help_text=_("The artifact's SHA-256: 64 hexadecimal characters.")
    )
    endpoint = forms.CharField(label=_("endpoint"), max_length=300, required=False)
    role = forms.ChoiceField(
        label=_("kind of traffic"), choices=DeploymentRole.choices, required=False
    )
    traffic_percent = forms.IntegerField(
        label=_("traffic in percent"), min_value=0, max_value=100, initial=100,
        help_text=_("What was taken down has 0 percent."),
    )  # fmt: skip

    def clean_role(self) -> str:
        """A champion, unless the form says otherwise."""
        return self.cleaned_data["role"] or DeploymentRole.CHAMPION


class CardForm(DeskForm):
    """Correct the use-case card."""

    purpose = text(_("purpose"), help_text=_("Material: a change voids an open approval."))
    process_node = forms.CharField(label=_("process node"), max_length=200, required=False)
    benefit = text(_("benefit"), required=False, rows=2)
    affected_people = text(_("affected people"), required=False, rows=2)
    prohibited_uses = text(
        _("prohibited uses"),
        required=False,
        rows=2,
        help_text=_("Material: a change voids an open approval."),
    )
    reason = forms.CharField(label=_("reason for the correction"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("purpose", "process_node", "benefit", "affected_people", "prohibited_uses"):
            self.initial.setdefault(name, getattr(self.subject, name))


class VersionForm(DeskForm):
    """Register a version by its artifact's digest."""

    label = forms.CharField(label=_("version"), max_length=60)
    digest = DigestField(
        label=_("digest"), help_text=_("The artifact's SHA-256: 64 hexadecimal characters.")
    )
    source = forms.CharField(label=_("source"), max_length=500, required=False)
    developers = forms.ModelMultipleChoiceField(
        label=_("developers"),
        queryset=User.objects.filter(kind="person", is_active=True),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
    )


class AttachForm(DeskForm):
    """Choose the version of a release."""

    version: forms.ModelChoiceField[ModelVersion] = forms.ModelChoiceField(
        label=_("version"), queryset=None
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = self.subject.model_use.model.versions.all()
        self.fields["version"].queryset = versions  # type: ignore[attr-defined]  # ModelChoiceField

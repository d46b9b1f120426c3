"""The forms of the verbs. They check shapes; services and rules decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, DigestField, Suggesting, choice, day, text
from governance.desk.admin.pages import said
from governance.findings.models import Severity
from governance.lifecycle.queries import section_of
from governance.lifecycle.schema import Alternative
from governance.lifecycle.services import MOVERS
from governance.validations.models import Conclusion, TestOutcome
from registry.catalogue.models import ModelVersion
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence
from registry.releases.models import ORDER, STAGES, Environment, ExplainabilityLevel, Stage

SENTENCE = 6  # characters: the services ask as many of whatever must say something


def granting() -> forms.TypedChoiceField:
    """Granted or refused; nothing is chosen beforehand."""
    return forms.TypedChoiceField(
        label=_("answer"),
        choices=[("yes", _("grant")), ("no", _("refuse"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )


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


class DocumentForm(DeskForm):
    """Hand in a document."""

    kind = forms.ChoiceField(label=_("kind"))
    title = forms.CharField(label=_("title"), max_length=300)
    file = forms.FileField(
        label=_("file"), help_text=_("PDF, pictures, Office, JSON, CSV, Markdown or text.")
    )
    statement = text(
        _("attestation"), required=False, help_text=_("For attested kinds: say what you vouch for.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = evidence.kinds()
        choices = [(key, said(one.label.model_dump())) for key, one in kinds.items()]
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
    kind = forms.CharField(label=_("kind"), max_length=40, widget=Suggesting(TEST_KINDS))
    name = forms.CharField(label=_("test"), max_length=200)
    measure = forms.CharField(label=_("measure"), max_length=200)
    threshold = forms.CharField(label=_("threshold"), max_length=200, required=False)
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


class ExemptionForm(DeskForm):
    """Ask for an exemption."""

    requirement = forms.ChoiceField(
        label=_("requirement"),
        help_text=_(
            "An alternative with a document in brackets counts only with such a document on "
            "the release."
        ),
    )
    reason = text(
        _("reason"),
        help_text=_(
            "Why it does not apply, or how the alternative meets it: what was done, from when to "
            "when, and which document shows it."
        ),
        least=SENTENCE,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        section = section_of(policy.active_pack())
        choices = []
        for one in section.requirements:
            label = said(one.label.model_dump())
            if one.alternative is not None:
                other = _with_documents(one.alternative)
                choices.append((f"alternative:{one.key}", f"{label} → {other}"))
            if one.not_applicable:
                choices.append((f"not_applicable:{one.key}", f"{label} → {_('not applicable')}"))
        blank = ("", _("Please choose"))
        self.fields["requirement"].choices = [blank, *choices]  # type: ignore[attr-defined]  # ChoiceField


def _with_documents(alternative: Alternative) -> str:
    """The alternative in words, with the documents that must show it."""
    words, kinds = said(alternative.label.model_dump()), evidence.kinds()
    labels = [said(kinds[key].label.model_dump()) for key in alternative.documents if key in kinds]
    if not labels:
        return words
    return gettext("%(words)s (to be shown: %(documents)s)") % {
        "words": words,
        "documents": gettext(" or ").join(labels),
    }


class ExemptionAnswerForm(DeskForm):
    """Grant it with a written reason, or refuse it."""

    yes = granting()
    reason = text(
        _("reason"),
        required=False,
        help_text=_(
            "Needed to grant it: what you have checked and why it suffices. It stands in the "
            "record."
        ),
        least=SENTENCE,
    )


class WaiverForm(DeskForm):
    """Ask for a waiver."""

    requirement = forms.ChoiceField(label=_("requirement"))
    reason = text(_("reason"), least=SENTENCE)
    compensating_measures = text(_("compensating measures"), least=SENTENCE)
    expires_on = day(_("expires on"), help_text=_("At most 90 days ahead."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        section = section_of(policy.active_pack())
        choices = [
            (one.key, said(one.label.model_dump())) for one in section.requirements if one.waivable
        ]
        blank = ("", _("Please choose"))
        self.fields["requirement"].choices = [blank, *choices]  # type: ignore[attr-defined]  # ChoiceField


class AnswerForm(DeskForm):
    """Yes or no."""

    yes = granting()


class StopForm(DeskForm):
    """Stop at once."""

    reason = text(_("reason"), least=2)
    given_by = forms.CharField(label=_("given by telephone by"), max_length=150, required=False)


class RestrictForm(DeskForm):
    """Restrict at once."""

    reason = text(_("reason"), least=2)
    limits = text(_("limits of use"))


class ResumeForm(DeskForm):
    """Lift an order."""

    reason = text(_("root cause and test"), least=SENTENCE)


class DeploymentForm(DeskForm):
    """Report a deployment."""

    environment = choice(_("environment"), Environment.choices)
    digest = DigestField(
        label=_("digest"), help_text=_("The artifact's SHA-256: 64 hexadecimal characters.")
    )
    endpoint = forms.CharField(label=_("endpoint"), max_length=300, required=False)
    traffic_percent = forms.IntegerField(
        label=_("traffic in percent"), min_value=0, max_value=100, initial=100
    )


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

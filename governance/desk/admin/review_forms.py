"""The forms about reviews."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, choice, day, text
from governance.desk.admin.pages import said
from governance.desk.admin.words import kind_in_words, outcome_in_words
from governance.reviews import queries
from governance.reviews.models import Explanation, Method, TriggerChoice
from governance.reviews.rules import Trigger
from registry.core.people.models import LegalEntity, User
from registry.evidence import queries as evidence
from registry.releases.models import ExplainabilityLevel

CHECK = "check_"
MOST_PAPERS = 50


def share(label: Any) -> forms.DecimalField:
    """A share from 0 to 1; left out: not measured."""
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_value=1, decimal_places=3,
        help_text=_("0 to 1; leave it out if it was not measured."),
    )  # fmt: skip


class SubmitForm(DeskForm):
    """Carry a review out: every line of its checklist, a summary, an outcome."""

    outcome = choice(_("outcome"), [])
    summary = text(_("summary"), help_text=_("At least 6 characters."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        section = queries.section_of(self.subject.pack)
        kind = section.kind(self.subject.kind)
        outcomes = [(one.key, outcome_in_words(one)) for one in section.outcomes]
        self.fields["outcome"].choices = [("", _("Please choose")), *outcomes]  # type: ignore[attr-defined]  # ChoiceField
        self.initial.setdefault("outcome", self.subject.outcome)
        self.initial.setdefault("summary", self.subject.summary)
        asked = {}
        for one in kind.checklist if kind is not None else ():
            asked[CHECK + one.key] = text(said(one.label.model_dump()), rows=2)
            self.initial.setdefault(CHECK + one.key, self.subject.checklist.get(one.key, ""))
        self.fields = asked | self.fields
        self.dress()

    def clean(self) -> dict[str, Any]:
        """The answers by the checklist's keys."""
        told = super().clean() or {}
        told["checklist"] = {
            name.removeprefix(CHECK): told.pop(name) for name in list(told) if CHECK in name
        }
        return told


class PaperForm(DeskForm):
    """A form that takes a paper of the review's package: one that is there, or a new file."""

    def offer(self, **kind: str) -> None:
        """The field `document` offers the package's papers of that kind, the newest first."""
        found = evidence.latest([self.subject.package_id]).filter(**kind)
        told = [
            (str(row.pk), f"{row.title} · {row.file_name} · {row.handed_in_at:%Y-%m-%d}")
            for row in found.order_by("-handed_in_at", "-pk")[:MOST_PAPERS]
        ]
        self.fields["document"].choices = [("", _("None")), *told]  # type: ignore[attr-defined]  # ChoiceField

    def clean(self) -> dict[str, Any]:
        """At most one of the two is named."""
        told = super().clean() or {}
        if told.get("document") and told.get("file"):
            self.add_error("document", _("Choose a document or a new file, not both."))
        return told


def paper(label: Any) -> forms.ChoiceField:
    """A paper of the package; what there is, the form says."""
    return forms.ChoiceField(label=label, choices=[], required=False)


class ExplainForm(PaperForm):
    """Write down what an explainability review found (R10)."""

    method = choice(_("method"), Method.choices)
    scope = text(_("scope"), rows=2, help_text=_("Which version, data, segments and decisions."))
    document = paper(_("explanation data that is there"))
    file = forms.FileField(
        label=_("explanation data in a new file"),
        required=False,
        help_text=_(
            "CSV or JSON of SHAP, Alibi, AI Verify, ValidMind, Giskard or plain importances; it is"
            " read and compared with the last review."
        ),
    )
    local_results = text(_("local results"), help_text=_("Explanations of single cases."))
    stability = share(_("stability"))
    fidelity = share(_("fidelity"))
    reason_code_agreement = share(_("agreement of reason codes"))
    customer_test = text(_("customer-language test"))
    limits = text(_("limits"))
    level = choice(_("explainability level"), ExplainabilityLevel.choices)
    decision = text(_("decision"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(kind="explanation_data")
        found = Explanation.objects.filter(review=self.subject).first()
        for name in self.fields if found is not None else ():
            if name not in ("document", "file"):  # left out, the earlier one stays
                self.initial.setdefault(name, getattr(found, name))


class ComputeForm(PaperForm):
    """Compute importances from the model's own file and a sample."""

    document = paper(_("sample that is there"))
    file = forms.FileField(
        label=_("sample in a new file"),
        required=False,
        help_text=_(
            "CSV (UTF-8) with a header that names the scorecard's variables; leave out whatever"
            " identifies people."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer(media_type="text/csv")

    def clean(self) -> dict[str, Any]:
        """One of the two is named."""
        told = super().clean()
        if not self.errors and not (told.get("document") or told.get("file")):
            self.add_error("file", _("A sample is needed: choose a document or a new file."))
        return told


class ReturnForm(DeskForm):
    """Why it goes back."""

    note = text(_("what is missing"))


class DeferForm(DeskForm):
    """Hold the effects of being overdue, once."""

    until = day(_("until"))
    reason = text(_("reason"))


class ReassignForm(DeskForm):
    """Name who carries the package out."""

    to = forms.ModelChoiceField(
        label=_("person"), queryset=User.objects.filter(kind="person", is_active=True)
    )
    reason = text(_("reason"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = queries.able_to_carry_out(self.subject)
        self.fields["to"].queryset = able.order_by("username")  # type: ignore[attr-defined]  # ModelChoiceField


class CampaignForm(DeskForm):
    """Open an attestation campaign."""

    title = forms.CharField(label=_("title"), max_length=200)
    entity = forms.ModelChoiceField(
        label=_("legal entity"), queryset=LegalEntity.objects.order_by("path")
    )
    due_on = day(_("due on"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("entity", self.subject)


class CallForm(DeskForm):
    """Call for a review besides the calendar."""

    kind = choice(_("kind of review"), [])
    trigger = choice(
        _("trigger"), [one for one in TriggerChoice.choices if one[0] != Trigger.CALENDAR]
    )
    reason = text(_("reason"))
    due_on = day(_("due on"), required=False, help_text=_("Thirty days from now if left out."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = _kinds()  # type: ignore[attr-defined]  # ChoiceField


class PastForm(DeskForm):
    """Record a review from before the register knew the model."""

    kind = choice(_("kind of review"), [])
    done_on = day(_("done on"))
    summary = text(_("summary"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = _kinds()  # type: ignore[attr-defined]  # ChoiceField


def _kinds() -> list[tuple[str, Any]]:
    section = queries.active_section()
    told = [(one.key, kind_in_words(section, one.key)) for one in section.of_scope("release")]
    return [("", _("Please choose")), *told]

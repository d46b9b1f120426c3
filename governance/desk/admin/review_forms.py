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
from registry.core.people.models import User
from registry.releases.models import ExplainabilityLevel

CHECK = "check_"


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


class ExplainForm(DeskForm):
    """Write down what an explainability review found (R10)."""

    method = choice(_("method"), Method.choices)
    scope = text(_("scope"), rows=2, help_text=_("Which version, data, segments and decisions."))
    file = forms.FileField(
        label=_("explanation data"),
        required=False,
        help_text=_(
            "CSV or JSON of SHAP, Alibi, AI Verify or plain importances; it is read and compared"
            " with the last review."
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
        found = Explanation.objects.filter(review=self.subject).first()
        for name in self.fields if found is not None else ():
            if name != "file":
                self.initial.setdefault(name, getattr(found, name))


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

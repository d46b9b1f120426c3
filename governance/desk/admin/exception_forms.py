"""The forms of exceptions: exemptions, waivers and their answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, day, text
from governance.desk.admin.forms import SENTENCE
from governance.desk.admin.pages import said
from governance.lifecycle.queries import section_of
from governance.lifecycle.schema import Alternative
from registry.core.policy import queries as policy
from registry.evidence import queries as evidence


def granting() -> forms.TypedChoiceField:
    """Granted or refused; nothing is chosen beforehand."""
    return forms.TypedChoiceField(
        label=_("answer"),
        choices=[("yes", _("grant")), ("no", _("refuse"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )


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

"""The forms about legal clocks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.clocks import queries
from governance.desk.admin.fields import DeskForm, choice, text
from governance.desk.admin.pages import said


def moment(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateTimeField:
    """A date and a time, in the reader's time zone."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, required=required, help_text=help_text, widget=widget)


class StartForm(DeskForm):
    """Say what has happened, and when."""

    kind = choice(_("legal clock"), [])
    event_at = moment(
        _("event"), help_text=_("When it happened or was known; for a report beforehand, its day.")
    )
    reason = text(_("what happened"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = [
            (one.key, f"{said(one.label.model_dump())} · {said(one.event_label.model_dump())}")
            for one in queries.active_section().clocks
        ]
        self.fields["kind"].choices = [("", _("Please choose")), *told]  # type: ignore[attr-defined]  # ChoiceField


class CompleteForm(DeskForm):
    """What shows that it was done."""

    receipt = forms.CharField(label=_("receipt"), max_length=200)
    completed_at = moment(_("completed at"), required=False, help_text=_("Now, if left out."))
    file = forms.FileField(label=_("document of the receipt"), required=False)
    note = text(_("note"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = queries.kind_of(self.subject)
        if kind is not None:
            self.fields["receipt"].help_text = said(kind.receipt.model_dump())


class WithdrawForm(DeskForm):
    """Why it was started in error."""

    note = text(_("why it was started in error"))

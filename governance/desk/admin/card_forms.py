"""The form about foreign model cards."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm


class CardForm(DeskForm):
    """The file."""

    file = forms.FileField(
        label=_("file"),
        help_text=_(
            "Hugging Face (README.md), CycloneDX 1.5 to 1.7, SPDX 3.0.1 or Google Model Card"
            " (JSON); at most 1 MB."
        ),
    )

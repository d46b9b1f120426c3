"""What the desk's forms are made of: the theme's clothes, and fields that say what they expect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    CHECKBOX_CLASSES,
    FILE_CLASSES,
    INPUT_CLASSES,
    SELECT_CLASSES,
    TEXTAREA_CLASSES,
)

from governance.desk.admin.words import name_of
from registry.core.people.models import User
from registry.core.web.disguises import is_disguised

_TOO_SHORT = _("At least %(limit_value)d characters are needed; these are %(show_value)d.")


class DeskForm(forms.Form):
    """A form in the theme's clothes: about a subject, filled in by a person."""

    def __init__(
        self, *args: Any, subject: Any = None, user: User | None = None, **kwargs: Any
    ) -> None:
        self.subject = subject
        self.filler = user or User()
        super().__init__(*args, **kwargs)
        self.dress()

    def dress(self) -> None:
        """Every field wears the theme's clothes; called again by forms that add fields."""
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField):
                field.label_from_instance = name_of  # type: ignore[method-assign, assignment]  # in both languages
                if field.empty_label is not None:
                    field.empty_label = _("Please choose")
            _name_in_refusals(field)
            field.widget.attrs.setdefault("class", " ".join(_classes(field.widget)))

    def clean(self) -> dict[str, Any] | None:
        """No text holds characters by which it reads otherwise than it is."""
        told = super().clean()
        for name, value in list(self.cleaned_data.items()):
            if isinstance(value, str) and is_disguised(value):
                refusal = _("A text holds no characters that hide or turn others round.")
                self.add_error(name, forms.ValidationError(refusal, code="disguised"))
        return told


def _name_in_refusals(field: forms.Field) -> None:
    """What Django refuses by itself names the field, the rule and the way out."""
    told = {"label": field.label or ""}
    field.error_messages["required"] = format_lazy(_("Fill in “{label}”."), **told)
    for rule, (bound, text) in _BOUNDS.items():
        most = getattr(field, bound, None)
        if most is not None:
            field.error_messages[rule] = format_lazy(text, **told, bound=most)


_BOUNDS = {
    "max_value": ("max_value", _("“{label}” is at most {bound}.")),
    "min_value": ("min_value", _("“{label}” is at least {bound}.")),
}


def _classes(widget: forms.Widget) -> list[str]:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return []
    if isinstance(widget, forms.CheckboxInput):
        return list(CHECKBOX_CLASSES)
    if isinstance(widget, forms.Textarea):
        return list(TEXTAREA_CLASSES)
    if isinstance(widget, forms.Select):
        return list(SELECT_CLASSES)
    if isinstance(widget, forms.FileInput):
        return [one for one in FILE_CLASSES if one]
    return list(INPUT_CLASSES)


def text(
    label: Any, *, required: bool = True, help_text: Any = "", rows: int = 3, least: int = 0
) -> forms.CharField:
    """Several lines, of so many characters at least."""
    return forms.CharField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
        min_length=least or None,
        error_messages={"min_length": _TOO_SHORT},
    )


def day(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    """A date."""
    widget = forms.DateInput(attrs={"type": "date"})
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


def choice(label: Any, choices: Any, *, help_text: Any = "") -> forms.ChoiceField:
    """One of few; nothing is chosen beforehand."""
    told = [("", _("Please choose")), *choices]
    return forms.ChoiceField(label=label, choices=told, help_text=help_text)


class DigestField(forms.CharField):
    """A SHA-256 as tools print it: 64 hexadecimal characters, kept in small letters."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "digest": _("Expected are 64 hexadecimal characters (0–9, a–f); these are %(count)s.")
    }

    def clean(self, value: Any) -> str:
        """The digest without blanks, in small letters."""
        digest = str(super().clean(value)).strip().lower()
        if digest and not re.fullmatch("[0-9a-f]{64}", digest):
            told = self.error_messages["digest"] % {"count": len(digest)}
            raise forms.ValidationError(told, code="digest")
        return digest


class Suggesting(forms.TextInput):
    """A line of text with suggestions below it."""

    def __init__(self, suggestions: Iterable[tuple[str, Any]]) -> None:
        self.suggestions = tuple(suggestions)
        super().__init__()

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The field, and the list that it names."""
        field = super().render(name, value, (attrs or {}) | {"list": f"known_{name}"}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', self.suggestions)
        return format_html('{}<datalist id="known_{}">{}</datalist>', field, name, options)

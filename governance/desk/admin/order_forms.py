"""The forms of orders. Before anything is stopped they show which uses that would affect."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.fields import DeskForm, text
from governance.desk.admin.forms import SENTENCE
from governance.suspensions import queries
from governance.suspensions.models import NAMED, TargetType
from governance.suspensions.queries import Target
from registry.core.adminkit import named
from registry.core.people.queries import standing, visible_entities
from registry.core.people.rules import Capability
from registry.usecases.models import ModelUse

SHOWN = 50  # of the uses affected; the others are counted


@dataclass(frozen=True)
class Affected:
    """The uses that an order would affect: the first of them, and how many there are."""

    uses: list[ModelUse]
    count: int

    @property
    def left(self) -> int:
        """How many are counted and not named."""
        return self.count - len(self.uses)


class OrderForm(DeskForm):
    """An order about the subject itself."""

    target_type: str = ""

    @property
    def affected(self) -> Affected | None:
        """What the order would affect, as far as it is known what is meant."""
        return self._affected(Target(self.target_type, self.subject.pk))

    def _affected(self, target: Target) -> Affected:
        return Affected(*queries.affected_uses(self.filler, target, SHOWN))


class StopForm(OrderForm):
    """Stop at once."""

    reason = text(_("reason"), least=2)
    given_by = forms.CharField(label=_("given by telephone by"), max_length=150, required=False)
    is_drill = forms.BooleanField(
        label=_("drill"), required=False,
        help_text=_("A drill stops in earnest; every list and page says that it is one."),
    )  # fmt: skip


class StopReleaseForm(StopForm):
    """Stop a release at once."""

    target_type = TargetType.RELEASE


class StopModelForm(StopForm):
    """Stop a model at once."""

    target_type = TargetType.MODEL


class RestrictForm(OrderForm):
    """Restrict a release at once."""

    target_type = TargetType.RELEASE
    reason = text(_("reason"), least=2)
    limits = text(_("limits of use"))


class WiderForm(OrderForm):
    """An order about an entity, a vendor or a base model: shown first, then given."""

    capability = Capability.STOP
    target = forms.ChoiceField(label=_("about"))
    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        blank: tuple[Any, Any] = ("", _("Please choose"))
        self.fields["target"].choices = [blank, *self._choices()]  # type: ignore[attr-defined]  # ChoiceField

    def _choices(self) -> list[tuple[Any, Any]]:
        held = standing(self.filler)
        entities = [
            (f"{TargetType.ENTITY}:{row.pk}", named(row))
            for row in visible_entities(self.filler).order_by("path")
            if held.may_at(self.capability, row.path)
        ]
        groups: list[tuple[Any, Any]] = [(TargetType.ENTITY.label, entities)]
        for kind in NAMED if held.may_everywhere(self.capability) else ():
            names = queries.names_in_use(self.filler, kind)
            groups.append((kind.label, [(f"{kind}:{name}", name) for name in names]))
        return [group for group in groups if group[1]]

    @property
    def affected(self) -> Affected | None:
        """What the chosen target's order would affect."""
        told = self.data.get("target") or self.initial.get("target", "")
        known = {key for _label, keys in self._choices() for key, _name in keys}
        return self._affected(target_from(told)) if told in known else None

    def clean(self) -> dict[str, Any] | None:
        """What is affected has been shown before the order is given."""
        told = super().clean()
        target = self.cleaned_data.get("target")
        if target and self.cleaned_data.get("shown") != target:
            self.data = {**self.data.dict(), "shown": target}  # type: ignore[attr-defined]  # a QueryDict
            raise forms.ValidationError(
                gettext("Look at the uses below, and press the button again: they are affected."),
                code="shown_first",
            )
        return told


class StopWiderForm(WiderForm, StopForm):
    """Stop an entity's uses, a vendor's or a base model's at once."""

    field_order = ("target", "reason", "given_by", "is_drill", "shown")


class RestrictWiderForm(WiderForm, RestrictForm):
    """Restrict an entity's uses, a vendor's or a base model's at once."""

    capability = Capability.RESTRICT
    field_order = ("target", "reason", "limits", "shown")


class ResumeForm(DeskForm):
    """Lift an order."""

    reason = text(_("root cause and test"), least=SENTENCE)


def target_from(told: str) -> Target:
    """What a choice of the wider forms means."""
    kind, _colon, key = told.partition(":")
    return Target(kind, name=key) if kind in NAMED else Target(kind, uuid.UUID(key))

"""The forms of orders. Before anything is stopped they show which uses that would affect."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin.clock_forms import moment
from governance.desk.admin.fields import DeskForm, text
from governance.desk.admin.forms import SENTENCE
from governance.suspensions import queries
from governance.suspensions.models import NAMED, OrderKind, TargetType
from governance.suspensions.queries import Target
from registry.core.adminkit import named
from registry.core.people.models import LegalEntity, User, UserKind
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
    noticed_at = moment(
        _("noticed at"), required=False,
        help_text=_("When the event was noticed: the time to decide is measured from it."),
    )  # fmt: skip
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

    field_order = ("target", "reason", "given_by", "noticed_at", "is_drill", "shown")


class RestrictWiderForm(WiderForm, RestrictForm):
    """Restrict an entity's uses, a vendor's or a base model's at once."""

    capability = Capability.RESTRICT
    field_order = ("target", "reason", "limits", "shown")


class ResumeForm(DeskForm):
    """Lift an order."""

    reason = text(_("root cause and test"), least=SENTENCE)
    is_false_alarm = forms.BooleanField(
        label=_("false alarm"), required=False,
        help_text=_("The stop was in error. The lifting is then ratified at the next meeting."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject.kind != OrderKind.STOP:
            del self.fields["is_false_alarm"]
        elif self.subject.is_false_alarm:
            self.initial["is_false_alarm"] = True


class RatifyForm(DeskForm):
    """Ratify the lifting after a false alarm."""

    resolution = forms.CharField(
        label=_("resolution number"), max_length=100, help_text=_("Such as: MRC 2026-014.")
    )


class DrillForm(DeskForm):
    """Report a drill."""

    scenario = text(_("scenario"), least=SENTENCE)
    participants = text(_("participants"), least=SENTENCE)
    vendor_took_part = forms.BooleanField(label=_("vendor took part"), required=False)
    manual_capacity_hours = forms.DecimalField(
        label=_("hours of peak volume handled by hand"), required=False, min_value=0,
        max_digits=6, decimal_places=1,
    )  # fmt: skip
    findings = text(_("findings"), required=False)
    actions = text(_("actions"), required=False)


class ConsumerForm(DeskForm):
    """Open an enforcing system."""

    name = forms.CharField(label=_("name"), max_length=100)
    user = forms.ModelChoiceField(
        label=_("machine account"),
        queryset=User.objects.filter(kind=UserKind.MACHINE, is_active=True).order_by("username"),
    )
    entity = forms.ModelChoiceField(
        label=_("legal entity"), queryset=LegalEntity.objects.order_by("path"),
        help_text=_("It enforces orders for what is used there or below."),
    )  # fmt: skip
    address = forms.CharField(
        label=_("address of its webhook"), max_length=2_000, required=False,
        help_text=_("Left out, it fetches the list. It is sealed, and never shown again."),
    )  # fmt: skip
    secret = forms.CharField(
        label=_("secret"), required=False, max_length=200,
        help_text=_("Leave it out, and one is made up."),
    )  # fmt: skip


def target_from(told: str) -> Target:
    """What a choice of the wider forms means."""
    kind, _colon, key = told.partition(":")
    return Target(kind, name=key) if kind in NAMED else Target(kind, uuid.UUID(key))

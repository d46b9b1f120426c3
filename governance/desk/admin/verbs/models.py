"""The verbs about models, their uses, cards and grades."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from governance.approvals import services as approvals
from governance.desk.admin import forms, model_forms, order_forms
from governance.desk.admin.verbs.base import Verb, ordering
from governance.lifecycle import services as lifecycle
from registry.catalogue import queries as catalogue_queries
from registry.catalogue import services as catalogue
from registry.catalogue.services import NewVersion
from registry.classification import queries as classification_queries
from registry.classification.queries import Inputs
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.registration import services as registration
from registry.usecases import queries as usecases_queries
from registry.usecases import services as usecases
from registry.usecases.services import NewUseCase


def _own(subject: Any) -> str:
    return str(subject.get_absolute_url())


def _of_model(subject: Any) -> str:
    return f"/models/{subject.model_id}/"


def _of_grade(subject: Any) -> str:
    return f"/models/{subject.model_use.model_id}/"


def _register_version(user: User, subject: Any, data: dict[str, Any]) -> object:
    version = NewVersion(
        label=data["label"],
        identity_kind="artifact",
        digest=data["digest"],
        source=data["source"],
        developers=tuple(data["developers"]),
    )
    return catalogue.register_version(actor=user, model=subject, version=version)


def _correct_card(user: User, subject: Any, data: dict[str, Any]) -> object:
    told = dict(data)
    reason = told.pop("reason")
    changes = {name: value for name, value in told.items() if value != getattr(subject, name)}
    return usecases.correct_use_case(
        actor=user, use_case_id=subject.pk, changes=changes, reason=reason
    )


def _correct_model(user: User, subject: Any, data: dict[str, Any]) -> object:
    told = dict(data)
    reason = told.pop("reason")
    changes = {name: value for name, value in told.items() if value != getattr(subject, name)}
    return catalogue.correct_model(
        actor=user, model_id=subject.pk, changes=changes, reason=reason, expected_version=None
    )


def _add_use(user: User, subject: Any, data: dict[str, Any]) -> object:
    """Every question is open at first: the page that follows asks them."""
    card = data["use_case"] or NewUseCase(
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        purpose=data["purpose"],
        entity=data["using_entity"],
        owner=user,
    )
    use, _release, _grade = registration.add_use(
        actor=user,
        model=subject,
        use_case=card,
        using_entity=data["using_entity"],
        inputs=Inputs(),
        is_uninterruptible=data["is_uninterruptible"],
    )
    return use


def _open_release(user: User, subject: Any, data: dict[str, Any]) -> object:
    return registration.open_release(actor=user, use=subject, version=data["version"])


MODEL_VERBS: dict[str, Verb] = {
    "register-version": Verb(
        _("Register a version"), Capability.REGISTER_VERSION, catalogue_queries.visible_to,
        forms.VersionForm, _register_version, _own,
    ),
    "correct-model": Verb(
        _("Correct names and description"), Capability.REGISTER, catalogue_queries.visible_to,
        model_forms.CorrectionForm, _correct_model, _own,
        explanation=_("A former name stays findable."),
    ),
    "hand-over": Verb(
        _("Hand over to another owner"), Capability.REGISTER, catalogue_queries.visible_to,
        model_forms.HandOverForm,
        lambda user, subject, data: lifecycle.hand_over(
            actor=user, model_id=subject.pk, **data
        ),
        _own,
        explanation=_("The new owner answers for the model and decides nothing about it."),
    ),
    "initiate": Verb(
        _("Let somebody know of it"), Capability.REGISTER,
        lambda user: catalogue_queries.visible_to(user).filter(is_confidential=True),
        model_forms.InitiationForm,
        lambda user, subject, data: catalogue.initiate(actor=user, model=subject, **data), _own,
    ),
    "end-initiation": Verb(
        _("No longer show it to this person"), Capability.REGISTER,
        catalogue_queries.visible_initiations, forms.ReasonForm,
        lambda user, subject, data: catalogue.end_initiation(
            actor=user, initiation_id=subject.pk, **data
        ),
        _of_model,
    ),
    "add-use": Verb(
        _("Add a use"), Capability.REGISTER, catalogue_queries.visible_to,
        model_forms.UseForm, _add_use, _own,
        explanation=_("Each use is graded and approved by itself; the questions come next."),
        forward=lambda use: f"/uses/{use.pk}/grade/",
    ),
    "open-release": Verb(
        _("Open a release"), Capability.REGISTER, usecases_queries.visible_uses,
        model_forms.ReleaseForm, _open_release, _of_model,
        explanation=_("Another version for the same use: it passes its own gates."),
        forward=_own,
    ),
    "confirm-grade": Verb(
        _("Confirm the grade"), Capability.CONFIRM_GRADE,
        lambda user: classification_queries.visible_grades(user).select_related("model_use"),
        forms.ConfirmGradeForm,
        lambda user, subject, data: approvals.confirm_grade(
            actor=user, grade_id=subject.pk, reason=data["reason"]
        ),
        _of_grade,
        explanation=_("You are the second person: the tier decides who approves this model."),
    ),
    "override-tier": Verb(
        _("Override the tier"), Capability.OVERRIDE_GRADE, usecases_queries.visible_uses,
        model_forms.OverrideForm,
        lambda user, subject, data: approvals.override_tier(
            actor=user, use_id=subject.pk, **data
        ),
        _of_model,
        explanation=_(
            "The second line may raise any tier. Lowering is one step at most, never below a "
            "floor, for at most six months, by the head of model risk or the CRO."
        ),
    ),
    "correct-card": Verb(
        _("Correct the use-case card"), Capability.REGISTER, usecases_queries.visible_use_cases,
        forms.CardForm, _correct_card,
        lambda subject: "/admin/registry/usecase/",
    ),
    "stop-model": Verb(
        _("Emergency stop"), Capability.STOP, catalogue_queries.visible_to,
        order_forms.StopModelForm,
        ordering("stop", "model"), _own, is_danger=True,
        explanation=_("Every use and version of this model is stopped at once."),
    ),
}  # fmt: skip

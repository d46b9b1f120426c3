"""The verbs about deployment permits."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import forms, permit_forms
from governance.desk.admin.verbs.base import Verb
from governance.permits import queries
from governance.permits import services as permits
from governance.permits.services import Reported
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.usecases.queries import visible_uses


def _permits(user: User) -> QuerySet[Any]:
    return queries.whole(queries.visible_to(user))


def _requests(user: User) -> QuerySet[Any]:
    return queries.visible_break_glass(user).select_related(
        "model_use__model", "model_use__use_case", "model_use__entity", "asked_by"
    )


def _uses(user: User) -> QuerySet[Any]:
    return visible_uses(user).select_related("model", "use_case", "entity")


def _list(subject: Any) -> str:
    return "/permits/"


def _give(user: User, subject: Any, data: dict[str, Any]) -> object:
    proof = people.step_up(user=user, password=data["password"], subjects=[subject.subject])
    return permits.give_break_glass(actor=user, request_id=subject.pk, step_up_id=proof.pk)


def _report(user: User, subject: Any, data: dict[str, Any]) -> object:
    return permits.report_use(actor=user, permit_id=subject.pk, told=Reported(**data))


PERMIT_VERBS: dict[str, Verb] = {
    "revoke-permit": Verb(
        _("Revoke the permit"), Capability.REVOKE_PERMIT, _permits, permit_forms.RevokeForm,
        lambda user, subject, data: permits.revoke(actor=user, permit_id=subject.pk, **data),
        lambda subject: str(subject.get_absolute_url()), is_danger=True,
        explanation=_("The list of the revoked says so at once. What is deployed stays deployed."),
    ),
    "ask-break-glass": Verb(
        _("Ask for a break-glass permit"), Capability.ASK_BREAK_GLASS, _uses,
        permit_forms.AskForm,
        lambda user, subject, data: permits.ask_break_glass(
            actor=user, use_id=subject.pk, **data
        ),
        _list,
        explanation=_("A second person gives it. It works where the register cannot be asked."),
    ),
    "give-break-glass": Verb(
        _("Give the permit"), Capability.GIVE_BREAK_GLASS, _requests, permit_forms.GiveForm,
        _give, _list, is_danger=True,
        explanation=_(
            "Until its end any version of this use may be deployed there. Each use is told after."
        ),
    ),
    "refuse-break-glass": Verb(
        _("Refuse"), Capability.GIVE_BREAK_GLASS, _requests, permit_forms.RefuseForm,
        lambda user, subject, data: permits.refuse_break_glass(
            actor=user, request_id=subject.pk, **data
        ),
        _list,
    ),
    "report-permit-use": Verb(
        _("Report a use"), Capability.REPORT_DEPLOYMENT, _permits, permit_forms.UseForm,
        _report, _list,
    ),
    "account-for-permit": Verb(
        _("All uses are reported"), Capability.REPORT_DEPLOYMENT, _permits, forms.NothingForm,
        lambda user, subject, data: permits.account(actor=user, permit_id=subject.pk), _list,
        explanation=_("Say so also where the permit was not used at all."),
    ),
}  # fmt: skip

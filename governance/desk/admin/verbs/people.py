"""The verbs about people, their roles, delegations and tokens."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.desk.admin import people_forms as forms
from governance.desk.admin.verbs.base import Verb
from governance.lifecycle import services as lifecycle
from governance.lifecycle.services import HandedOver
from registry.core import clock
from registry.core.people import queries
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.rules import Capability, Role
from registry.core.people.services import NewPerson


def _people(subject: Any) -> str:
    return "/people/"


def _own_page(subject: Any) -> str:
    return f"/people/{subject.pk}/"


def _of_user(subject: Any) -> str:
    return f"/people/{subject.user_id}/"


def _enrol(user: User, subject: Any, data: dict[str, Any]) -> object:
    told = dict(data)
    is_vendor_staff = told.pop("is_vendor_staff")
    return people.enrol(actor=user, person=NewPerson(**told), is_vendor_staff=is_vendor_staff)


def _assign(user: User, subject: Any, data: dict[str, Any]) -> object:
    told = data | {"role": Role(data["role"])}
    return people.assign_role(actor=user, user=subject, **told)


def _issue(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The secret is the verb's result; the page shows it this once."""
    expires_at = clock.now() + dt.timedelta(days=data["days"])
    _row, secret = people.issue_token(
        actor=user, user=subject, name=data["name"], scopes=data["scopes"], expires_at=expires_at
    )
    return Secret(secret)


def _handed_over(told: HandedOver) -> str:
    """What has gone over, and what has not."""
    text = gettext("Handed over: %(models)s models, %(packages)s review packages.") % {
        "models": len(told.models), "packages": len(told.packages),
    }  # fmt: skip
    if told.refused:
        left = gettext("; ").join(told.refused[:10])
        text += gettext(" Left: %(left)s") % {"left": left}
    return text


class Secret(str):
    """A text that is shown to its person once."""


PEOPLE_VERBS: dict[str, Verb] = {
    "enrol-person": Verb(
        _("Enrol a person"), Capability.MANAGE_PEOPLE, queries.visible_entities,
        forms.PersonForm, _enrol, _people, forward=_own_page,
    ),
    "enrol-machine": Verb(
        _("Enrol a machine account"), Capability.MANAGE_PEOPLE, queries.visible_entities,
        forms.MachineForm,
        lambda user, subject, data: people.enrol_machine(actor=user, **data),
        _people, forward=_own_page,
    ),
    "assign-role": Verb(
        _("Assign a role"), Capability.MANAGE_PEOPLE, queries.visible_users, forms.RoleForm,
        _assign, _own_page,
    ),
    "end-role": Verb(
        _("End the role"), Capability.MANAGE_PEOPLE, queries.visible_roles, forms.EndForm,
        lambda user, subject, data: people.end_role(
            actor=user, assignment_id=subject.pk, **data
        ),
        _of_user,
    ),
    "change-password": Verb(
        _("Change my password"), Capability.READ,
        lambda user: queries.visible_users(user).filter(pk=user.pk), forms.ChangePasswordForm,
        lambda user, subject, data: people.change_password(
            actor=user, old_password=data["old_password"], new_password=data["new_password"]
        ),
        _own_page,
    ),
    "reset-password": Verb(
        _("Reset the password"), Capability.MANAGE_PEOPLE, queries.visible_users,
        forms.ResetPasswordForm,
        lambda user, subject, data: people.reset_password(
            actor=user, user_id=subject.pk, **data
        ),
        _own_page,
        explanation=_("The person is told who set it, and why."),
    ),
    "change-email": Verb(
        _("Change the e-mail address"), Capability.MANAGE_PEOPLE, queries.visible_users,
        forms.EmailForm,
        lambda user, subject, data: people.change_email(actor=user, user_id=subject.pk, **data),
        _own_page,
        explanation=_("Digests of what is unread go there, once a working day."),
    ),
    "deactivate-person": Verb(
        _("Deactivate the account"), Capability.MANAGE_PEOPLE, queries.visible_users,
        forms.ReasonForm,
        lambda user, subject, data: people.deactivate(actor=user, user_id=subject.pk, **data),
        _own_page, is_danger=True,
    ),
    "hand-over-tasks": Verb(
        _("Hand over the open tasks"), Capability.REGISTER, queries.visible_users,
        forms.HandOverTasksForm,
        lambda user, subject, data: lifecycle.hand_over_tasks(
            actor=user, leaver=subject, **data
        ),
        _own_page, done=_handed_over,
        explanation=_(
            "Models, their open conditions and assigned reviews go to the other person; what that"
            " person may not take is told and stays."
        ),
    ),
    "delegate": Verb(
        _("Let somebody stand in for me"), Capability.VOTE,
        lambda user: queries.visible_users(user).filter(pk=user.pk), forms.DelegationForm,
        lambda user, subject, data: people.delegate(actor=user, **data), _own_page,
        explanation=_(
            "It holds once the other person accepts. The conflicts of both count, and it can't"
            " be passed on."
        ),
    ),
    "accept-delegation": Verb(
        _("Stand in"), Capability.VOTE,
        lambda user: queries.visible_delegations(user).filter(delegate=user),
        forms.NothingForm,
        lambda user, subject, data: people.accept_delegation(
            actor=user, delegation_id=subject.pk
        ),
        lambda subject: f"/people/{subject.delegate_id}/",
        explanation=_("In that time you share the conflicts of the person you stand in for."),
    ),
    "revoke-delegation": Verb(
        _("End the delegation"), Capability.VOTE,
        lambda user: queries.visible_delegations(user).filter(Q(principal=user) | Q(delegate=user)),
        forms.NothingForm,
        lambda user, subject, data: people.revoke_delegation(
            actor=user, delegation_id=subject.pk
        ),
        lambda subject: f"/people/{subject.principal_id}/",
    ),
    "issue-token": Verb(
        _("Issue a token"), Capability.READ, queries.visible_users, forms.TokenForm, _issue,
        _own_page, explanation=_("The secret is shown once, right after this."),
    ),
    "revoke-token": Verb(
        _("Revoke the token"), Capability.READ, queries.visible_tokens, forms.NothingForm,
        lambda user, subject, data: people.revoke_token(actor=user, token_id=subject.pk),
        _of_user, is_danger=True,
    ),
}  # fmt: skip

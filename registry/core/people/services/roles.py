"""Roles with dates, and who stands in for whom."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import Q
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.people import queries
from registry.core.people.models import (
    Delegation,
    Department,
    LegalEntity,
    RoleAssignment,
    User,
    UserKind,
)
from registry.core.people.rules import Capability, Role

# Roles that vote and sign nothing: somebody with no other has nothing to delegate.
DECIDING_NOTHING = frozenset(
    {Role.OWNER, Role.DEVELOPER, Role.AUDIT, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PIPELINE}
)


def assign_role(
    *,
    actor: User,
    user: User,
    role: Role,
    entity: LegalEntity,
    department: Department | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleAssignment:
    """The person has the role from the date on. Nobody assigns a role to themselves.

    Vendor staff hold no approver, validator or owner role (SoD, regulations II.3.3).
    """
    if actor.pk == user.pk:
        raise Forbidden("own_role", _("Nobody assigns a role to themselves."), field="user")
    if user.is_vendor_staff and role is not Role.DEVELOPER:
        raise Forbidden("vendor_staff", _("Vendor staff can be developers only."), field="role")
    if user.kind == UserKind.MACHINE and role is not Role.PIPELINE:
        raise Forbidden("machine_role", _("A machine account is a pipeline only."), field="role")
    queries.require_at(actor, Capability.MANAGE_PEOPLE, entity)
    row = new_role(user, role, entity, department, valid_from, valid_to)
    check_dates(row.valid_from, valid_to)
    with ledger.act(actor) as act:
        if not ledger.lock(User.objects.all(), user.pk).is_active:
            raise Conflict("inactive", _("This account is inactive."), field="user")
        same = RoleAssignment.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=row.valid_from),
            user=user,
            role=role.value,
            entity=entity,
            department=department,
            valid_from__lte=valid_to or dt.date.max,
        )
        if same.exists():
            raise Conflict(
                "role_held", _("This person holds this role there in that time."), field="role"
            )
        return act.create(row, "role.assigned")


def end_role(*, actor: User, assignment_id: uuid.UUID, valid_to: dt.date) -> RoleAssignment:
    """The role ends on the date."""
    with ledger.act(actor) as act:
        row = ledger.lock(RoleAssignment.objects.all(), assignment_id)
        queries.require_at(actor, Capability.MANAGE_PEOPLE, row.entity)
        check_dates(row.valid_from, valid_to)
        return act.update(row, "role.ended", {"valid_to": valid_to})


def delegate(
    *,
    actor: User,
    to: User,
    valid_from: dt.date,
    valid_to: dt.date,
    reason: str,
    body_code: str = "",
) -> Delegation:
    """Between the dates `to` may decide for the actor; the conflicts of both count."""
    if to.kind != UserKind.PERSON or not to.is_active or to.is_vendor_staff:
        raise DomainError(
            "delegate_unfit", _("Only active persons of the institution can stand in."), field="to"
        )
    if not queries.standing(actor).role_set - DECIDING_NOTHING:
        raise Forbidden(
            "nothing_to_delegate",
            _("Owners, developers and administrators decide nothing that could be delegated."),
        )
    if to.pk == actor.pk:
        raise DomainError("delegate_self", _("Nobody stands in for themselves."), field="to")
    check_dates(valid_from, valid_to)
    row = Delegation(
        principal=actor,
        delegate=to,
        body_code=body_code,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
    )
    with ledger.act(actor) as act:
        return act.create(row, "delegation.given")


def revoke_delegation(*, actor: User, delegation_id: uuid.UUID) -> Delegation:
    """The principal has taken the delegation back."""
    with ledger.act(actor) as act:
        row = ledger.lock(Delegation.objects.all(), delegation_id)
        if row.principal_id != actor.pk:
            raise Forbidden("not_yours", _("Only its giver takes a delegation back."))
        if row.revoked_at:
            raise Conflict("already_revoked", _("This delegation has been revoked already."))
        return act.update(row, "delegation.revoked", {"revoked_at": clock.now()})


def check_dates(valid_from: dt.date, valid_to: dt.date | None) -> None:
    """Raises DomainError where the last day lies before the first."""
    if valid_to is not None and valid_to < valid_from:
        raise DomainError(
            "ends_before_it_begins", _("The last day lies before the first."), field="valid_to"
        )


def new_role(
    user: User,
    role: Role,
    entity: LegalEntity,
    department: Department | None = None,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleAssignment:
    """The row, not yet written."""
    return RoleAssignment(
        user=user,
        role=role.value,
        entity=entity,
        department=department,
        valid_from=valid_from or clock.today(),
        valid_to=valid_to,
    )

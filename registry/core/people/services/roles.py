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
from registry.core.people.rules import (
    DECIDING_NOTHING,
    MACHINE_ROLES,
    NEVER_DECIDING,
    Capability,
    Role,
)

MOST_DELEGATION_DAYS = 366


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
    if user.kind == UserKind.MACHINE and role not in MACHINE_ROLES:
        told = _("A machine account is a pipeline or a gateway only.")
        raise Forbidden("machine_role", told, field="role")
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
        check_ending(row.valid_from, row.valid_to, valid_to)
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
    """Between the dates `to` may decide for the actor, once they accept; both's conflicts count.

    Raises DomainError where `to` decides nothing, Conflict where somebody else stands in then.
    """
    _check_deputy(actor, to)
    check_dates(valid_from, valid_to)
    _check_window(valid_from, valid_to)
    row = Delegation(
        principal=actor,
        delegate=to,
        body_code=body_code,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
    )
    with ledger.act(actor) as act:
        ledger.lock(User.objects.all(), actor.pk)
        others = Delegation.objects.filter(
            Q(body_code=body_code) | Q(body_code="") if body_code else Q(),
            principal=actor,
            revoked_at=None,
            valid_from__lte=valid_to,
            valid_to__gte=valid_from,
        )
        if others.exists():
            raise Conflict(
                "deputy_already",
                _("Somebody stands in for you at that time already; take that back first."),
                field="valid_from",
            )
        return act.create(row, "delegation.given")


def _check_deputy(actor: User, to: User) -> None:
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
    roles = queries.standing(to).role_set
    if not roles - DECIDING_NOTHING or roles & NEVER_DECIDING:
        raise DomainError(
            "delegate_decides_nothing",
            _("The third line, administrators and people without a deciding role do not stand in."),
            field="to",
        )


def accept_delegation(*, actor: User, delegation_id: uuid.UUID) -> Delegation:
    """The delegate stands in: from now on they may decide, and share the giver's conflicts."""
    with ledger.act(actor) as act:
        row = ledger.lock(Delegation.objects.all(), delegation_id)
        if row.delegate_id != actor.pk:
            raise Forbidden("not_yours", _("Only whoever is to stand in accepts that."))
        if row.revoked_at or row.accepted_at:
            raise Conflict("answered_already", _("This has been answered already."))
        if row.valid_to < clock.today():
            raise Conflict("over_already", _("The last day of this delegation has passed."))
        return act.update(row, "delegation.accepted", {"accepted_at": clock.now()})


def revoke_delegation(*, actor: User, delegation_id: uuid.UUID) -> Delegation:
    """The delegation has ended: its giver has taken it back, or the delegate has declined."""
    with ledger.act(actor) as act:
        row = ledger.lock(Delegation.objects.all(), delegation_id)
        if actor.pk not in (row.principal_id, row.delegate_id):
            raise Forbidden(
                "not_yours", _("A delegation is ended by its giver or by who was to stand in.")
            )
        if row.revoked_at:
            raise Conflict("already_revoked", _("This delegation has been revoked already."))
        return act.update(row, "delegation.revoked", {"revoked_at": clock.now()})


def check_dates(valid_from: dt.date, valid_to: dt.date | None) -> None:
    """Raises DomainError where the last day lies before the first."""
    if valid_to is not None and valid_to < valid_from:
        raise DomainError(
            "ends_before_it_begins", _("The last day lies before the first."), field="valid_to"
        )


def check_ending(valid_from: dt.date, ends_on: dt.date | None, valid_to: dt.date) -> None:
    """Raises DomainError where an ending would lie before the beginning, or prolong something.

    What has an end can end sooner. It never lasts longer: that would be a way to give oneself
    what only others can give.
    """
    check_dates(valid_from, valid_to)
    if ends_on is not None and valid_to > ends_on:
        raise Conflict(
            "only_shortens",
            _("This ends on %(day)s; it can only end sooner.") % {"day": ends_on},
            field="valid_to",
            hint=_("Somebody else gives it anew."),
        )


def _check_window(valid_from: dt.date, valid_to: dt.date) -> None:
    today = clock.today()
    if valid_to < today or valid_from < today - dt.timedelta(days=1):
        raise DomainError("in_the_past", _("A delegation lies ahead."), field="valid_from")
    if valid_to > valid_from + dt.timedelta(days=MOST_DELEGATION_DAYS):
        raise DomainError(
            "delegation_too_long",
            _("A delegation lasts at most %(days)s days.") % {"days": MOST_DELEGATION_DAYS},
            field="valid_to",
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

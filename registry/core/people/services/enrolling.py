"""The institution is founded; people and machines are enrolled, and leave."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.people import queries
from registry.core.people.models import (
    SYSTEM_ID,
    LegalEntity,
    RoleAssignment,
    Token,
    User,
    UserKind,
)
from registry.core.people.rules import Role
from registry.core.people.services.proving import proves
from registry.core.people.services.roles import new_role


@dataclass(frozen=True)
class NewPerson:
    """What is needed to enrol somebody."""

    username: str
    name: str
    password: str
    email: str = ""
    language: str = ""


def found(
    *,
    policy_document: str,
    entity_code: str,
    entity_name: str,
    administrators: Sequence[NewPerson],
    entity_name_en: str = "",
) -> LegalEntity:
    """The institution exists, by its policy document and two administrators; possible once.

    Raises Conflict (`already_founded`) where the ledger holds anything.
    """
    if len(administrators) != 2 or administrators[0].username == administrators[1].username:
        raise DomainError(
            "two_administrators", _("Founding names two administrators."), field="administrators"
        )
    if not policy_document.strip():
        raise DomainError(
            "policy_document", _("Name the policy document."), field="policy_document"
        )
    system = queries.system()
    system.password = "!"  # noqa: S105 (unusable on purpose)
    with ledger.act(system) as act:
        if ledger_queries.head()[0] or User.objects.filter(pk=SYSTEM_ID).exists():
            raise Conflict("already_founded", _("The institution has been founded already."))
        act.create(system, "founding.act", policy_document=policy_document)
        entity = LegalEntity(
            code=entity_code, name_zh=entity_name, name_en=entity_name_en, path=f"{entity_code}/"
        )
        act.create(entity, "entity.founded", policy_document=policy_document)
        for person in administrators:
            admin = _new_person(person)
            _checked_password(person.password, admin)
            act.create(admin, "person.enrolled", founding=True)
            act.create(new_role(admin, Role.ADMINISTRATOR, entity), "role.assigned", founding=True)
    return entity


def enrol(*, actor: User, person: NewPerson, is_vendor_staff: bool = False) -> User:
    """The person has an account and can sign in."""
    user = _new_person(person)
    user.is_vendor_staff = is_vendor_staff
    _checked_password(person.password, user)
    with ledger.act(actor) as act:
        if User.objects.filter(username=person.username).exists():
            raise Conflict("username_taken", _("This user name is taken."), field="username")
        return act.create(user, "person.enrolled")


def enrol_machine(*, actor: User, username: str, name: str) -> User:
    """The machine account exists; it has no password and acts by token only."""
    machine = User(username=username, name=name, kind=UserKind.MACHINE, password="!")  # noqa: S106 (none)
    with ledger.act(actor) as act:
        if User.objects.filter(username=username).exists():
            raise Conflict("username_taken", _("This user name is taken."), field="username")
        return act.create(machine, "machine.enrolled")


def change_password(*, actor: User, old_password: str, new_password: str) -> User:
    """The person's own password is the new one. Raises Forbidden where the old one is not right."""
    if not proves(user=actor, password=old_password, door="password"):
        raise Forbidden(
            "wrong_password", _("The present password is not right."), field="old_password"
        )
    _checked_password(new_password, actor, field="new_password")
    with ledger.act(actor) as act:
        user = ledger.lock(User.objects.all(), actor.pk)
        changes = {"password": make_password(new_password)}
        return act.update(user, "person.password_changed", changes)


def reset_password(*, actor: User, user_id: uuid.UUID, password: str, reason: str) -> User:
    """Somebody who forgot it has a new password; the person is told who set it, and why."""
    with ledger.act(actor) as act:
        user = ledger.lock(User.objects.all(), user_id)
        queries.require_over(actor, user)
        if user.kind != UserKind.PERSON:
            raise DomainError("no_password", _("A machine account has no password."), field="user")
        if user.pk == actor.pk:
            raise Forbidden(
                "own_reset",
                _("Nobody resets their own password."),
                hint=_("Change it, with the present one."),
            )
        _checked_password(password, user)
        for token in (
            Token.objects.select_for_update().filter(user=user, revoked_at=None).order_by("pk")
        ):
            act.update(token, "token.revoked", {"revoked_at": clock.now()}, reason=reason)
        changes = {"password": make_password(password)}
        return act.update(user, "person.password_reset", changes, reason=reason)


def set_preferences(*, actor: User, language: str, time_zone: str) -> User:
    """The person reads Mingce in this language and time zone."""
    with ledger.act(actor) as act:
        user = ledger.lock(User.objects.all(), actor.pk)
        changes = {"language": language, "time_zone": time_zone}
        return act.update(user, "person.preferences_set", changes)


def change_email(*, actor: User, user_id: uuid.UUID, email: str) -> User:
    """The person's mails go there from now on; nowhere where it is empty."""
    with ledger.act(actor) as act:
        user = ledger.lock(User.objects.all(), user_id)
        queries.require_over(actor, user)
        if user.kind != UserKind.PERSON:
            raise DomainError("no_person", _("Machine accounts have no mail."), field="email")
        return act.update(user, "person.email_changed", {"email": email.strip()})


def deactivate(*, actor: User, user_id: uuid.UUID, reason: str) -> User:
    """The person can no longer sign in; roles of today and later have ended."""
    with ledger.act(actor) as act:
        user = ledger.lock(User.objects.all(), user_id)
        queries.require_over(actor, user)
        if not user.is_active:
            raise Conflict("already_inactive", _("This account is inactive already."))
        lasting = Q(valid_to__isnull=True) | Q(valid_to__gte=clock.today())
        for role in (
            RoleAssignment.objects.select_for_update().filter(lasting, user=user).order_by("pk")
        ):
            ended = max(role.valid_from, clock.today() - dt.timedelta(days=1))
            act.update(role, "role.ended", {"valid_to": ended}, reason=reason)
        return act.update(user, "person.deactivated", {"is_active": False}, reason=reason)


def _new_person(person: NewPerson) -> User:
    return User(
        username=person.username,
        name=person.name,
        email=person.email,
        language=person.language,
        password=make_password(person.password),
    )


def _checked_password(password: str, user: User, *, field: str = "password") -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise DomainError("weak_password", " ".join(error.messages), field=field) from error

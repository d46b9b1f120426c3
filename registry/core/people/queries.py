"""Who somebody is today, and which rows they may see."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
import uuid
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from django.core import signing
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from registry.core import clock
from registry.core.errors import Forbidden, NotFound
from registry.core.people.models import (
    ROLE_LABELS,
    SYSTEM_ID,
    Delegation,
    Department,
    LegalEntity,
    Post,
    PostHolding,
    RoleAssignment,
    Token,
    User,
    UserKind,
)
from registry.core.people.rules import (
    DECIDING_NOTHING,
    GRANTS,
    LINE_OF,
    NEVER_DECIDING,
    Capability,
    Line,
    Role,
    Standing,
)

M = TypeVar("M", bound=models.Model)


def system() -> User:
    """The system's own account; it signs what no person does."""
    return User(pk=SYSTEM_ID, username="system", name="Mingce", kind=UserKind.SYSTEM)


def on_duty(prefix: str = "") -> Q:
    """Dated rows that hold today."""
    day = clock.today()
    return Q(**{f"{prefix}valid_from__lte": day}) & (
        Q(**{f"{prefix}valid_to__isnull": True}) | Q(**{f"{prefix}valid_to__gte": day})
    )


def standing(user: User, scopes: frozenset[str] | None = None) -> Standing:
    """The person's roles today; read once per request and kept on the user object."""
    kept = getattr(user, "_standing", None)
    if isinstance(kept, Standing):
        return kept
    rows = RoleAssignment.objects.filter(on_duty(), user=user).values_list("role", "entity__path")
    return _stand(user, rows, scopes)


def _stand(user: User, held: Iterable[tuple[str, str]], scopes: frozenset[str] | None) -> Standing:
    found = Standing(
        user_id=str(user.pk),
        roles=frozenset((Role(role), path) for role, path in held),
        is_machine=user.kind != UserKind.PERSON,
        scopes=scopes,
    )
    user._standing = found  # type: ignore[attr-defined]  # a cache on the request's own object
    return found


def require(user: User, capability: Capability) -> Standing:
    """The standing, where the button exists for this person. Raises Forbidden where it does not."""
    found = standing(user)
    if not found.may(capability):
        raise _not_permitted(found, capability)
    return found


def require_scope(user: User, capability: Capability) -> None:
    """The caller's token, if it is one, was issued for this. Raises Forbidden where it was not."""
    scopes = standing(user).scopes
    if scopes is not None and capability.value not in scopes:
        raise _not_issued_for(capability)


def require_at(
    user: User, capability: Capability, entity: LegalEntity, *, own: bool = False
) -> None:
    """The button exists for the person in the entity; for what they own, wherever it is used.

    Raises Forbidden (`not_permitted`, `entity_out_of_reach`). The system itself reaches all.
    """
    if user.kind == UserKind.SYSTEM:
        return
    found = require(user, capability)
    if not own and not found.may_at(capability, entity.path):
        raise Forbidden(
            "entity_out_of_reach",
            _("Your roles for this do not reach “%(entity)s”.") % {"entity": entity.name_zh},
            field="entity",
        )


def require_over(user: User, person: User) -> None:
    """The administrator's roles reach every entity in which the person has a role, now or later.

    Raises Forbidden: a branch's administrator does not touch head office's accounts, nor those of
    people who have no role yet, who may come to hold any.
    """
    require(user, Capability.MANAGE_PEOPLE)
    lasting = Q(valid_to__isnull=True) | Q(valid_to__gte=clock.today())
    roles = RoleAssignment.objects.filter(lasting, user=person).select_related("entity")
    entities = {row.entity_id: row.entity for row in roles}
    if not entities:
        require_everywhere(user, Capability.MANAGE_PEOPLE)
    for entity in entities.values():
        require_at(user, Capability.MANAGE_PEOPLE, entity)


def require_everywhere(user: User, capability: Capability) -> None:
    """The button exists for the person in the whole institution. Raises Forbidden."""
    if not require(user, capability).may_everywhere(capability):
        raise Forbidden(
            "entity_out_of_reach",
            _("This concerns the whole institution; your roles reach a part of it."),
            field=capability.value,
        )


def _not_permitted(found: Standing, capability: Capability) -> Forbidden:
    """The token is what is missing where the roles would do; else the roles."""
    if dataclasses.replace(found, scopes=None).may(capability):
        return _not_issued_for(capability)
    roles = sorted(str(ROLE_LABELS[role]) for role in GRANTS[capability])
    text = _("Your roles do not permit this. It is open to: %(roles)s.")
    return Forbidden("not_permitted", text % {"roles": _(", ").join(roles)}, field=capability.value)


def _not_issued_for(capability: Capability) -> Forbidden:
    text = _("This token was not issued for this: it lacks the scope “%(scope)s”.")
    return Forbidden(
        "not_permitted",
        text % {"scope": capability.value},
        field=capability.value,
        hint=_("Issue a token that has this scope too, on the page of whose account it is."),
    )


def within_reach(user: User, *entity_fields: str) -> Q:
    """Rows whose entity, by one of the fields, lies inside the entities of the person's roles."""
    condition = Q(pk__in=[])
    for path in standing(user).paths:
        if path.count("/") == 1:  # the root of the institution: everything is inside
            return Q()
        inside = LegalEntity.objects.filter(path__startswith=path).values("pk")
        for field in entity_fields:
            condition |= Q(**{f"{field}__in": inside})
    return condition


def reaches(user: User, entity: LegalEntity) -> bool:
    """Whether the person's roles of today reach the entity."""
    return any(entity.path.startswith(path) for path in standing(user).paths)


def visible_users(user: User) -> models.QuerySet[User]:
    """Everybody who signed in may know who works here; machines see themselves."""
    if standing(user).is_machine:
        return User.objects.filter(pk=user.pk)
    return User.objects.all()


def token_digest(secret: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def live_token(secret: str) -> Token | None:
    """The token with this secret, if it has neither ended nor been revoked.

    Its user's standing is read with it, limited to its scopes: one statement, whose text is made
    once, as every request of a machine begins with it.
    """
    text, fields = _token_and_user()
    today = clock.today()
    with connection.cursor() as cursor:
        cursor.execute(text, (today, today, token_digest(secret), clock.now()))
        row = cursor.fetchone()
    if row is None:
        return None
    own = len(fields[Token])
    token: Token = Token.from_db("default", fields[Token], row[1 : own + 1])
    token.user = User.from_db("default", fields[User], row[own + 1 :])
    held = (one.partition(" ") for one in row[0])
    _stand(token.user, ((role, path) for role, _blank, path in held), frozenset(token.scopes))
    return token


@cache
def _token_and_user() -> tuple[str, dict[type[models.Model], list[str]]]:
    """The question by day, digest and moment; the names of the columns after the first."""
    tables: dict[type[models.Model], str] = {Token: "t", User: "u"}
    fields = {model: [one.attname for one in model._meta.concrete_fields] for model in tables}
    columns = ", ".join(
        f"{short}.{one.column}" for model, short in tables.items()
        for one in model._meta.concrete_fields
    )  # fmt: skip
    roles = (
        "SELECT a.role || ' ' || e.path FROM registry_roleassignment a"
        " JOIN registry_legalentity e ON e.id = a.entity_id WHERE a.user_id = u.id"
        " AND a.valid_from <= %s AND (a.valid_to IS NULL OR a.valid_to >= %s)"
    )
    text = (
        f"SELECT ARRAY({roles}), {columns} FROM registry_token t"  # noqa: S608 (own columns)
        " JOIN registry_user u ON u.id = t.user_id WHERE t.secret_digest = %s"
        " AND t.revoked_at IS NULL AND t.expires_at > %s AND u.is_active"
    )
    return text, fields


def calendar_key(user: User) -> str:
    """The last part of the address of the person's calendar: whoever knows it reads the calendar.

    Nothing of it is stored. It ends when the person changes the password (or has it reset), when
    the account is deactivated, and when the salt is erased; then the calendar has a new address.
    """
    return _calendar_signer().sign(f"{user.pk.hex}-{_calendar_mark(user)}")


def person_of_calendar(key: str) -> User | None:
    """The active person whose calendar has this key; None where it is wrong or has ended."""
    try:
        pk, _dash, mark = _calendar_signer().unsign(key).partition("-")
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk, kind=UserKind.PERSON, is_active=True).first()
    is_theirs = user is not None and secrets.compare_digest(mark, _calendar_mark(user))
    return user if is_theirs else None


def _calendar_signer() -> signing.Signer:
    return signing.Signer(salt="mingce.calendar", sep=".")


def _calendar_mark(user: User) -> str:
    """Another one after each change of password; tells nothing of it: both parts are salted."""
    return hashlib.sha256(f"{user.password}{user.salt}".encode()).hexdigest()[:16]


class Holders:
    """Who holds which role today, read once: for sweeps over many places."""

    def __init__(self, rows: Iterable[tuple[str, str, uuid.UUID]]) -> None:
        self._by_role: dict[str, list[tuple[str, uuid.UUID]]] = {}
        for role, path, user_id in rows:
            self._by_role.setdefault(role, []).append((path, user_id))
        self._found: dict[tuple[Role, str], frozenset[uuid.UUID]] = {}

    def of(self, role: Role, entity_path: str) -> frozenset[uuid.UUID]:
        """The active persons who hold the role for the entity (or one above it)."""
        key = (role, entity_path)
        if key not in self._found:
            self._found[key] = frozenset(
                user_id
                for path, user_id in self._by_role.get(role.value, ())
                if entity_path.startswith(path)
            )
        return self._found[key]


def holders() -> Holders:
    """Who holds which role today; one statement."""
    rows = RoleAssignment.objects.filter(
        on_duty(), user__is_active=True, user__kind=UserKind.PERSON
    )
    return Holders(rows.values_list("role", "entity__path", "user_id"))


def holders_of(role: Role, entity_path: str) -> models.QuerySet[User]:
    """The active persons who hold the role today for the entity (or one above it)."""
    above = [entity_path[: i + 1] for i, letter in enumerate(entity_path) if letter == "/"]
    return (
        User.objects.filter(
            on_duty("role_assignments__"),
            is_active=True,
            kind=UserKind.PERSON,
            role_assignments__role=role.value,
            role_assignments__entity__path__in=above,
        )
        .distinct()
        .order_by("username")
    )


def holder_of_post(post_id: uuid.UUID) -> User | None:
    """Who holds the post today."""
    holding = PostHolding.objects.filter(on_duty(), post_id=post_id).select_related("user").first()
    return holding.user if holding else None


def delegates_of(principal_id: uuid.UUID, body_code: str) -> list[uuid.UUID]:
    """Who may decide today for the principal in the body; a delegation can't be passed on."""
    return list(
        Delegation.objects.filter(
            on_duty(), Q(body_code="") | Q(body_code=body_code),
            principal_id=principal_id, accepted_at__isnull=False, revoked_at__isnull=True,
            delegate__is_active=True,
        ).values_list("delegate_id", flat=True)
    )  # fmt: skip


def able_to_stand_in(user: User) -> models.QuerySet[User]:
    """The people who may stand in for the person: they decide something themselves."""
    today = RoleAssignment.objects.filter(on_duty(), user=OuterRef("pk"))
    deciding = today.exclude(role__in=[role.value for role in DECIDING_NOTHING])
    barred = today.filter(role__in=[role.value for role in NEVER_DECIDING])
    people = User.objects.filter(
        Exists(deciding), ~Exists(barred),
        kind=UserKind.PERSON, is_active=True, is_vendor_staff=False,
    )  # fmt: skip
    return people.exclude(pk=user.pk)


def lines_of(user_id: uuid.UUID) -> frozenset[Line]:
    """The lines of defence that the person's roles belong to today."""
    roles = RoleAssignment.objects.filter(on_duty(), user_id=user_id).values_list("role", flat=True)
    return frozenset(LINE_OF[Role(role)] for role in roles) - {Line.NONE}


def get_or_refuse(queryset: models.QuerySet[M], pk: object) -> M:
    """The row, if it exists and the queryset lets it be seen; else NotFound, alike for both."""
    try:
        return queryset.get(pk=pk)
    except (ObjectDoesNotExist, ValidationError, ValueError, TypeError) as error:
        raise NotFound(
            "not_found", _("There is nothing with this key that you may see."), field="id"
        ) from error


def visible_tokens(user: User) -> models.QuerySet[Token]:
    """One's own tokens; administrators also see those of machine accounts."""
    own = Q(user=user)
    if standing(user).may(Capability.MANAGE_PEOPLE):
        own |= Q(user__kind=UserKind.MACHINE)
    return Token.objects.filter(own)


def visible_entities(user: User) -> models.QuerySet[LegalEntity]:
    """The tree is no secret inside the institution."""
    return LegalEntity.objects.all()


def root_entity() -> LegalEntity | None:
    """The institution itself, the root of the tree; None before it is founded."""
    return LegalEntity.objects.filter(parent=None).order_by("path").first()


def visible_departments(user: User) -> models.QuerySet[Department]:
    """The departments are no secret inside the institution."""
    return Department.objects.all()


def visible_posts(user: User) -> models.QuerySet[Post]:
    """The posts are no secret inside the institution."""
    return Post.objects.all()


def visible_holdings(user: User) -> models.QuerySet[PostHolding]:
    """Who is accountable for what is no secret inside the institution."""
    return PostHolding.objects.all()


def visible_roles(user: User) -> models.QuerySet[RoleAssignment]:
    """Who is accountable for what is no secret inside the institution."""
    return RoleAssignment.objects.all()


def visible_delegations(user: User) -> models.QuerySet[Delegation]:
    """Who stands in for whom is no secret inside the institution."""
    return Delegation.objects.all()

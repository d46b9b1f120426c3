"""The tree that people work in: entities, departments, posts and who holds them."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import Q
from django.utils.translation import gettext as _

from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.people import queries
from registry.core.people.models import (
    Department,
    LegalEntity,
    Post,
    PostHolding,
    User,
    UserKind,
)
from registry.core.people.rules import Capability
from registry.core.people.services.roles import check_dates, check_ending


def open_entity(
    *, actor: User, code: str, name_zh: str, name_en: str, parent: LegalEntity
) -> LegalEntity:
    """The branch or subsidiary exists below its parent."""
    entity = LegalEntity(
        code=code, name_zh=name_zh, name_en=name_en, parent=parent, path=f"{parent.path}{code}/"
    )
    queries.require_at(actor, Capability.MANAGE_PEOPLE, parent)
    with ledger.act(actor) as act:
        if LegalEntity.objects.filter(code=code).exists():
            raise Conflict("code_taken", _("This code is taken."), field="code")
        return act.create(entity, "entity.opened")


def open_department(
    *,
    actor: User,
    code: str,
    name_zh: str,
    name_en: str,
    entity: LegalEntity,
    parent: Department | None = None,
) -> Department:
    """The department exists."""
    department = Department(
        code=code, name_zh=name_zh, name_en=name_en, entity=entity, parent=parent
    )
    queries.require_at(actor, Capability.MANAGE_PEOPLE, entity)
    with ledger.act(actor) as act:
        if Department.objects.filter(code=code).exists():
            raise Conflict("code_taken", _("This code is taken."), field="code")
        return act.create(department, "department.opened")


def create_post(
    *, actor: User, code: str, title_zh: str, title_en: str, department: Department
) -> Post:
    """The post exists; nobody holds it yet."""
    post = Post(code=code, title_zh=title_zh, title_en=title_en, department=department)
    queries.require_at(actor, Capability.MANAGE_PEOPLE, department.entity)
    with ledger.act(actor) as act:
        if Post.objects.filter(code=code).exists():
            raise Conflict("code_taken", _("This code is taken."), field="code")
        return act.create(post, "post.created")


def hold_post(
    *, actor: User, post: Post, user: User, valid_from: dt.date, valid_to: dt.date | None = None
) -> PostHolding:
    """The person holds the post between the dates; the post's seats follow."""
    if user.kind != UserKind.PERSON or not user.is_active:
        raise DomainError("holder_unfit", _("Only active persons hold a post."), field="user")
    if actor.pk == user.pk:
        raise Forbidden("own_post", _("Nobody gives a post to themselves."), field="user")
    queries.require_at(actor, Capability.MANAGE_PEOPLE, post.department.entity)
    check_dates(valid_from, valid_to)
    holding = PostHolding(post=post, user=user, valid_from=valid_from, valid_to=valid_to)
    with ledger.act(actor) as act:
        ledger.lock(Post.objects.all(), post.pk)
        until = valid_to or dt.date.max
        overlapping = PostHolding.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from),
            post=post,
            valid_from__lte=until,
        )
        if overlapping.exists():
            raise Conflict(
                "post_held",
                _("Somebody holds this post in that time."),
                field="valid_from",
                hint=_("End that holding first, or begin after it."),
            )
        return act.create(holding, "post.held")


def leave_post(*, actor: User, holding_id: uuid.UUID, valid_to: dt.date) -> PostHolding:
    """The person holds the post until the day."""
    with ledger.act(actor) as act:
        row = ledger.lock(PostHolding.objects.all(), holding_id)
        queries.require_at(actor, Capability.MANAGE_PEOPLE, row.post.department.entity)
        check_ending(row.valid_from, row.valid_to, valid_to)
        return act.update(row, "post.left", {"valid_to": valid_to})

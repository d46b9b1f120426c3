"""Committees' verbs: establish, seat, resolve."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from governance.committees.models import Committee, Resolution, Seat
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.people import queries as people_queries
from registry.core.people import services as people
from registry.core.people.models import LegalEntity, Post, User, UserKind
from registry.core.people.queries import require_at
from registry.core.people.rules import NEVER_DECIDING, Capability


def establish(
    *, actor: User, code: str, name_zh: str, name_en: str, entity: LegalEntity
) -> Committee:
    """The committee exists; nobody sits on it yet."""
    require_at(actor, Capability.MANAGE_COMMITTEES, entity)
    with ledger.act(actor) as act:
        if Committee.objects.filter(code=code).exists():
            raise Conflict("code_taken", _("This code is taken."), field="code")
        row = Committee(code=code, name_zh=name_zh, name_en=name_en, entity=entity)
        return act.create(row, "committee.established")


def give_seat(
    *,
    actor: User,
    committee: Committee,
    user: User | None = None,
    post: Post | None = None,
    name: str = "",
    is_chair: bool = False,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> Seat:
    """The person, or whoever holds the post, sits on the committee."""
    if (user is None) == (post is None):
        raise DomainError("seat_holder", _("A seat is held by a person or a post."), field="user")
    if user is not None and (user.kind != UserKind.PERSON or user.is_vendor_staff):
        raise DomainError(
            "seat_unfit", _("Only persons of the institution sit on a committee."), field="user"
        )
    require_at(actor, Capability.MANAGE_COMMITTEES, committee.entity)
    holder = post and people_queries.holder_of_post(post.pk)
    if actor in (user, holder):
        raise Forbidden("own_seat", _("Nobody gives a seat to themselves."), field="user")
    sitting = user or holder or None
    if isinstance(sitting, User):
        _check_holder(committee, sitting, valid_from or clock.today(), valid_to)
    row = Seat(
        committee=committee,
        user=user,
        post=post,
        name=name,
        is_chair=is_chair,
        valid_from=valid_from or clock.today(),
        valid_to=valid_to,
    )
    people.check_dates(row.valid_from, valid_to)
    with ledger.act(actor) as act:
        return act.create(row, "seat.given")


def _check_holder(
    committee: Committee, holder: User, valid_from: dt.date, valid_to: dt.date | None
) -> None:
    """Raises DomainError for whoever decides nothing, Conflict for whoever sits there already."""
    standing = people_queries.standing(holder)
    if standing.role_set & NEVER_DECIDING or not standing.may(Capability.VOTE):
        raise DomainError(
            "seat_unfit",
            _("The third line, administrators and people who do not vote sit on no committee."),
            field="user",
        )
    own = Seat.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from),
        committee=committee,
        user=holder,
        valid_from__lte=valid_to or dt.date.max,
    )
    if own.exists():
        raise Conflict(
            "seated_already",
            _("This person sits on the committee at that time already."),
            field="user",
            hint=_("End that seat first."),
        )


def vacate_seat(*, actor: User, seat_id: uuid.UUID, valid_to: dt.date) -> Seat:
    """The seat ends on the day; ballots that were frozen before keep it."""
    with ledger.act(actor) as act:
        row = ledger.lock(Seat.objects.all(), seat_id)
        require_at(actor, Capability.MANAGE_COMMITTEES, row.committee.entity)
        people.check_ending(row.valid_from, row.valid_to, valid_to)
        return act.update(row, "seat.vacated", {"valid_to": valid_to})


def resolve(
    *,
    actor: User,
    body_code: str,
    subject_id: uuid.UUID,
    outcome: str,
    text_zh: str,
    text_en: str,
) -> Resolution:
    """The resolution has the next number of its body and year, without gaps.

    The committee's row is locked while the number is taken.
    """
    with ledger.act(actor) as act:
        committee = Committee.objects.select_for_update().get(code=body_code)
        year = clock.today().year
        taken = Resolution.objects.filter(body_code=committee.code, year=year)
        row = Resolution(
            body_code=committee.code,
            year=year,
            number=(taken.aggregate(last=Max("number"))["last"] or 0) + 1,
            subject_id=subject_id,
            outcome=outcome,
            text_zh=text_zh,
            text_en=text_en,
            passed_at=clock.now(),
        )
        return act.create(row, "resolution.passed")

"""Calendars' verbs: record a year's working days; a published year's change by two people."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.utils.translation import gettext as _

from registry.core.calendars import queries, rules
from registry.core.calendars.models import Arrangement
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability


def arrange(
    *,
    actor: User,
    country: str,
    year: int,
    source: str,
    days_off: Sequence[dt.date],
    worked_days: Sequence[dt.date],
    is_published: bool = True,
) -> Arrangement:
    """The year's days are off or worked as told; what was recorded for it before is replaced.

    A year that is published already carries running limits and announcements: its change waits
    until another person confirms it. Raises DomainError for an unknown country, a year or a day
    outside, a day told both ways.
    """
    people.require_everywhere(actor, Capability.MANAGE_POLICY)
    _check(country, year, source, days_off, worked_days)
    told = {
        "source": source,
        "days_off": [day.isoformat() for day in sorted(set(days_off))],
        "worked_days": [day.isoformat() for day in sorted(set(worked_days))],
        "is_published": is_published,
    }
    with ledger.act(actor) as act:
        row = Arrangement.objects.select_for_update().filter(country=country, year=year).first()
        waits = queries.working_days(country).is_published(year)
        kind = "calendar.proposed" if waits else "calendar.arranged"
        fresh = {"proposal": None, "proposed_by": actor, "confirmed_by": None}
        changes = fresh | ({"proposal": told} if waits else told)
        if row is not None:
            return act.update(row, kind, changes)
        nothing_yet = told if not waits else {"source": source, "is_published": False}
        return act.create(Arrangement(country=country, year=year, **nothing_yet | changes), kind)


def confirm(*, actor: User, arrangement_id: uuid.UUID) -> Arrangement:
    """Another person has compared the proposed days with their document; they count from now on.

    Raises Conflict where nothing waits, SegregationRefused for who proposed it.
    """
    people.require_everywhere(actor, Capability.MANAGE_POLICY)
    with ledger.act(actor) as act:
        row = _waiting(arrangement_id)
        if row.proposed_by_id == actor.pk:
            raise SegregationRefused(
                "own_proposal",
                _("You proposed these days yourself."),
                hint=_("Another person who manages policy confirms or drops them."),
            )
        told = dict(row.proposal or {}) | {"proposal": None, "confirmed_by": actor}
        return act.update(row, "calendar.arranged", told)


def drop(*, actor: User, arrangement_id: uuid.UUID) -> Arrangement:
    """The proposed days are not taken over; what was recorded before still holds."""
    people.require_everywhere(actor, Capability.MANAGE_POLICY)
    with ledger.act(actor) as act:
        return act.update(_waiting(arrangement_id), "calendar.dropped", {"proposal": None})


def _waiting(arrangement_id: uuid.UUID) -> Arrangement:
    row = ledger.lock(Arrangement.objects.all(), arrangement_id)
    if row.proposal is None:
        raise Conflict("nothing_proposed", _("No change of these days waits for confirmation."))
    return row


def _check(
    country: str,
    year: int,
    source: str,
    days_off: Sequence[dt.date],
    worked_days: Sequence[dt.date],
) -> None:
    if not rules.is_known(country):
        raise DomainError(
            "unknown_country",
            _("The holidays of this country are not known."),
            field="country",
            hint=_("Give its two letters by ISO 3166, such as CN, HK or SG."),
        )
    if not rules.FIRST_YEAR <= year <= rules.LAST_YEAR:
        raise DomainError("year_out_of_range", _("The year is from 2000 to 2100."), field="year")
    if not source.strip():
        raise DomainError("source_missing", _("Name the document it is from."), field="source")
    if any(day.year != year for day in (*days_off, *worked_days)):
        raise DomainError("day_outside", _("Each day lies in that year."), field="days_off")
    both = sorted(set(days_off) & set(worked_days))
    if both:
        raise DomainError(
            "day_told_twice",
            _("%(day)s cannot be both off and worked.") % {"day": both[0].isoformat()},
            field="worked_days",
        )

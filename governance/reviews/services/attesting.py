"""Attestation campaigns (PR-15): opened, confirmed by owners row by row or many at once, closed.

A campaign is one call for a kind of review of every release of an entity. Its rows are called for
release by release, each in an act of its own: what is interrupted goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from governance.reviews import queries
from governance.reviews.models import PENDING, Campaign, Review
from governance.reviews.rules import Trigger
from governance.reviews.services import answering
from governance.reviews.services.answering import Report
from registry.core import clock
from registry.core.errors import Conflict, DomainError
from registry.core.jobs import services as jobs
from registry.core.jobs.services import Progress
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import require_at, system
from registry.core.people.rules import Capability
from registry.releases.models import Release, Stage

JOB = "reviews.attest"
MOST_AT_ONCE = 50  # an act holds at most 500 entries
MOST_DAYS = 120
LIVE = (Stage.S4, Stage.S5)


def open_campaign(*, actor: User, entity: LegalEntity, title: str, due_on: dt.date) -> Campaign:
    """Every live release of the entity and below waits for its owner's word until the day.

    Raises Conflict (`campaign_open`) where one is open there, DomainError for a day out of range.
    """
    require_at(actor, Capability.PLAN_REVIEW, entity)
    if len(title.strip()) < 2:
        raise DomainError("title_missing", _("Give it a title."), field="title")
    if not clock.today() < due_on <= clock.today() + dt.timedelta(days=MOST_DAYS):
        raise DomainError(
            "due_on_out_of_range",
            _("The day lies within %(days)s days from tomorrow.") % {"days": MOST_DAYS},
            field="due_on",
        )
    key = _kind_that_attests()
    with ledger.act(actor) as act:
        _check_alone(entity, key)
        row = Campaign(
            code=ledger_queries.next_code("ATT"),
            title=title.strip(),
            kind=key,
            entity=entity,
            due_on=due_on,
            opened_by=actor,
        )
        act.create(row, "campaign.opened")
        jobs.request(actor=system(), kind=JOB, arguments={"campaign": str(row.pk)})
        return row


def _check_alone(entity: LegalEntity, kind: str) -> None:
    """No campaign is open there, above or below: a row belongs to one at a time."""
    LegalEntity.objects.select_for_update(no_key=True).get(parent=None)  # one opens at a time
    open_ = Campaign.objects.filter(kind=kind, state="open")
    for path in open_.values_list("entity__path", flat=True):
        if path.startswith(entity.path) or entity.path.startswith(path):
            raise Conflict(
                "campaign_open",
                _("A campaign is open there, above or below already."),
                field="entity",
            )


def _kind_that_attests() -> str:
    found = next((one for one in queries.active_section().kinds if one.attests), None)
    if found is None:
        raise Conflict(
            "nothing_attests",
            _("The policy in force knows no attestation."),
            hint=_("Activate a newer policy pack."),
        )
    return found.key


def call_rows(*, actor: User, campaign_id: uuid.UUID, progress: Progress | None = None) -> int:
    """The campaign's rows wait: a review of each live release; those that wait already join it."""
    campaign = Campaign.objects.select_related("entity").get(pk=campaign_id)
    if campaign.state != "open":
        return 0
    keys = list(_uncalled(campaign).order_by("pk").values_list("pk", flat=True))
    for done, key in enumerate(keys, 1):
        with contextlib.suppress(Conflict):  # somebody else has called for it meanwhile
            _call_row(actor, campaign, key)
        if progress is not None and done % 20 == 0:
            progress("attest", done, len(keys))
    return len(keys)


def _uncalled(campaign: Campaign) -> QuerySet[Release]:
    """The live releases of the campaign's entity that have no row in it yet."""
    rows = Review.objects.filter(release=OuterRef("pk"), campaign=campaign)
    return Release.objects.filter(
        ~Exists(rows),
        stage__in=LIVE,
        model_use__entity__path__startswith=campaign.entity.path,
    )


def call_missing_rows(*, actor: User) -> int:
    """Every open campaign has its rows, also of what went live since and after a lost job."""
    open_ = Campaign.objects.filter(state="open", due_on__gte=clock.today()).order_by("pk")
    keys = list(open_.values_list("pk", flat=True))
    return sum(call_rows(actor=actor, campaign_id=key) for key in keys)


def _call_row(actor: User, campaign: Campaign, release_id: uuid.UUID) -> None:
    with ledger.act(actor) as act:
        if ledger.lock(Campaign.objects.all(), campaign.pk).state != "open":
            return
        waiting = (
            Review.objects.select_for_update()
            .filter(release=release_id, kind=campaign.kind, state__in=PENDING)
            .first()
        )
        called = waiting is not None and waiting.trigger != Trigger.CALENDAR
        if waiting is not None and (called or waiting.state == "submitted"):
            other = waiting.campaign
            if other is None or other.state != "open":
                act.update(waiting, "review.joined_campaign", {"campaign": campaign})
            return
        row = answering.call_for(
            actor=actor,
            release_id=release_id,
            kind=campaign.kind,
            trigger=Trigger.CAMPAIGN,
            reason=f"{campaign.code} {campaign.title}",
            due_on=max(campaign.due_on, clock.today()),
        )
        act.update(row, "review.joined_campaign", {"campaign": campaign})


def confirm(
    *, actor: User, campaign_id: uuid.UUID, review_ids: Sequence[uuid.UUID], note: str
) -> list[Review]:
    """The owner confirms that these rows are right; each waits for another person's signature.

    All of them or none. Raises what `submit` raises for the first that is not the person's.
    """
    rows = _some(campaign_id, review_ids, "planned")
    with ledger.act(actor):
        return [
            answering.submit(actor=actor, review_id=row.pk, report=_as_confirmed(row, note))
            for row in rows
        ]


def sign_off_many(
    *, actor: User, campaign_id: uuid.UUID, review_ids: Sequence[uuid.UUID]
) -> list[Review]:
    """Another person signs these confirmations at once; of exceptions each is signed by itself."""
    rows = _some(campaign_id, review_ids, "submitted")
    for row in rows:
        outcome = queries.section_of(row.pack).outcome(row.outcome)
        if outcome is None or outcome.effect != "none":
            raise DomainError(
                "not_plain",
                _("Only rows in order are signed together; sign exceptions one by one."),
                field="reviews",
            )
    with ledger.act(actor):
        return [answering.sign_off(actor=actor, review_id=row.pk) for row in rows]


def close_campaign(*, actor: User, campaign_id: uuid.UUID) -> Campaign:
    """The campaign ends; what nobody has confirmed is told, and becomes a finding (reactions).

    Its reviews go on waiting, on the ladder. Raises Conflict before its day while rows wait.
    """
    with ledger.act(actor) as act:
        row = ledger.lock(Campaign.objects.select_related("entity"), campaign_id)
        require_at(actor, Capability.PLAN_REVIEW, row.entity)
        if row.state != "open":
            raise Conflict("campaign_closed", _("This campaign is closed already."))
        left = Review.objects.filter(campaign=row, state="planned")
        waits = left.exists() or _uncalled(row).exists()
        if waits and clock.today() <= row.due_on:
            raise Conflict(
                "campaign_runs", _("Rows still wait, and the day has not passed yet."),
                hint=_("Close it on the day after %(day)s.") % {"day": row.due_on},
            )  # fmt: skip
    # First told, then closed: where this is interrupted, closing again tells what is left.
    _tell_unconfirmed(actor, row)
    with ledger.act(actor) as act:
        row = ledger.lock(Campaign.objects.select_related("entity"), campaign_id)
        if row.state == "open":
            act.update(row, "campaign.closed", {"state": "closed", "closed_on": clock.today()})
    return row


def _tell_unconfirmed(actor: User, campaign: Campaign) -> None:
    """An entry for each row that nobody has confirmed, in chunks of what an act holds."""
    told = Entry.objects.filter(kind="review.unconfirmed", subject_id=OuterRef("pk"))
    left = Review.objects.filter(~Exists(told), campaign=campaign, state="planned").order_by("pk")
    keys = list(left.values_list("pk", flat=True))
    for begin in range(0, len(keys), 4 * MOST_AT_ONCE):
        with ledger.act(actor) as act:
            for row in left.filter(pk__in=keys[begin : begin + 4 * MOST_AT_ONCE]):
                act.note(row, "review.unconfirmed", facts={"campaign": campaign.code})


def _some(campaign_id: uuid.UUID, review_ids: Sequence[uuid.UUID], state: str) -> list[Review]:
    if not 0 < len(set(review_ids)) <= MOST_AT_ONCE:
        raise DomainError(
            "too_many",
            _("Choose 1 to %(most)s rows at a time.") % {"most": MOST_AT_ONCE},
            field="reviews",
        )
    rows = list(
        Review.objects.filter(pk__in=set(review_ids), campaign=campaign_id, state=state)
        .select_related("pack")
        .order_by("pk")
    )
    if len(rows) != len(set(review_ids)):
        raise Conflict(
            "row_moved_on",
            _("Some of the rows have been answered meanwhile; open the list again."),
            field="reviews",
        )
    return rows


def _as_confirmed(row: Review, note: str) -> Report:
    """Every line of the checklist answered alike, in order: the person has seen the row."""
    section = queries.section_of(row.pack)
    kind = section.kind(row.kind)
    plain = next(one.key for one in section.outcomes if one.effect == "none")
    words = f"负责人确认本行信息属实。{note.strip()}"
    answers: dict[str, Any] = {one.key: words for one in (kind.checklist if kind else ())}
    return Report(words, plain, answers)

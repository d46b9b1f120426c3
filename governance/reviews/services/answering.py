"""Carrying reviews out: call for one, submit, return, sign off; what was done before; deferrals."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from governance.committees.queries import is_barred, is_interested
from governance.reviews import queries
from governance.reviews.models import (
    PENDING,
    REVIEW_STATES,
    Explanation,
    Package,
    Review,
    TriggerChoice,
)
from governance.reviews.rules import Trigger
from governance.reviews.schema import Kind
from governance.reviews.services import checking, planning
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.releases import services as releases
from registry.releases.models import Release, Stage
from registry.releases.queries import check_reach


@dataclass(frozen=True)
class Report:
    """What a review found: the checklist by key, a summary, the outcome's key."""

    summary: str
    outcome: str
    checklist: dict[str, Any] = field(default_factory=dict)  # Any: JSON, checked by key


def call_for(
    *,
    actor: User,
    release_id: uuid.UUID,
    kind: str,
    trigger: str,
    reason: str,
    due_on: dt.date | None = None,
) -> Review:
    """A review of the kind waits, by the day, because something besides the calendar calls for it.

    One that waits by the calendar is brought forward. Raises Conflict (`review_waits`) where one
    was called for already.
    """
    checking.check_reason(reason)
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        check_reach(actor, Capability.PLAN_REVIEW, release)
        if release.stage not in (Stage.S4, Stage.S5):
            raise Conflict("not_live", _("Reviews are called for in pilot and production."))
        pack = policy.active_pack()
        section = queries.section_of(pack)
        found = checking.known_kind(section.kind(kind), kind, "release")
        if trigger not in TriggerChoice.values or trigger == Trigger.CALENDAR:
            raise DomainError("unknown_trigger", _("Unknown trigger."), field="trigger", status=400)
        day = _day(due_on, section.triggered_days)
        _make_room(act, release, found.key)
        package = Package.objects.filter(release=release, state="open", due_on=day).first()
        if package is None:
            package = planning.open_package(act, release, release.model_use.tier or "I", day)
        row = Review(
            package=package,
            release=release,
            kind=found.key,
            trigger=trigger,
            trigger_reason=reason,
            pack=pack,
        )
        return act.create(row, "review.called_for")


def _make_room(act: ledger.Act, release: Release, kind: str) -> None:
    """The review that waits by the calendar gives way; one that was called for does not."""
    for other in _lock_pending(release, kind):
        if other.trigger != Trigger.CALENDAR or other.state != "planned":
            raise Conflict("review_waits", _("Such a review is waiting already."), field="kind")
        act.update(other, "review.cancelled", {"state": "cancelled"})
        planning.close_finished(act, [ledger.lock(Package.objects.all(), other.package_id)])


def call_for_all(
    *,
    actor: User,
    release_id: uuid.UUID,
    trigger: str,
    reason: str,
    only: Collection[str] | None = None,
) -> list[Review]:
    """The kinds that the pack names for the trigger wait; those that were called for already do.

    only: no other kinds than these.
    """
    named = [one.key for one in queries.active_section().kinds if trigger in one.triggers]
    kinds = [key for key in named if only is None or key in only]
    with ledger.act(actor):
        release = releases.lock(release_id)
        waiting = Review.objects.filter(release=release, kind__in=kinds, state__in=PENDING)
        called = waiting.exclude(trigger=Trigger.CALENDAR) | waiting.filter(state="submitted")
        known = set(called.values_list("kind", flat=True))
        return [
            call_for(actor=actor, release_id=release_id, kind=kind, trigger=trigger, reason=reason)
            for kind in kinds
            if kind not in known
        ]


def record_past(
    *, actor: User, release_id: uuid.UUID, kind: str, done_on: dt.date, summary: str
) -> Review:
    """A review done before the register knew the model counts; the next follows from its day.

    A second-line person vouches for it. The plan is drawn up anew.
    """
    checking.check_reason(summary, "summary")
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        check_reach(actor, Capability.SIGN_REVIEW, release)
        if is_interested(actor, release):
            raise checking.own_model()
        found = checking.known_kind(queries.active_section().kind(kind), kind, "release")
        if not dt.date(2000, 1, 1) <= done_on <= clock.today():
            raise DomainError("not_past", _("The day lies behind, after 2000."), field="done_on")
        waiting = [row for row in _lock_pending(release, found.key) if row.state == "planned"]
        if not waiting:
            raise Conflict("nothing_waits", _("No review of this kind is planned."), field="kind")
        row = waiting[0]
        changes = {
            "state": "recorded", "summary": summary, "done_on": done_on, "signed_off_by": actor,
        }  # fmt: skip
        act.update(row, "review.recorded", changes)
        planning.close_finished(act, [ledger.lock(Package.objects.all(), row.package_id)])
        planning.plan_release(actor=actor, release_id=release.pk)
        return row


def submit(*, actor: User, review_id: uuid.UUID, report: Report) -> Review:
    """The review is done and waits for another person's signature.

    Raises Forbidden (`not_yours_to_review`) for whoever does not carry out this kind there,
    SegregationRefused where owner or developer would do what is not theirs, Conflict
    (`drill_missing`) where it looks at a drill and there was none.
    """
    with ledger.act(actor) as act:
        row = checking.lock(review_id)
        kind = checking.kind_of(row)
        checking.check_lead(actor, row, kind)
        _check_report(row, kind, report)
        if kind.explains and not Explanation.objects.filter(review=row).exists():
            raise Conflict(
                "explanation_missing",
                _("Write down first what the explainability review found, and its level."),
            )
        REVIEW_STATES.check(row, "submitted")
        drill = checking.drill_for(row, kind)
        changes = {
            "state": "submitted",
            "checklist": report.checklist,
            "summary": report.summary,
            "outcome": report.outcome,
            "submitted_by": actor,
            "submitted_at": clock.now(),
            "drill_report": drill,
        }
        facts = {"drill": str(drill.order_id)} if drill is not None else {}
        return act.update(row, "review.submitted", changes, **facts)


def hand_back(*, actor: User, review_id: uuid.UUID, note: str) -> Review:
    """The review goes back to whoever did it; its date stays."""
    checking.check_reason(note, "note")
    with ledger.act(actor) as act:
        row = checking.lock(review_id)
        checking.check_signer(actor, row, checking.kind_of(row))
        REVIEW_STATES.check(row, "planned")
        return act.update(row, "review.returned", {"state": "planned", "returned_note": note})


def sign_off(*, actor: User, review_id: uuid.UUID) -> Review:
    """Another person has signed; the next review of the kind waits, a finished package is closed.

    Raises SegregationRefused for whoever did it, or owns, built or validated the release.
    """
    with ledger.act(actor) as act:
        row = checking.lock(review_id)
        kind = checking.kind_of(row)
        checking.check_signer(actor, row, kind)
        REVIEW_STATES.check(row, "signed_off")
        outcome = queries.section_of(row.pack).outcome(row.outcome)
        changes = {"state": "signed_off", "signed_off_by": actor, "done_on": clock.today()}
        effect = outcome.effect if outcome is not None else "none"
        act.update(row, "review.signed_off", changes, effect=effect)
        _show_level(actor, row)
        planning.close_finished(act, [ledger.lock(Package.objects.all(), row.package_id)])
        if row.release_id is not None:
            planning.plan_release(actor=actor, release_id=row.release_id)
        else:
            planning.plan_institution(actor=actor)
        return row


def _show_level(actor: User, row: Review) -> None:
    """The release carries the level that an explainability review found, at once (BR-01)."""
    found = Explanation.objects.filter(review=row).first()
    if found is not None and row.release is not None:
        releases.record_explainability(actor=actor, release=row.release, level=found.level)


def defer(*, actor: User, package_id: uuid.UUID, until: dt.date, reason: str) -> Package:
    """The effects of being overdue wait until after the day: once, dated and reasoned (HG-11).

    Reminders go on. Raises Conflict (`deferred_already`) the second time.
    """
    checking.check_reason(reason)
    with ledger.act(actor) as act:
        row = checking.lock_package(package_id)
        checking.check_place(actor, Capability.WAIVE, row)
        if row.release is not None and is_barred(actor.pk, row.release):
            raise checking.own_model()
        if row.state != "open":
            raise Conflict("package_closed", _("Nothing waits in this package any more."))
        if row.held_until is not None:
            raise Conflict("deferred_already", _("The effects have been deferred once already."))
        most = max(row.due_on, clock.today()) + dt.timedelta(
            days=queries.active_section().defer_days
        )
        if not clock.today() < until <= most:
            raise DomainError(
                "defer_days",
                _("Effects can be deferred until %(day)s at the latest.") % {"day": most},
                field="until",
            )
        changes = {"held_until": until, "held_by": actor, "held_reason": reason}
        return act.update(row, "package.effects_deferred", changes)


def reassign(
    *, actor: User, package_ids: Sequence[uuid.UUID], to: User, reason: str
) -> list[Package]:
    """The packages are carried out by the person, until somebody else is named.

    All of them or none. Raises Forbidden where the person carries out none of what waits.
    """
    checking.check_reason(reason)
    if not 0 < len(set(package_ids)) <= 200:
        raise DomainError("too_many", _("Reassign 1 to 200 packages at a time."), field="packages")
    with ledger.act(actor) as act:
        rows = list(
            queries.whole(Package.objects.filter(pk__in=set(package_ids)))
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        for row in rows:
            checking.check_place(actor, Capability.PLAN_REVIEW, row)
            if row.state != "open":
                raise Conflict("package_closed", _("Nothing waits in this package any more."))
            kinds = queries.pending([row.pk]).values_list("kind", flat=True)
            roles = standing(to).roles_at(row.entity.path)
            fitting = queries.kinds_for(queries.active_section(), roles, "lead")
            if not to.is_active or not set(kinds) & fitting.keys():
                raise Forbidden(
                    "cannot_carry_out",
                    _("%(name)s carries out none of the reviews in %(code)s.")
                    % {"name": to.name, "code": row.code},
                    field="to",
                    hint=_("Name one of: %(names)s.") % {"names": _able(row)},
                )
        return [
            act.update(row, "package.reassigned", {"assignee": to}, reason=reason) for row in rows
        ]


def _able(row: Package) -> str:
    names = queries.able_to_carry_out(row).order_by("username").values_list("name", flat=True)
    return _(", ").join(names[:10])


def _check_report(row: Review, kind: Kind, report: Report) -> None:
    checking.check_reason(report.summary, "summary")
    outcomes = queries.section_of(row.pack).outcomes
    if report.outcome not in {one.key for one in outcomes}:
        raise DomainError(
            "unknown_outcome",
            _("Unknown outcome."),
            field="outcome",
            status=400,
            hint=_("Possible: %(names)s.") % {"names": ", ".join(one.key for one in outcomes)},
        )
    asked = {one.key: one for one in kind.checklist}
    for key, answer in report.checklist.items():
        if key not in asked or not isinstance(answer, str) or len(answer) > 2_000:
            raise DomainError(
                "unknown_check",
                _("The checklist has no line “%(key)s”, or its answer is no text.") % {"key": key},
                field="checklist",
                status=400,
            )
    missing = [key for key in asked if not str(report.checklist.get(key, "")).strip()]
    if missing:
        raise DomainError(
            "check_missing",
            _("Not answered: %(names)s.") % {"names": ", ".join(missing)},
            field="checklist",
        )


def _lock_pending(release: Release, kind: str) -> list[Review]:
    rows = Review.objects.filter(release=release, kind=kind, state__in=PENDING)
    return list(rows.select_for_update().order_by("pk"))


def _day(due_on: dt.date | None, days: int) -> dt.date:
    today = clock.today()
    day = due_on or today + dt.timedelta(days=days)
    if not today <= day <= today + dt.timedelta(days=366):
        raise DomainError(
            "due_on_out_of_range", _("The day lies within a year from today."), field="due_on"
        )
    return day

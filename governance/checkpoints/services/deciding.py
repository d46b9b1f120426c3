"""Cases: taken up, decided by who may and can, escalated, lapsed; reported from elsewhere."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from governance.checkpoints import queries
from governance.checkpoints.models import Case
from governance.checkpoints.models.cases import CASE_STATES, WAITING, CaseKind, Outcome
from governance.checkpoints.queries import decisions
from governance.checkpoints.rules import personal
from governance.checkpoints.schema import Checkpoint
from governance.checkpoints.services import feeding
from governance.checkpoints.services.checks import (
    LAID_BACK,
    NOTHING_ASKED,
    asking,
    check_able,
    check_is_looking,
    check_waiting,
    locked,
)
from governance.checkpoints.services.opening import due_at
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.services import Act
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Capability

CLAIM = dt.timedelta(minutes=15)  # how long somebody who has opened a case keeps it
CHUNK = 200
DIFFERED = "case.disagreed"
LATEST = dt.timedelta(minutes=5)  # how far another system's clock may be ahead


def claim(*, actor: User, case_id: uuid.UUID) -> Case:
    """The actor looks at the case from now on; for a quarter of an hour nobody else does.

    One case at a time: what the actor has looked at until now is laid back. Whoever has the case
    already keeps the time at which they opened it.
    """
    with ledger.act(actor) as act:
        row, others = _lock_with_others(actor, case_id)
        check_waiting(row)
        check_able(actor, row, queries.checkpoint_of(row))
        moment = clock.now()
        if row.viewed_by_id == actor.pk:
            return row
        if row.viewed_by_id and row.viewed_at and moment < row.viewed_at + CLAIM:
            # By the key: after waiting for the lock the row is fresh, what was joined to it is not.
            viewer = User.objects.get(pk=row.viewed_by_id)
            raise Conflict(
                "case_taken",
                _("%(name)s is looking at this case.") % {"name": viewer.name},
                hint=_("It is free again after a quarter of an hour."),
            )
        for other in others:
            act.update(other, "case.laid_back", LAID_BACK)
        taken = LAID_BACK | {"viewed_by": actor, "viewed_at": moment} | _own_view_of(actor, row)
        return act.update(row, "case.taken_up", taken)


def decide(
    *,
    actor: User,
    case_id: uuid.UUID,
    outcome: str,
    reason_code: str,
    final_output: str = "",
    note: str = "",
) -> Case:
    """The case is decided; above the reviewer's authority a second person decides as well.

    Where the second differs, the case is escalated and neither view holds. Raises Conflict
    (`case_closed`, `case_taken`, `too_fast`), SegregationRefused (`own_model`, `own_view`),
    Forbidden (`not_competent`, `daily_limit`, `not_yours_to_decide`).
    """
    with ledger.act(actor) as act:
        row = locked(case_id)
        check_waiting(row)
        checkpoint = queries.checkpoint_of(row)
        check_able(actor, row, checkpoint)
        _check_looked_at(actor, row, checkpoint)
        _check_own_view(row)
        _check_words(row, outcome, reason_code, final_output)
        view = {"final_output": final_output, "reason_code": reason_code, "note": note}
        if not row.first_outcome and is_above_authority(row, checkpoint):
            return _first_view(act, row, actor, outcome, view)
        if _differs(row, outcome):
            return _differ(act, row, checkpoint, note)
        done = {"state": "decided", "outcome": outcome, "decided_by": actor}
        feeding.wake()
        _settle_question(row)
        return act.update(row, "case.decided", view | done | {"decided_at": clock.now()})


def escalate(*, actor: User, case_id: uuid.UUID, note: str) -> Case:
    """Somebody with more authority decides; the limit starts once more, and only once."""
    with ledger.act(actor) as act:
        row = locked(case_id)
        check_waiting(row)
        CASE_STATES.check(row, "escalated")
        checkpoint = queries.checkpoint_of(row)
        check_able(actor, row, checkpoint)
        check_is_looking(actor, row)
        if len(note.strip()) < 2:
            raise DomainError("reason_needed", _("Say why, in a few words."), field="note")
        return _escalate(act, row, checkpoint, "case.escalated", note)


def report_elsewhere(
    *,
    gateway: User,
    case_id: uuid.UUID,
    system: str,
    reviewer: str,
    outcome: str,
    reason_code: str,
    opened_at: dt.datetime,
    decided_at: dt.datetime,
    final_output: str = "",
    link: str = "",
) -> Case:
    """The business system says how a person decided the case there; it feeds the same measures.

    reviewer: an opaque key of the person there, no name. How many look at it there is up to that
    system; where somebody here has given a first view, what it says is the second.
    """
    people.require(gateway, Capability.POST_DECISIONS)
    with ledger.act(gateway) as act:
        row = locked(case_id)
        if row.gateway_id != gateway.pk or row.kind != CaseKind.HELD:
            raise Forbidden("not_your_case", _("Another gateway told this decision."))
        check_waiting(row)
        _check_words(row, outcome, reason_code, final_output)
        _check_times(row, opened_at, decided_at)
        _check_impersonal(system=system, reviewer=reviewer, final_output=final_output, link=link)
        if queries.have_passed_on(gateway).filter(subject_id=row.pk).exists():
            raise SegregationRefused("own_view", _("You have decided this case already."))
        if _differs(row, outcome):
            return _differ(act, row, queries.checkpoint_of(row), "")
        changes = {
            "state": "decided", "outcome": outcome, "reason_code": reason_code,
            "final_output": final_output, "decided_elsewhere": f"{system}: {reviewer}"[:120],
            "viewed_at": opened_at, "decided_at": decided_at, "link": link,
        }  # fmt: skip
        return act.update(row, "case.decided", changes)


def _check_impersonal(**told: str) -> None:
    for field, text in told.items():
        if personal.kind_of(text):
            raise DomainError(
                "personal_data",
                _("This looks like personal data; send a reference or a digest instead."),
                field=field,
            )


def _check_times(row: Case, opened_at: dt.datetime, decided_at: dt.datetime) -> None:
    if not row.opened_at - LATEST <= opened_at <= decided_at <= clock.now() + LATEST:
        raise DomainError(
            "times",
            _("A case is opened there after it is opened here, and decided after that."),
            field="decided_at",
        )


def sweep(*, actor: User) -> int:
    """What nobody has decided in time has the plan's effect: never that of an approval."""
    done = 0
    while keys := _lapsed():
        with ledger.act(actor) as act:
            for row in _locked(keys):
                _lapse(act, row)
                done += 1
            feeding.wake()
    return done


def _own_view_of(actor: User, row: Case) -> dict[str, Any]:  # Any: the columns' values
    """What the actor has said before of the case: the first word stays, whatever was read since."""
    if not row.hides_advice:
        return {}
    said = Entry.objects.filter(kind="case.own_view", subject_id=row.pk, actor=actor.pk)
    first = said.order_by("seq").first()
    if first is None:
        return {}
    view = json.loads(first.body)["state"]["own_view"]
    return {"own_view": view, "own_view_at": first.recorded_at}


def is_above_authority(row: Case, checkpoint: Checkpoint) -> bool:
    """Whether a second person decides as well: the field lies above, or is not known."""
    if checkpoint.authority is None:
        return False
    value = decisions.told_of(row)["fields"].get(checkpoint.authority.field)
    return value is None or abs(value) > checkpoint.authority.above


def _lapsed() -> list[uuid.UUID]:
    rows = Case.objects.filter(state__in=WAITING, due_at__lte=clock.now()).order_by("due_at", "pk")
    return list(rows.values_list("pk", flat=True)[:CHUNK])


def _locked(keys: list[uuid.UUID]) -> list[Case]:
    rows = Case.objects.select_for_update(of=("self",)).select_related("plan", "release")
    return list(rows.filter(pk__in=keys, state__in=WAITING, due_at__lte=clock.now()).order_by("pk"))


def _lapse(act: Act, row: Case) -> None:
    checkpoint = queries.checkpoint_of(row)
    point = queries.active_section().point(row.point)
    effect = checkpoint.at_limit or (point.at_limit if point is not None else "deny")
    if effect == "escalate" and row.state != "escalated":
        _escalate(act, row, checkpoint, "case.limit_escalated", row.note)
        return
    effect = "deny" if effect == "escalate" else effect
    _settle_question(row)
    act.update(row, "case.lapsed", {"state": "lapsed", "effect": effect})


def _settle_question(row: Case) -> None:
    """Nobody has to answer any more."""
    if row.question and not row.reply:
        notices.settle(once_key=asking(row), and_below=True)


def _first_view(act: Act, row: Case, actor: User, outcome: str, view: dict[str, str]) -> Case:
    """One person has looked; what they say holds once a second one says the same."""
    _settle_question(row)
    changes = view | LAID_BACK | NOTHING_ASKED | {"first_by": actor, "first_outcome": outcome}
    state = {"state": "second"} if row.state == "open" else {}
    return act.update(row, "case.first_view", changes | state)


def _differs(row: Case, outcome: str) -> bool:
    """Whether this is the second view, and another one than the first."""
    return row.first_outcome not in ("", outcome) and not _have_differed(row)


def _have_differed(row: Case) -> bool:
    return Entry.objects.filter(subject_id=row.pk, kind=DIFFERED).exists()


def _differ(act: Act, row: Case, checkpoint: Checkpoint, note: str) -> Case:
    """Neither view holds; a limit that has started once more does not start again."""
    if row.state != "escalated":
        return _escalate(act, row, checkpoint, DIFFERED, note)
    return act.update(row, DIFFERED, LAID_BACK | {"note": note})


def _escalate(act: Act, row: Case, checkpoint: Checkpoint, kind: str, note: str) -> Case:
    shifts = queries.plan_of(row).shifts
    due = due_at(queries.active_section(), checkpoint, clock.now(), shifts, row.plan_id)
    changes = {
        "state": "escalated", "due_at": due, "note": note, "effect": "escalate",
    }  # fmt: skip
    return act.update(row, kind, LAID_BACK | changes)


def _lock_with_others(actor: User, case_id: uuid.UUID) -> tuple[Case, list[Case]]:
    """The case, and those that the actor looks at.

    Locked in their order, so that two people who take up each other's never wait for one another;
    the actor's own row first, so that two windows of one person come one after the other.
    """
    list(User.objects.filter(pk=actor.pk).select_for_update(no_key=True).values_list("pk"))
    wanted = Q(pk=case_id) | Q(viewed_by=actor, state__in=WAITING)
    list(Case.objects.filter(wanted).order_by("pk").select_for_update().values_list("pk"))
    row = locked(case_id)
    others = Case.objects.filter(viewed_by=actor, state__in=WAITING).exclude(pk=case_id)
    return row, list(others.select_for_update().order_by("pk"))


def _check_looked_at(actor: User, row: Case, checkpoint: Checkpoint) -> None:
    """The actor has opened it, and long enough ago to have read it."""
    waited = (clock.now() - check_is_looking(actor, row)).total_seconds()
    if waited < checkpoint.min_seconds:
        raise Conflict(
            "too_fast",
            _("Look at the case for at least %(seconds)s seconds.")
            % {"seconds": checkpoint.min_seconds},
        )


def _check_own_view(row: Case) -> None:
    if row.hides_advice and not row.own_view:
        raise Conflict(
            "view_first",
            _("Say first what you would decide; then the model's output is shown."),
        )


def _check_words(row: Case, outcome: str, reason_code: str, final_output: str) -> None:
    if outcome not in Outcome.values:
        raise DomainError("unknown_outcome", _("Accept or override."), field="outcome")
    codes = [one.key for one in queries.active_section().codes_for(outcome)]
    if reason_code not in codes:
        raise DomainError(
            "unknown_reason",
            _("This reason does not fit the outcome."),
            field="reason_code",
            hint=_("One of: %(codes)s.") % {"codes": ", ".join(codes)},
        )
    if outcome == Outcome.OVERRIDE and not final_output.strip():
        raise DomainError(
            "output_missing", _("Say what applies instead of the output."), field="final_output"
        )
    if outcome == Outcome.ACCEPT and final_output not in ("", row.output):
        raise DomainError(
            "output_differs", _("Whoever accepts changes nothing."), field="final_output"
        )

"""Cases: taken up, decided by who may and can, escalated, lapsed; reported from elsewhere."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection
from django.utils.translation import gettext as _

from governance.checkpoints import queries
from governance.checkpoints.models import Case, Competence
from governance.checkpoints.models.cases import CASE_STATES, WAITING, CaseKind, Outcome
from governance.checkpoints.queries import decisions
from governance.checkpoints.schema import Checkpoint
from governance.checkpoints.services.opening import due_at
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.services import Act
from registry.core.people import queries as people
from registry.core.people.models import ROLE_LABELS, User
from registry.core.people.rules import Capability

CLAIM = dt.timedelta(minutes=15)  # how long somebody who has opened a case keeps it
CHUNK = 200
DIFFERED = "case.disagreed"
LATEST = dt.timedelta(minutes=5)  # how far another system's clock may be ahead


def record_competence(
    *,
    actor: User,
    user: User,
    key: str,
    valid_to: dt.date,
    daily_limit: int,
    proof: str,
) -> Competence:
    """胜任资格: the reviewer is trained for it until the day, for so many cases a day."""
    people.require(actor, Capability.RECORD_COMPETENCE)
    if actor.pk == user.pk or actor.is_superuser:
        raise SegregationRefused(
            "own_competence", _("Nobody records their own competence."), field="user"
        )
    if key not in queries.active_section().competences:
        raise DomainError("unknown_competence", _("Unknown competence."), field="key")
    if valid_to < clock.today():
        raise DomainError("day_past", _("This day has passed."), field="valid_to")
    if not 1 <= daily_limit <= 1_000:
        raise DomainError("daily_limit", _("From 1 to 1,000 cases a day."), field="daily_limit")
    if not proof.strip():
        raise DomainError("proof_missing", _("Name the training record."), field="proof")
    row = Competence(
        user=user, key=key, valid_from=clock.today(), valid_to=valid_to, daily_limit=daily_limit,
        recorded_by=actor, proof=proof,
    )  # fmt: skip
    with ledger.act(actor) as act:
        return act.create(row, "competence.recorded")


def claim(*, actor: User, case_id: uuid.UUID) -> Case:
    """The actor looks at the case from now on; for a quarter of an hour nobody else does.

    Whoever has it already keeps the time at which they opened it.
    """
    with ledger.act(actor) as act:
        row = _lock(case_id)
        _check_waiting(row)
        _check_able(actor, row, queries.checkpoint_of(row))
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
        return act.update(row, "case.taken_up", {"viewed_by": actor, "viewed_at": moment})


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
        row = _lock(case_id)
        _check_waiting(row)
        checkpoint = queries.checkpoint_of(row)
        _check_able(actor, row, checkpoint)
        _check_looked_at(actor, row, checkpoint)
        _check_words(row, outcome, reason_code, final_output)
        view = {"final_output": final_output, "reason_code": reason_code, "note": note}
        if not row.first_outcome and is_above_authority(row, checkpoint):
            return _first_view(act, row, actor, outcome, view)
        if _differs(row, outcome):
            return _differ(act, row, checkpoint, note)
        done = {"state": "decided", "outcome": outcome, "decided_by": actor}
        return act.update(row, "case.decided", view | done | {"decided_at": clock.now()})


def escalate(*, actor: User, case_id: uuid.UUID, note: str) -> Case:
    """Somebody with more authority decides; the limit starts once more, and only once."""
    with ledger.act(actor) as act:
        row = _lock(case_id)
        _check_waiting(row)
        CASE_STATES.check(row, "escalated")
        checkpoint = queries.checkpoint_of(row)
        _check_able(actor, row, checkpoint)
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
        row = _lock(case_id)
        if row.gateway_id != gateway.pk or row.kind != CaseKind.HELD:
            raise Forbidden("not_your_case", _("Another gateway told this decision."))
        _check_waiting(row)
        _check_words(row, outcome, reason_code, final_output)
        _check_times(row, opened_at, decided_at)
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
    return done


def is_above_authority(row: Case, checkpoint: Checkpoint) -> bool:
    """Whether a second person decides as well: the field lies above, or is not known."""
    if checkpoint.authority is None:
        return False
    value = decisions.told_of(row)["fields"].get(checkpoint.authority.field)
    return value is None or value > checkpoint.authority.above


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
    act.update(row, "case.lapsed", {"state": "lapsed", "effect": effect})


def _first_view(act: Act, row: Case, actor: User, outcome: str, view: dict[str, str]) -> Case:
    """One person has looked; what they say holds once a second one says the same."""
    again = {"viewed_by": None, "viewed_at": None}
    changes = view | again | {"first_by": actor, "first_outcome": outcome}
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
    return act.update(row, DIFFERED, {"viewed_by": None, "viewed_at": None, "note": note})


def _escalate(act: Act, row: Case, checkpoint: Checkpoint, kind: str, note: str) -> Case:
    due = due_at(queries.active_section(), checkpoint, clock.now(), queries.plan_of(row).shifts)
    changes = {
        "state": "escalated", "due_at": due, "viewed_by": None, "viewed_at": None, "note": note,
        "effect": "escalate",
    }  # fmt: skip
    return act.update(row, kind, changes)


def _lock(case_id: uuid.UUID) -> Case:
    return ledger.lock(queries.whole(Case.objects.all()), case_id)


def _check_waiting(row: Case) -> None:
    if row.state not in WAITING:
        raise Conflict(
            "case_closed",
            _("This case is closed: %(state)s.") % {"state": row.get_state_display()},
        )


def _check_able(actor: User, row: Case, checkpoint: Checkpoint) -> None:
    """By role, competence and load; and without an interest in what decided."""
    place = row.release.model_use.entity
    people.require_at(actor, Capability.DECIDE_CASES, place)
    if not people.standing(actor).has_at(place.path, *checkpoint.roles):
        raise Forbidden(
            "not_yours_to_decide",
            _("Cases of this checkpoint are decided by: %(roles)s.")
            % {"roles": _(", ").join(str(ROLE_LABELS[role]) for role in checkpoint.roles)},
        )
    if row.first_by_id == actor.pk:
        raise SegregationRefused("own_view", _("A second person decides; you gave the first view."))
    if queries.have_passed_on(actor).filter(subject_id=row.pk).exists() or (
        row.about is not None and actor.pk in (row.about.decided_by_id, row.about.first_by_id)
    ):
        raise SegregationRefused("own_view", _("You have decided this case already."))
    if _is_barred(actor, row):
        raise SegregationRefused(
            "own_model", _("Whoever owns, built or validated the model does not decide its cases.")
        )
    known = queries.competences(actor).get(checkpoint.competence)
    if known is None:
        raise Forbidden(
            "not_competent",
            _("No valid training for “%(competence)s” is recorded for you.")
            % {"competence": checkpoint.competence},
            hint=_("Your department head or model risk records it."),
        )
    if queries.decided_today(actor) >= known.daily_limit:
        raise Forbidden(
            "daily_limit",
            _("You have decided %(limit)s cases today; no more are given to you.")
            % {"limit": known.daily_limit},
        )


def _is_barred(actor: User, row: Case) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT mingce_is_barred(%s, %s)", [actor.pk, row.release_id])
        (barred,) = cursor.fetchone()
    return bool(barred)


def _check_looked_at(actor: User, row: Case, checkpoint: Checkpoint) -> None:
    """The actor has opened it, and long enough ago to have read it."""
    if row.viewed_by_id != actor.pk or row.viewed_at is None:
        raise Conflict("case_not_taken", _("Open the case before you decide it."))
    waited = (clock.now() - row.viewed_at).total_seconds()
    if waited < checkpoint.min_seconds:
        raise Conflict(
            "too_fast",
            _("Look at the case for at least %(seconds)s seconds.")
            % {"seconds": checkpoint.min_seconds},
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

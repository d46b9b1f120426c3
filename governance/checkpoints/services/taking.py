"""Decisions come in: whole batches or nothing, each reference once, answered at once.

A batch takes part in the stop's lock (decision 20): what starts after a stop has returned sees it.
No row of the batch is locked, and nothing is read from a cache but what plans say, which never
changes. The statements are few and the same for one decision as for a thousand.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from governance.checkpoints import queries
from governance.checkpoints.models import Batch, Case
from governance.checkpoints.models.cases import CaseKind
from governance.checkpoints.rules import merkle
from governance.checkpoints.rules.answering import Answer, names_read
from governance.checkpoints.schema import NewDecision
from governance.checkpoints.services import opening
from governance.checkpoints.services.metering import meters_of
from governance.checkpoints.services.opening import Opening
from governance.checkpoints.services.recording import Live, Record, canonical, record
from governance.suspensions import queries as suspensions
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability
from registry.releases.models import Release, Stage

MOST = 1_000
LIVE = (Stage.S4, Stage.S5)


@dataclass(slots=True)
class Taken:
    """What the gateway is told of one decision."""

    reference: str
    answer: str
    fired: tuple[str, ...] = ()
    case: Case | None = None
    limits: str = ""
    is_repeated: bool = False


def take(*, gateway: User, told: Sequence[NewDecision]) -> list[Taken]:
    """Every decision is recorded and answered, in the order told; or none is.

    Raises DomainError (`unknown_release`, `release_not_live`, `no_plan`), Conflict
    (`reference_reused`) where a reference was told before with another body, Forbidden where the
    gateway's role does not reach the release.
    """
    if not 1 <= len(told) <= MOST:
        raise DomainError(
            "batch_size", _("Send 1 to %(most)s decisions.") % {"most": MOST}, field="decisions"
        )
    with transaction.atomic():
        suspensions.hold_still()
        moment = clock.now()
        live = _live(gateway, {one.release for one in told})
        for code in sorted(live):
            mine = [one for one in told if one.release == code]
            live[code].meters = meters_of(live[code].release.pk, live[code].told, mine, moment)
        records = [
            record(gateway, live[one.release], place, one, moment) for place, one in enumerate(told)
        ]
        batch_id = _next_batch()
        fresh, known = _claim_references(gateway, records, batch_id, moment)
        kept = [one for one in records if one.place in fresh]
        cases = {}
        if kept:
            _write(gateway, kept, batch_id, moment)
            cases = opening.open_cases(gateway, _held(kept), batch_id, moment)
            opening.alert(gateway, [(one.live.plan_id, one.dropped) for one in kept if one.dropped])
        answers = _repeated(gateway, [one for one in records if one.place not in fresh], known)
    for one in kept:
        answers[one.place] = Taken(
            one.reference, one.verdict.answer.value, one.verdict.fired, cases.get(one.place),
            one.live.limits,
        )  # fmt: skip
    for place, asked in enumerate(told):
        answers[place].reference = asked.reference
    return [answers[place] for place in range(len(told))]


def _live(gateway: User, codes: set[str]) -> dict[str, Live]:
    """The releases of the batch, each with plan and orders. Three statements, however many."""
    rows = {
        row.code: row
        for row in Release.objects.filter(code__in=codes).select_related(
            "version", "model_use__model", "model_use__entity"
        )
    }
    found = standing(gateway)
    for code in sorted(codes):
        row = rows.get(code)
        if row is None or not found.may_at(Capability.POST_DECISIONS, row.model_use.entity.path):
            _refuse_unknown(found.may(Capability.POST_DECISIONS), code)
        elif row.stage not in LIVE:
            raise Conflict(
                "release_not_live",
                _("%(release)s is neither in pilot nor in production.") % {"release": code},
                field="release",
                hint=_("Decisions are taken from the release's move to S4, the pilot, on."),
            )
    plans = queries.plans_in_force([row.pk for row in rows.values()])
    orders = suspensions.orders_for(list(rows.values()))
    return {code: _with_plan(row, plans, orders) for code, row in rows.items()}


def _refuse_unknown(may_post: bool, code: str) -> None:
    if not may_post:
        raise Forbidden("not_permitted", _("This account does not post decisions."))
    raise DomainError(
        "unknown_release", _("No release %(release)s is known here.") % {"release": code},
        field="release",
        hint=_("Name its code, as its page shows it; the account's role must reach it."),
    )  # fmt: skip


def _with_plan(
    row: Release, plans: dict[uuid.UUID, tuple[uuid.UUID, str]], orders: dict[uuid.UUID, Any]
) -> Live:
    if row.pk not in plans:
        raise Conflict(
            "no_plan",
            _("%(release)s has no intervention plan in force.") % {"release": row.code},
            field="release",
            hint=_("Its owner draws one up; the second line puts it in force."),
        )
    plan_id, sha256 = plans[row.pk]
    content, triggers = queries.compiled(sha256, plan_id)
    standing_orders = orders.get(row.pk, [])
    limits = [one.limits for one in standing_orders if one.kind == "restrict" and one.limits]
    return Live(
        row, plan_id, content, triggers, names_read(triggers),
        is_stopped=any(one.kind == "stop" for one in standing_orders),
        is_restricted=bool(standing_orders),
        limits="; ".join(limits),
    )  # fmt: skip


def _next_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('governance_batch_number')")
        (number,) = cursor.fetchone()
    return int(number)


def _claim_references(
    gateway: User, records: list[Record], batch_id: int, moment: dt.datetime
) -> tuple[set[int], dict[str, tuple[str, str]]]:
    """Which places are new; for the other references what was told and answered.

    The references are claimed in their order, so that two batches never wait for each other.
    """
    first: dict[str, Record] = {}
    for one in records:
        if first.setdefault(one.reference, one).digest != one.digest:
            _refuse_reused([one.reference])
    ordered = sorted(first.values(), key=lambda one: one.reference)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO governance_decisionkey"
            " (gateway_id, reference, digest, batch_id, position, received_at)"
            " SELECT %s, r, d, %s, p, %s FROM json_to_recordset(%s) t(r text, d text, p int)"
            " ON CONFLICT DO NOTHING RETURNING position",
            [gateway.pk, batch_id, moment, canonical(
                [{"r": one.reference, "d": one.digest, "p": one.place} for one in ordered]
            )],
        )  # fmt: skip
        fresh = {place for (place,) in cursor.fetchall()}
    if len(fresh) == len(first):
        return fresh, {}
    known = _known(gateway, [one.reference for one in ordered if one.place not in fresh])
    reused = [one.reference for one in ordered
              if known.get(one.reference, (one.digest,))[0] != one.digest]  # fmt: skip
    if reused:
        _refuse_reused(reused)
    return fresh, known


def _refuse_reused(references: list[str]) -> None:
    raise Conflict(
        "reference_reused",
        _("This reference was told before with another content: %(reference)s.")
        % {"reference": references[0]},
        field="reference",
        details={"references": references[:50]},
    )


def _known(gateway: User, references: list[str]) -> dict[str, tuple[str, str]]:
    """Reference → the digest of what was told, and what was answered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.reference, k.digest, d.answer FROM governance_decisionkey k"
            " JOIN governance_decision d USING (received_at, batch_id, position)"
            " WHERE k.gateway_id = %s AND k.reference = ANY(%s)",
            [gateway.pk, references],
        )
        return {reference: (digest, answer) for reference, digest, answer in cursor.fetchall()}


def _repeated(
    gateway: User, records: list[Record], known: dict[str, tuple[str, str]]
) -> dict[int, Taken]:
    """What is told once more is answered as before, but never to go on while a stop holds."""
    references = [one.reference for one in records]
    rows = Case.objects.filter(gateway=gateway, reference__in=references, kind=CaseKind.HELD)
    cases = {row.reference: row for row in rows} if references else {}
    found = {}
    for one in records:
        answer = known[one.reference][1] if one.reference in known else one.verdict.answer.value
        if one.live.is_stopped:
            answer = Answer.STOP.value
        found[one.place] = Taken(
            one.reference, answer, one.verdict.fired, cases.get(one.reference), one.live.limits,
            is_repeated=True,
        )  # fmt: skip
    return found


def _write(gateway: User, kept: list[Record], batch_id: int, moment: dt.datetime) -> None:
    """The batch under its root, and its decisions."""
    leaves = [merkle.leaf(one.body.encode()) for one in kept]
    Batch.objects.create(
        id=batch_id, gateway=gateway, received_at=moment, size=len(kept),
        root=merkle.root(leaves).hex(),
    )  # fmt: skip
    copying = (
        "COPY governance_decision (received_at, batch_id, position, release_id, plan_id, answer,"
        " fired, body) FROM STDIN"
    )
    with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for one in kept:
            copy.write_row((
                moment, batch_id, one.place, one.live.release.pk, one.live.plan_id,
                one.verdict.answer.value, ",".join(one.verdict.fired), one.body,
            ))  # fmt: skip


def _held(kept: list[Record]) -> list[Opening]:
    """The decisions of which each opens a case: those that wait, under the first that fired."""
    return [
        Opening(
            place=one.place, release=one.live.release, plan_id=one.live.plan_id,
            checkpoint=one.live.told.checkpoint(one.verdict.fired[0]),
            reference=one.reference, output=one.output, kind=CaseKind.HELD, link=one.link,
            shifts=one.live.told.shifts,
        )
        for one in kept
        if one.verdict.answer is Answer.HOLD
    ]  # fmt: skip

"""Grading's verbs: assess, confirm, override. Nobody lowers a grade alone."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from typing import Any

from django.db import DatabaseError
from django.db.models import Q
from django.utils.translation import gettext as _

from registry.catalogue import services as catalogue
from registry.classification import queries, rules
from registry.classification.models import Grade, GradeConfirmation, TierOverride
from registry.classification.queries import Graded, Inputs
from registry.classification.rules import OverrideRequest, Tier
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.ledger.rules import digest_of
from registry.core.ledger.services import Warrant
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import LINE_OF, Capability, Line
from registry.core.policy import queries as policy
from registry.core.web.concurrency import check_version
from registry.releases import services as releases
from registry.usecases import queries as use_queries
from registry.usecases import services as uses
from registry.usecases.models import ModelUse
from registry.usecases.services import GradeShown

RANK = ("", "IV", "III", "II", "I", "P")
logger = logging.getLogger(__name__)
_WHOLE_USE = ModelUse.objects.select_related("model", "use_case", "entity")


def prepare(inputs: Inputs) -> Graded:
    """The grading of the inputs, checked for reasons; nothing is written yet."""
    graded = queries.preview(inputs)
    _check_reasons(graded)
    return graded


def shown(graded: Graded) -> GradeShown:
    """What a new use shows of its first grade: provisional until it is confirmed."""
    flags = dict(graded.result.flags)
    tier = graded.result.tier.value
    return GradeShown(
        tier=tier,
        flags=flags,
        is_provisional=graded.result.provisional or queries.asks_second_person(graded),
        grade_digest=digest_of({"input": graded.input_digest, "tier": tier, "flags": flags}),
    )


def give_first(*, actor: User, use: ModelUse, graded: Graded) -> Grade:
    """The new use has its first grade."""
    with ledger.act(actor) as act:
        return act.create(_grade(actor, use, graded, 1), "grade.given")


def assess(
    *, actor: User, use_id: uuid.UUID, inputs: Inputs, expected_version: int | None = None
) -> Grade:
    """The use has a new grade. A higher tier is in force at once; a lower one waits for a
    second-line confirmation (`confirm` with a warrant).

    Raises DomainError naming the field: unknown codes, or a departure from what the facts
    suggest without a reason.
    """
    with ledger.act(actor) as act:
        use = ledger.lock(_WHOLE_USE, use_id)
        use_queries.check_reach(actor, Capability.CLASSIFY, use)
        check_version(expected_version, use.row_version)
        releases.lock_all(use.releases.all())
        graded = prepare(inputs)
        grade = act.create(_grade(actor, use, graded, _next_number(use)), "grade.given")
        if RANK.index(grade.tier) >= RANK.index(use.tier):
            _end_override_below(act, use, grade.tier)
            _show(actor, use, grade, is_confirmed=False)
        return grade


def confirm(
    *, actor: User, grade_id: uuid.UUID, reason: str, warrant: Warrant | None = None
) -> GradeConfirmation:
    """A second person of the second line has confirmed the grade; it is in force.

    A grade below the tier in force needs the warrant. Raises SegregationRefused for the grader,
    the owner and developers; Conflict where a newer grade exists.
    """
    with ledger.act(actor) as act:
        use = ledger.lock(
            _WHOLE_USE,
            Grade.objects.values_list("model_use_id", flat=True).get(pk=grade_id),
        )
        releases.lock_all(use.releases.all())
        use_queries.check_reach(actor, Capability.CONFIRM_GRADE, use)
        grade = Grade.objects.select_related("pack").get(pk=grade_id)
        _check_confirmable(actor, use, grade)
        if grade.is_near_threshold and len(reason.strip()) < 6:
            raise DomainError(
                "reason_needed",
                _("Near a threshold: say in at least 6 characters why this tier is right."),
                field="reason",
            )
        confirmation = GradeConfirmation(
            grade=grade, confirmed_by=actor, reason=reason, confirmed_at=clock.now()
        )
        act.create(confirmation, "grade.confirmed")
        _show(actor, use, grade, is_confirmed=True, warrant=warrant)
        return confirmation


def override(
    *,
    actor: User,
    use_id: uuid.UUID,
    to_tier: str,
    reason: str,
    expires_on: dt.date | None,
    warrant: Warrant | None = None,
) -> TierOverride:
    """The second line has set another tier: up at will; down one step, above every floor, dated.

    Raises DomainError (`override_*`) where the pack's limits forbid it.
    """
    with ledger.act(actor) as act:
        use = ledger.lock(_WHOLE_USE, use_id)
        releases.lock_all(use.releases.all())
        grade = queries.in_force(use)
        if grade is None or to_tier not in Tier.__members__:
            raise Conflict("not_graded", _("There is no grade to override."), field="to_tier")
        use_queries.check_reach(actor, Capability.OVERRIDE_GRADE, use)
        _refuse_interested(actor, use)
        _check_limits(actor, use, grade, to_tier, reason, expires_on)
        for older in use.overrides.select_for_update().filter(ended_at=None):
            act.update(older, "tier.override_ended", {"ended_at": clock.now()})
        row = TierOverride(
            model_use=use,
            from_tier=use.tier,
            to_tier=to_tier,
            reason=reason,
            decided_by=actor,
            decided_at=clock.now(),
            expires_on=expires_on,
        )
        act.create(row, "tier.overridden")
        _show(actor, use, grade, is_confirmed=True, tier=to_tier, warrant=warrant)
        return row


def end_expired_overrides(*, actor: User) -> int:
    """Overrides whose last day has passed have ended; the computed tier is in force again.

    Only lowered tiers expire, so this only ever raises one. One that can't be ended is logged and
    keeps no other. Returns how many have ended.
    """
    due = TierOverride.objects.filter(ended_at=None, expires_on__lt=clock.today())
    ended = 0
    for row_id, use_id in list(due.order_by("pk").values_list("pk", "model_use_id")):
        try:
            ended += _end_expired(actor, row_id, use_id)
        except (DomainError, DatabaseError):
            logger.exception("the override %s has expired and can't be ended", row_id)
    return ended


def _end_expired(actor: User, row_id: uuid.UUID, use_id: uuid.UUID) -> bool:
    with ledger.act(actor) as act:
        use = ledger.lock(_WHOLE_USE, use_id)
        releases.lock_all(use.releases.all())
        row = ledger.lock(TierOverride.objects.all(), row_id)
        grade = queries.in_force(use)
        if row.ended_at is not None or grade is None:
            return False
        act.update(row, "tier.override_ended", {"ended_at": clock.now()})
        _show(actor, use, grade, is_confirmed=hasattr(grade, "confirmation"))
        return True


def lowering_digest(use: ModelUse, to_tier: str) -> str:
    """What a warrant to lower the use's tier must be about."""
    return digest_of({"use": use.pk, "version": use.row_version, "from": use.tier, "to": to_tier})


def _next_number(use: ModelUse) -> int:
    return (use.grades.order_by("-number").values_list("number", flat=True).first() or 0) + 1


def _grade(actor: User, use: ModelUse, graded: Graded, number: int) -> Grade:
    result = graded.result
    return Grade(
        model_use=use,
        number=number,
        pack=graded.pack,
        profile=graded.profile,
        vector=graded.vector,
        facts=graded.facts,
        factors=graded.factors,
        reasons=graded.reasons,
        input_digest=graded.input_digest,
        score=result.score,
        tier_by_score=result.tier_by_score.value,
        tier=result.tier.value,
        result=queries.explanation(graded),
        is_near_threshold=result.near_threshold,
        is_provisional=result.provisional,
        graded_by=actor,
        graded_at=clock.now(),
    )


def _show(
    actor: User,
    use: ModelUse,
    grade: Grade,
    *,
    is_confirmed: bool,
    tier: str = "",
    warrant: Warrant | None = None,
) -> None:
    """The use, and its model, show the grade as in force."""
    tier = tier or grade.tier
    if warrant is not None and warrant.digest != lowering_digest(use, tier):
        raise ValueError("The warrant is about another tier.")
    flags: dict[str, Any] = grade.result["flags"]  # Any: JSON
    waits = queries.needs_confirmation(grade) and not is_confirmed
    told = GradeShown(
        tier=tier,
        flags=flags,
        is_provisional=grade.is_provisional or waits,
        grade_digest=digest_of({"input": grade.input_digest, "tier": tier, "flags": flags}),
    )
    uses.set_grade(actor=actor, use=use, shown=told, warrant=warrant)
    catalogue.set_tier(
        actor=actor, model_id=use.model_id, tier=use_queries.highest_tier(use.model_id)
    )


def _check_reasons(graded: Graded) -> None:
    for key in graded.departures:
        if len(graded.reasons.get(key, "").strip()) < 2:
            raise DomainError(
                "departure_needs_reason",
                _("%(factor)s departs from what the facts suggest (level %(level)s): say why.")
                % {"factor": key, "level": graded.suggested[key]},
                field=f"reasons.{key}",
            )


def _check_confirmable(actor: User, use: ModelUse, grade: Grade) -> None:
    if GradeConfirmation.objects.filter(grade=grade).exists():
        raise Conflict("already_confirmed", _("This grade has been confirmed already."))
    if grade.number != use.grades.order_by("-number").values_list("number", flat=True).first():
        raise Conflict("superseded_grade", _("There is a newer grade; confirm that one."))
    if grade.pack.sha256 != policy.active_pack().sha256:
        raise Conflict("stale_grade", _("Policy has changed since; grade again first."))
    if actor.pk == grade.graded_by_id:
        raise SegregationRefused(
            "second_person", _("A grade is confirmed by another person than its grader.")
        )
    _refuse_interested(actor, use)


def _refuse_interested(actor: User, use: ModelUse) -> None:
    """Owners of today or since the use was registered, and developers, do not decide on it."""
    built = use.model.versions.filter(Q(developers__user=actor) | Q(registered_by=actor)).exists()
    if actor.is_superuser or built or use_queries.has_owned(actor, use):
        raise SegregationRefused(
            "interested_person",
            _("Owner, developers and technical administrators do not decide on this grade."),
        )


def _check_limits(
    actor: User, use: ModelUse, grade: Grade, to_tier: str, reason: str, expires_on: dt.date | None
) -> None:
    limits = queries.section_of(grade.pack).grading.override
    floors = [floor["minimum"] for floor in grade.result["floors"] if floor["minimum"]]
    highest = max(floors, key=RANK.index, default=None)
    roles = standing(actor).roles_at(use.entity.path)
    rules.check_override(
        limits,
        OverrideRequest(
            tier=Tier(grade.tier),
            requested=Tier(to_tier),
            floor_minimum=Tier(highest) if highest else None,
            line=2 if any(LINE_OF[role] is Line.SECOND for role in roles) else 1,
            roles=frozenset(role.value for role in roles),
            reason=reason,
            decided_on=clock.today(),
            expires_on=expires_on,
        ),
    )


def _end_override_below(act: ledger.Act, use: ModelUse, tier: str) -> None:
    """A grade at least as high as an override makes the override pointless."""
    for row in use.overrides.select_for_update().filter(ended_at=None):
        if RANK.index(tier) >= RANK.index(row.to_tier):
            act.update(row, "tier.override_ended", {"ended_at": clock.now()})

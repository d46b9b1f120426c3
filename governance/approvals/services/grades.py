"""Deciding on grades: the second person's confirmation, and overrides. Grants the warrants."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils.translation import gettext as _

from registry.classification import services as classification
from registry.classification.models import Grade, GradeConfirmation, TierOverride
from registry.core.errors import Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Warrant
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Role
from registry.usecases.models import ModelUse


def confirm_grade(*, actor: User, grade_id: uuid.UUID, reason: str) -> GradeConfirmation:
    """The grade is confirmed by a second person; a lower one by the head of model risk or CRO."""
    with ledger.act(actor) as act:
        grade = Grade.objects.get(pk=grade_id)
        use = ledger.lock(ModelUse.objects.all(), grade.model_use_id)
        warrant = _lowering(act, actor, use, grade.tier)
        return classification.confirm(
            actor=actor, grade_id=grade_id, reason=reason, warrant=warrant
        )


def override_tier(
    *,
    actor: User,
    use_id: uuid.UUID,
    to_tier: str,
    reason: str,
    expires_on: dt.date | None = None,
) -> TierOverride:
    """The tier is the one that the second line has set, within the pack's limits."""
    with ledger.act(actor) as act:
        use = ledger.lock(ModelUse.objects.all(), use_id)
        return classification.override(
            actor=actor,
            use_id=use_id,
            to_tier=to_tier,
            reason=reason,
            expires_on=expires_on,
            warrant=_lowering(act, actor, use, to_tier),
        )


def _lowering(act: ledger.Act, actor: User, use: ModelUse, to_tier: str) -> Warrant | None:
    """A warrant for a lower tier than the one in force; None where it is not lower."""
    ranks = classification.RANK
    if to_tier not in ranks or ranks.index(to_tier) >= ranks.index(use.tier):
        return None
    if not standing(actor).has_at(use.entity.path, Role.MODEL_RISK_HEAD, Role.CRO):
        raise Forbidden(
            "lowering_needs_head",
            _("A lower tier is confirmed by the head of model risk or the CRO."),
            field="tier",
        )
    digest = classification.lowering_digest(use, to_tier)
    return act.note(use, "grading.lowering_granted", digest=digest)

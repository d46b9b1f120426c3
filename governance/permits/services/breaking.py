"""应急许可: a permit given beforehand, by two, for when the register cannot be asked."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils.translation import gettext as _

from governance.permits import queries, rules
from governance.permits.models import BreakGlass, Permit, PermitKind
from governance.permits.schema import BreakGlassPolicy
from governance.permits.services.issuing import check_environment, enveloped, permitted
from governance.permits.services.listing import signer_now
from governance.suspensions import queries as suspensions
from governance.suspensions.queries import Target
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.ledger.rules import digest_of
from registry.core.ledger.services import Act
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people import services as people_services
from registry.core.people.models import LegalEntity, User
from registry.core.people.rules import NEVER_DECIDING, Capability, Role
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.core.signing import Signer
from registry.usecases.models import ModelUse
from registry.usecases.queries import check_reach

LEAST_WORDS = 6


def ask_break_glass(
    *, actor: User, use_id: uuid.UUID, environment: str, days: int, reason: str
) -> BreakGlass:
    """Model risk asks that glass may be broken for the use; those who can give it are told.

    Raises DomainError (`days_out_of_range`, `text_needed`, `no_break_glass`).
    """
    check_environment(environment)
    _check_words(reason, "reason")
    with ledger.act(actor) as act:
        use = ModelUse.objects.select_related("model", "entity", "use_case").get(pk=use_id)
        check_reach(actor, Capability.ASK_BREAK_GLASS, use)
        limits = _limits(policy.active_pack())
        if not 1 <= days <= limits.longest_days:
            raise DomainError(
                "days_out_of_range",
                _("A break-glass permit lasts 1 to %(most)s days.") % {"most": limits.longest_days},
                field="days",
            )
        code = ledger_queries.next_code("BGR")
        row = BreakGlass(
            code=code, model_use=use, environment=environment, days=days, reason=reason,
            asked_by=actor, asked_at=clock.now(),
            subject=digest_of(
                {"request": code, "use": use.pk, "environment": environment, "days": days,
                 "reason": reason}
            ),
        )  # fmt: skip
        act.create(row, "break_glass.asked")
        _tell_givers(row, use)
        return row


def give_break_glass(
    *, actor: User, request_id: uuid.UUID, step_up_id: uuid.UUID | None
) -> BreakGlass:
    """The break-glass permit exists, signed, and works where nothing can be asked.

    By the head of model risk or the CRO, who has not asked for it and neither owns nor built the
    model, with a step-up for `subject`. Raises SegregationRefused (`own_break_glass`,
    `own_model`), Conflict (`answered_already`, `most_live`, `stopped`, `nothing_approved`),
    Forbidden (`step_up_needed`, `never_deciding`).
    """
    signer = signer_now()
    with ledger.act(actor) as act:
        suspensions.hold_still()
        row = _lock(request_id)
        _check_answerer(actor, row)
        pack = policy.active_pack()
        limits = _limits(pack)
        _check_room(row.model_use.entity, limits)
        permit = _drawn_up(actor, row, pack, min(row.days, limits.longest_days), signer)
        if queries.causes([permit]):
            raise Conflict("stopped", _("An emergency stop holds for this use."))
        if not queries.may_run(row.model_use_id):
            raise Conflict(
                "nothing_approved",
                _("The use has no release that is approved, neither stopped nor retired."),
                hint=_("Take a release through its approval, or lift the stop."),
            )
        proof = people_services.spend_step_up(
            user=actor, step_up_id=step_up_id, subject=row.subject
        )
        act.create(permit, "permit.issued")
        changes = {
            "state": "given", "answered_by": actor, "answered_at": clock.now(), "step_up": proof,
            "permit": permit,
        }  # fmt: skip
        return _answered(act, row, "break_glass.given", changes)


def refuse_break_glass(*, actor: User, request_id: uuid.UUID, reason: str) -> BreakGlass:
    """No glass is broken: somebody who could have given the permit has said why not."""
    _check_words(reason, "reason")
    with ledger.act(actor) as act:
        row = _lock(request_id)
        _check_answerer(actor, row)
        changes = {
            "state": "refused", "answered_by": actor, "answered_at": clock.now(), "answer": reason,
        }  # fmt: skip
        return _answered(act, row, "break_glass.refused", changes)


def _answered(act: Act, row: BreakGlass, kind: str, changes: dict[str, object]) -> BreakGlass:
    notices.settle(once_key=f"break_glass:{row.pk}")
    return act.update(row, kind, changes)


def _limits(pack: PackRelease) -> BreakGlassPolicy:
    found = queries.section_of(pack).break_glass
    if found is None:
        raise DomainError("no_break_glass", _("The policy in force knows no break-glass permits."))
    return found


def _lock(request_id: uuid.UUID) -> BreakGlass:
    rows = BreakGlass.objects.select_related(
        "model_use__model", "model_use__entity", "model_use__use_case"
    )
    return ledger.lock(rows, request_id)


def _check_answerer(actor: User, row: BreakGlass) -> None:
    if row.state != "asked":
        raise Conflict("answered_already", _("This has been answered already."))
    if actor.pk == row.asked_by_id or actor.is_superuser:
        raise SegregationRefused(
            "own_break_glass", _("Whoever asked for it does not give it; a second person does.")
        )
    check_reach(actor, Capability.GIVE_BREAK_GLASS, row.model_use)
    if suspensions.is_own(actor, Target("model_use", row.model_use_id)):
        raise SegregationRefused(
            "own_model", _("Whoever owns or built the model does not let glass be broken for it.")
        )
    if people.standing(actor).role_set & NEVER_DECIDING:
        raise Forbidden(
            "never_deciding", _("The third line and administrators give no break-glass permits.")
        )


def _check_room(entity: LegalEntity, limits: BreakGlassPolicy) -> None:
    """One entity's permits are given one after another. Raises Conflict (`most_live`)."""
    ledger.lock(LegalEntity.objects.all(), entity.pk)
    live = Permit.objects.filter(
        kind=PermitKind.BREAK_GLASS, model_use__entity=entity, revoked_at=None,
        expires_at__gt=clock.now(),
    )  # fmt: skip
    if live.count() >= limits.most_live:
        raise Conflict(
            "most_live",
            _("The entity has %(most)s break-glass permits already, the most there may be.")
            % {"most": limits.most_live},
            hint=_("Revoke one that is needed no more, or wait for its end."),
        )


def _drawn_up(actor: User, row: BreakGlass, pack: PackRelease, days: int, signer: Signer) -> Permit:
    issued_at = clock.now()
    permit = Permit(
        code=ledger_queries.next_code("PMT"),
        kind=PermitKind.BREAK_GLASS,
        model_use=row.model_use,
        environment=row.environment,
        pack=pack,
        requested_by=row.asked_by,
        reference=row.code,
        issued_at=issued_at,
        expires_at=issued_at + dt.timedelta(days=days),
        key_id=signer.id,
    )
    use = row.model_use
    told = permitted(
        permit, subject=rules.of_use(use.model.code, use.code), confirmed_by=str(actor.pk)
    )
    permit.envelope = enveloped(rules.permit_statement(told), signer)
    return permit


def _tell_givers(row: BreakGlass, use: ModelUse) -> None:
    path = use.entity.path
    found = people.holders()
    givers = found.of(Role.MODEL_RISK_HEAD, path) | found.of(Role.CRO, path)
    notices.tell(
        user_ids=givers - {row.asked_by_id},
        kind="break_glass.asked",
        text_zh=f"应急部署许可申请 {row.code} 等待您确认。",
        text_en=f"The request {row.code} for a break-glass permit waits for you.",
        once_key=f"break_glass:{row.pk}",
        link="/permits/",
        is_task=True,
        stays_inside=use.model.is_confidential,
    )


def _check_words(text: str, field: str) -> None:
    if len(text.strip()) < LEAST_WORDS:
        raise DomainError("text_needed", _("Say why, in a sentence or two."), field=field)

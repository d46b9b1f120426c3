"""The lifecycle's verbs: move a release, request approval, exempt a requirement."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.approvals import services as approvals
from governance.approvals.models import Approval, ApprovalState, BallotSeat
from governance.approvals.queries import last_decided
from governance.committees.queries import is_barred, is_interested
from governance.lifecycle import queries
from governance.lifecycle.models import Exemption
from governance.lifecycle.queries import papers
from governance.lifecycle.queries.facts import gather
from governance.lifecycle.rules import Gate, gate
from governance.lifecycle.schema import LifecycleSection, Requirement
from governance.reviews import queries as review_queries
from governance.reviews import services as reviews
from registry.catalogue import queries as catalogue_queries
from registry.catalogue import services as catalogue
from registry.catalogue.models import AIModel
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability, Role
from registry.core.policy import queries as policy
from registry.core.web.concurrency import check_version
from registry.releases import services as releases
from registry.releases import staging
from registry.releases.models import ORDER, STAGES, Release, Stage
from registry.releases.queries import check_reach, material_digest

_MODEL_RISK = (Role.MODEL_RISK, Role.MODEL_RISK_HEAD)
# Who moves a release into a stage: HG-08 go-live is not the owner's alone.
MOVERS: dict[str, tuple[Role, ...]] = {
    Stage.S1: (Role.OWNER, *_MODEL_RISK),
    Stage.S2: (Role.OWNER, *_MODEL_RISK),
    Stage.S3: (Role.OWNER, *_MODEL_RISK),
    Stage.S4: (Role.OWNER, *_MODEL_RISK),
    Stage.S5: (Role.IT_OPERATIONS, *_MODEL_RISK),
    Stage.S8: (Role.OWNER, *_MODEL_RISK),
}


def promote(
    *,
    actor: User,
    release_id: uuid.UUID,
    to: str,
    reason: str = "",
    expected_version: int | None = None,
) -> Release:
    """The release is in the stage: forward through its gate, or back with a reason.

    Raises Conflict (`gate_closed`) with the whole list of what is missing; Conflict
    (`illegal_transition`) for a move that does not exist; Forbidden for the wrong role.
    """
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        _check_mover(actor, release, to)
        check_version(expected_version, release.row_version)
        STAGES.check(release, to)
        if ORDER.index(to) > ORDER.index(release.stage):
            _check_gate(queries.gate_of(release, to))
        elif len(reason.strip()) < 2:
            raise DomainError("reason_needed", _("Say why it goes back."), field="reason")
        _end_open_approval(actor, release, to)
        warrant = act.note(
            release,
            "lifecycle.move_granted",
            facts={"from": release.stage, "to": to, "reason": reason},
            digest=staging.move_digest(release, to),
        )
        return staging.move(actor=actor, release=release, to=to, warrant=warrant)


def request_approval(*, actor: User, release_id: uuid.UUID) -> Approval:
    """The papers are locked and the ballot of the tier's route is frozen; voting can begin."""
    with ledger.act(actor):
        release = releases.lock(release_id)
        if actor.pk != release.model_use.model.owner_id:
            raise Forbidden("not_the_owner", _("The model's owner requests approval."))
        if release.stage != Stage.S3:
            raise Conflict("not_in_approval", _("The release is not in stage S3, approval."))
        if Approval.objects.filter(release=release, state=ApprovalState.OPEN).exists():
            raise Conflict("approval_open", _("An approval of this release is open already."))
        _check_not_rejected_as_it_is(release)
        pack = policy.active_pack()
        facts = gather(release, queries.section_of(pack))
        _check_gate(gate(queries.section_of(pack), facts, "S3"))
        route = papers.route_for(papers.approvals_section(pack), facts)
        return approvals.open_approval(
            actor=actor,
            release=release,
            route=route,
            dossier=papers.dossier(release, route),
            steps=papers.ballots(route, release),
        )


def _check_not_rejected_as_it_is(release: Release) -> None:
    """Nobody asks again until somebody says yes: a rejected state is changed first."""
    last = last_decided(release)
    rejected = last is not None and last.state == ApprovalState.REJECTED
    if last is not None and rejected and last.material_digest == material_digest(release):
        raise Conflict(
            "rejected_unchanged",
            _("Approval %(code)s rejected the release exactly as it is now.") % {"code": last.code},
            hint=_("Change what the rejection was about; a material change makes a new request."),
        )


def hand_over(*, actor: User, model_id: uuid.UUID, owner: User, reason: str) -> AIModel:
    """The model has another owner; from now on that person decides nothing about it.

    Raises Forbidden for anybody but the present owner and model risk, and SegregationRefused
    where the new owner has voted on an approval that is still open.
    """
    with ledger.act(actor):
        locked = releases.lock_all(Release.objects.filter(model_use__model_id=model_id))
        model = AIModel.objects.get(pk=model_id)
        risk = standing(actor).has_at(model.entity.path, *_MODEL_RISK)
        if actor.pk != model.owner_id and not risk:
            raise Forbidden(
                "not_yours", _("Only its owner and model risk management hand a model over.")
            )
        if not standing(owner).has_at(model.entity.path, Role.OWNER):
            raise DomainError(
                "owner_out_of_reach",
                _("As an owner this person does not reach “%(entity)s”.")
                % {"entity": model.entity.name_zh},
                field="owner",
                hint=_("Choose an owner there, or let an administrator assign the role."),
            )
        if BallotSeat.objects.filter(
            step__approval__release__in=locked,
            step__approval__state=ApprovalState.OPEN,
            eligible__contains=[owner.pk],
        ).exists():
            raise SegregationRefused(
                "interested_person",
                _("This person votes on an approval of this model that is still open."),
                field="owner",
            )
        model = catalogue.hand_over(actor=actor, model_id=model_id, owner=owner, reason=reason)
        approvals.pass_on_conditions(actor=actor, model_id=model_id, owner=owner)
        return model


@dataclass(frozen=True)
class HandedOver:
    """What has gone to somebody else. refused: what has not, by code, with why."""

    models: tuple[str, ...]
    packages: tuple[str, ...]
    refused: tuple[str, ...]


def hand_over_tasks(*, actor: User, leaver: User, to: User, reason: str) -> HandedOver:
    """What the leaver owns and was assigned goes to another: each model in an act of its own.

    By the leaver, or by model risk management. What the other may not take stays, and is told:
    review packages then go back to the roles that carry them out. Raises DomainError for oneself.
    """
    if leaver.pk == to.pk:
        raise DomainError("same_person", _("Choose another person."), field="to")
    owned = catalogue_queries.visible_to(actor).filter(owner=leaver).order_by("code")
    given, refused = [], []
    for model in owned:
        try:
            hand_over(actor=actor, model_id=model.pk, owner=to, reason=reason)
            given.append(model.code)
        except DomainError as refusal:
            refused.append(_(": ").join([model.code, refusal.message]))
    packages = review_queries.visible_to(actor).filter(state="open", assignee=leaver)
    moved = []
    for package in review_queries.whole(packages).order_by("code"):
        try:
            reviews.reassign(actor=actor, package_ids=[package.pk], to=to, reason=reason)
            moved.append(package.code)
        except DomainError as refusal:
            refused.append(_(": ").join([package.code, refusal.message]))
    if refused and not given and not moved:
        raise DomainError(
            "nothing_handed_over",
            _("This person can take over none of it. %(why)s") % {"why": refused[0]},
            field="to",
            hint=_("Choose a model owner of the same entity."),
        )
    return HandedOver(tuple(given), tuple(moved), tuple(refused))


def ask_exemption(
    *, actor: User, release_id: uuid.UUID, requirement: str, kind: str, reason: str
) -> Exemption:
    """“Not applicable” or “met by the alternative” is asked for; the second line answers."""
    if len(reason.strip()) < 6:
        raise DomainError("text_needed", _("Say why, in a sentence or two."), field="reason")
    _check_exemptable(requirement, kind)
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        check_reach(actor, Capability.REGISTER, release)
        rows = Exemption.objects.filter(release=release, requirement=requirement)
        if rows.exclude(state="refused").exists():
            raise Conflict("exempted_already", _("This has been asked for already."))
        row = Exemption(
            release=release, requirement=requirement, kind=kind, reason=reason, asked_by=actor,
            asked_at=act.effective_at,
        )  # fmt: skip
        return act.create(row, "exemption.asked")


def answer_exemption(
    *, actor: User, exemption_id: uuid.UUID, confirm: bool, reason: str = ""
) -> Exemption:
    """Another person of the second line has confirmed the exemption, with a reason, or refused it.

    The reason stands in the ledger's entry. Raises DomainError (`text_needed`) without one.
    """
    if confirm and len(reason.strip()) < 6:
        raise DomainError(
            "text_needed",
            _("Say in at least 6 characters what you have checked and why it suffices."),
            field="reason",
        )
    with ledger.act(actor) as act:
        release_id = Exemption.objects.values_list("release_id", flat=True).get(pk=exemption_id)
        release = releases.lock(release_id)
        row = ledger.lock(Exemption.objects.all(), exemption_id)
        if row.state != "asked":
            raise Conflict("answered_already", _("This has been answered already."))
        if actor.pk == row.asked_by_id or is_barred(actor.pk, release):
            raise SegregationRefused(
                "own_exemption",
                _("Nobody confirms an exemption for an own request or a model of their own."),
            )
        check_reach(actor, Capability.CONFIRM_REQUIREMENT, release)
        state = "confirmed" if confirm else "refused"
        changes = {"state": state, "answered_by": actor}
        told = {"reason": reason} if reason.strip() else {}
        return act.update(row, f"exemption.{state}", changes, **told)


def requirement(key: str) -> Requirement:
    """The requirement of the pack in force. Raises DomainError (`unknown_requirement`)."""
    section: LifecycleSection = queries.section_of(policy.active_pack())
    found = next((one for one in section.requirements if one.key == key), None)
    if found is None:
        raise DomainError(
            "unknown_requirement",
            _("There is no requirement “%(key)s”.") % {"key": key},
            field="requirement",
            status=400,
        )
    return found


def _check_exemptable(key: str, kind: str) -> None:
    about = requirement(key)
    possible = {
        "alternative": about.alternative is not None,
        "not_applicable": about.not_applicable,
    }
    if kind not in possible:
        raise DomainError("unknown_kind", _("Unknown kind of exemption."), field="kind", status=400)
    if not possible[kind]:
        raise DomainError(
            "not_exemptable",
            _("The requirement “%(key)s” allows no such exemption.") % {"key": key},
            field="requirement",
        )


def _check_mover(actor: User, release: Release, to: str) -> None:
    """The role must reach the using entity: a branch only reads what head office uses."""
    roles, path = MOVERS.get(to, ()), release.model_use.entity.path
    held = standing(actor).roles
    if not any(role in roles and path.startswith(reach) for role, reach in held):
        raise Forbidden(
            "not_a_mover",
            _("Into %(stage)s a release is moved by: %(roles)s.")
            % {"stage": to, "roles": ", ".join(role.value for role in roles) or "–"},
            field="to",
        )
    if to == Stage.S5 and is_interested(actor, release):
        raise SegregationRefused(
            "own_production",
            _("Whoever owns or built the model does not release it into production alone (HG-08)."),
            field="to",
        )


def _check_gate(found: Gate) -> None:
    if not found.is_open:
        count = len(found.missing) + len(found.blocked) + len(found.stopped)
        raise Conflict(
            "gate_closed",
            ngettext(
                "%(count)s thing keeps the release from %(stage)s.",
                "%(count)s things keep the release from %(stage)s.",
                count,
            )
            % {"count": count, "stage": found.to},
            field="to",
            hint=_("The list says what is missing, by which rule, and who can supply it."),
            details={"gate": queries.present(found)},
        )


def _end_open_approval(actor: User, release: Release, to: str) -> None:
    """A release that leaves S3 otherwise than by approval takes its open approval back."""
    if release.stage == Stage.S3 and to != Stage.S4:
        found = Approval.objects.filter(release=release, state=ApprovalState.OPEN).first()
        if found is not None:
            approvals.end_by_move(actor=actor, approval_id=found.pk)

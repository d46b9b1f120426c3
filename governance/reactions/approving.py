"""What follows for approvals and grades: papers that changed are void, voters are told."""

from __future__ import annotations

import uuid

from django.db.models import Q

from governance.approvals import services as approvals
from governance.approvals.models import Approval, BallotSeat, Step, StepState
from registry.catalogue.queries import names_shown
from registry.classification.models import GradeConfirmation
from registry.core.dispatch.services import Event
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.rules import Role
from registry.releases.models import Release


def void_changed_approvals(event: Event) -> None:
    """An open approval whose release has changed materially is void; others stay open."""
    touched = Approval.objects.filter(_touched(event), state="open")
    for release_id in touched.order_by("release_id").values_list("release_id", flat=True):
        approvals.void_if_changed(actor=people.system(), release_id=release_id)


def _touched(event: Event) -> Q:
    """The approvals whose papers the entry can have changed; a pack can have changed all."""
    about = event.subject_id
    if event.subject_type == "registry.release":
        return Q(release=about)
    if event.subject_type == "registry.modeluse":
        return Q(release__model_use=about)
    if event.subject_type == "registry.usecase":
        return Q(release__model_use__use_case=about)
    if event.subject_type == "registry.document":
        about = uuid.UUID(event.body["state"]["subject_id"])
        return (
            Q(release=about)
            | Q(release__version=about)
            | Q(release__model_use=about)
            | Q(release__model_use__model=about)
            | Q(release__model_use__use_case=about)
        )
    return Q()


def tell_voters(event: Event) -> None:
    """Everybody who can still vote in the step that has opened is told, once."""
    step = Step.objects.select_related("approval__release__model_use__model").get(
        pk=event.subject_id
    )
    model = step.approval.release.model_use.model
    voters: set[uuid.UUID] = set()
    free = BallotSeat.objects.filter(step=step, step__state=StepState.OPEN, vote=None)
    for eligible in free.values_list("eligible", flat=True):
        voters.update(eligible)
    name_zh, name_en = names_shown(model)
    notices.tell(
        user_ids=voters,
        kind="approval.vote_due",
        text_zh=f"请对“{name_zh}”的审批 {step.approval.code} 表决。",
        text_en=f"Please vote on approval {step.approval.code} of “{name_en}”.",
        link=f"/approvals/{step.approval_id}/",
        once_key=f"vote:{step.pk}",
        is_task=True,
        stays_inside=model.is_confidential,
    )


def tell_owner_of_decision(event: Event) -> None:
    """The model's owner is told how the approval ended."""
    approval = Approval.objects.select_related("release__model_use__model").get(pk=event.subject_id)
    model = approval.release.model_use.model
    name_zh, name_en = names_shown(model)
    outcomes = {
        "approval.approved": ("已批准", "was approved"),
        "approval.rejected": ("被否决", "was rejected"),
        "approval.deferred": ("暂缓，退回补充材料", "was deferred for supplement"),
        "approval.void": ("因重大变更失效", "is void after a material change"),
    }
    zh, en = outcomes[event.kind]
    notices.tell(
        user_ids=[model.owner_id],
        kind=event.kind,
        text_zh=f"“{name_zh}”的审批 {approval.code} {zh}。",
        text_en=f"Approval {approval.code} of “{name_en}” {en}.",
        link=f"/approvals/{approval.pk}/",
        once_key=f"decision:{approval.pk}:{event.kind}",
        stays_inside=model.is_confidential,
    )


def settle_vote_notices(event: Event) -> None:
    """Who has voted, or can vote no longer, has no vote waiting in the inbox."""
    if event.kind == "vote.cast":
        state = event.body["state"]
        voter = uuid.UUID(state["voter_id"])
        notices.settle(once_key=f"vote:{state['step_id']}", user_ids=[voter])
        return
    notices.settle(once_key=f"vote:{event.subject_id}")


def settle_grade_notices(event: Event) -> None:
    """A grade that is confirmed waits for no second person."""
    notices.settle(once_key=f"grade:{event.body['state']['grade_id']}")


def tell_second_reviewers(event: Event) -> None:
    """Model risk is told of a grade that waits for a second person (HG-01)."""
    from_state = event.body["state"]
    if from_state["tier"] == "IV" and not from_state["is_near_threshold"]:
        return
    if GradeConfirmation.objects.filter(grade=event.subject_id).exists():
        return
    use_id = uuid.UUID(from_state["model_use_id"])
    release = (
        Release.objects.filter(model_use_id=use_id)
        .select_related("model_use__entity", "model_use__model")
        .first()
    )
    if release is None:
        return
    model = release.model_use.model
    name_zh, name_en = names_shown(model)
    reviewers = people.holders_of(Role.MODEL_RISK, release.model_use.entity.path)
    notices.tell(
        user_ids=reviewers.values_list("pk", flat=True),
        kind="grade.confirmation_due",
        text_zh=f"“{name_zh}”的分级（{from_state['tier']}）等待第二人确认。",
        text_en=f"The grade ({from_state['tier']}) of “{name_en}” waits for a second person.",
        link=f"/models/{model.pk}/",
        once_key=f"grade:{event.subject_id}",
        is_task=True,
        stays_inside=model.is_confidential,
    )

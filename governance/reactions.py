"""One page: event → effects across slices. Reactions run after commit, as the system."""

from __future__ import annotations

import uuid

from django.db.models import Q

from governance.approvals import services as approvals
from governance.approvals.models import Approval, BallotSeat, Step, StepState
from governance.findings import services as findings
from governance.lifecycle import queries as lifecycle
from governance.reviews import queries as review_queries
from governance.reviews import services as reviews
from governance.reviews.models import Package, Review
from governance.reviews.rules import Trigger
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.classification.models import GradeConfirmation
from registry.core.dispatch.services import Event, react
from registry.core.jobs import services as jobs
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.models import User
from registry.core.people.rules import Role
from registry.releases import queries as releases_queries
from registry.releases.models import Environment, Release, Stage


def declare() -> None:
    """Called once, when the app is ready; docs/reference/events is generated from this."""
    react("void_changed_approvals", MATERIAL, void_changed_approvals)
    react("tell_voters", {"approval.step_opened"}, tell_voters)
    react(
        "tell_owner_of_decision",
        {"approval.approved", "approval.rejected", "approval.deferred", "approval.void"},
        tell_owner_of_decision,
    )
    react(
        "settle_vote_notices",
        {"vote.cast", "approval.step_decided", "approval.step_closed"},
        settle_vote_notices,
    )
    react("settle_grade_notices", {"grade.confirmed"}, settle_grade_notices)
    react("tell_second_reviewers", {"grade.given"}, tell_second_reviewers)
    react("tell_of_reset_password", {"person.password_reset"}, tell_of_reset_password)
    react("restrict_unapproved_deployments", {"deployment.recorded"}, restrict_unapproved)
    react("plan_reviews", {"release.moved", "use.grade_shown"}, plan_reviews)
    react("plan_everything_anew", {"pack.activated"}, plan_everything_anew)
    react("call_for_reviews", set(TRIGGERS), call_for_reviews)
    react("tell_reviewers", {"review.called_for", "review.submitted"}, tell_reviewers)
    react("restrict_overdue", {"package.restriction_due"}, restrict_overdue)
    react("restrict_unexplained", {"release.explained"}, restrict_unexplained)
    react("follow_up_reviews", {"review.signed_off"}, follow_up_review)
    react("tell_that_it_is_done", {"package.closed"}, tell_that_it_is_done)


MATERIAL = {
    "use.grade_shown",
    "use_case.corrected",
    "release.version_attached",
    "release.validated",
    "release.explained",
    "document.handed_in",
    "pack.activated",
}


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
    name_zh, name_en = _names(model)
    notices.tell(
        user_ids=voters,
        kind="approval.vote_due",
        text_zh=f"请对“{name_zh}”的审批 {step.approval.code} 表决。",
        text_en=f"Please vote on approval {step.approval.code} of “{name_en}”.",
        link=f"/approvals/{step.approval_id}/",
        once_key=f"vote:{step.pk}",
    )


def tell_owner_of_decision(event: Event) -> None:
    """The model's owner is told how the approval ended."""
    approval = Approval.objects.select_related("release__model_use__model").get(pk=event.subject_id)
    model = approval.release.model_use.model
    name_zh, name_en = _names(model)
    outcomes = {
        "approval.approved": ("已批准", "was approved"),
        "approval.rejected": ("被否决", "was rejected"),
        "approval.deferred": ("暂缓,退回补充材料", "was deferred for supplement"),
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
    name_zh, name_en = _names(model)
    reviewers = people.holders_of(Role.MODEL_RISK, release.model_use.entity.path)
    notices.tell(
        user_ids=reviewers.values_list("pk", flat=True),
        kind="grade.confirmation_due",
        text_zh=f"“{name_zh}”的分级({from_state['tier']})等待第二人确认。",
        text_en=f"The grade ({from_state['tier']}) of “{name_en}” waits for a second person.",
        link=f"/models/{model.pk}/",
        once_key=f"grade:{event.subject_id}",
    )


def tell_of_reset_password(event: Event) -> None:
    """Whose password somebody else has set is told so: it may not have been asked for."""
    actor = User.objects.get(pk=event.actor)
    notices.tell(
        user_ids=[event.subject_id],
        kind=event.kind,
        text_zh=f"{actor.name} 重置了您的密码。如非您本人要求,请立即联系内部审计。",
        text_en=f"{actor.name} has reset your password. If you did not ask for it, tell audit.",
        link=f"/people/{event.subject_id}/",
        once_key=f"password:{event.seq}",
    )


def restrict_unapproved(event: Event) -> None:
    """BR-09: a digest in production that is not the version's is restricted at once."""
    state, facts = event.body["state"], event.body.get("facts", {})
    if state["environment"] != Environment.PRODUCTION or facts.get("matches_version", True):
        return
    release_id = uuid.UUID(state["release_id"])
    reason = f"BR-09: {state['digest']}"
    if Order.objects.filter(target_id=release_id, reason=reason, state="in_force").exists():
        return
    suspensions.order(
        actor=people.system(),
        kind="restrict",
        target_type="release",
        target_id=release_id,
        reason=reason,
        limits="生产摘要与批准版本不一致 / the digest in production is not the approved one",
    )


# What calls for reviews by itself; the pack says which kinds each trigger calls for.
TRIGGERS = {
    "use.grade_shown": Trigger.TIER_RAISED,
    "order.stop": Trigger.STOP_ORDERED,
    "model.handed_over": Trigger.OWNER_CHANGED,
}


def plan_reviews(event: Event) -> None:
    """Going live opens the plan of reviews, another tier reschedules it, leaving S5 closes it."""
    live = Q(pk=event.subject_id) | Q(model_use=event.subject_id, stage=Stage.S5)
    for release_id in Release.objects.filter(live).order_by("pk").values_list("pk", flat=True):
        reviews.plan_release(actor=people.system(), release_id=release_id)


def plan_everything_anew(event: Event) -> None:
    """Another policy has other cadences: a job plans every live release, with progress."""
    jobs.request(actor=people.system(), kind="reviews.plan", arguments={})


def call_for_reviews(event: Event) -> None:
    """An event calls for the kinds of review that the pack names for it, for live releases."""
    trigger = TRIGGERS[event.kind]
    live = Release.objects.filter(_concerned(event), stage=Stage.S5).order_by("pk")
    for release_id in live.values_list("pk", flat=True):
        reviews.call_for_all(
            actor=people.system(), release_id=release_id, trigger=trigger, reason=event.kind
        )


def _concerned(event: Event) -> Q:
    """The releases that the event is about."""
    about, state = event.subject_id, event.body["state"]
    if event.kind == "model.handed_over":
        return Q(model_use__model=about)
    if event.kind == "order.stop":
        about = uuid.UUID(state["target_id"])
        return Q(pk=about) | Q(version=about) | Q(model_use=about) | Q(model_use__model=about)
    ranks = {tier: rank for rank, tier in enumerate(("P", "I", "II", "III", "IV"))}
    was, now = event.body.get("facts", {}).get("was_tier", ""), state["tier"]
    raised = was in ranks and now in ranks and ranks[now] < ranks[was]
    return Q(model_use=about) if raised else Q(pk__in=[])


def tell_reviewers(event: Event) -> None:
    """Who carries a review out is told of one that was called for; who signs, of one to sign."""
    row = Review.objects.select_related("package__entity", "release__model_use__model").get(
        pk=event.subject_id
    )
    kind = review_queries.section_of(row.pack).kind(row.kind)
    if kind is None:
        return
    is_done = event.kind == "review.submitted"
    roles = kind.signs if is_done else kind.lead
    told: set[uuid.UUID] = set()
    for role in roles:
        holders = people.holders_of(role, row.package.entity.path)
        told |= set(holders.values_list("pk", flat=True))
    name_zh, name_en = review_queries.name_of(row.package)
    notices.tell(
        user_ids=told - {row.submitted_by_id},
        kind=event.kind,
        text_zh=f"“{name_zh}”的{kind.label.zh}{'等待签署' if is_done else '需要进行'}。",
        text_en=f"{kind.label.en} of “{name_en}” "
        + ("waits for a signature." if is_done else "is called for."),
        link=f"/reviews/{row.package_id}/",
        once_key=f"{event.kind}:{event.seq}",
    )


def restrict_overdue(event: Event) -> None:
    """RI-07: a release whose reviews are overdue beyond the grace is restricted, unless they were
    done or deferred meanwhile."""
    row = review_queries.whole(Package.objects.filter(pk=event.subject_id)).get()
    if row.release is None or row.state != "open" or review_queries.is_held(row):
        return
    reason = f"BR-11: {row.code}"
    if Order.objects.filter(target_id=row.release.pk, reason=reason, state="in_force").exists():
        return
    suspensions.order(
        actor=people.system(),
        kind="restrict",
        target_type="release",
        target_id=row.release.pk,
        reason=reason,
        limits="完成逾期的检查前不得扩大使用 / no wider use until the overdue reviews are done",
    )


def restrict_unexplained(event: Event) -> None:
    """BR-01: a live release whose level no longer permits its decision role is restricted."""
    release = releases_queries.whole(Release.objects.filter(pk=event.subject_id)).get()
    fires = any(one.rule.id == "BR-01" for one in lifecycle.gate_of(release, "S5").blocked)
    spared = release.model_use.is_uninterruptible
    if release.stage not in (Stage.S4, Stage.S5) or not fires or spared:
        return
    reason = f"BR-01: {release.explainability_level}"
    if Order.objects.filter(target_id=release.pk, reason=reason, state="in_force").exists():
        return
    suspensions.order(
        actor=people.system(),
        kind="restrict",
        target_type="release",
        target_id=release.pk,
        reason=reason,
        limits="仅可作为辅助工具，由人作出决定 / a person decides; the model only recommends",
    )


def follow_up_review(event: Event) -> None:
    """What a signed review found becomes a finding, or restricts the release."""
    effect = event.body.get("facts", {}).get("effect", "none")
    state = event.body["state"]
    if effect == "none" or state["release_id"] is None:
        return
    release_id = uuid.UUID(state["release_id"])
    code = f"{state['kind']} · {Package.objects.get(pk=state['package_id']).code}"
    findings.raise_finding(
        actor=people.system(),
        release_id=release_id,
        severity="critical" if effect == "restrict" else "high",
        title=code,
        detail=state["summary"],
    )
    if effect == "restrict":
        suspensions.order(
            actor=people.system(),
            kind="restrict",
            target_type="release",
            target_id=release_id,
            reason=code,
            limits=state["summary"],
        )


def tell_that_it_is_done(event: Event) -> None:
    """Where a package restricted its release, whoever may lift that is told that it is done."""
    row = review_queries.whole(Package.objects.filter(pk=event.subject_id)).get()
    reason = f"BR-11: {row.code}"
    if not Order.objects.filter(reason=reason, state="in_force").exists():
        return
    told: set[uuid.UUID] = set()
    for role in (Role.MODEL_RISK, Role.MODEL_RISK_HEAD):
        told |= set(people.holders_of(role, row.entity.path).values_list("pk", flat=True))
    name_zh, name_en = review_queries.name_of(row)
    notices.tell(
        user_ids=told,
        kind="review.restriction_can_end",
        text_zh=f"“{name_zh}”逾期的检查已完成（{row.code}），可以解除限制。",
        text_en=f"The overdue reviews of “{name_en}” are done ({row.code}); "
        "the restriction can be lifted.",
        link=f"/releases/{row.release_id}/",
        once_key=f"done:{row.pk}",
    )


def _names(model: object) -> tuple[str, str]:
    """The model's names; of a confidential one only its code."""
    code = str(getattr(model, "code", ""))
    if getattr(model, "is_confidential", False):
        return code, code
    name_zh = str(getattr(model, "name_zh", ""))
    return name_zh, str(getattr(model, "name_en", "")) or name_zh

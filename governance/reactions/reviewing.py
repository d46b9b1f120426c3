"""What plans reviews and calls for them, and who is told."""

from __future__ import annotations

import uuid

from django.db.models import Q

from governance.checkpoints.models import Plan
from governance.reviews import queries as review_queries
from governance.reviews import services as reviews
from governance.reviews.models import PENDING, Package, Review
from governance.reviews.rules import Trigger
from governance.suspensions import queries as stopping
from governance.suspensions.models import Order
from governance.suspensions.queries import Target
from registry.core.dispatch.services import Event
from registry.core.jobs import services as jobs
from registry.core.notices import services as notices
from registry.core.people import queries as people
from registry.core.people.rules import Role
from registry.releases.models import Release, Stage

# What calls for reviews by itself; the pack says which kinds each trigger calls for.
TRIGGERS = {
    "use.grade_shown": Trigger.TIER_RAISED,
    "order.stop": Trigger.STOP_ORDERED,
    "model.handed_over": Trigger.OWNER_CHANGED,
    "person.deactivated": Trigger.OWNER_CHANGED,
    "use_case.corrected": Trigger.GRADE_STALE,
    "release.moved": Trigger.NEW_VERSION,
}


OVERSIGHT = "PR-06"
# What of a use case's card the answers of grading rest on.
GRADED = {"purpose", "process_node", "affected_people", "prohibited_uses"}


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


def call_for_oversight_review(event: Event) -> None:
    """RI-05: oversight out of its band calls for PR-06; one that waits already does."""
    plan = Plan.objects.select_related("release").get(pk=event.subject_id)
    pending = Review.objects.filter(release=plan.release, kind=OVERSIGHT, trigger=Trigger.BREACH)
    if plan.release.stage != Stage.S5 or pending.filter(state__in=PENDING).exists():
        return
    alarms = event.body["facts"]["alarms"]
    told = "; ".join(f"{one['about']} · {one['verdict']} · {one['rate']} %" for one in alarms[:10])
    reviews.call_for(
        actor=people.system(), release_id=plan.release_id, kind=OVERSIGHT,
        trigger=Trigger.BREACH.value, reason=f"{plan.code}: {told}"[:300],
    )  # fmt: skip


def _concerned(event: Event) -> Q:
    """The releases that the event is about."""
    about, state = event.subject_id, event.body["state"]
    if event.kind == "model.handed_over":
        return Q(model_use__model=about)
    if event.kind == "person.deactivated":
        return Q(model_use__model__owner=about)
    if event.kind == "use_case.corrected":
        corrected = set(event.body.get("facts", {}).get("fields", ()))
        return Q(model_use__use_case=about) if corrected & GRADED else Q(pk__in=[])
    if event.kind == "release.moved":
        went_live = state["stage"] == Stage.S5
        tested = Q(model_use__flags__generative="yes") | Q(model_use__flags__agent="yes")
        return Q(pk=about) & tested if went_live else Q(pk__in=[])
    if event.kind == "order.stop":
        if state.get("is_drill"):
            return Q(pk__in=[])  # nothing has gone wrong
        key = state["target_id"]
        name = state.get("target_key", "")
        target = Target(state["target_type"], uuid.UUID(key) if key else None, name)
        return Q(pk__in=stopping.reached(target).order_by().values("pk"))
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
    key = f"submitted:{row.pk}:{event.seq}" if is_done else f"review:{row.package_id}:{event.seq}"
    notices.tell(
        user_ids=told - {row.submitted_by_id},
        kind=event.kind,
        text_zh=f"“{name_zh}”的{kind.label.zh}{'等待签署' if is_done else '需要进行'}。",
        text_en=f"{kind.label.en} of “{name_en}” "
        + ("waits for a signature." if is_done else "is called for."),
        link=f"/reviews/{row.package_id}/",
        once_key=key,
        is_task=True,
        stays_inside=review_queries.stays_inside(row.package),
    )


def settle_signing(event: Event) -> None:
    """A review that was signed or handed back waits for no signature."""
    notices.settle(once_key=f"submitted:{event.subject_id}", and_below=True)


def tell_that_it_is_done(event: Event) -> None:
    """The reminders are settled; who may lift the package's restriction is told that they may."""
    notices.settle(once_key=f"review:{event.subject_id}", and_below=True)
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
        stays_inside=review_queries.stays_inside(row),
    )

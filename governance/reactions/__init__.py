"""One page: event → effects across slices. Reactions run after commit, as the system."""

from __future__ import annotations

from governance.reactions import (
    approving,
    clocking,
    people,
    permitting,
    restricting,
    reviewing,
    watching,
)
from registry.core.dispatch.services import react

MATERIAL = {
    "use.grade_shown",
    "use_case.corrected",
    "release.version_attached",
    "release.validated",
    "release.explained",
    "document.handed_in",
    "pack.activated",
}


def declare() -> None:
    """Called once, when the app is ready; docs/reference/events is generated from this."""
    react("void_changed_approvals", MATERIAL, approving.void_changed_approvals)
    react("tell_voters", {"approval.step_opened"}, approving.tell_voters)
    react(
        "tell_owner_of_decision",
        {"approval.approved", "approval.rejected", "approval.deferred", "approval.void"},
        approving.tell_owner_of_decision,
    )
    react(
        "settle_vote_notices",
        {"vote.cast", "approval.step_decided", "approval.step_closed"},
        approving.settle_vote_notices,
    )
    react("settle_grade_notices", {"grade.confirmed"}, approving.settle_grade_notices)
    react("tell_second_reviewers", {"grade.given"}, approving.tell_second_reviewers)
    react("tell_of_reset_password", {"person.password_reset"}, people.tell_of_reset_password)
    react("tell_deputy", {"delegation.given"}, people.tell_deputy)
    react("settle_deputy", {"delegation.accepted", "delegation.revoked"}, people.settle_deputy)
    react(
        "restrict_unapproved_deployments", {"deployment.recorded"}, restricting.restrict_unapproved
    )
    react("start_clocks", {"release.moved"}, clocking.start_of_service)
    react("start_report_clocks", {"approval.approved"}, clocking.start_of_report)
    react("count_clocks_anew", {"calendar.arranged"}, clocking.count_anew)
    react("settle_clocks", {"clock.completed", "clock.withdrawn"}, clocking.settle)
    react("raise_overdue_clocks", {"clock.overdue"}, clocking.raise_overdue)
    _declare_reviews()
    react("raise_unconfirmed", {"review.unconfirmed"}, restricting.raise_unconfirmed)
    react("restrict_overdue", {"package.restriction_due"}, restricting.restrict_overdue)
    react("restrict_unexplained", {"release.explained"}, restricting.restrict_unexplained)
    react("follow_up_reviews", {"review.signed_off"}, restricting.follow_up_review)
    react("tell_of_personal_data", {"plan.personal_data_dropped"}, people.tell_of_personal_data)
    _declare_permits()
    _declare_monitoring()


def _declare_reviews() -> None:
    """What plans reviews, calls for them and settles them."""
    react("plan_reviews", {"release.moved", "use.grade_shown"}, reviewing.plan_reviews)
    react("plan_everything_anew", {"pack.activated"}, reviewing.plan_everything_anew)
    react("call_for_reviews", set(reviewing.TRIGGERS), reviewing.call_for_reviews)
    react("call_for_oversight_review", {"plan.out_of_band"}, reviewing.call_for_oversight_review)
    react("tell_reviewers", {"review.called_for", "review.submitted"}, reviewing.tell_reviewers)
    react("settle_signing", {"review.signed_off", "review.returned"}, reviewing.settle_signing)
    react("tell_that_it_is_done", {"package.closed"}, reviewing.tell_that_it_is_done)


def _declare_permits() -> None:
    """What ends deployment permits."""
    react("revoke_ordered_permits", set(permitting.ORDERS), permitting.revoke_ordered)
    react("revoke_left_permits", set(permitting.MOVES), permitting.revoke_left)


def _declare_monitoring() -> None:
    """What is watched, and what breaches bring about."""
    react("expect_metrics", {"release.moved", "use.grade_shown"}, watching.expect_metrics)
    grave = {"breach.opened", "breach.escalated", "breach.came_back"}
    react("follow_up_breaches", grave, watching.follow_up_breach)
    react("tell_of_corrections", {"metric.corrected"}, watching.tell_of_correction)
    react("tell_of_late_breaches", {"breach.late"}, watching.tell_late)

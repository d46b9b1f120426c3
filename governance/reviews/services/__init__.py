"""Reviews' verbs."""

from governance.reviews.services.answering import (
    Report,
    call_for,
    call_for_all,
    defer,
    hand_back,
    reassign,
    record_past,
    sign_off,
    submit,
)
from governance.reviews.services.explaining import Explained, explain
from governance.reviews.services.planning import (
    plan_everything,
    plan_institution,
    plan_missing,
    plan_release,
)
from governance.reviews.services.sweeping import sweep

__all__ = [
    "Report",
    "Explained",
    "call_for",
    "call_for_all",
    "defer",
    "explain",
    "hand_back",
    "plan_everything",
    "plan_institution",
    "plan_missing",
    "plan_release",
    "reassign",
    "record_past",
    "sign_off",
    "submit",
    "sweep",
]

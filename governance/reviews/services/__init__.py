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
from governance.reviews.services.attesting import (
    call_missing_rows,
    call_rows,
    close_campaign,
    confirm,
    open_campaign,
    sign_off_many,
)
from governance.reviews.services.computing import (
    ComputedImportances,
    compute_importances,
    request_importances,
)
from governance.reviews.services.explaining import Explained, explain
from governance.reviews.services.forecasting import request_forecast
from governance.reviews.services.planning import (
    plan_everything,
    plan_institution,
    plan_missing,
    plan_release,
)
from governance.reviews.services.regrading import call_for_regrading
from governance.reviews.services.sweeping import sweep

__all__ = [
    "ComputedImportances",
    "Report",
    "Explained",
    "call_for",
    "call_for_all",
    "call_for_regrading",
    "call_missing_rows",
    "call_rows",
    "close_campaign",
    "compute_importances",
    "confirm",
    "defer",
    "explain",
    "hand_back",
    "open_campaign",
    "plan_everything",
    "plan_institution",
    "plan_missing",
    "plan_release",
    "reassign",
    "record_past",
    "request_forecast",
    "request_importances",
    "sign_off",
    "sign_off_many",
    "submit",
    "sweep",
]

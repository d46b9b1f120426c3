"""Lists the slices' models."""

from governance.approvals.models import Approval, BallotSeat, Condition, Step, Vote
from governance.checkpoints.models import (
    Batch,
    Case,
    Competence,
    Decision,
    DecisionKey,
    Feed,
    Plan,
    Sample,
    Seal,
)
from governance.clocks.models import Clock, ClockWarning
from governance.committees.models import Committee, Resolution, Seat
from governance.findings.models import Finding, Waiver
from governance.lifecycle.models import Exemption
from governance.mlflow_compat.models import (
    Enrichment,
    Loading,
    RegisteredAlias,
    RegisteredModel,
    RegisteredVersion,
)
from governance.monitoring.models import (
    Breach,
    Metric,
    MetricQuery,
    MetricReport,
    Observation,
    QueryRun,
    Reading,
    Threshold,
)
from governance.permits.models import BreakGlass, Permit, PermitUse
from governance.reviews.models import Campaign, Explanation, Package, Reminder, Review
from governance.suspensions.models import (
    Acknowledgement,
    Consumer,
    DrillReport,
    Order,
    Posting,
)
from governance.validations.models import Validation, ValidationTest
from governance.webhooks.models import Pace, Sending, Subscription

__all__ = [
    "Acknowledgement",
    "Approval",
    "BallotSeat",
    "Batch",
    "Breach",
    "BreakGlass",
    "Campaign",
    "Case",
    "Clock",
    "ClockWarning",
    "Committee",
    "Competence",
    "Condition",
    "Decision",
    "DecisionKey",
    "Feed",
    "Consumer",
    "DrillReport",
    "Enrichment",
    "Exemption",
    "Explanation",
    "Finding",
    "Loading",
    "Metric",
    "MetricQuery",
    "MetricReport",
    "Observation",
    "QueryRun",
    "Reading",
    "Threshold",
    "Order",
    "Pace",
    "Package",
    "Permit",
    "PermitUse",
    "Plan",
    "Posting",
    "RegisteredAlias",
    "RegisteredModel",
    "RegisteredVersion",
    "Reminder",
    "Resolution",
    "Review",
    "Sample",
    "Seal",
    "Seat",
    "Sending",
    "Step",
    "Subscription",
    "Validation",
    "ValidationTest",
    "Vote",
    "Waiver",
]

"""Lists the slices' REST doors."""

from django.urls import path

from governance.approvals.api import (
    ApprovalDoor,
    ConditionDoor,
    GradeDecisionDoor,
    OverrideDoor,
    PackDecisionDoor,
)
from governance.cards.api import ReleaseCardDoor, VersionCardDoor
from governance.checkpoints.api import CaseDoor, CompetenceDoor, DecisionDoor, PlanDoor
from governance.clocks.api import ClockDoor
from governance.committees.api import CommitteeDoor, ResolutionDoor, SeatDoor
from governance.findings.api import FindingDoor, WaiverDoor
from governance.lifecycle.api import AccountabilityDoor, ExemptionDoor, LeaverDoor, LifecycleDoor
from governance.mlflow_compat.api import ExperimentDoor, ExperimentVersionDoor
from governance.monitoring.api import BreachDoor, MetricDoor, MetricQueryDoor, ObservationDoor
from governance.permits.api import (
    BreakGlassDoor,
    PermitDoor,
    PermitKeysDoor,
    PermitRevocationsDoor,
    PermitUseDoor,
)
from governance.reviews.api import (
    CampaignDoor,
    ExplanationDoor,
    ForecastDoor,
    PackageDoor,
    ReminderDoor,
    ReviewDoor,
)
from governance.suspensions.api import (
    AcknowledgementDoor,
    ConsumerDoor,
    DrillReportDoor,
    OrderDoor,
    StopListDoor,
)
from governance.trail.api import EntryDoor, TrailJobDoor
from governance.validations.api import ValidationDoor
from governance.webhooks.api import WebhookDeliveryDoor, WebhookDoor
from registry.core.web.routing import collection

urlpatterns = [
    *collection(
        "releases",
        LifecycleDoor,
        sub={
            "gates": ("get", "gates"),
            "promotions": ("post", "promotions"),
            "approvals": ("post", "approvals"),
            "waivers": ("post", "waivers"),
            "exemptions": ("post", "exemptions"),
        },
    ),
    *collection("releases", ReleaseCardDoor, sub={"card": ("get", "card")}),
    *collection(
        "versions",
        VersionCardDoor,
        sub={"card": ("get", "card"), "card-imports": ("post", "card_imports")},
    ),
    *collection("models", AccountabilityDoor, sub={"handovers": ("post", "handovers")}),
    *collection(
        "validations",
        ValidationDoor,
        sub={
            "tests": ("post", "tests"),
            "conclusions": ("post", "conclusions"),
            "responses": ("post", "responses"),
            "sign-offs": ("post", "sign_offs"),
            "abandonments": ("post", "abandonments"),
        },
    ),
    *collection(
        "approvals",
        ApprovalDoor,
        sub={
            "votes": ("post", "votes"),
            "closings": ("post", "closings"),
            "withdrawals": ("post", "withdrawals"),
        },
    ),
    *collection(
        "clocks",
        ClockDoor,
        sub={"completions": ("post", "completions"), "withdrawals": ("post", "withdrawals")},
    ),
    *collection("conditions", ConditionDoor, sub={"fulfilments": ("post", "fulfilments")}),
    *collection("grades", GradeDecisionDoor, sub={"confirmations": ("post", "confirmations")}),
    *collection("model-uses", OverrideDoor, sub={"overrides": ("post", "overrides")}),
    *collection("policy-packs", PackDecisionDoor, sub={"activations": ("post", "activations")}),
    *collection(
        "findings",
        FindingDoor,
        sub={"plans": ("post", "plans"), "closings": ("post", "closings")},
    ),
    *collection("waivers", WaiverDoor, sub={"answers": ("post", "answers")}),
    *collection("exemptions", ExemptionDoor, sub={"answers": ("post", "answers")}),
    *collection("experiments", ExperimentDoor, sub={"claims": ("post", "claims")}),
    *collection("experiment-versions", ExperimentVersionDoor, sub={"claims": ("post", "claims")}),
    path(
        "review-packages/reassignments/",
        PackageDoor.as_view({"post": "reassignments"}),
        name="review-packages-reassignments",
    ),
    *collection("review-packages", PackageDoor, sub={"deferrals": ("post", "deferrals")}),
    path("reviews/records/", ReviewDoor.as_view({"post": "records"}), name="reviews-records"),
    *collection(
        "reviews",
        ReviewDoor,
        sub={
            "computations": ("post", "computations"),
            "explanations": ("post", "explanations"),
            "submissions": ("post", "submissions"),
            "returns": ("post", "returns"),
            "sign-offs": ("post", "sign_offs"),
        },
    ),
    *collection(
        "attestation-campaigns",
        CampaignDoor,
        sub={
            "progress": ("get", "progress"),
            "confirmations": ("post", "confirmations"),
            "sign-offs": ("post", "sign_offs"),
            "closings": ("post", "closings"),
        },
    ),
    *collection("policy-packs", ForecastDoor, sub={"forecasts": ("post", "forecasts")}),
    *collection("people", LeaverDoor, sub={"handovers": ("post", "handovers")}),
    *collection("explanations", ExplanationDoor),
    path("review-reminders/", ReminderDoor.as_view({"get": "list"}), name="review-reminders"),
    *collection("decisions", DecisionDoor),
    path("decisions/batch/", DecisionDoor.as_view({"post": "batch"}), name="decisions-batch"),
    path("decisions/outcomes/", DecisionDoor.as_view({"get": "outcome"}), name="outcomes"),
    path("decisions/proofs/", DecisionDoor.as_view({"get": "proof"}), name="proofs"),
    *collection(
        "intervention-plans",
        PlanDoor,
        sub={
            "tests": ("post", "tests"),
            "activations": ("post", "activations"),
            "withdrawals": ("post", "withdrawals"),
            "trials": ("post", "trials"),
        },
    ),
    *collection(
        "cases",
        CaseDoor,
        sub={
            "claims": ("post", "claims"),
            "views": ("post", "views"),
            "questions": ("post", "questions"),
            "replies": ("post", "replies"),
            "outcomes": ("post", "outcomes"),
            "escalations": ("post", "escalations"),
            "reports": ("post", "reports"),
        },
    ),
    *collection("competences", CompetenceDoor, sub={"endings": ("post", "endings")}),
    *collection(
        "orders",
        OrderDoor,
        sub={
            "enforcement": ("get", "enforcement"),
            "resumptions": ("post", "resumptions"),
            "acknowledgements": ("post", "acknowledgements"),
            "ratifications": ("post", "ratifications"),
        },
    ),
    *collection("consumers", ConsumerDoor, sub={"closings": ("post", "closings")}),
    *collection("acknowledgements", AcknowledgementDoor),
    *collection(
        "drill-reports",
        DrillReportDoor,
        sub={"countersignatures": ("post", "countersignatures")},
    ),
    path("stop-list/", StopListDoor.as_view({"get": "current"}), name="stop-list"),
    path("stop-list/key/", StopListDoor.as_view({"get": "key"}), name="stop-list-key"),
    *collection(
        "permits",
        PermitDoor,
        sub={
            "revocations": ("post", "revocations"),
            "uses": ("post", "uses"),
            "accounts": ("post", "accounts"),
        },
    ),
    path("permits/keys/", PermitKeysDoor.as_view({"get": "keys"}), name="permit-keys"),
    path(
        "permits/revocations/",
        PermitRevocationsDoor.as_view({"get": "current"}),
        name="permit-revocations",
    ),
    path("permits/uses/", PermitUseDoor.as_view({"get": "list"}), name="permit-uses"),
    *collection(
        "permits/break-glass",
        BreakGlassDoor,
        sub={"confirmations": ("post", "confirmations"), "refusals": ("post", "refusals")},
    ),
    path("webhooks/types/", WebhookDoor.as_view({"get": "types"}), name="webhook-types"),
    *collection(
        "webhooks",
        WebhookDoor,
        sub={
            "secrets": ("post", "secrets"),
            "tests": ("post", "tests"),
            "pauses": ("post", "pauses"),
            "resumptions": ("post", "resumptions"),
            "closings": ("post", "closings"),
        },
    ),
    *collection(
        "webhooks",
        WebhookDeliveryDoor,
        sub={"deliveries": ("get", "deliveries"), "replays": ("post", "replays")},
    ),
    *collection("observations", ObservationDoor),
    path(
        "observations/imports/",
        ObservationDoor.as_view({"post": "imports"}),
        name="observations-imports",
    ),
    path("observations/runs/", ObservationDoor.as_view({"post": "runs"}), name="observations-runs"),
    *collection(
        "metrics",
        MetricDoor,
        sub={
            "limits": ("post", "limits"),
            "thresholds": ("get", "thresholds"),
            "observations": ("get", "observations"),
            "queries": ("post", "open_query"),
            "closings": ("post", "closings"),
            "reopenings": ("post", "reopenings"),
        },
    ),
    *collection("metric-queries", MetricQueryDoor, sub={"closings": ("post", "closings")}),
    *collection(
        "breaches",
        BreachDoor,
        sub={"take-ups": ("post", "take_ups"), "closings": ("post", "closings")},
    ),
    *collection("committees", CommitteeDoor, sub={"seats": ("post", "seats")}),
    *collection("seats", SeatDoor, sub={"endings": ("post", "endings")}),
    *collection("resolutions", ResolutionDoor),
    path("ledger/entries/", EntryDoor.as_view({"get": "list"}), name="ledger-entries"),
    path(
        "ledger/verifications/",
        TrailJobDoor.as_view({"post": "verifications"}),
        name="ledger-verifications",
    ),
    path("ledger/exports/", TrailJobDoor.as_view({"post": "exports"}), name="ledger-exports"),
    path(
        "ledger/exports/<uuid:pk>/file/",
        TrailJobDoor.as_view({"get": "file"}),
        name="ledger-exports-file",
    ),
]

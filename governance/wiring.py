"""What the slices declare to the core when the app starts: sections, subjects, reactions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core import checks

from governance import reactions
from governance.approvals import queries as approvals
from governance.approvals.schema import ApprovalsSection
from governance.checkpoints.models import Plan
from governance.checkpoints.queries import decisions, trials
from governance.checkpoints.schema import NOTHING as NO_CHECKPOINTS
from governance.checkpoints.schema import CheckpointsSection
from governance.clocks import queries as clocks
from governance.clocks.models import Clock
from governance.clocks.schema import NOTHING as NO_CLOCKS
from governance.clocks.schema import ClocksSection
from governance.desk.admin.chronicle.kinds import KINDS
from governance.desk.demo import services as demo
from governance.lifecycle.queries.facts import COMPUTED, NAMED
from governance.lifecycle.schema import LifecycleSection
from governance.mlflow_compat.queries import trained
from governance.mlflow_compat.queries import webhooks as mlflow_webhooks
from governance.mlflow_compat.schema import NOTHING as NO_MLFLOW
from governance.mlflow_compat.schema import MlflowSection
from governance.monitoring import queries as monitoring
from governance.monitoring import services as monitoring_services
from governance.monitoring.schema import NOTHING as NO_MONITORING
from governance.monitoring.schema import MonitoringSection
from governance.permits.schema import NOTHING as NO_PERMITS
from governance.permits.schema import PermitsSection
from governance.reviews import queries as reviews
from governance.reviews import services as review_services
from governance.reviews.models import Package
from governance.reviews.queries import owing
from governance.reviews.rules import Trigger
from governance.reviews.schema import NOTHING, ReviewsSection
from governance.reviews.services import attesting, computing
from governance.suspensions.schema import NOTHING as NO_STOPS
from governance.suspensions.schema import StopsSection
from governance.validations import queries as validations
from governance.validations.models import Validation
from governance.webhooks import queries as webhooks
from governance.webhooks import services as webhook_services
from governance.webhooks.models import ProtocolChoice
from registry.classification.schema.classification import ClassificationFile
from registry.core.jobs import services as jobs
from registry.core.jobs.services import Progress
from registry.core.ledger import services as ledger
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import system
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.core.policy.rules import PolicyError
from registry.core.policy.schema import validate
from registry.evidence import queries as evidence
from registry.lineage import queries as lineage
from registry.releases import queries as releases


def declare() -> None:
    """Called once, when the app is ready."""
    policy.declare_section("lifecycle", ("lifecycle",), _lifecycle)
    policy.declare_section("approvals", ("approvals",), _approvals)
    policy.declare_section("reviews", ("reviews",), _reviews)
    policy.declare_section("clocks", ("clocks",), _clocks)
    policy.declare_section("checkpoints", ("checkpoints",), _checkpoints)
    policy.declare_section("stops", ("stops",), _stops)
    policy.declare_section("mlflow", ("mlflow",), _mlflow)
    policy.declare_section("permits", ("permits",), _permits)
    policy.declare_section("monitoring", ("monitoring",), _monitoring)
    evidence.declare_subject("validation", Validation, validations.visible_to, _of_validation)
    evidence.declare_subject("review_package", Package, reviews.visible_to, _of_package)
    evidence.declare_subject("clock", Clock, clocks.visible_to, _of_clock)
    reactions.declare()
    lineage.declare_names(trained.names_of, trained.links)
    ledger.declare_check("votes", approvals.unproved_votes)
    ledger.declare_check("decisions", decisions.unsound_seals)
    ledger.declare_check("observations", monitoring.unsound_reports)
    jobs.declare("reviews.plan", _plan_reviews)
    jobs.declare(attesting.JOB, _call_rows)
    jobs.declare(owing.JOB, _forecast)
    jobs.declare(trials.JOB, _try_plan)
    jobs.declare(computing.KIND, _compute_importances)
    webhooks.declare_kinds(KINDS)
    webhooks.declare_protocol(ProtocolChoice.CLOUDEVENTS, webhooks.standard(webhooks.kinds))
    webhooks.declare_protocol(ProtocolChoice.MLFLOW, mlflow_webhooks.protocol())
    ledger.tell_after_commit(webhook_services.wake)
    checks.register(_no_demo_accounts, "installation", deploy=True)


def _no_demo_accounts(**_: Any) -> list[checks.CheckMessage]:  # Any: as Django calls checks
    """`check --deploy` and the web server's start: nobody works on the demo story's database."""
    if not demo.is_loaded():
        return []
    told = "the database holds the demo story, whose accounts share one written password"
    hint = "Production begins with an empty database: `manage.py found`."
    return [checks.Error(told, hint=hint, id="mingce.E002")]


def _of_validation(validation: Validation) -> tuple[LegalEntity, set[UUID]]:
    return releases.place(validation.release)


def _plan_reviews(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:  # Any: JSON
    planned = review_services.plan_everything(actor=system(), progress=progress)
    called = review_services.call_for_regrading(actor=system(), progress=progress)
    watched = monitoring_services.expect_everywhere(actor=system())
    return {"planned": planned, "to_regrade": called, "watched": watched}


def _compute_importances(
    arguments: dict[str, Any],  # Any: JSON
    progress: Progress,
) -> dict[str, Any]:  # Any: JSON
    found = review_services.compute_importances(
        actor=User.objects.get(pk=arguments["actor"]),
        review_id=UUID(arguments["review"]),
        sample_id=UUID(arguments["sample"]),
        progress=progress,
    )
    return {
        "document": str(found.document.pk),
        "rows": found.rows,
        "features": found.features,
        "unknown": found.unknown,
        "stability": None if found.stability is None else str(found.stability),
        "fidelity": str(found.fidelity),
    }


def _forecast(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:  # Any: JSON
    pack = PackRelease.objects.get(pk=arguments["pack"])
    return owing.forecast(pack, progress)


def _try_plan(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:  # Any: JSON
    return trials.trial(Plan.objects.get(pk=arguments["plan"]), progress)


def _call_rows(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:  # Any: JSON
    called = review_services.call_rows(
        actor=system(), campaign_id=UUID(arguments["campaign"]), progress=progress
    )
    return {"called": called}


def _of_package(package: Package) -> tuple[LegalEntity, set[UUID]]:
    return releases.place(package.release) if package.release else (package.entity, set())


def _of_clock(row: Clock) -> tuple[LegalEntity, set[UUID]]:
    return releases.place(row.release) if row.release else (row.entity, set())


def _checkpoints(content: dict[str, Any]) -> CheckpointsSection:  # Any: a pack's content
    if "checkpoints" not in content:
        return NO_CHECKPOINTS  # a pack that was in force before checkpoints came
    return validate(CheckpointsSection, content["checkpoints"], "checkpoints.yaml")


def _clocks(content: dict[str, Any]) -> ClocksSection:  # Any: a pack's content
    if "clocks" not in content:
        return NO_CLOCKS  # a pack that was in force before clocks came
    section = validate(ClocksSection, content["clocks"], "clocks.yaml")
    section.lint(_names(content))
    return section


def _stops(content: dict[str, Any]) -> StopsSection:  # Any: a pack's content
    if "stops" not in content:
        return NO_STOPS  # a pack that was in force before stops had limits
    return validate(StopsSection, content["stops"], "stops.yaml")


def _mlflow(content: dict[str, Any]) -> MlflowSection:  # Any: a pack's content
    if "mlflow" not in content:
        return NO_MLFLOW  # a pack that was in force before MLflow's door came
    return validate(MlflowSection, content["mlflow"], "mlflow.yaml")


def _permits(content: dict[str, Any]) -> PermitsSection:  # Any: a pack's content
    if "permits" not in content:
        return NO_PERMITS  # a pack that was in force before there were permits
    section = validate(PermitsSection, content["permits"], "permits.yaml")
    lifecycle = validate(LifecycleSection, content["lifecycle"], "lifecycle.yaml")
    known = [one.key for one in lifecycle.requirements] + [
        one.id for one in lifecycle.blocking_rules
    ]
    try:
        section.lint(known)
    except ValueError as error:
        raise PolicyError(str(error)) from error
    return section


def _monitoring(content: dict[str, Any]) -> MonitoringSection:  # Any: a pack's content
    if "monitoring" not in content:
        return NO_MONITORING  # a pack that was in force before monitoring came
    section = validate(MonitoringSection, content["monitoring"], "monitoring.yaml")
    called_for = [
        one.key for one in _reviews(content).of_scope("release") if Trigger.BREACH in one.triggers
    ]
    section.lint(_names(content), called_for)
    return section


def _reviews(content: dict[str, Any]) -> ReviewsSection:  # Any: a pack's content
    if "reviews" not in content:
        return NOTHING  # a pack that was in force before reviews came
    section = validate(ReviewsSection, content["reviews"], "reviews.yaml")
    section.lint(_names(content))
    return section


def _lifecycle(content: dict[str, Any]) -> LifecycleSection:  # Any: a pack's content
    section = validate(LifecycleSection, content["lifecycle"], "lifecycle.yaml")
    try:
        section.lint(_names(content), NAMED, content["evidence"]["kinds"])
    except ValueError as error:
        raise PolicyError(str(error)) from error
    return section


def _approvals(content: dict[str, Any]) -> ApprovalsSection:  # Any: a pack's content
    section = validate(ApprovalsSection, content["approvals"], "approvals.yaml")
    section.lint(_names(content))
    return section


def _names(content: dict[str, Any]) -> set[str]:  # Any: a pack's content
    """What clauses of the lifecycle and of routes may read."""
    file = validate(ClassificationFile, content["classification"], "classification.yaml")
    return {
        *COMPUTED,
        *(one.key for one in file.dimensions),
        *(one.key for one in file.groups),
        *(one.key for one in file.facts),
        *(f"flag_{one.key}" for one in file.flags),
    }

"""What the slices declare to the core when the app starts: sections, subjects, jobs, wake-ups."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.core import checks

from registry.catalogue import queries as catalogue
from registry.catalogue.models import AIModel, ModelVersion
from registry.classification import queries as classification
from registry.classification.schema import ClassificationSection
from registry.classification.schema.classification import ClassificationFile
from registry.classification.schema.grading import GradingFile
from registry.classification.schema.questionnaire import QuestionnaireFile
from registry.core.dispatch import services as dispatch
from registry.core.jobs import services as jobs
from registry.core.ledger import jobs as ledger_jobs
from registry.core.ledger import services as ledger
from registry.core.ledger.services import granting
from registry.core.people.models import LegalEntity
from registry.core.policy import queries as policy
from registry.core.policy.schema import validate
from registry.discovery import services as discovery
from registry.evidence import queries as evidence
from registry.evidence.schema import EvidenceSection
from registry.releases import queries as releases
from registry.releases.models import Release
from registry.usecases import queries as usecases
from registry.usecases.models import ModelUse, UseCase


def declare() -> None:
    """Called once, when the app is ready."""
    policy.declare_section(
        "classification", ("classification", "grading", "questionnaire"), _classification
    )
    policy.declare_section("evidence", ("evidence",), _evidence)
    evidence.declare_subject("model", AIModel, catalogue.visible_to, _owned)
    evidence.declare_subject("version", ModelVersion, catalogue.visible_versions, _of_version)
    evidence.declare_subject("use_case", UseCase, usecases.visible_use_cases, _owned)
    evidence.declare_subject("model_use", ModelUse, usecases.visible_uses, usecases.place)
    evidence.declare_subject("release", Release, releases.visible_to, releases.place)
    jobs.declare("ledger.verify", ledger_jobs.verify)
    jobs.declare("ledger.export", ledger_jobs.export)
    jobs.declare(discovery.JOB, discovery.do_job)
    ledger.declare_check("flags of uses", classification.ungraded_flags)
    ledger.tell_after_commit(_wake_dispatcher)
    checks.register(_application_role, "installation", deploy=True)
    checks.register(_strict_clock, "installation", deploy=True)


def _application_role(**_: Any) -> list[checks.CheckMessage]:  # Any: as Django calls checks
    """`check --deploy` and the web server's start: the application's role has no power to spare."""
    hint = "Use the role of DATABASE_URL that `manage.py prepare_database` has granted to."
    return [checks.Error(told, hint=hint, id="mingce.E001") for told in granting.excesses()]


def _strict_clock(**_: Any) -> list[checks.CheckMessage]:  # Any: as Django calls checks
    """`check --deploy` and the web server's start: the ledger records at the time of its database.

    A database that tests or the demo have prepared takes entries of any time.
    """
    if settings.CLOCK_CAN_BE_SET or not granting.clock_is_free():
        return []
    told = "the database takes entries that were recorded at another time than its own"
    hint = "Run `manage.py prepare_database` with the settings of production."
    return [checks.Error(told, hint=hint, id="mingce.E003")]


def _owned(thing: AIModel | UseCase) -> tuple[LegalEntity, set[UUID]]:
    return thing.entity, {thing.owner_id}


def _of_version(version: ModelVersion) -> tuple[LegalEntity, set[UUID]]:
    return _owned(version.model)


def _classification(content: dict[str, Any]) -> ClassificationSection:  # Any: a pack's content
    classification = validate(ClassificationFile, content["classification"], "classification.yaml")
    return ClassificationSection(
        pack="active",
        classification=classification,
        grading=validate(GradingFile, content["grading"], "grading.yaml"),
        questionnaire=validate(QuestionnaireFile, content["questionnaire"], "questionnaire.yaml"),
    )


def _evidence(content: dict[str, Any]) -> EvidenceSection:  # Any: a pack's content
    return validate(EvidenceSection, content["evidence"], "evidence.yaml")


def _wake_dispatcher(kinds: frozenset[str]) -> None:
    if dispatch.wants(kinds):  # most of what pipelines do has no effect elsewhere
        current_app.send_task("registry.dispatch", retry=False)

"""Validations' verbs: plan, test, conclude, answer, sign off."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from governance.committees.queries import is_interested
from governance.validations import queries, rules
from governance.validations.models import (
    VALIDATION_STATES,
    Conclusion,
    TestOutcome,
    Validation,
    ValidationState,
    ValidationTest,
)
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.core.people.queries import standing
from registry.core.people.rules import Capability, Role
from registry.core.web.concurrency import check_version
from registry.releases import queries as releases_queries
from registry.releases import services as releases
from registry.releases.models import ExplainabilityLevel, Release, Stage

ENDED = (ValidationState.SIGNED_OFF, ValidationState.ABANDONED)


@dataclass(frozen=True)
class Findings:
    """What the validator concludes."""

    conclusion: str
    explainability_level: str
    summary: str
    limitations: str = ""


@dataclass(frozen=True)
class TestResult:
    """One test with its measure, threshold and outcome."""

    __test__ = False
    kind: str
    name: str
    measure: str
    outcome: str
    threshold: str = ""
    comment: str = ""


def plan(
    *, actor: User, release_id: uuid.UUID, plan: str, scope: str, independence: str
) -> Validation:
    """The actor validates the release: plan, scope and the declaration of independence stand.

    Raises SegregationRefused for owner, developers, vendor staff and technical administrators.
    """
    for field, text in (("plan", plan), ("scope", scope), ("independence", independence)):
        if len(text.strip()) < 6:
            raise DomainError(
                "text_needed", _("Describe this in at least 6 characters."), field=field
            )
    with ledger.act(actor) as act:
        release = releases.lock(release_id)
        rules.check_independent(queries.candidate(actor, release))
        releases_queries.check_reach(actor, Capability.VALIDATE, release)
        if release.stage != Stage.S2:
            raise Conflict("not_in_validation", _("The release is not in stage S2, validation."))
        if release.validations.exclude(state__in=ENDED).exists():
            raise Conflict("validation_open", _("A validation of this release is in progress."))
        row = Validation(
            code=ledger_queries.next_code("VAL"),
            release=release,
            validator=actor,
            plan=plan,
            scope=scope,
            independence=independence,
            started_at=clock.now(),
        )
        return act.create(row, "validation.planned")


def record_test(*, actor: User, validation_id: uuid.UUID, result: TestResult) -> ValidationTest:
    """The test stands in the validation, by its validator."""
    if result.outcome not in TestOutcome.values:
        raise DomainError("unknown_outcome", _("Unknown outcome."), field="outcome", status=400)
    with ledger.act(actor) as act:
        validation = ledger.lock(Validation.objects.all(), validation_id)
        _own_and_planned(actor, validation)
        row = ValidationTest(validation=validation, recorded_at=clock.now(), **vars(result))
        return act.create(row, "validation.test_recorded")


def conclude(
    *,
    actor: User,
    validation_id: uuid.UUID,
    findings: Findings,
    expected_version: int | None = None,
) -> Validation:
    """The validator has concluded; the owner answers next."""
    _check_codes(findings)
    with ledger.act(actor) as act:
        validation = ledger.lock(Validation.objects.all(), validation_id)
        check_version(expected_version, validation.row_version)
        _own_and_planned(actor, validation)
        _still_valid(validation, validation.release)
        tests = list(validation.tests.values_list("outcome", flat=True))
        rules.check_conclusion(
            findings.conclusion, len(tests), tests.count("failed"), findings.limitations
        )
        changes = vars(findings) | {
            "state": ValidationState.CONCLUDED,
            "concluded_at": clock.now(),
        }
        return act.update(validation, "validation.concluded", changes)


def answer(*, actor: User, validation_id: uuid.UUID, response: str) -> Validation:
    """The owner has answered the conclusion."""
    if len(response.strip()) < 2:
        raise DomainError("text_needed", _("Answer the conclusion."), field="response")
    with ledger.act(actor) as act:
        validation = ledger.lock(
            Validation.objects.select_related("release__model_use__model"), validation_id
        )
        if actor.pk != validation.release.model_use.model.owner_id:
            raise SegregationRefused("not_the_owner", _("The model's owner answers."))
        VALIDATION_STATES.check(validation, ValidationState.ANSWERED)
        changes = {"state": ValidationState.ANSWERED, "owner_response": response}
        return act.update(validation, "validation.answered", changes)


def sign_off(*, actor: User, validation_id: uuid.UUID) -> Validation:
    """Another independent person has signed the validation off; the release carries its result."""
    with ledger.act(actor) as act:
        release_id = Validation.objects.values_list("release_id", flat=True).get(pk=validation_id)
        release = releases.lock(release_id)
        validation = ledger.lock(Validation.objects.all(), validation_id)
        rules.check_signer(queries.candidate(actor, release, validation))
        releases_queries.check_reach(actor, Capability.OVERRIDE_GRADE, release)
        _still_valid(validation, release)
        VALIDATION_STATES.check(validation, ValidationState.SIGNED_OFF)
        changes = {
            "state": ValidationState.SIGNED_OFF,
            "signed_off_by": actor,
            "signed_off_at": clock.now(),
        }
        act.update(validation, "validation.signed_off", changes)
        releases.record_validation(
            actor=actor,
            release=release,
            conclusion=validation.conclusion,
            explainability_level=validation.explainability_level,
        )
        return validation


def abandon(*, actor: User, validation_id: uuid.UUID, reason: str) -> Validation:
    """The validation ends without a result; another validator can begin.

    By its validator, or by the head of model risk where that person is away, has left or is no
    longer independent. What it found so far stays on record.
    """
    if len(reason.strip()) < 6:
        raise DomainError(
            "text_needed", _("Describe this in at least 6 characters."), field="reason"
        )
    with ledger.act(actor) as act:
        release_id = Validation.objects.values_list("release_id", flat=True).get(pk=validation_id)
        release = releases.lock(release_id)
        validation = ledger.lock(Validation.objects.all(), validation_id)
        path = release.model_use.entity.path
        head = standing(actor).has_at(path, Role.MODEL_RISK_HEAD)
        if actor.pk != validation.validator_id and not head:
            raise SegregationRefused(
                "not_the_validator",
                _("A validation is abandoned by its validator or the head of model risk."),
            )
        if head and actor.pk != validation.validator_id and is_interested(actor, release):
            raise SegregationRefused(
                "interested_person",
                _("Whoever owns or built the model does not end its validation."),
            )
        VALIDATION_STATES.check(validation, ValidationState.ABANDONED)
        changes = {"state": ValidationState.ABANDONED, "abandoned_reason": reason}
        return act.update(validation, "validation.abandoned", changes)


def _still_valid(validation: Validation, release: Release) -> None:
    """The validator is still independent, and the release still in validation.

    Between the plan and the sign-off a validator may have come to own or to have built it.
    """
    rules.check_independent(queries.candidate(validation.validator, release))
    if release.stage != Stage.S2:
        raise Conflict("not_in_validation", _("The release is not in stage S2, validation."))


def _own_and_planned(actor: User, validation: Validation) -> None:
    if actor.pk != validation.validator_id:
        raise SegregationRefused(
            "not_the_validator", _("Only its validator works on a validation.")
        )
    if validation.state != ValidationState.PLANNED:
        raise Conflict("concluded_already", _("This validation has been concluded."))


def _check_codes(findings: Findings) -> None:
    if findings.conclusion not in Conclusion.values:
        raise DomainError(
            "unknown_conclusion", _("Unknown conclusion."), field="conclusion", status=400
        )
    if findings.explainability_level not in ExplainabilityLevel.values:
        raise DomainError(
            "unknown_level",
            _("The explainability level is E1, E2, E3 or E4."),
            field="explainability_level",
            status=400,
        )
    if len(findings.summary.strip()) < 6:
        raise DomainError(
            "text_needed", _("Summarise what was found (at least 6 characters)."), field="summary"
        )

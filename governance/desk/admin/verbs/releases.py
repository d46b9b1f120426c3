"""The verbs about releases and what is decided on them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from governance.approvals import queries as approvals_queries
from governance.approvals import services as approvals
from governance.desk.admin import exception_forms, forms
from governance.desk.admin.verbs.base import Verb, hand_in
from governance.findings import queries as findings_queries
from governance.findings import services as findings
from governance.lifecycle import queries as lifecycle_queries
from governance.lifecycle import services as lifecycle
from governance.validations import queries as validations_queries
from governance.validations import services as validations
from governance.validations.services import Findings, TestResult
from registry.core.people.models import User
from registry.core.people.rules import Capability
from registry.releases import queries as releases_queries
from registry.releases import services as releases


def _release(user: User) -> QuerySet[Any]:
    return releases_queries.whole(releases_queries.visible_to(user))


def _own(subject: Any) -> str:
    return str(subject.get_absolute_url())


def _of_release(subject: Any) -> str:
    return f"/releases/{subject.release_id}/"


def _ask_exemption(user: User, subject: Any, data: dict[str, Any]) -> object:
    kind, _colon, key = data["requirement"].partition(":")
    return lifecycle.ask_exemption(
        actor=user, release_id=subject.pk, requirement=key, kind=kind, reason=data["reason"]
    )


RELEASE_VERBS: dict[str, Verb] = {
    "attach-version": Verb(
        _("Choose the version"), Capability.REGISTER_VERSION, _release, forms.AttachForm,
        lambda user, subject, data: releases.attach_version(
            actor=user, release_id=subject.pk, version=data["version"]
        ),
        _own,
    ),
    "hand-in": Verb(
        _("Hand in a document"), Capability.HAND_IN_EVIDENCE, _release, forms.DocumentForm,
        hand_in, _own,
    ),
    "hand-in-working-paper": Verb(
        _("Hand in a working paper"), Capability.VALIDATE, validations_queries.visible_to,
        forms.WorkingPaperForm, hand_in, _own,
    ),
    "promote": Verb(
        _("Move to another stage"), Capability.PROMOTE, _release, forms.PromotionForm,
        lambda user, subject, data: lifecycle.promote(actor=user, release_id=subject.pk, **data),
        _own,
    ),
    "request-approval": Verb(
        _("Request approval"), Capability.REQUEST_APPROVAL, _release,
        forms.ApprovalRequestForm,
        lambda user, subject, data: lifecycle.request_approval(actor=user, release_id=subject.pk),
        _own,
        explanation=_(
            "The papers are locked as they now are; a material change voids the request."
        ),
    ),
    "report-deployment": Verb(
        _("Report a deployment"), Capability.REPORT_DEPLOYMENT, _release, forms.DeploymentForm,
        lambda user, subject, data: releases.record_deployment(
            actor=user, release=subject, **data
        ),
        _own,
    ),
    "plan-validation": Verb(
        _("Begin a validation"), Capability.VALIDATE, _release, forms.ValidationPlanForm,
        lambda user, subject, data: validations.plan(actor=user, release_id=subject.pk, **data),
        _own,
    ),
    "record-test": Verb(
        _("Record a test"), Capability.VALIDATE, validations_queries.visible_to, forms.TestForm,
        lambda user, subject, data: validations.record_test(
            actor=user, validation_id=subject.pk, result=TestResult(**data)
        ),
        _own,
    ),
    "conclude-validation": Verb(
        _("Conclude the validation"), Capability.VALIDATE, validations_queries.visible_to,
        forms.ConclusionForm,
        lambda user, subject, data: validations.conclude(
            actor=user, validation_id=subject.pk, findings=Findings(**data)
        ),
        _own,
    ),
    "answer-validation": Verb(
        _("Answer the validation"), Capability.RESPOND_TO_VALIDATION,
        validations_queries.visible_to, forms.ResponseForm,
        lambda user, subject, data: validations.answer(
            actor=user, validation_id=subject.pk, **data
        ),
        _own,
    ),
    "sign-off-validation": Verb(
        _("Sign off the validation"), Capability.OVERRIDE_GRADE, validations_queries.visible_to,
        forms.NothingForm,
        lambda user, subject, data: validations.sign_off(actor=user, validation_id=subject.pk),
        _own,
        explanation=_("The release then carries the conclusion and the explainability level."),
    ),
    "abandon-validation": Verb(
        _("Abandon the validation"), Capability.OVERRIDE_GRADE, validations_queries.visible_to,
        forms.ReasonForm,
        lambda user, subject, data: validations.abandon(
            actor=user, validation_id=subject.pk, **data
        ),
        _own, is_danger=True,
        explanation=_("It ends without a result; what was found so far stays on record."),
    ),
    "raise-finding": Verb(
        _("Raise a finding"), Capability.RAISE_FINDING, _release, forms.FindingForm,
        lambda user, subject, data: findings.raise_finding(
            actor=user, release_id=subject.pk, **data
        ),
        _own,
    ),
    "plan-finding": Verb(
        _("Plan the finding"), Capability.REGISTER, findings_queries.visible_to,
        forms.FindingPlanForm,
        lambda user, subject, data: findings.plan_finding(
            actor=user, finding_id=subject.pk, **data
        ),
        _of_release,
    ),
    "close-finding": Verb(
        _("Close the finding"), Capability.OVERRIDE_GRADE, findings_queries.visible_to,
        forms.NoteForm,
        lambda user, subject, data: findings.close_finding(
            actor=user, finding_id=subject.pk, **data
        ),
        _of_release,
    ),
    "ask-exemption": Verb(
        _("Ask for an exemption"), Capability.REGISTER, _release, exception_forms.ExemptionForm,
        _ask_exemption, _own,
    ),
    "answer-exemption": Verb(
        _("Answer the exemption"), Capability.CONFIRM_REQUIREMENT,
        lifecycle_queries.visible_exemptions, exception_forms.ExemptionAnswerForm,
        lambda user, subject, data: lifecycle.answer_exemption(
            actor=user, exemption_id=subject.pk, confirm=data["yes"], reason=data["reason"]
        ),
        _of_release,
        explanation=_("Look at the documents first: what you grant, the gate takes as met."),
    ),
    "ask-waiver": Verb(
        _("Ask for a waiver"), Capability.REGISTER, _release, exception_forms.WaiverForm,
        lambda user, subject, data: findings.ask_waiver(
            actor=user, release_id=subject.pk, **data
        ),
        _own,
    ),
    "answer-waiver": Verb(
        _("Answer the waiver"), Capability.WAIVE, findings_queries.visible_waivers,
        exception_forms.AnswerForm,
        lambda user, subject, data: findings.answer_waiver(
            actor=user, waiver_id=subject.pk, grant=data["yes"]
        ),
        _of_release,
    ),
    "meet-condition": Verb(
        _("Confirm that the condition is met"), Capability.CONFIRM_REQUIREMENT,
        approvals_queries.visible_conditions, forms.NoteForm,
        lambda user, subject, data: approvals.meet_condition(
            actor=user, condition_id=subject.pk, **data
        ),
        lambda subject: f"/approvals/{subject.approval_id}/",
    ),
    "close-vote": Verb(
        _("Close the vote"), Capability.MANAGE_APPROVAL, approvals_queries.visible_to,
        forms.NothingForm,
        lambda user, subject, data: approvals.close_step(actor=user, approval_id=subject.pk),
        _own,
        explanation=_("Whoever has not voted counts as absent. A quorum is needed."),
    ),
    "withdraw-approval": Verb(
        _("Take the request back"), Capability.REQUEST_APPROVAL, approvals_queries.visible_to,
        forms.ReasonForm,
        lambda user, subject, data: approvals.withdraw(
            actor=user, approval_id=subject.pk, **data
        ),
        _own,
    ),
}  # fmt: skip

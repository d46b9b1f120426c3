"""The verbs about intervention plans, cases and competence."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from pydantic import TypeAdapter, ValidationError

from governance.checkpoints import queries
from governance.checkpoints import services as checkpoints
from governance.checkpoints.schema import NewDecision, first_fault
from governance.desk.admin import forms, oversight_forms
from governance.desk.admin.verbs.base import Verb
from registry.core.errors import DomainError
from registry.core.people.models import User
from registry.core.people.queries import visible_users
from registry.core.people.rules import Capability
from registry.releases import queries as releases

_SAMPLES = TypeAdapter(dict[str, list[NewDecision]])


def _release(user: User) -> QuerySet[Any]:
    return releases.whole(releases.visible_to(user))


def _plans(user: User) -> QuerySet[Any]:
    return queries.whole_plans(queries.visible_plans(user))


def _cases(user: User) -> QuerySet[Any]:
    return queries.whole(queries.visible_to(user))


def _own(subject: Any) -> str:
    return str(subject.get_absolute_url())


def _test(user: User, subject: Any, data: dict[str, Any]) -> object:
    """The sample as the REST door reads it. Raises DomainError with the first mistake's place."""
    try:
        told = _SAMPLES.validate_json(data["decisions"])
    except ValidationError as error:
        place, words = first_fault(error)
        raise DomainError("invalid", f"{place}: {words}", field="decisions") from error
    samples = told.get("decisions", [])
    return checkpoints.test(actor=user, plan_id=subject.pk, samples=samples)


OVERSIGHT_VERBS: dict[str, Verb] = {
    "draft-plan": Verb(
        _("Draw up an intervention plan"), Capability.PLAN_CHECKPOINTS, _release,
        oversight_forms.PlanForm,
        lambda user, subject, data: checkpoints.draft(actor=user, release_id=subject.pk, **data),
        _own, forward=_own,
        explanation=_(
            "It says which decisions of the model wait for a person. Another person of the second"
            " line puts it in force; until then nothing changes."
        ),
    ),
    "test-plan": Verb(
        _("Test with a sample"), Capability.PLAN_CHECKPOINTS, _plans, oversight_forms.SampleForm,
        _test, _own, done=oversight_forms.tested_in_words,
    ),
    "activate-plan": Verb(
        _("Put in force"), Capability.ACTIVATE_CHECKPOINTS, _plans, forms.NothingForm,
        lambda user, subject, data: checkpoints.activate(actor=user, plan_id=subject.pk), _own,
        explanation=_("Gateways are answered by it from this moment; the plan before is replaced."),
    ),
    "withdraw-plan": Verb(
        _("Withdraw the draft"), Capability.PLAN_CHECKPOINTS, _plans, forms.NothingForm,
        lambda user, subject, data: checkpoints.withdraw(actor=user, plan_id=subject.pk), _own,
    ),
    "escalate-case": Verb(
        _("Escalate"), Capability.DECIDE_CASES, _cases, oversight_forms.EscalateForm,
        lambda user, subject, data: checkpoints.escalate(actor=user, case_id=subject.pk, **data),
        lambda subject: "/cases/",
        explanation=_("Somebody else decides; the limit starts once more, and only once."),
    ),
    "view-case": Verb(
        _("Give your own view"), Capability.DECIDE_CASES, _cases, oversight_forms.ViewForm,
        lambda user, subject, data: checkpoints.give_view(actor=user, case_id=subject.pk, **data),
        _own,
    ),
    "ask-case": Verb(
        _("Ask the business"), Capability.DECIDE_CASES, _cases, oversight_forms.QuestionForm,
        lambda user, subject, data: checkpoints.ask(actor=user, case_id=subject.pk, **data),
        _own,
        explanation=_("The owners and the business system are asked; the limit goes on running."),
    ),
    "reply-case": Verb(
        _("Answer the question"), Capability.PLAN_CHECKPOINTS, _cases, oversight_forms.ReplyForm,
        lambda user, subject, data: checkpoints.reply(actor=user, case_id=subject.pk, **data),
        _own,
    ),
    "plant-case": Verb(
        _("Put back as a test of attention"), Capability.ACTIVATE_CHECKPOINTS, _cases,
        forms.NothingForm,
        lambda user, subject, data: checkpoints.plant(actor=user, case_id=subject.pk), _own,
        explanation=_(
            "The model was wrong here. The case waits once more for somebody else and looks like"
            " any other; whether it is overridden again is measured."
        ),
    ),
    "record-competence": Verb(
        _("Record competence"), Capability.RECORD_COMPETENCE, visible_users,
        oversight_forms.CompetenceForm,
        lambda user, subject, data: checkpoints.record_competence(actor=user, user=subject, **data),
        _own,
    ),
    "end-competence": Verb(
        _("End the competence"), Capability.RECORD_COMPETENCE, queries.visible_competences,
        oversight_forms.EndCompetenceForm,
        lambda user, subject, data: checkpoints.end_competence(
            actor=user, competence_id=subject.pk, **data
        ),
        lambda subject: str(subject.user.get_absolute_url()),
    ),
}  # fmt: skip

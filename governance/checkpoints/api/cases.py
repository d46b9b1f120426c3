"""REST: cases and the competence of those who decide them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.checkpoints import queries, services
from governance.checkpoints.models import Case, Competence
from governance.checkpoints.models.cases import WAITING, Outcome
from registry.core.ledger.services import refusals_recorded
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present

WHERE = ("batch_id", "position", "received_at")


class CaseRow(serializers.ModelSerializer[Case]):
    """A case, from the decision that waits to what a person made of it."""

    class Meta:
        model = Case
        fields = (
            "id", "code", "plan", "release", "checkpoint", "point", "gateway", "reference",
            "batch_id", "position", "received_at", "output", "opened_at", "due_at",
            "legal_due_on", "state", "viewed_by", "viewed_at", "hides_advice", "own_view",
            "question", "asked_at", "reply", "replied_at", "decided_by", "decided_at",
            "outcome", "final_output", "reason_code", "note", "effect", "decided_elsewhere",
            "link", "row_version",
        )  # fmt: skip

        extra_kwargs: ClassVar[dict[str, Any]] = {  # Any: DRF's
            name: {"allow_null": True} for name in WHERE
        }

    def to_representation(self, instance: Case) -> dict[str, Any]:  # Any: JSON
        """As the lists have it."""
        return without_views(super().to_representation(instance), instance.viewed_by)


def without_views(row: dict[str, Any], user: User | None) -> dict[str, Any]:  # Any: JSON
    """The row without what would lead to another's view while the case waits: the first of two
    views, which alone holds nothing; to the blind, where the decision lies, and what the model says
    before their own view.
    """
    is_blind = user is None or queries.is_blind(user)
    is_own = user is not None and str(row["viewed_by"]) == str(user.pk)
    if row["state"] != "decided":
        row |= {"final_output": "", "reason_code": ""}
    if row["state"] in WAITING:
        if is_blind and row["hides_advice"] and not (is_own and row["own_view"]):
            row |= {"output": "", "checkpoint": "", "point": "", "legal_due_on": None}
        if is_blind and not is_own:
            row |= {"own_view": ""}
        row |= {"note": "", "decided_elsewhere": ""}
        if is_blind:
            row |= dict.fromkeys(WHERE)
    return row


class NewOutcome(serializers.Serializer[Any]):
    """What the reviewer makes of the model's output."""

    outcome = ChoiceField(choices=Outcome.choices)
    reason_code = serializers.CharField(max_length=64)
    final_output = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True
    )
    note = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)


class NewView(serializers.Serializer[Any]):
    """What the reviewer would decide without the model."""

    view = serializers.CharField(max_length=200)


class NewQuestion(serializers.Serializer[Any]):
    """What the reviewer asks of the business."""

    question = serializers.CharField(max_length=1_000)


class NewReply(serializers.Serializer[Any]):
    """What the business answers."""

    text = serializers.CharField(max_length=2_000)


class NewEscalation(serializers.Serializer[Any]):
    """Why somebody with more authority decides."""

    note = serializers.CharField(max_length=2_000)


class NewReport(serializers.Serializer[Any]):
    """How a person decided the case in the business system."""

    system = serializers.CharField(max_length=50)
    reviewer = serializers.CharField(max_length=60, help_text="an opaque key, no name")
    outcome = ChoiceField(choices=Outcome.choices)
    reason_code = serializers.CharField(max_length=64)
    opened_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField()
    final_output = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True
    )
    link = serializers.URLField(max_length=300, required=False, default="", allow_blank=True)


class CaseDoor(ListDoor):
    """复核案件: decisions in front of a person."""

    queryset = Case.objects.all()
    row = CaseRow
    orderings: ClassVar[dict[str, str]] = {
        "due_at": "due_at", "opened_at": "opened_at", "decided_at": "decided_at",
    }  # fmt: skip
    default_ordering = "due_at"
    filterset_fields = ("release", "plan", "checkpoint", "state", "reference", "gateway")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "claims": Capability.DECIDE_CASES,
        "views": Capability.DECIDE_CASES,
        "questions": Capability.DECIDE_CASES,
        "replies": Capability.POST_DECISIONS,
        "outcomes": Capability.DECIDE_CASES,
        "escalations": Capability.DECIDE_CASES,
        "reports": Capability.POST_DECISIONS,
    }

    def visible(self) -> QuerySet[Case]:
        """The cases of the releases that the caller may see; tests of attention look alike."""
        return queries.visible_to(self.request.user)

    def page(self, queryset: QuerySet[Any]) -> Response:  # Any: any model
        """One page of flat rows, without views that do not hold yet."""
        answer = super().page(queryset)
        for row in answer.data["results"]:
            without_views(row, self.request.user)
        return answer

    def retrieve(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """One row, without a view that does not hold yet."""
        answer = super().retrieve(request, pk)
        without_views(answer.data, request.user)
        return answer

    @extend_schema(request=None, responses={201: CaseRow})
    def claims(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The caller looks at the case from now on."""
        row = get_or_refuse(queries.reachable(request.user), pk)
        with refusals_recorded(request.user, row):
            done = services.claim(actor=request.user, case_id=row.pk)
        return present(done, CaseRow, 201)

    @extend_schema(request=NewView, responses={201: CaseRow})
    def views(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """What the caller would decide; from now on they see what the model says."""
        told = NewView(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(queries.reachable(request.user), pk)
        with refusals_recorded(request.user, row):
            done = services.give_view(actor=request.user, case_id=row.pk, **told.validated_data)
        return present(done, CaseRow, 201)

    @extend_schema(request=NewQuestion, responses={201: CaseRow})
    def questions(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The caller asks the business something; the limit goes on running."""
        told = NewQuestion(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(queries.reachable(request.user), pk)
        with refusals_recorded(request.user, row):
            done = services.ask(actor=request.user, case_id=row.pk, **told.validated_data)
        return present(done, CaseRow, 201)

    @extend_schema(request=NewReply, responses={201: CaseRow})
    def replies(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The business system answers the reviewer's question."""
        told = NewReply(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(queries.reachable(request.user), pk)
        done = services.reply(actor=request.user, case_id=row.pk, **told.validated_data)
        return present(done, CaseRow, 201)

    @extend_schema(request=NewOutcome, responses={201: CaseRow})
    def outcomes(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The case is decided, or has its first view."""
        told = NewOutcome(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(queries.reachable(request.user), pk)
        with refusals_recorded(request.user, row):
            done = services.decide(actor=request.user, case_id=row.pk, **told.validated_data)
        return present(done, CaseRow, 201)

    @extend_schema(request=NewEscalation, responses={201: CaseRow})
    def escalations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Somebody with more authority decides."""
        told = NewEscalation(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(queries.reachable(request.user), pk)
        with refusals_recorded(request.user, row):
            done = services.escalate(actor=request.user, case_id=row.pk, **told.validated_data)
        return present(done, CaseRow, 201)

    @extend_schema(request=NewReport, responses={201: CaseRow})
    def reports(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The business system says how a person decided there."""
        told = NewReport(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(queries.reachable(request.user), pk)
        done = services.report_elsewhere(
            gateway=request.user, case_id=row.pk, **told.validated_data
        )
        return present(done, CaseRow, 201)


class CompetenceRow(serializers.ModelSerializer[Competence]):
    """What somebody is trained for."""

    class Meta:
        model = Competence
        fields = (
            "id", "user", "key", "entity", "valid_from", "valid_to", "daily_limit", "recorded_by",
            "recorded_at", "proof", "ended_at", "end_reason", "row_version",
        )  # fmt: skip


class NewCompetence(serializers.Serializer[Any]):
    """Record that a reviewer was trained."""

    user = serializers.PrimaryKeyRelatedField(queryset=User.objects.all())
    key = serializers.CharField(max_length=64)
    entity = serializers.PrimaryKeyRelatedField(
        queryset=LegalEntity.objects.all(), required=False, allow_null=True, default=None,
        help_text="where, with all below it; left out: the whole institution",
    )  # fmt: skip
    valid_to = serializers.DateField()
    daily_limit = serializers.IntegerField(min_value=1, max_value=1_000)
    proof = serializers.CharField(max_length=200)


class CompetenceEnding(serializers.Serializer[Any]):
    """Why the reviewer decides no such cases any more."""

    reason = serializers.CharField(max_length=500)


class CompetenceDoor(ListDoor):
    """胜任资格 of reviewers."""

    queryset = Competence.objects.all()
    row = CompetenceRow
    orderings: ClassVar[dict[str, str]] = {"valid_to": "valid_to"}
    default_ordering = "-valid_to"
    filterset_fields = ("user", "key")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.RECORD_COMPETENCE,
        "endings": Capability.RECORD_COMPETENCE,
    }

    def visible(self) -> QuerySet[Competence]:
        """Who is trained for what is no secret in the house."""
        return queries.visible_competences(self.request.user)

    @extend_schema(request=NewCompetence, responses={201: CompetenceRow})
    def create(self, request: CallerRequest) -> Response:
        """The reviewer is trained until the day, for so many cases a day."""
        told = NewCompetence(data=request.data)
        told.is_valid(raise_exception=True)
        with refusals_recorded(request.user, told.validated_data["user"]):
            return once(
                request,
                lambda: present(
                    services.record_competence(actor=request.user, **told.validated_data),
                    CompetenceRow, 201,
                ),
            )  # fmt: skip

    @extend_schema(request=CompetenceEnding, responses={201: CompetenceRow})
    def endings(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The reviewer decides no such cases any more."""
        told = CompetenceEnding(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row):
            done = services.end_competence(
                actor=request.user, competence_id=row.pk, **told.validated_data
            )
        return present(done, CompetenceRow, 201)

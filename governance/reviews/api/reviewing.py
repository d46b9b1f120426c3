"""REST: review packages and reviews."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.reviews import queries, services
from governance.reviews.models import (
    Explanation,
    Method,
    Package,
    Reminder,
    Review,
    TriggerChoice,
)
from registry.core.jobs.api import JobRow
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse, visible_users
from registry.core.people.rules import Capability
from registry.core.web.fields import ChoiceField
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door, ListDoor, present
from registry.releases.models import ExplainabilityLevel
from registry.releases.queries import visible_to as visible_releases


def share_field() -> serializers.DecimalField:
    """A number from 0 to 1; left out: not measured."""
    return serializers.DecimalField(
        max_digits=4, decimal_places=3, required=False, allow_null=True, min_value=0, max_value=1
    )


class PackageRow(serializers.ModelSerializer[Package]):
    """The reviews of one release, or of the institution, that are done together."""

    class Meta:
        model = Package
        fields = (
            "id", "code", "release", "entity", "place", "due_on", "planned_on", "state",
            "assignee", "held_until", "held_by", "held_reason", "row_version",
        )  # fmt: skip


class ReviewRow(serializers.ModelSerializer[Review]):
    """One kind of review, from plan to sign-off."""

    due_on = serializers.DateField(source="package.due_on", read_only=True)

    class Meta:
        model = Review
        fields = (
            "id", "package", "release", "kind", "due_on", "trigger", "trigger_reason", "state",
            "checklist", "summary", "outcome", "submitted_by", "submitted_at", "drill_report",
            "returned_note", "signed_off_by", "done_on", "row_version",
        )  # fmt: skip


class ReminderRow(serializers.ModelSerializer[Reminder]):
    """A rung of the ladder that has come."""

    class Meta:
        model = Reminder
        fields = ("id", "package", "rung", "for_on", "came_on", "sent_at", "told")


class NewReview(serializers.Serializer[Any]):
    """Call for a review besides the calendar."""

    release = serializers.UUIDField()
    kind = serializers.CharField(max_length=10)
    trigger = ChoiceField(choices=TriggerChoice.choices)
    reason = serializers.CharField()
    due_on = serializers.DateField(required=False)


class PastReview(serializers.Serializer[Any]):
    """A review done before the register knew the model."""

    release = serializers.UUIDField()
    kind = serializers.CharField(max_length=10)
    done_on = serializers.DateField()
    summary = serializers.CharField()


class NewSubmission(serializers.Serializer[Any]):
    """What the review found. checklist: the lines' keys → answers."""

    summary = serializers.CharField()
    outcome = serializers.CharField(max_length=64)
    checklist = serializers.DictField(child=serializers.CharField(max_length=2_000))


class ExplanationRow(serializers.ModelSerializer[Explanation]):
    """What an explainability review found (R10)."""

    class Meta:
        model = Explanation
        fields = (
            "id", "review", "method", "level", "scope", "tool", "importances", "document",
            "local_results", "stability", "fidelity", "reason_code_agreement", "customer_test",
            "limits", "decision", "row_version",
        )  # fmt: skip


class NewExplanation(serializers.Serializer[Any]):
    """What was found. document: a tool's file, handed in about the review's package."""

    method = ChoiceField(choices=Method.choices)
    level = ChoiceField(choices=ExplainabilityLevel.choices)
    scope = serializers.CharField()
    local_results = serializers.CharField()
    customer_test = serializers.CharField()
    limits = serializers.CharField()
    decision = serializers.CharField()
    stability = share_field()
    fidelity = share_field()
    reason_code_agreement = share_field()
    document = serializers.UUIDField(required=False)


class NewComputation(serializers.Serializer[Any]):
    """Compute importances. sample: a CSV with a header, handed in about the review's package."""

    sample = serializers.UUIDField()


class NewReturn(serializers.Serializer[Any]):
    """Why it goes back."""

    note = serializers.CharField()


class NewDeferral(serializers.Serializer[Any]):
    """Until when the effects of being overdue wait, and why."""

    until = serializers.DateField()
    reason = serializers.CharField()


class NewReassignment(serializers.Serializer[Any]):
    """Who carries these packages out from now on, and why."""

    packages = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=200)
    to = serializers.UUIDField()
    reason = serializers.CharField()


class Reassigned(serializers.Serializer[Any]):
    """The packages that were reassigned."""

    packages = serializers.ListField(child=serializers.UUIDField())


class PackageDoor(ListDoor):
    """复核任务包: what is due together."""

    queryset = Package.objects.all()
    row = PackageRow
    orderings: ClassVar[dict[str, str]] = {"due_on": "due_on"}
    default_ordering = "due_on"
    filterset_fields = ("code", "release", "entity", "place", "state", "assignee", "due_on")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "deferrals": Capability.WAIVE,
        "reassignments": Capability.PLAN_REVIEW,
    }

    def visible(self) -> QuerySet[Package]:
        """The packages that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(request=NewDeferral, responses={201: PackageRow})
    def deferrals(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The effects of being overdue wait until after the day, once."""
        told = NewDeferral(data=request.data)
        told.is_valid(raise_exception=True)
        package = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, package):
            row = services.defer(actor=request.user, package_id=package.pk, **told.validated_data)
        return present(row, PackageRow, 201)

    @extend_schema(request=NewReassignment, responses={201: Reassigned})
    def reassignments(self, request: CallerRequest) -> Response:
        """The packages are carried out by somebody else: all of them, or none."""
        told = NewReassignment(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        wanted = [
            get_or_refuse(self.get_queryset(), key).pk for key in dict.fromkeys(data["packages"])
        ]
        rows = services.reassign(
            actor=request.user,
            package_ids=wanted,
            to=get_or_refuse(visible_users(request.user), data["to"]),
            reason=data["reason"],
        )
        return Response({"packages": [row.pk for row in rows]}, status=201)


class ReviewDoor(ListDoor):
    """检查: called for, carried out, signed off."""

    queryset = Review.objects.all()
    row = ReviewRow
    orderings: ClassVar[dict[str, str]] = {"kind": "kind"}
    default_ordering = "kind"
    filterset_fields = ("package", "release", "kind", "trigger", "state", "outcome", "done_on")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.PLAN_REVIEW,
        "records": Capability.SIGN_REVIEW,
        "computations": Capability.REVIEW,
        "explanations": Capability.REVIEW,
        "submissions": Capability.REVIEW,
        "returns": Capability.SIGN_REVIEW,
        "sign_offs": Capability.SIGN_REVIEW,
    }

    def visible(self) -> QuerySet[Review]:
        """The reviews that the caller may see."""
        return queries.visible_reviews(self.request.user)

    @extend_schema(request=NewReview, responses={201: ReviewRow})
    def create(self, request: CallerRequest) -> Response:
        """A review waits because something besides the calendar calls for it."""
        told = NewReview(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        release = get_or_refuse(visible_releases(request.user), data.pop("release"))
        return once(
            request,
            lambda: present(
                services.call_for(actor=request.user, release_id=release.pk, **data),
                ReviewRow,
                201,
            ),
        )

    @extend_schema(request=PastReview, responses={201: ReviewRow})
    def records(self, request: CallerRequest) -> Response:
        """A review done before the register knew the model counts."""
        told = PastReview(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        release = get_or_refuse(visible_releases(request.user), data.pop("release"))
        with refusals_recorded(request.user, release):
            row = services.record_past(actor=request.user, release_id=release.pk, **data)
        return present(row, ReviewRow, 201)

    @extend_schema(request=NewExplanation, responses={201: ExplanationRow})
    def explanations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The open explainability review holds what was found; again, it is corrected."""
        told = NewExplanation(data=request.data)
        told.is_valid(raise_exception=True)
        data = dict(told.validated_data)
        review = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, review):
            row = services.explain(
                actor=request.user,
                review_id=review.pk,
                document_id=data.pop("document", None),
                told=services.Explained(**data),
            )
        return present(row, ExplanationRow, 201)

    @extend_schema(request=NewComputation, responses={202: JobRow})
    def computations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Importances are being computed from the model's file; poll /jobs/{id}/.

        The result is a document about the package, for the person who writes the explanation.
        """
        told = NewComputation(data=request.data)
        told.is_valid(raise_exception=True)
        review = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, review):
            job = services.request_importances(
                actor=request.user, review_id=review.pk, sample_id=told.validated_data["sample"]
            )
        return Response(JobRow(job).data, status=202)

    @extend_schema(request=NewSubmission, responses={201: ReviewRow})
    def submissions(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The review is done and waits for another person's signature."""
        told = NewSubmission(data=request.data)
        told.is_valid(raise_exception=True)
        review = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, review):
            row = services.submit(
                actor=request.user,
                review_id=review.pk,
                report=services.Report(**told.validated_data),
            )
        return present(row, ReviewRow, 201)

    @extend_schema(request=NewReturn, responses={201: ReviewRow})
    def returns(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The review goes back to whoever did it."""
        told = NewReturn(data=request.data)
        told.is_valid(raise_exception=True)
        review = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, review):
            row = services.hand_back(actor=request.user, review_id=review.pk, **told.validated_data)
        return present(row, ReviewRow, 201)

    @extend_schema(request=None, responses={201: ReviewRow})
    def sign_offs(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Another person has signed; the next review of the kind is planned."""
        review = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, review):
            row = services.sign_off(actor=request.user, review_id=review.pk)
        return present(row, ReviewRow, 201)


class ExplanationDoor(ListDoor):
    """可解释性审查: what explainability reviews found."""

    queryset = Explanation.objects.all()
    row = ExplanationRow
    orderings: ClassVar[dict[str, str]] = {"level": "level"}
    default_ordering = "level"
    filterset_fields = ("review", "method", "level", "document")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
    }

    def visible(self) -> QuerySet[Explanation]:
        """The explanations that the caller may see."""
        return queries.visible_explanations(self.request.user)


class ReminderDoor(Door):
    """Which rungs have come, when, and how many people were told."""

    queryset = Reminder.objects.all()
    row = ReminderRow
    orderings: ClassVar[dict[str, str]] = {"sent_at": "sent_at"}
    default_ordering = "-sent_at"
    filterset_fields = ("package", "rung", "for_on", "came_on")
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"list": Capability.READ}

    def visible(self) -> QuerySet[Reminder]:
        """The reminders about packages that the caller may see."""
        return queries.visible_reminders(self.request.user)

    def list(self, request: CallerRequest) -> Response:
        """A page of them, the newest first."""
        return self.page(self.filter_queryset(self.get_queryset()))

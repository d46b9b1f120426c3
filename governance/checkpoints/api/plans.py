"""REST: intervention plans."""

from __future__ import annotations

import json
import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from pydantic import TypeAdapter
from rest_framework import serializers
from rest_framework.response import Response

from governance.checkpoints import queries, services
from governance.checkpoints.api.decisions import Batch, BatchTold, read
from governance.checkpoints.models import Plan
from registry.core.jobs.api import JobRow
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.releases.queries import visible_to as visible_releases

_SAMPLES = TypeAdapter(Batch)


class PlanRow(serializers.ModelSerializer[Plan]):
    """A plan: what it says, who drew it up, who put it in force."""

    class Meta:
        model = Plan
        fields = (
            "id", "code", "release", "pack", "content", "sha256", "state", "drafted_by",
            "drafted_at", "tested_at", "activated_by", "activated_at", "row_version",
        )  # fmt: skip


class NewInterventionPlan(serializers.Serializer[Any]):
    """Draw a plan up for a release."""

    release = serializers.UUIDField()
    content = serializers.CharField(max_length=50_000, trim_whitespace=False)


class TestedRow(serializers.Serializer[Any]):
    """What each decision of the sample would be answered."""

    answers = serializers.ListField(child=serializers.DictField())


class PlanDoor(ListDoor):
    """人工干预方案: which decisions people look at, and how."""

    queryset = Plan.objects.all()
    row = PlanRow
    orderings: ClassVar[dict[str, str]] = {"drafted_at": "drafted_at"}
    default_ordering = "-drafted_at"
    filterset_fields = ("release", "state")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.PLAN_CHECKPOINTS,
        "tests": Capability.READ,
        "activations": Capability.ACTIVATE_CHECKPOINTS,
        "withdrawals": Capability.PLAN_CHECKPOINTS,
        "trials": Capability.PLAN_CHECKPOINTS,
    }

    def visible(self) -> QuerySet[Plan]:
        """The plans of the releases that the caller may see."""
        return queries.visible_plans(self.request.user)

    @extend_schema(request=NewInterventionPlan, responses={201: PlanRow})
    def create(self, request: CallerRequest) -> Response:
        """The plan exists as a draft."""
        told = NewInterventionPlan(data=request.data)
        told.is_valid(raise_exception=True)
        release = get_or_refuse(visible_releases(request.user), told.validated_data["release"])
        return once(
            request,
            lambda: present(
                services.draft(
                    actor=request.user, release_id=release.pk,
                    content=told.validated_data["content"],
                ),
                PlanRow, 201,
            ),
        )  # fmt: skip

    @extend_schema(request=BatchTold, responses={200: TestedRow})
    def tests(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """A gateway's sample is checked against the plan; nothing of it is kept."""
        row = get_or_refuse(self.get_queryset(), pk)
        told = read(_SAMPLES, json.dumps(request.data).encode())
        found = services.test(actor=request.user, plan_id=row.pk, samples=told.decisions)
        answers = [{"answer": one.answer.value, "checkpoints": one.fired} for one in found]
        return Response({"answers": answers})

    @extend_schema(request=None, responses={201: PlanRow})
    def activations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The plan is in force; by another than its drafter."""
        row = get_or_refuse(self.get_queryset(), pk)
        with refusals_recorded(request.user, row):
            done = services.activate(actor=request.user, plan_id=row.pk)
        return present(done, PlanRow, 201)

    @extend_schema(request=None, responses={201: PlanRow})
    def withdrawals(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The draft is put aside."""
        row = get_or_refuse(self.get_queryset(), pk)
        return present(services.withdraw(actor=request.user, plan_id=row.pk), PlanRow, 201)

    @extend_schema(request=None, responses={202: JobRow})
    def trials(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """What the plan would have made of recorded decisions is worked out; poll the job."""
        row = get_or_refuse(self.get_queryset(), pk)
        job = services.request_trial(actor=request.user, plan_id=row.pk)
        return Response(JobRow(job).data, status=202)

"""REST: ask for a permit, revoke one, tell what was deployed by breaking glass."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from governance.permits import queries, services
from governance.permits.models import Permit, PermitUse
from governance.permits.services import Reported
from governance.suspensions.api.stop_list import Signature
from registry.catalogue.queries import visible_versions
from registry.core.errors import Conflict
from registry.core.ledger.services import refusals_recorded
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.web.concurrency import etag
from registry.core.web.fields import ChoiceField, DigestField
from registry.core.web.idempotency import REPLAYED, once
from registry.core.web.views import CallerRequest, ListDoor, present
from registry.releases.models import Environment

_FIELDS = (
    "id", "code", "kind", "model_use", "release", "version", "digest", "environment",
    "requested_by", "reference", "issued_at", "expires_at", "key_id", "revoked_at", "revoked_by",
    "revoked_because", "revoked_reason", "accounted_at", "row_version",
)  # fmt: skip


class PermitRow(serializers.ModelSerializer[Permit]):
    """A permit without its signed statements."""

    class Meta:
        model = Permit
        fields = _FIELDS


class PermitEnvelope(serializers.Serializer[Any]):
    """A DSSE envelope; its payload is an in-toto statement."""

    payload = serializers.CharField(help_text="Base64.")
    payloadType = serializers.CharField()  # noqa: N815 (DSSE's own name)
    signatures = Signature(many=True)


class SignedPermit(serializers.ModelSerializer[Permit]):
    """A permit with what is signed: our own predicate, and an in-toto SVR for other tools."""

    envelope = PermitEnvelope()
    svr_envelope = PermitEnvelope(allow_null=True)

    class Meta:
        model = Permit
        fields = (*_FIELDS, "envelope", "svr_envelope")


class PermitNow(SignedPermit):
    """A permit as it stands now: whether an order or the release's way has ended it counts. One
    that breaks glass shows its envelope to whoever may hold it alone.
    """

    envelope = PermitEnvelope(allow_null=True)
    state = ChoiceField(choices=["live", "revoked", "expired"])

    class Meta:
        model = Permit
        fields = (*_FIELDS, "envelope", "svr_envelope", "state")


class NewPermit(serializers.Serializer[Any]):
    """May these bytes be deployed there now? `use` may be left out where there is one release."""

    version = serializers.UUIDField()
    digest = DigestField()
    environment = ChoiceField(choices=Environment.choices)
    use = serializers.UUIDField(required=False, allow_null=True, default=None)
    reference = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=300,
        help_text="The build: a commit, or the pipeline's address.",
    )  # fmt: skip


class NewRevocation(serializers.Serializer[Any]):
    """Why the permit holds no more."""

    reason = serializers.CharField(max_length=2_000)


class NewPermitUse(serializers.Serializer[Any]):
    """What was deployed by breaking glass: when, by whom, why, for which incident."""

    digest = DigestField()
    deployed_at = serializers.DateTimeField()
    deployed_by = serializers.CharField(max_length=150)
    reason = serializers.CharField(max_length=2_000)
    incident = serializers.CharField(max_length=200)


class PermitUseRow(serializers.ModelSerializer[PermitUse]):
    """A deployment by a break-glass permit, as it was told."""

    class Meta:
        model = PermitUse
        fields = (
            "id", "permit", "digest", "deployed_at", "deployed_by", "reason", "incident",
            "is_known", "is_late", "reported_by", "reported_at", "row_version",
        )  # fmt: skip


class PermitDoor(ListDoor):
    """部署许可."""

    queryset = Permit.objects.all()
    row = PermitRow
    orderings: ClassVar[dict[str, str]] = {"issued_at": "issued_at", "expires_at": "expires_at"}
    default_ordering = "-issued_at"
    filterset_fields = (
        "code", "kind", "release", "model_use", "version", "digest", "environment", "requested_by",
    )  # fmt: skip
    replayable = ("create", "revocations")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.ASK_PERMIT,
        "revocations": Capability.REVOKE_PERMIT,
        "uses": Capability.REPORT_DEPLOYMENT,
        "accounts": Capability.REPORT_DEPLOYMENT,
    }

    def visible(self) -> QuerySet[Permit]:
        """The permits that the caller may see."""
        return queries.visible_to(self.request.user)

    @extend_schema(responses=PermitNow)
    def retrieve(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The permit as it stands at this moment."""
        row = get_or_refuse(queries.whole(self.get_queryset()), pk)
        told: Any = row  # Any: an attribute for the serializer alone
        told.state = queries.state_of(row, queries.cause_of(row))
        if not queries.may_hold(request.user, row):
            told.envelope = None
        return Response(PermitNow(row).data, headers={"ETag": etag(row.row_version)})

    @extend_schema(request=NewPermit, responses={201: SignedPermit})
    def create(self, request: CallerRequest) -> Response:
        """A signed permit; or 409 `permit_denied` with every reason and the gate's list. A question
        that is repeated is answered with the permit as it is now, or with 409 `permit_ended`.
        """
        told = NewPermit(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        version = get_or_refuse(visible_versions(request.user), data["version"])
        release = queries.release_of(version.pk, data["use"])
        asked = {name: data[name] for name in ("digest", "environment", "reference")}
        with refusals_recorded(request.user, release):
            answer = once(
                request,
                lambda: present(
                    services.issue(
                        actor=request.user, version_id=version.pk, use_id=data["use"], **asked
                    ),
                    SignedPermit,
                    201,
                ),
            )
        return _as_now(answer) if REPLAYED in answer.headers else answer

    @extend_schema(request=NewRevocation, responses={201: PermitRow})
    def revocations(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """The permit holds no more; the list of the revoked says so at once."""
        told = NewRevocation(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        return once(
            request,
            lambda: present(
                services.revoke(actor=request.user, permit_id=row.pk, **told.validated_data),
                PermitRow,
                201,
            ),
        )

    @extend_schema(request=NewPermitUse, responses={201: PermitUseRow})
    def uses(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """It is on record what was deployed by breaking glass."""
        told = NewPermitUse(data=request.data)
        told.is_valid(raise_exception=True)
        row = get_or_refuse(self.get_queryset(), pk)
        made = services.report_use(
            actor=request.user, permit_id=row.pk, told=Reported(**told.validated_data)
        )
        return present(made, PermitUseRow, 201)

    @extend_schema(request=None, responses={201: PermitRow})
    def accounts(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Every use of the break-glass permit has been told, or there was none."""
        row = get_or_refuse(self.get_queryset(), pk)
        return present(services.account(actor=request.user, permit_id=row.pk), PermitRow, 201)


def _as_now(answer: Response) -> Response:
    """The permit of the earlier answer. Raises Conflict (`permit_ended`)."""
    row = queries.whole(Permit.objects.filter(pk=answer.data["id"])).get()
    if queries.state_of(row, queries.cause_of(row)) != "live":
        raise Conflict(
            "permit_ended", _("The permit that was issued for this key holds no more."),
            hint=_("Ask again with a new key."), details={"permit": row.code},
        )  # fmt: skip
    now = present(row, SignedPermit, 201)
    now[REPLAYED] = "true"
    return now

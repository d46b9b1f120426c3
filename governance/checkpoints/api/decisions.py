"""REST: decisions of models, one or a thousand at once; what proves one."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import FailFast, Field, TypeAdapter, ValidationError
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from governance.checkpoints import queries, services
from governance.checkpoints.models import Decision
from governance.checkpoints.models.decisions import ANSWERS
from governance.checkpoints.queries import decisions
from governance.checkpoints.schema import NewDecision, first_fault
from governance.checkpoints.services import Taken
from registry.core.errors import DomainError
from registry.core.people.rules import Capability
from registry.core.policy.schema import PolicyModel
from registry.core.web import parsing
from registry.core.web.fields import ChoiceField, DigestField
from registry.core.web.views import CallerRequest, Door

MOST_COLONS = 100_000  # a batch of a thousand has a fifth: more keys only cost time and memory


class Bytes(BaseParser):
    """The body as it came; it is typed in one pass."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """The bytes. Raises RequestDataTooBig (413), DomainError for a NUL character."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content: bytes = stream.read(most + 1)
        if len(content) > most or content.count(b":") > MOST_COLONS:
            raise RequestDataTooBig
        if b"\\u0000" in content:
            raise DomainError("malformed", _("A text holds no NUL character."), status=400)
        return content


class Batch(PolicyModel):
    """Up to a thousand decisions, taken all or none."""

    decisions: Annotated[tuple[NewDecision, ...], Field(max_length=services.MOST), FailFast()]


MOST_FAULTS = 1_000
Told = TypeVar("Told")
_ONE, _MANY = TypeAdapter(NewDecision), TypeAdapter(Batch)


def read(adapter: TypeAdapter[Told], content: Any) -> Told:  # Any: bytes, or a form's dict
    """What the body says. Raises DomainError: `invalid` with the first mistake's place; `malformed`
    for a key that stands twice.
    """
    body = content if isinstance(content, bytes) else b""
    try:
        told = adapter.validate_json(body)
    except ValidationError as error:
        if error.error_count() > MOST_FAULTS:  # nobody reads them, and telling them takes minutes
            raise DomainError("malformed", _("The request is malformed."), status=400) from None
        place, words = first_fault(error)
        raise DomainError("invalid", words, field=place, status=400) from error
    if body.count(b":") > _keys(told):  # each key has its colon: no more of them, none twice
        parsing.check_keys(body)
    return told


def _keys(told: object) -> int:
    """How many keys have been read."""
    if isinstance(told, NewDecision):
        return len(told.model_fields_set) + len(told.fields)
    return 1 + sum(map(_keys, told.decisions)) if isinstance(told, Batch) else 0


class DecisionTold(serializers.Serializer[Any]):
    """A decision: references and digests, no personal data."""

    release = serializers.CharField(help_text="REL-2026-000001")
    reference = serializers.CharField(max_length=120)
    output = serializers.CharField(max_length=200, required=False, allow_null=True)
    confidence = serializers.FloatField(min_value=0, max_value=1, required=False, allow_null=True)
    input_digest = DigestField(required=False, allow_null=True)
    explanation_ref = serializers.CharField(max_length=200, required=False)
    link = serializers.URLField(
        max_length=300, required=False, allow_blank=True,
        help_text="the decision's page in the business system; shown to who decides its case",
    )  # fmt: skip
    fields = serializers.DictField(required=False)  # type: ignore[assignment]  # the wire's name


class BatchTold(serializers.Serializer[Any]):
    """Up to a thousand decisions, taken all or none."""

    decisions = DecisionTold(many=True)


class AnswerRow(serializers.Serializer[Any]):
    """What to do: go on, wait for the case, fall back because of a restriction, or stop."""

    reference = serializers.CharField()
    answer = ChoiceField(choices=ANSWERS)
    checkpoints = serializers.ListField(child=serializers.CharField())
    case = serializers.CharField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    limits = serializers.CharField()
    page = serializers.CharField(allow_null=True, help_text="where a person decides the case")


class AnswerList(serializers.Serializer[Any]):
    """The answers in the order in which the decisions were told."""

    answers = AnswerRow(many=True)


class CaseTold(serializers.Serializer[Any]):
    """A case as its gateway reads it: no reviewer's name."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    state = serializers.CharField()
    due_at = serializers.DateTimeField()
    outcome = serializers.CharField()
    final_output = serializers.CharField()
    effect = serializers.CharField()
    reason_code = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    page = serializers.CharField()
    question = serializers.CharField(help_text="asked by the reviewer and not answered yet")


class OutcomeRow(serializers.Serializer[Any]):
    """What has become of a decision."""

    reference = serializers.CharField()
    decision = serializers.CharField(help_text="batch and position: 12-3")
    answer = ChoiceField(choices=ANSWERS)
    received_at = serializers.DateTimeField()
    case = CaseTold(allow_null=True)


class WayTold(serializers.Serializer[Any]):
    """From a leaf to a root: each sibling with its side."""

    root = serializers.CharField()  # type: ignore[assignment]  # the wire's name
    path = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))


class EntryTold(serializers.Serializer[Any]):
    """The entry of the ledger that holds the root."""

    seq = serializers.IntegerField()
    uid = serializers.CharField()
    hash = serializers.CharField()


class SealTold(WayTold):
    """The seal's root, and the entry that holds it."""

    entry = EntryTold()


class ProofRow(serializers.Serializer[Any]):
    """The decision's exact text, and the ways to both roots; no seal while it is not sealed."""

    decision = serializers.CharField()
    batch = WayTold()
    seal = SealTold(allow_null=True)


def shown(one: Taken) -> dict[str, Any]:  # Any: JSON
    """The answer as the gateway reads it."""
    return {
        "reference": one.reference,
        "answer": one.answer,
        "checkpoints": one.fired,
        "case": one.case.code if one.case else None,
        "due_at": one.case.due_at if one.case else None,
        "limits": one.limits,
        "page": decisions.page_of(one.case) if one.case else None,
    }


class DecisionDoor(Door):
    """Run-time decisions. A repeated reference with the same body is answered as before."""

    queryset = Decision.objects.none()
    row = AnswerRow
    parser_classes = (Bytes,)
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {
        "create": Capability.POST_DECISIONS,
        "batch": Capability.POST_DECISIONS,
        "outcome": Capability.POST_DECISIONS,
        "proof": Capability.READ_TRAIL,
    }

    @extend_schema(request=DecisionTold, responses={200: AnswerRow, 201: AnswerRow})
    def create(self, request: CallerRequest) -> Response:
        """One decision is recorded and answered."""
        told = read(_ONE, request.data)
        (found,) = services.take(gateway=request.user, told=[told])
        return Response(shown(found), status=200 if found.is_repeated else 201)

    @extend_schema(request=BatchTold, responses={200: AnswerList, 201: AnswerList})
    def batch(self, request: CallerRequest) -> Response:
        """All of them are recorded and answered, in their order; or none is."""
        told = read(_MANY, request.data).decisions
        found = services.take(gateway=request.user, told=told)
        status = 200 if all(one.is_repeated for one in found) else 201
        return Response({"answers": [shown(one) for one in found]}, status=status)

    def visible(self) -> QuerySet[Decision]:
        """The decisions of the releases that the caller may see."""
        return decisions.visible_to(self.request.user)

    @extend_schema(
        parameters=[OpenApiParameter("reference", str, required=True)],
        responses={200: OutcomeRow},
    )
    def outcome(self, request: CallerRequest) -> Response:
        """What has become of a decision that this gateway told: its case, if it has one."""
        row = decisions.told_by(request.user, _asked(request, "reference"))
        if row is None:
            raise Http404
        return Response(OutcomeRow(row).data)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "decision", str, required=True, description="12-3, or the code of its case"
            )
        ],
        responses={200: ProofRow},
    )
    def proof(self, request: CallerRequest) -> Response:
        """What proves the decision offline, with `docs/verify_decision.py` and an export."""
        asked = _asked(request, "decision")
        case = queries.visible_to(request.user).filter(code=asked).first()
        batch, _dash, position = (
            (str(case.batch_id), "-", str(case.position)) if case else asked.partition("-")
        )
        if not (batch.isdecimal() and position.isdecimal() and len(batch) + len(position) < 25):
            raise DomainError(
                "malformed", _("A decision is named by batch and position: 12-3."),
                field="decision", status=400,
            )  # fmt: skip
        found = decisions.proof_of(self.visible(), int(batch), int(position))
        if found is None:
            raise Http404
        return Response(found)


def _asked(request: CallerRequest, name: str) -> str:
    found = request.query_params.get(name, "")
    if not found or "\x00" in found:
        raise DomainError("missing", _("This parameter is needed."), field=name, status=400)
    return found

"""REST: the questionnaire, a preview of the grade, and grades. Confirmations: governance."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from registry.classification import queries, services
from registry.classification.models import Grade
from registry.classification.queries import Inputs
from registry.core.people.queries import get_or_refuse
from registry.core.people.rules import Capability
from registry.core.policy import queries as policy
from registry.core.web.idempotency import once
from registry.core.web.views import CallerRequest, Door, ListDoor, present
from registry.usecases.queries import visible_uses

_CODE = {"type": "string"}
_CODES = {"type": "array", "items": {"type": "string"}}


def _map_to(*values: dict[str, Any], example: dict[str, Any]) -> Any:  # Any: JSON
    """A map from keys that the policy pack names, as OpenAPI says it."""
    told = {"type": "object", "additionalProperties": {"oneOf": list(values)}, "example": example}
    return extend_schema_field(told)(type("Map", (serializers.DictField,), {}))


Answers = _map_to(
    _CODE, {"type": "integer"}, {"type": "array", "items": {"oneOf": [_CODE, {"type": "integer"}]}},
    example={"Q01": ["credit_approval"], "Q03": "confirmed", "Q33": [1]},
)  # fmt: skip
Codes = _map_to(_CODE, _CODES, example={"technique": "scorecard_stat", "channel": ["app"]})
FactValues = _map_to({"type": "boolean"}, _CODE, example={"contract_effect": True})


class InputsData(serializers.Serializer[Any]):
    """What is told for a grading: answers in plain language, or codes, or both (codes win)."""

    answers = Answers(
        required=False,
        default=dict,
        help_text="Question id → code of its answer, or codes; see GET /questionnaire/.",
    )
    classification = Codes(
        required=False, default=dict, help_text="Dimension → code, or codes where it has several."
    )
    factors = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=4, allow_null=True),
        required=False,
        default=dict,
        help_text="F1 … F9 → level 0 to 4; null is not yet assessed.",
    )
    facts = FactValues(required=False, default=dict, help_text="Fact → yes, no or a code.")
    reasons = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, default=dict
    )

    def as_inputs(self) -> Inputs:
        """As the services take it."""
        names = ("answers", "classification", "factors", "facts", "reasons")
        return Inputs(**{name: dict(self.validated_data[name]) for name in names})


class NewGrade(InputsData):
    """Grade a use."""

    model_use = serializers.UUIDField()


class GradeRow(serializers.ModelSerializer[Grade]):
    """A grade with everything that went into it and came out."""

    class Meta:
        model = Grade
        fields = (
            "id", "model_use", "number", "pack", "profile", "vector", "facts", "factors",
            "reasons", "score", "tier_by_score", "tier", "result", "is_near_threshold",
            "is_provisional", "graded_by", "graded_at", "row_version",
        )  # fmt: skip


class GradeDoor(ListDoor):
    """分级: grades as given."""

    queryset = Grade.objects.all()
    row = GradeRow
    orderings: ClassVar[dict[str, str]] = {"graded_at": "graded_at"}
    default_ordering = "-graded_at"
    filterset_fields = ("model_use", "tier", "is_provisional")
    capabilities: ClassVar[dict[str, Capability]] = {
        "list": Capability.READ,
        "retrieve": Capability.READ,
        "create": Capability.CLASSIFY,
    }

    def visible(self) -> QuerySet[Grade]:
        """The grades of the uses that the caller may see."""
        return queries.visible_grades(self.request.user)

    @extend_schema(request=NewGrade, responses={201: GradeRow})
    def create(self, request: CallerRequest) -> Response:
        """The use has a new grade; a lower tier waits for its confirmation."""
        told = NewGrade(data=request.data)
        told.is_valid(raise_exception=True)
        use = get_or_refuse(visible_uses(request.user), told.validated_data["model_use"])
        return once(
            request,
            lambda: present(
                services.assess(actor=request.user, use_id=use.pk, inputs=told.as_inputs()),
                GradeRow,
                201,
            ),
        )


class Explanation(serializers.Serializer[Any]):
    """A grade with its reasons."""

    score = serializers.CharField()
    tier_by_score = serializers.CharField()
    tier = serializers.CharField()
    floors = serializers.ListField(child=serializers.DictField())
    undecided = serializers.ListField(child=serializers.CharField())
    contributions = serializers.ListField(child=serializers.DictField())
    flags = serializers.DictField()
    near_threshold = serializers.BooleanField()
    provisional = serializers.BooleanField()
    unknown = serializers.ListField(child=serializers.CharField())
    unknown_labels = serializers.ListField(child=serializers.DictField())
    assumed = serializers.ListField(child=serializers.CharField())
    contradictions = serializers.ListField(child=serializers.DictField())
    pack = serializers.DictField()


class PreviewDoor(Door):
    """What the grade would be; nothing is written."""

    queryset = Grade.objects.none()
    row = Explanation
    replayable = ()
    capabilities: ClassVar[dict[str, Capability]] = {"create": Capability.READ}

    def visible(self) -> QuerySet[Grade]:
        """Nothing is listed here."""
        return Grade.objects.none()

    @extend_schema(request=InputsData, responses={200: Explanation})
    def create(self, request: CallerRequest) -> Response:
        """The explanation of the grade that these inputs would get today."""
        told = InputsData(data=request.data)
        told.is_valid(raise_exception=True)
        return Response(queries.explanation(queries.preview(told.as_inputs())))


class Questionnaire(serializers.Serializer[Any]):
    """The questions of the pack in force."""

    pack = serializers.CharField()
    questions = serializers.ListField(child=serializers.DictField())
    dimensions = serializers.ListField(child=serializers.DictField())


class QuestionnaireDoor(Door):
    """The questions that people are asked, in plain language."""

    queryset = Grade.objects.none()
    row = Questionnaire
    capabilities: ClassVar[dict[str, Capability]] = {"retrieve": Capability.READ}

    def visible(self) -> QuerySet[Grade]:
        """Nothing is listed here."""
        return Grade.objects.none()

    @extend_schema(responses=Questionnaire)
    def retrieve(self, request: CallerRequest) -> Response:
        """Questions with their answers, and the dimensions' codes."""
        pack = policy.active_pack()
        section = queries.section_of(pack)
        return Response(
            {
                "pack": f"{pack.key} {pack.version}",
                "questions": [
                    one.model_dump(mode="json") for one in section.questionnaire.questions
                ],
                "dimensions": [
                    one.model_dump(mode="json") for one in section.classification.dimensions
                ],
            }
        )

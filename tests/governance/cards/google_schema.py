"""Google's Model Card JSON v0.0.2 as a strict schema: its documented fields, and no others."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]  # Any: JSON Schema
TEXT: Schema = {"type": "string"}


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "additionalProperties": False}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


DESCRIBED = _list(_object(description=TEXT))
MAP = _list(_object(key=TEXT, value=TEXT))
GRAPHICS = _object(description=TEXT, collection=_list(_object(name=TEXT, image=TEXT)))
DATASET = _object(
    name=TEXT, link=TEXT, sensitive=_object(sensitive_data=_list(TEXT)), graphics=GRAPHICS,
    description=TEXT,
)  # fmt: skip
FIGURE = _object(
    type=TEXT, value=TEXT, slice=TEXT,
    confidence_interval=_object(lower_bound=TEXT, upper_bound=TEXT),
)  # fmt: skip
LICENCE = _object(identifier=TEXT, custom_text=TEXT) | {"maxProperties": 1, "minProperties": 1}
MODEL_CARD: Schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | _object(
    schema_version={"const": "0.0.2"},
    model_details=_object(
        name=TEXT, overview=TEXT, documentation=TEXT, path=TEXT,
        owners=_list(_object(name=TEXT, contact=TEXT)),
        version=_object(name=TEXT, date=TEXT, diff=TEXT),
        licenses=_list(LICENCE),
        references=_list(_object(reference=TEXT)),
        citations=_list(_object(style=TEXT, citation=TEXT)),
    ),
    model_parameters=_object(
        model_architecture=TEXT, data=_list(DATASET), input_format=TEXT, output_format=TEXT,
        input_format_map=MAP, output_format_map=MAP,
    ),
    quantitative_analysis=_object(performance_metrics=_list(FIGURE), graphics=GRAPHICS),
    considerations=_object(
        users=DESCRIBED, use_cases=DESCRIBED, limitations=DESCRIBED, tradeoffs=DESCRIBED,
        ethical_considerations=_list(_object(name=TEXT, mitigation_strategy=TEXT)),
    ),
)  # fmt: skip

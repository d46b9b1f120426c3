"""MLflow's webhooks: its events, bodies, headers and signature. Pure.

Verified against MLflow 3.17.2. Its other events (prompts, budgets) are about what Mingce lacks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from governance.mlflow_compat.rules.naming import invalid
from registry.core.notices.rules import Request, as_json, mark_of

# Its events → the kinds of entries behind them.
EVENTS: Mapping[str, str] = {
    "registered_model.created": "experiment.registered",
    "model_version.created": "experiment_version.registered",
    "model_version_tag.set": "experiment_version.tagged",
    "model_version_tag.deleted": "experiment_version.untagged",
    "model_version_alias.created": "alias.set",
    "model_version_alias.deleted": "alias.deleted",
}
BY_KIND = {kind: event for event, kind in EVENTS.items()}
Body = dict[str, Any]  # Any: JSON
LONGEST = {"name": 100, "description": 500}


def kinds(types: Sequence[str]) -> frozenset[str]:
    """The kinds of entries behind its events."""
    return frozenset(EVENTS[one] for one in types if one in EVENTS)


def told_events(told: Any) -> list[str]:  # Any: JSON
    """`[{"entity": "MODEL_VERSION", "action": "CREATED"}]` as `model_version.created`.

    Raises DomainError naming what is served.
    """
    if not isinstance(told, list) or not told:
        raise invalid("'events' must be a list of objects with entity and action.", "events")
    return [event_of(one) for one in told]


def event_of(told: Any) -> str:  # Any: JSON
    """One of them. Raises DomainError naming what is served."""
    parts = [told.get("entity"), told.get("action")] if isinstance(told, dict) else []
    event = ".".join(str(one).lower() for one in parts)
    if event not in EVENTS:
        raise invalid(
            "The event '%(event)s' is not served here. Served are: %(served)s.", "events",
            event=event[:100], served=", ".join(EVENTS),
        )  # fmt: skip
    return event


def telling_events(types: Sequence[str]) -> list[dict[str, str]]:
    """As the protocol lists them."""
    parts = [one.upper().partition(".") for one in types]
    return [{"entity": entity, "action": action} for entity, _dot, action in parts]


def body_of(
    kind: str,
    name: str,
    number: int | None,
    state: Mapping[str, Any],  # Any: JSON
    facts: Mapping[str, Any],  # Any: JSON
    at: dt.datetime,
) -> Body:
    """What MLflow's server would send. state, facts: the entry's; name, number: of the version."""
    match kind:
        case "experiment.registered":
            data: Body = {"tags": state["tags"], "description": state["description"] or None}
        case "experiment_version.registered":
            data = {
                "version": str(number), "source": state["source"],
                "run_id": state["run_id"] or None, "tags": state["tags"],
                "description": state["description"] or None,
            }  # fmt: skip
        case "experiment_version.tagged":
            key = str(facts["key"])
            data = {"version": str(number), "key": key, "value": state["tags"].get(key, "")}
        case "experiment_version.untagged":
            data = {"version": str(number), "key": facts["key"]}
        case "alias.set":
            data = {"alias": state["alias"], "version": str(facts["number"])}
        case _:
            data = {"alias": state["alias"]}
    return enveloped(BY_KIND[kind], {"name": name, **data}, at)


def example(event: str, at: dt.datetime) -> Body:
    """What a test sends: MLflow's own examples."""
    tag = {"name": "example_model", "version": "1", "key": "example_key"}
    alias = {"name": "example_model", "alias": "example_alias"}
    tags = {"example_key": "example_value"}
    data: Body = {
        "registered_model.created": {
            "name": "example_model", "tags": tags, "description": "An example registered model",
        },
        "model_version.created": {
            "name": "example_model", "version": "1", "source": "models:/123",
            "run_id": "abcd1234abcd5678", "tags": tags,
            "description": "An example model version",
        },
        "model_version_tag.set": tag | {"value": "example_value"},
        "model_version_tag.deleted": tag,
        "model_version_alias.created": alias | {"version": "1"},
        "model_version_alias.deleted": alias,
    }  # fmt: skip
    return enveloped(event, data[event], at)


def enveloped(event: str, data: Body, at: dt.datetime) -> Body:
    """The body around the data."""
    entity, _dot, action = event.partition(".")
    moment = at.astimezone(dt.UTC).isoformat()
    return {"entity": entity, "action": action, "timestamp": moment, "data": data}


def request(
    address: str, body: Body, message_id: str, seconds: int, secrets: Sequence[str]
) -> Request:
    """What is posted: the signature is Standard Webhooks' under other names, keyed with the secret
    as it is written; without a secret there is none.
    """
    made = as_json(address, body)
    headers = {"X-MLflow-Delivery-Id": message_id, "X-MLflow-Timestamp": str(seconds)}
    if secrets:
        told = f"{message_id}.{seconds}.".encode() + made.body
        headers["X-MLflow-Signature"] = mark_of(told, secrets[0].encode())
    return Request(made.url, {"Content-Type": "application/json"} | headers, made.body)

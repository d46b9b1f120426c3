"""The calls about webhooks. Administrators only, as with MLflow's own server."""

from __future__ import annotations

import re
from typing import Any

from governance.mlflow_compat import services
from governance.mlflow_compat.queries import webhooks
from governance.mlflow_compat.rules import webhooks as rules
from governance.mlflow_compat.rules.parameters import Parameters
from governance.webhooks.services import address_of, try_subscription
from registry.core.people.models import User
from registry.core.people.queries import require_everywhere
from registry.core.people.rules import Capability

Answer = dict[str, Any]  # Any: JSON
_ONE = re.compile(r"webhooks/([^/]+)(/test)?")


def named(call: str) -> tuple[str, dict[str, str]]:
    """The call as the table lists it, and what its address tells: `webhooks/{webhook_id}/test`."""
    found = _ONE.fullmatch(call)
    if found is None:
        return call, {}
    return f"webhooks/{{webhook_id}}{found[2] or ''}", {"webhook_id": found[1]}


def create(user: User, told: Parameters) -> Answer:
    """A webhook."""
    told.text("name")
    told.text("url")
    row = services.create_webhook(actor=user, told=_hook(told, needs_events=True))
    return {"webhook": _told(webhooks.webhook(user, str(row.pk)))}


def listed(user: User, told: Parameters) -> Answer:
    """A page of webhooks."""
    require_everywhere(user, Capability.MANAGE_CHANNELS)
    most = told.count("max_results", 100, 1_000)
    rows, token = webhooks.listed(user, most, told.optional("page_token") or "")
    page: Answer = {"webhooks": [_told(one) for one in rows]} if rows else {}
    return page | ({"next_page_token": token} if token else {})


def get(user: User, told: Parameters) -> Answer:
    """One webhook."""
    services.key_of(user, told.text("webhook_id"))
    return {"webhook": _told(webhooks.webhook(user, told.text("webhook_id")))}


def update(user: User, told: Parameters) -> Answer:
    """What is told is changed."""
    key = told.text("webhook_id")
    services.update_webhook(actor=user, webhook_id=key, told=_hook(told))
    return {"webhook": _told(webhooks.webhook(user, key))}


def delete(user: User, told: Parameters) -> Answer:
    """A webhook is gone."""
    services.delete_webhook(actor=user, webhook_id=told.text("webhook_id"))
    return {}


def test(user: User, told: Parameters) -> Answer:
    """An example has been sent, and what came back."""
    key = services.key_of(user, told.text("webhook_id"))
    event = told.told.get("event")
    of_type = rules.event_of(event) if event else ""
    row, answer = try_subscription(actor=user, subscription_id=key, of_type=of_type)
    result: Answer = {"success": row.state == "sent"}
    if answer.status:
        result |= {"response_status": answer.status, "response_body": answer.body.decode()}
    if row.error:
        result["error_message"] = row.error
    return {"result": result}


def _told(row: Any) -> Answer:  # Any: annotated with the moment of its last change
    """As the protocol tells it; of the address what may be read."""
    return {
        "webhook_id": str(row.pk),
        "name": row.name,
        "url": address_of(row),
        "events": rules.telling_events(row.types),
        "status": "ACTIVE" if row.state == "open" else "DISABLED",
        "creation_timestamp": round(row.opened_at.timestamp() * 1_000),
        "last_updated_timestamp": round(row.changed_at.timestamp() * 1_000),
        **({"description": row.description} if row.description else {}),
    }


def _hook(told: Parameters, *, needs_events: bool = False) -> services.Hook:
    events = told.told.get("events")
    is_told = events is not None or needs_events
    return services.Hook(
        name=told.optional("name"),
        url=told.optional("url"),
        events=rules.told_events(events) if is_told else None,
        description=told.optional("description"),
        secret=told.optional("secret"),
        status=told.optional("status"),
    )

"""Webhooks in tests: one is opened, something happens, what waits is sent."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from governance.webhooks import services as webhooks
from governance.webhooks.models import Subscription
from governance.webhooks.services import NewSubscription
from registry.core import clock
from registry.systems import services as systems
from registry.systems.models import System
from tests.registry.core.receiver import Receiver
from tests.world import head_office, person

NOON = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
SECRET = "whsec_" + "c2VjcmV0" * 4  # noqa: S105 (tests only)


def opened(receiver: Receiver, **changed: Any) -> Subscription:
    """A webhook to the receiver, of everything unless told otherwise."""
    told: dict[str, Any] = {
        "name": "siem", "address": f"{receiver.origin}/hook?key=k1", "types": ["*"],
        "entity": head_office(), "secret": SECRET,
    }  # fmt: skip
    new = NewSubscription(**(told | changed))
    return webhooks.open_subscription(actor=person("admin"), told=new)[0]


def happen(code: str = "s1") -> System:
    """Something is entered: a system."""
    return systems.register(
        actor=person("wang"), code=code, name_zh="系统", name_en="", entity=head_office()
    )


def send(row: Subscription, seconds: float = 0) -> int:
    """What is claimed and due so many seconds after noon is sent; returns how many were taken."""
    with clock.at(NOON + dt.timedelta(seconds=seconds)):
        due = webhooks.claim()
        return webhooks.post(subscription_id=row.pk) if row.pk in due else 0


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    """What came in."""
    return [json.loads(one.body) for one in receiver.got]

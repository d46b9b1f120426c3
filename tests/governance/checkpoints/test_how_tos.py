"""The how-tos on checkpoints can be done as they are written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings

from governance.checkpoints import queries
from governance.checkpoints.models import Case
from governance.checkpoints.schema import parse_plan
from registry.core import clock
from registry.releases.models import Release
from tests.governance.checkpoints.asking import ONE, gateway, grey
from tests.governance.checkpoints.world import planned
from tests.rest.actions import actions
from tests.rest.calling import caller
from tests.world import head_office, person

HOW_TOS = Path(settings.BASE_DIR) / "docs" / "how-to"
PLAN, GATEWAY, ELSEWHERE = (
    (HOW_TOS / f"{name}.md").read_text(encoding="utf-8")
    for name in (
        "put-a-checkpoint-in-front-of-a-model", "connect-a-gateway", "decide-in-your-own-system",
    )
)  # fmt: skip


def bodies(text: str) -> list[dict[str, Any]]:
    """What the curl commands send."""
    found = re.findall(r"-d '(\{.*?\})'$", text.replace("'\"'\"'", ""), re.MULTILINE | re.DOTALL)
    return [json.loads(one) for one in found]


def plans() -> list[str]:
    """The whole plan, and the agent's."""
    return [str(one) for one in re.findall(r"```yaml\n(.+?)```", PLAN, re.DOTALL)]


def plan() -> str:
    return plans()[0]


def test_the_plan_is_one_and_answers_as_told(live: Release) -> None:
    assert len(plans()) == 2
    for text in plans():
        parse_plan(text).lint(queries.active_section())
    planned(live, plan())
    _machine, _role, _token, told = bodies(GATEWAY)
    told |= {"release": live.code, "input_digest": "ab" * 32}
    answer = gateway().post(ONE, told).json()
    assert (answer["answer"], answer["checkpoints"]) == ("hold", ["grey_zone"])
    (shown,) = re.findall(r"```json\n(.+?)```", GATEWAY, re.DOTALL)
    assert set(json.loads(shown)) == set(answer)


def test_the_gateways_account_is_made_as_told(live: Release) -> None:
    machine, role, token, _told = bodies(GATEWAY)
    admin = caller("admin")
    made = admin.post("/people/", machine)
    assert made.status_code == 201, made.content
    key = made.json()["id"]
    role |= {"user": key, "entity": str(head_office().pk)}
    assert admin.post("/roles/", role).status_code == 201
    token |= {"user": key, "expires_at": clock.now().replace(year=2026, month=6).isoformat()}
    assert admin.post("/tokens/", token).json()["secret"]


def test_the_training_and_the_report_are_taken_as_told(live: Release) -> None:
    (training,) = bodies(PLAN)
    training |= {"user": str(person("fan").pk)}
    assert caller("xu").post("/competences/", training).status_code == 201
    who = gateway()
    who.post(ONE, grey(live, 1))
    (report,) = bodies(ELSEWHERE)
    now = clock.now().isoformat()
    case = who.get("/decisions/outcomes/", {"reference": "APP-0000001"}).json()["case"]
    report |= {"opened_at": now, "decided_at": now}
    assert who.post(f"/cases/{case['id']}/reports/", report).status_code == 201
    assert Case.objects.get().decided_elsewhere == "LOS: u-1742"


def test_every_address_that_is_named_exists() -> None:
    known = {re.sub(r"\{id\}", "*", action.path) for action in actions()}
    for text in (PLAN, GATEWAY, ELSEWHERE):
        for path in re.findall(r"/api/v1(/[^\s\"`?]*/)", text):
            assert re.sub(r"<[^>]+>|\{id\}", "*", path) in known, path

"""A gateway, reviewers and a plan for the live scorecard, as a bank would have them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.checkpoints import services
from governance.checkpoints.models import Plan
from governance.checkpoints.schema import NewDecision
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.rules import Role
from registry.core.people.services import NewPerson
from registry.releases.models import Release
from tests.world import PASSWORD, head_office, person

SINCE = dt.date(2020, 1, 1)
DIGEST = "0" * 63 + "1"
REVIEWERS = {"fu": "傅复核", "fang": "方复核", "fei": "费复核", "fan": "范新人"}
PLAN = """
fields:
  - {name: score, type: number, required: true}
  - {name: amount, type: number, required: true}
  - {name: channel, type: text}
  - {name: first_time, type: yes_no}
checkpoints:
  - key: grey_zone
    point: RI-01
    label: {zh: 临界分数复核, en: Score near the cut-off}
    trigger: {all: ["score >= 0.48", "score <= 0.52"]}
    roles: [reviewer]
    competence: credit_review
    authority: {field: amount, above: 200000}
  - key: refusal
    point: RI-02
    label: {zh: 拒贷人工确认, en: Refusals are confirmed}
    trigger: {any: ["output == 'refuse'"], unless: ["score < 0.2"]}
    roles: [reviewer, line_risk_officer]
    competence: credit_review
    min_seconds: 10
    legal_days: 15
  - key: afterwards
    point: RI-04
    label: {zh: 决策后抽检, en: Looked at afterwards}
    trigger: {any: ["amount > 100000"]}
    roles: [line_risk_officer, reviewer]
    competence: credit_review
"""


def staffed() -> None:
    """The gateway's account, three trained reviewers and one without training."""
    admin, root = person("admin"), head_office()
    machine = people.enrol_machine(actor=admin, username="gateway", name="信贷网关")
    people.assign_role(actor=admin, user=machine, role=Role.GATEWAY, entity=root, valid_from=SINCE)
    for username, name in (
        ("fu", "傅复核"),
        ("fang", "方复核"),
        ("fei", "费复核"),
        ("fan", "范新人"),
    ):
        user = people.enrol(actor=admin, person=NewPerson(username, name, PASSWORD))
        people.assign_role(
            actor=admin, user=user, role=Role.REVIEWER, entity=root, valid_from=SINCE
        )
        if username != "fan":
            trained(user)


def trained(user: User, limit: int = 500) -> None:
    """The reviewer's training is on record."""
    services.record_competence(
        actor=person("xu"), user=user, key="credit_review", valid_to=dt.date(2027, 12, 31),
        daily_limit=limit, proof="培训记录 2026-018",
    )  # fmt: skip


def decision(release: Release, number: int = 1, **told: Any) -> NewDecision:
    """A decision that needs nobody, unless told otherwise."""
    fields = {"score": 0.8, "amount": 50_000} | told.pop("fields", {})
    given = {
        "release": release.code, "reference": f"APP-{number:07}", "output": "approve",
        "confidence": 0.93, "input_digest": DIGEST, "fields": fields,
    }  # fmt: skip
    return NewDecision.model_validate(given | told)


def planned(release: Release, content: str = PLAN) -> Plan:
    """The plan is in force: drawn up by the owner, tested, signed by model risk."""
    row = services.draft(actor=person("wang"), release_id=release.pk, content=content)
    services.test(actor=person("gateway"), plan_id=row.pk, samples=[decision(release)])
    return services.activate(actor=person("chen"), plan_id=row.pk)

"""RI-12: what an agent may do by itself follows from its decision right and its scope."""

from __future__ import annotations

from typing import Any

import pytest

from governance.checkpoints import queries, services
from governance.checkpoints.models import Case
from governance.checkpoints.queries import trials
from governance.checkpoints.rules.scope import ActionClass, Right, Scope, Why
from governance.checkpoints.schema import parse_plan
from registry.core.errors import Conflict, DomainError
from registry.core.policy.rules import PolicyError
from registry.releases.models import Release
from registry.usecases.models import ModelUse
from tests.governance.checkpoints.test_agents import act, answers
from tests.governance.checkpoints.world import PLAN, decision
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import refused
from tests.world import person

HEAD = """
fields:
  - {name: session, type: text, required: true}
  - {name: amount, type: number}
checkpoints:
  - key: before
    point: RI-01
    label: {zh: 决策前复核, en: Held before}
    trigger: {any: ["amount > 1000000"]}
    roles: [reviewer]
    competence: credit_review
  - key: afterwards
    point: RI-04
    label: {zh: 决策后抽检, en: Looked at afterwards}
    trigger: {any: ["amount > 100000"]}
    roles: [reviewer]
    competence: credit_review
  - key: authorise
    point: RI-12
    label: {zh: 动作授权, en: Authorise the action}
    roles: [reviewer]
    competence: credit_review
"""
SCOPE = """
scope:
  read: [query, draft]
  payment: [pay]
  delete: [delete]
"""
QUOTAS = """
quotas:
  - {key: payments, label: {zh: 付款次数, en: Payments}, by: session, outputs: [pay],
     most: 1, window_minutes: 60, checkpoint: authorise}
"""
AUTHORISED = f"{HEAD}decision_right: user_authorises\n{SCOPE}"
AUTONOMOUS = f"{HEAD}decision_right: agent_decides\n{SCOPE}{QUOTAS}"
READING = f"{HEAD}decision_right: user_decides\nscope: {{read: [query, draft]}}\n"

ACTIONS = {"query": ActionClass.READ, "pay": ActionClass.PAYMENT, "mail": ActionClass.MESSAGE}


@pytest.mark.parametrize(
    ("right", "output", "why"),
    [
        (Right.USER_DECIDES, "query", None),
        (Right.USER_AUTHORISES, "query", None),
        (Right.USER_AUTHORISES, "pay", Why.NEEDS_AUTHORITY),
        (Right.AGENT_DECIDES, "pay", None),
        (Right.AGENT_DECIDES, "mail", Why.NEEDS_AUTHORITY),  # nothing counts it
        *((right, output, Why.BEYOND_SCOPE) for right in Right
          for output in ("transfer", "PAY", " pay", "", None, True, 1)),
    ],
)  # fmt: skip
def test_what_waits(right: Right, output: object, why: Why | None) -> None:
    assert Scope(right, ACTIONS, frozenset({"pay"})).why_waits(output) == why


def in_force(live: Release, content: str) -> Release:
    row = services.draft(actor=person("wang"), release_id=live.pk, content=content)
    services.test(actor=person("gateway"), plan_id=row.pk, samples=[act(live, 1, "query")])
    services.activate(actor=person("chen"), plan_id=row.pk)
    return live


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (READING, {"query": "proceed", "pay": "hold", "delete": "hold", "format": "hold"}),
        (AUTHORISED, {"query": "proceed", "pay": "hold", "delete": "hold", "format": "hold"}),
        (AUTONOMOUS, {"query": "proceed", "pay": "proceed", "delete": "hold", "format": "hold"}),
    ],
)
def test_the_trigger_follows_from_the_class(
    live: Release, content: str, told: dict[str, str]
) -> None:
    in_force(live, content)
    found = answers(*(act(live, n, output) for n, output in enumerate(told)))
    assert dict(zip(told, found, strict=True)) == told
    assert set(Case.objects.values_list("checkpoint", flat=True)) == {"authorise"}


def test_within_its_limit_it_acts_and_beyond_it_asks(live: Release) -> None:
    in_force(live, AUTONOMOUS)
    assert answers(act(live, 1), act(live, 2), act(live, 3, session="s-2")) == [
        "proceed", "hold", "proceed",
    ]  # fmt: skip


def test_a_trial_knows_the_scope(live: Release) -> None:
    services.take(gateway=person("gateway"), told=[act(live, n, "pay") for n in range(3)])
    row = services.draft(actor=person("wang"), release_id=live.pk, content=AUTHORISED)
    assert trials.trial(row)["held_by_this"] == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (AUTHORISED.replace(SCOPE, ""), "declared together"),
        (AUTHORISED.replace("decision_right: user_authorises", ""), "declared together"),
        (AUTHORISED.replace("user_authorises", "user_decides"), "the scope is to read"),
        (AUTHORISED.replace("user_authorises", "anybody"), "plan:23: decision_right"),
        (AUTHORISED.replace("[delete]", "[pay]"), "pay stands twice in the scope"),
        (AUTHORISED.replace("delete: [", "destroy: ["), "scope.destroy"),
        (AUTHORISED.replace("RI-12", "RI-13"), "authorise: a trigger is missing"),
        (PLAN + "decision_right: user_authorises\n" + SCOPE, "needs a checkpoint of RI-12"),
        (AUTHORISED.replace('    trigger: {any: ["amount > 100000"]}\n', ""),
         "afterwards: a trigger is missing"),
    ],
)  # fmt: skip
def test_a_scope_that_means_nothing_is_refused(live: Release, content: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        parse_plan(content)
    with refused(DomainError, "plan_faulty"):
        services.draft(actor=person("wang"), release_id=live.pk, content=content)


def test_an_agents_plan_without_its_scope_is_refused(live: Release) -> None:
    asked = AUTHORISED.split("decision_right")[0].replace(
        "RI-12\n", 'RI-12\n    trigger: {any: ["amount > 1"]}\n'
    )
    with refused(DomainError, "plan_faulty") as seen:
        services.draft(actor=person("wang"), release_id=live.pk, content=asked)
    assert "decision_right and its scope" in str(seen.value.message)
    section = queries.active_section()
    parse_plan(PLAN).lint(section)
    with pytest.raises(PolicyError, match="decision_right and its scope"):
        parse_plan(PLAN).lint(section, is_agent=True)


def test_the_model_says_that_it_is_an_agent(live: Release, monkeypatch: Any) -> None:
    def flagged(use: ModelUse) -> dict[str, str]:
        return {"agent": "yes"}

    older = services.draft(actor=person("wang"), release_id=live.pk, content=PLAN)
    services.test(actor=person("gateway"), plan_id=older.pk, samples=[decision(live)])
    monkeypatch.setattr(ModelUse, "flags", property(flagged, lambda _use, _flags: None))
    with refused(Conflict, "plan_outdated") as seen:
        services.activate(actor=person("chen"), plan_id=older.pk)
    assert "decision_right and its scope" in str(seen.value.message)
    with refused(DomainError, "plan_faulty"):
        services.draft(actor=person("wang"), release_id=live.pk, content=PLAN)
    services.draft(actor=person("wang"), release_id=live.pk, content=AUTHORISED)


@pytest.mark.parametrize(
    ("language", "plan_says", "case_says"),
    [
        ("zh-hans", ("决策权限", "需由用户授权决策", "付款", "<code>pay</code>"),
         "超出智能体行为边界"),
        ("en", ("decision right", "the user authorises", "pays", "<code>pay</code>"),
         "beyond the agent"),
    ],
)  # fmt: skip
def test_pages_tell_the_scope(
    live: Release, language: str, plan_says: tuple[str, ...], case_says: str
) -> None:
    in_force(live, AUTHORISED)
    plan = live.plans.get(state="in_force")
    html = browser("chen", language).get(f"/plans/{plan.pk}/").content.decode()
    assert [one for one in plan_says if one not in html] == []
    answers(act(live, 1, "format"))
    case = Case.objects.get()
    assert case_says in browser("fu", language).get(f"/cases/{case.pk}/").content.decode()

"""RI-12: an agent acts within its scope and its session's limits; the rest a person authorises."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from governance.checkpoints import services
from governance.checkpoints.models import Case
from registry.core import clock
from registry.core.errors import DomainError
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.governance.checkpoints.world import decision, planned
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import refused
from tests.states import LIVE
from tests.world import person

AGENT = """
decision_right: agent_decides
scope: {read: [query, draft], payment: [pay, transfer]}
fields:
  - {name: session, type: text, required: true}
  - {name: amount, type: number}
checkpoints:
  - key: large
    point: RI-01
    label: {zh: 大额复核, en: Large amounts}
    trigger: {any: ["amount > 1000000"]}
    roles: [reviewer]
    competence: credit_review
  - key: afterwards
    point: RI-04
    label: {zh: 决策后抽检, en: Looked at afterwards}
    trigger: {any: ["amount > 100000"]}
    roles: [line_risk_officer, reviewer]
    competence: credit_review
  - key: out_of_scope
    point: RI-12
    label: {zh: 越权动作授权, en: Acts beyond the scope are authorised}
    trigger: {all: ["output == 'pay'", "amount > 1000"]}
    roles: [reviewer]
    competence: credit_review
quotas:
  - key: payments
    label: {zh: 单次会话付款次数, en: Payments of a session}
    by: session
    outputs: [pay, transfer]
    most: 2
    window_minutes: 60
    checkpoint: out_of_scope
"""


def act(live: Release, number: int, output: str = "pay", **fields: Any) -> Any:
    told = {"session": "s-1", "amount": 10} | fields
    return decision(live, number, output=output).model_copy(update={"fields": told})


def answers(*told: Any) -> list[str]:
    return [one.answer for one in services.take(gateway=person("gateway"), told=told)]


@pytest.fixture
def agent(live: Release) -> Release:
    row = services.draft(actor=person("wang"), release_id=live.pk, content=AGENT)
    services.test(actor=person("gateway"), plan_id=row.pk, samples=[act(live, 1, "query")])
    services.activate(actor=person("chen"), plan_id=row.pk)
    return live


@pytest.mark.parametrize(
    ("output", "amount", "answer"),
    [("query", 10, "proceed"), ("pay", 10, "proceed"), ("pay", 1_001, "hold"),
     ("delete", 10, "hold"), ("pay", None, "hold")],
)  # fmt: skip
def test_what_lies_beyond_its_scope_waits(
    agent: Release, output: str, amount: float | None, answer: str
) -> None:
    assert answers(act(agent, 1, output, amount=amount)) == [answer]


def test_a_session_acts_so_often_and_no_more(agent: Release) -> None:
    assert answers(act(agent, 1), act(agent, 2), act(agent, 3)) == ["proceed", "proceed", "hold"]
    assert answers(act(agent, 4), act(agent, 5, session="s-2")) == ["hold", "proceed"]
    assert answers(act(agent, 6, "query")) == ["proceed"]  # what is not limited goes on
    assert answers(act(agent, 1)) == ["proceed"]  # told once more, answered as before
    assert Case.objects.filter(checkpoint="out_of_scope").count() == 2
    with clock.at(LIVE + dt.timedelta(minutes=61)):
        assert answers(act(agent, 7)) == ["proceed"]


def test_an_act_of_no_session_waits(agent: Release) -> None:
    told = act(agent, 1).model_copy(update={"fields": {"amount": 1}})
    assert answers(told) == ["hold"]


def test_nobody_answers_within_half_an_hour_and_it_is_denied(agent: Release) -> None:
    answers(act(agent, 1, "delete"))
    case = Case.objects.get()
    assert case.due_at == LIVE + dt.timedelta(minutes=30)
    with clock.at(LIVE + dt.timedelta(minutes=30)):
        services.sweep(actor=system())
    case.refresh_from_db()
    assert (case.state, case.effect) == ("lapsed", "deny")


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("checkpoint: out_of_scope", "checkpoint: nowhere", "unknown checkpoint nowhere"),
        ("by: session", "by: amount", "a session is a declared text"),
        ("most: 2", "most: 0", "greater than or equal to 1"),
    ],
)
def test_a_limit_that_means_nothing_is_refused(
    live: Release, was: str, becomes: str, words: str
) -> None:
    with refused(DomainError, "plan_faulty") as seen:
        planned(live, AGENT.replace(was, becomes))
    assert words in str(seen.value.message)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_plan_tells_its_limits(agent: Release, language: str) -> None:
    (plan,) = agent.plans.filter(state="in_force")
    html = browser("chen", language).get(f"/plans/{plan.pk}/").content.decode()
    assert "pay, transfer" in html

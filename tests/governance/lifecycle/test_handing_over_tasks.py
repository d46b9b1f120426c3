"""What somebody leaves behind goes to another: models, their conditions, assigned reviews."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.approvals import services as approvals
from governance.approvals.models import Approval, Condition
from governance.desk.queries import tasks_of
from governance.lifecycle import services as lifecycle
from registry.catalogue.models import AIModel
from registry.core.errors import DomainError, SegregationRefused
from registry.core.people import services as people
from registry.core.people.rules import Role
from tests import story
from tests.refusals import refused
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
REASON = "岗位调动，工作移交。"


def approved_with_a_condition() -> AIModel:
    made = story.register()
    approval = story.to_approval(made)
    story.vote(
        approval, "sun", "approve_with_conditions", reason="附条件同意",
        conditions=({"text": "三个月内完成压力测试"},),
    )  # fmt: skip
    for username in ("qian", "lin"):
        story.vote(approval, username)
    for username in ("gao", "sun", "qian", "he", "ma"):
        approval.refresh_from_db()
        if approval.state == "open":
            story.vote(approval, username)
    assert Approval.objects.get().state == "approved"
    return AIModel.objects.get(pk=made.registered.model.pk)


def test_models_and_their_open_conditions_go_to_the_other() -> None:
    model = approved_with_a_condition()
    done = lifecycle.hand_over_tasks(
        actor=person("chen"), leaver=person("wang"), to=person("other"), reason=REASON
    )
    assert (done.models, done.packages, done.refused) == ((model.code,), (), ())
    model.refresh_from_db()
    assert model.owner == person("other")
    assert Condition.objects.get().owner == person("other")
    assert tasks_of(person("sun"), person("wang")).is_empty


def test_what_the_other_may_not_take_stays_and_is_told() -> None:
    made = story.register()
    with refused(DomainError, "nothing_handed_over") as caught:
        lifecycle.hand_over_tasks(
            actor=person("chen"), leaver=person("wang"), to=person("zhao"), reason=REASON
        )
    assert made.registered.model.code in str(caught.value)


def test_nobody_else_hands_over_for_somebody() -> None:
    made = story.register()
    with refused(DomainError, "nothing_handed_over"):
        lifecycle.hand_over_tasks(
            actor=person("li"), leaver=person("wang"), to=person("other"), reason=REASON
        )
    assert AIModel.objects.get(pk=made.registered.model.pk).owner == person("wang")


def test_the_leaver_may_do_it_but_not_to_oneself() -> None:
    story.register()
    with refused(DomainError, "same_person"):
        lifecycle.hand_over_tasks(
            actor=person("wang"), leaver=person("wang"), to=person("wang"), reason=REASON
        )
    done = lifecycle.hand_over_tasks(
        actor=person("wang"), leaver=person("wang"), to=person("other"), reason=REASON
    )
    assert len(done.models) == 1


def test_a_condition_is_still_confirmed_by_neither_owner() -> None:
    approved_with_a_condition()
    condition = Condition.objects.get()
    lifecycle.hand_over_tasks(
        actor=person("chen"), leaver=person("wang"), to=person("other"), reason=REASON
    )
    people.assign_role(
        actor=person("admin"), user=person("wang"), role=Role.MODEL_RISK, entity=head_office(),
        valid_from=dt.date(2020, 1, 1),
    )  # fmt: skip
    for username in ("wang", "other"):
        with refused(SegregationRefused, "own_condition"):
            approvals.meet_condition(
                actor=person(username), condition_id=condition.pk, note="已经完成。"
            )

"""HG-10: after an ordinary stop at tiers I and II the second officer approves the tier."""

from __future__ import annotations

from typing import Any

import pytest

from governance.suspensions import queries
from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from governance.suspensions.queries import consuming
from governance.suspensions.schema import NOTHING, StopLimits
from registry.core.errors import Forbidden
from tests import story
from tests.governance.desk.test_what_is_shown import page
from tests.governance.suspensions.test_consumers import stop
from tests.governance.suspensions.test_wider import MENDED
from tests.refusals import refused
from tests.rest.calling import caller, problem
from tests.world import person

pytestmark = pytest.mark.django_db


def resume(row: Order, username: str, **more: Any) -> Order:
    return suspensions.resume(actor=person(username), order_id=row.pk, reason=MENDED, **more)


def test_the_second_officer_is_one_of_the_tiers_approvers(live: story.Story) -> None:
    row = stop(live)
    assert queries.last_word(row)[0] == "II"
    resume(row, "gao")
    with refused(Forbidden, "tier_approver_needed") as caught:
        resume(row, "chen")
    assert caught.value.hint
    assert queries.is_stopped(live.release)
    assert resume(row, "sun").state == "lifted"


def test_a_false_alarm_is_lifted_by_any_two(live: story.Story) -> None:
    row = stop(live)
    resume(row, "gao", is_false_alarm=True)
    assert resume(row, "chen").state == "lifted"
    row = stop(live)
    resume(row, "gao")
    assert resume(row, "chen", is_false_alarm=True).state == "lifted"


def test_a_restriction_is_lifted_by_any_one(live: story.Story) -> None:
    row = suspensions.order(
        actor=person("qian"), kind="restrict", target_type="release", target_id=live.release.pk,
        reason="误拒率异常",
    )  # fmt: skip
    assert resume(row, "chen").state == "lifted"


def test_where_the_pack_names_nobody_any_second_will_do(
    live: story.Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = stop(live)
    resume(row, "gao")
    monkeypatch.setattr(consuming, "active_section", lambda: NOTHING)
    assert resume(row, "chen").state == "lifted"


def test_the_door_and_the_page_say_whose_word_lacks(live: story.Story) -> None:
    row = stop(live)
    path = f"/orders/{row.pk}/resumptions/"
    assert caller("gao").post(path, {"reason": MENDED}).status_code == 201
    problem(caller("chen").post(path, {"reason": MENDED}), 403, "tier_approver_needed")
    assert "The second is: chief risk officer, head of model risk" in page(
        "sun", f"/orders/{row.pk}/"
    )


def test_a_pack_names_roles_that_may_resume() -> None:
    told = {
        "tier": "I", "label": {"zh": "甲", "en": "a"}, "resumes": ["owner"],
        "sources": [{"ref": "HG-10", "tag": "own_design"}],
    }  # fmt: skip
    with pytest.raises(ValueError, match="owner may not resume anything"):
        StopLimits.model_validate(told)
    assert StopLimits.model_validate(told | {"resumes": ["cro"]}).resumes == ("cro",)

"""A lowered tier rises again by itself when its last day has passed."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.approvals import services as approvals
from governance.lifecycle.queries import facts as lifecycle_facts
from governance.lifecycle.queries import section_of
from registry.classification import queries
from registry.classification import services as classification
from registry.classification.models import TierOverride
from registry.core import clock
from registry.core.errors import DomainError
from registry.core.people import queries as people
from registry.core.policy import queries as policy
from tests import story
from tests.refusals import refused
from tests.world import person

pytestmark = pytest.mark.django_db
# No floor fires and the score is 50: tier III, which may be lowered to IV.
LOWERABLE = story.PLAIN | {
    "factors": {"F1": 2, "F2": 2, "F3": 2, "F4": 2, "F5": 2, "F6": 2, "F7": 4, "F8": 1, "F9": 1}
}


def test_a_lowered_tier_ends_after_its_last_day_and_not_before() -> None:
    told = story.register(LOWERABLE)
    story.confirm_grade(told)
    assert told.release.model_use.tier == "III"
    last_day = clock.today() + dt.timedelta(days=30)
    approvals.override_tier(
        actor=person("sun"), use_id=told.release.model_use_id, to_tier="IV",
        reason="补充控制已到位,影响有限。", expires_on=last_day,
    )  # fmt: skip
    assert told.release.model_use.tier == "IV"
    for days, ended, tier in ((30, 0, "IV"), (31, 1, "III"), (32, 0, "III")):
        with clock.at(clock.now() + dt.timedelta(days=days)):
            assert classification.end_expired_overrides(actor=people.system()) == ended
        assert told.release.model_use.tier == tier
    assert TierOverride.objects.get().ended_at is not None


def raised(told: story.Story, **more: object) -> TierOverride:
    return approvals.override_tier(
        actor=person("sun"), use_id=told.release.model_use_id, to_tier="III",
        reason="影响面扩大,从严管理。", **more,  # type: ignore[arg-type]  # a table
    )  # fmt: skip


def test_a_raised_tier_does_not_expire() -> None:
    told = story.register(story.PLAIN)
    with refused(DomainError, "override_expiry"):
        raised(told, expires_on=clock.today() + dt.timedelta(days=30))
    assert raised(told).expires_on is None


def test_a_lower_grade_that_nobody_confirmed_opens_no_gate() -> None:
    told = story.register()
    story.confirm_grade(told)
    before = lifecycle_facts.gather(told.release, section_of(policy.active_pack()))
    lower = classification.assess(
        actor=person("wang"), use_id=told.release.model_use_id, inputs=story.inputs(story.PLAIN)
    )
    assert (lower.tier, told.release.model_use.tier) == ("IV", "II")
    assert queries.in_force(told.release.model_use) == told.registered.grade
    assert queries.needs_confirmation(lower)
    after = lifecycle_facts.gather(told.release, section_of(policy.active_pack()))
    assert after.readings == before.readings
    approvals.confirm_grade(actor=person("sun"), grade_id=lower.pk, reason="已核对各因子。")
    assert queries.in_force(told.release.model_use) == lower

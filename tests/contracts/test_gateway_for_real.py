"""The sample client against gunicorn: told, held, decided by a person, stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.samples.gateway import Decision, Gateway, Refused
from governance.checkpoints import services
from governance.checkpoints.models import Batch, Case
from governance.suspensions import services as suspensions
from registry.core import clock
from registry.releases.models import Release
from tests.browser.conftest import serving
from tests.governance.checkpoints.conftest import live_committed
from tests.rest.calling import secret_of
from tests.states import LIVE
from tests.world import head_office, person

__all__ = ["live_committed"]
FIELDS = {"score": 0.8, "amount": 50_000}
GREY = FIELDS | {"score": 0.5}
SCOPES = ("post_decisions", "read")


@pytest.fixture
def site(live_committed: str, tmp_path: Path) -> Iterator[str]:
    """The server, on the day on which the release went live."""
    moment = tmp_path / "moment"
    moment.write_text(LIVE.isoformat(), encoding="utf-8")
    with clock.at(LIVE), serving(live_committed, MINGCE_TEST_CLOCK_FILE=str(moment)) as address:
        yield address


def gateway(site: str, **told: str) -> Gateway:
    """The world's gateway."""
    token = secret_of(person("gateway"), *SCOPES, actor=person("admin"))
    given = {"token": token, "release": Release.objects.get().code} | told
    safe = given.get("fail_safe", "hold")
    return Gateway(
        site, given["token"], given["release"], fail_safe=safe, timeout_seconds=30.0,
        pause_seconds=0.01,
    )  # fmt: skip


def test_a_decision_is_told_held_decided_and_stopped(site: str) -> None:
    mine = gateway(site)
    assert mine.outcome("APP-1") is None
    assert mine.decide("APP-1", "approve", FIELDS).answer == "proceed"
    held = mine.decide("APP-2", "approve", GREY, confidence=0.6)
    assert (held.answer, held.checkpoints, held.is_local) == ("hold", ("grey_zone",), False)
    assert mine.decide("APP-2", "approve", GREY, confidence=0.6) == held
    waiting = mine.outcome("APP-2")
    assert waiting is not None
    assert (waiting.state, waiting.is_waiting) == ("open", True)
    case = Case.objects.get(code=held.case)
    services.claim(actor=person("fu"), case_id=case.pk)
    services.decide(
        actor=person("fu"), case_id=case.pk, outcome="override", reason_code="model_wrong",
        final_output="refuse",
    )  # fmt: skip
    done = mine.wait("APP-2", seconds=5)
    assert done is not None
    assert (done.outcome, done.final_output, done.is_waiting) == ("override", "refuse", False)
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=case.release_id,
        reason="错误",
    )  # fmt: skip
    assert mine.decide("APP-3", "approve", FIELDS).answer == "stop"


def test_the_fail_safe_knows_the_stops_of_the_real_list(site: str) -> None:
    mine = gateway(site, fail_safe="stop_list")
    assert mine.refresh_stop_list()
    assert mine.decide("APP-1", "approve", FIELDS).answer == "proceed"
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="entity", target_id=head_office().pk,
        reason="错误",
    )  # fmt: skip
    assert mine.refresh_stop_list()
    assert mine.refresh_stop_list()  # not modified
    mine.base_url = "http://127.0.0.1:1"  # nobody answers any more
    answer = mine.decide("APP-2", "approve", FIELDS)
    assert (answer.answer, answer.is_local) == ("stop", True)


def test_a_thousand_at_once_are_taken_once(site: str) -> None:
    mine = gateway(site)
    told = [Decision(f"APP-{n}", "approve", GREY if n < 3 else FIELDS) for n in range(1_000)]
    first, again = mine.decide_many(told), mine.decide_many(told)
    assert [one.answer for one in first] == ["hold"] * 3 + ["proceed"] * 997
    assert again == first
    assert list(Batch.objects.values_list("size", flat=True)) == [1_000]


def test_what_the_register_refuses_is_raised(site: str) -> None:
    mine = gateway(site)
    mine.decide("APP-1", "approve", FIELDS)
    owners = secret_of(person("wang"), "read")
    for who, output, code in (
        (mine, "refuse", "reference_reused"),
        (gateway(site, token=owners), "approve", "not_permitted"),
        (gateway(site, token="nothing"), "approve", "not_signed_in"),
        (gateway(site, release="REL-2020-000001"), "approve", "unknown_release"),
        (gateway(site, release="REL"), "approve", "invalid"),
    ):
        with pytest.raises(Refused) as caught:
            who.decide("APP-1", output, FIELDS)
        assert caught.value.code == code
    assert Batch.objects.count() == 1

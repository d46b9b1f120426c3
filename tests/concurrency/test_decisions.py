"""Gateways, reviewers, sealers and a stop at the same moment: each reference once, no gap."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from governance.checkpoints import services
from governance.checkpoints.models import Batch, Case, Decision, DecisionKey, Plan, Seal
from governance.checkpoints.queries import decisions
from governance.suspensions import services as suspensions
from governance.suspensions.services import NewConsumer
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.concurrency.conftest import codes, together
from tests.governance.checkpoints.conftest import live_committed
from tests.governance.checkpoints.test_agents import AGENT, act
from tests.governance.checkpoints.world import PLAN, decision
from tests.registry.core.receiver import receiving
from tests.states import LIVE
from tests.world import head_office, person

__all__ = ["live_committed"]
Taking = Callable[[], list[services.Taken]]
ROUNDS = 10
CLIENTS = 8


@pytest.fixture
def live(live_committed: str) -> Iterator[Release]:
    """The live release, in a database in which commits are real."""
    with clock.at(LIVE):
        yield Release.objects.get()


def batch(live: Release, *numbers: int, output: str = "approve") -> Taking:
    """A batch of these references, which some thread posts."""
    told, gateway = [decision(live, n, output=output) for n in numbers], person("gateway")

    def take() -> list[services.Taken]:
        with clock.at(LIVE):
            return services.take(gateway=gateway, told=told)

    return take


def whole() -> None:
    """Every batch is what its root covers, each reference lies where its key says."""
    services.seal(actor=system())
    assert decisions.unsound_seals(10) == []
    places = Decision.objects.values_list("batch_id", "position")
    assert sorted(places) == sorted(DecisionKey.objects.values_list("batch_id", "position"))
    assert sum(Batch.objects.values_list("size", flat=True)) == len(places)


def test_of_one_reference_in_two_batches_one_is_fresh_and_both_are_answered_alike(
    live: Release,
) -> None:
    for turn in range(ROUNDS):
        shared, first, second = 10 * turn, 10 * turn + 1, 10 * turn + 2
        found = together(batch(live, first, shared), batch(live, shared, second))
        assert codes(found) == ["done", "done"]
        told = [one for batch in found if isinstance(batch, list) for one in batch]
        assert {one.answer for one in told} == {"proceed"}
        assert sorted(one.is_repeated for one in told) == [False] * 3 + [True]
    assert Decision.objects.count() == 3 * ROUNDS
    whole()


def test_of_two_contents_under_one_reference_one_is_refused_whole(live: Release) -> None:
    for turn in range(ROUNDS):
        shared, first, second = 10 * turn, 10 * turn + 1, 10 * turn + 2
        found = together(batch(live, first, shared), batch(live, second, shared, output="refuse"))
        assert codes(found) == ["done", "reference_reused"]
    assert Batch.objects.count() == ROUNDS
    assert Decision.objects.count() == 2 * ROUNDS
    whole()


def test_crossed_references_do_not_lock_each_other_out(live: Release) -> None:
    for turn in range(ROUNDS):
        numbers = range(100 * turn, 100 * turn + 100)
        verbs = [batch(live, *numbers), batch(live, *reversed(numbers)), batch(live, *numbers[50:])]
        assert codes(together(*verbs)) == ["done"] * 3
    assert Decision.objects.count() == 100 * ROUNDS
    whole()


# --- people


def held(live: Release, number: int = 1) -> Case:
    (found,) = services.take(
        gateway=person("gateway"), told=[decision(live, number, fields={"score": 0.5})]
    )
    assert found.case is not None
    return found.case


def as_of(verb: Callable[[], object], moment: dt.datetime = LIVE) -> Callable[[], object]:
    """The verb, at that moment, in a thread."""

    def run() -> object:
        with clock.at(moment):
            return verb()

    return run


def test_of_two_who_open_a_case_one_is_told_who_has_it(live: Release) -> None:
    for turn in range(ROUNDS):
        case = held(live, turn)
        verbs = [
            as_of(partial(services.claim, actor=person(name), case_id=case.pk))
            for name in ("fu", "fang")
        ]
        assert codes(together(*verbs)) == ["case_taken", "done"]
        assert Entry.objects.filter(kind="case.taken_up", subject_id=case.pk).count() == 1


def test_one_person_looks_at_one_case_in_however_many_windows(live: Release) -> None:
    for turn in range(ROUNDS):
        cases = [held(live, 2 * turn), held(live, 2 * turn + 1)]
        verbs = [
            as_of(partial(services.claim, actor=person("fu"), case_id=case.pk)) for case in cases
        ]
        assert codes(together(*verbs)) == ["done", "done"]
        assert Case.objects.filter(viewed_by=person("fu")).count() == 1


def test_two_who_take_up_each_others_do_not_wait_for_one_another(live: Release) -> None:
    for turn in range(ROUNDS):
        one, two = held(live, 2 * turn), held(live, 2 * turn + 1)
        services.claim(actor=person("fu"), case_id=one.pk)
        services.claim(actor=person("fang"), case_id=two.pk)
        late = LIVE + services.CLAIM
        verbs = [
            as_of(partial(services.claim, actor=person("fu"), case_id=two.pk), late),
            as_of(partial(services.claim, actor=person("fang"), case_id=one.pk), late),
        ]
        found = together(*verbs)
        assert set(codes(found)) <= {"case_taken", "done"}
        assert "done" in codes(found)
        for name in ("fu", "fang"):
            assert Case.objects.filter(viewed_by=person(name)).count() <= 1


def test_two_workers_tell_a_gateway_once(live: Release, settings: Any) -> None:
    with receiving() as receiver:
        settings.OUTBOUND_HOSTS = [receiver.origin]
        told = NewConsumer(
            name="信贷网关", user=person("gateway"), entity=head_office(),
            address=f"{receiver.origin}/hook",
        )  # fmt: skip
        consumer, _secret = suspensions.open_consumer(actor=person("admin"), told=told)
        for turn in range(ROUNDS):
            case = held(live, turn)
            services.claim(actor=person("fu"), case_id=case.pk)
            services.decide(
                actor=person("fu"), case_id=case.pk, outcome="accept", reason_code="facts_confirmed"
            )
            assert services.to_answer() == [consumer.pk]
            telling = as_of(partial(services.answer, consumer_id=consumer.pk))
            assert set(together(telling, telling)) == {0, 1}
            assert len(receiver.got) == turn + 1


def test_of_two_decisions_on_a_case_one_holds(live: Release) -> None:
    gateway = person("gateway")
    for turn in range(ROUNDS):
        case = held(live, turn)
        services.claim(actor=person("fu"), case_id=case.pk)
        inside = partial(
            services.decide, actor=person("fu"), case_id=case.pk, outcome="accept",
            reason_code="facts_confirmed",
        )  # fmt: skip
        outside = partial(
            services.report_elsewhere, gateway=gateway, case_id=case.pk, system="LOS",
            reviewer="u-1", outcome="override", reason_code="model_wrong", final_output="refuse",
            opened_at=LIVE, decided_at=LIVE,
        )  # fmt: skip
        assert codes(together(as_of(inside), as_of(outside))) == ["case_closed", "done"]
        assert Entry.objects.filter(kind="case.decided", subject_id=case.pk).count() == 1
    ledger_is_sound()


def test_of_two_plans_that_are_put_in_force_the_second_replaces_the_first(live: Release) -> None:
    for turn in range(ROUNDS):
        verbs = []
        for name, text in (("chen", PLAN), ("sun", PLAN.replace("0.52", "0.9"))):
            row = services.draft(actor=person("wang"), release_id=live.pk, content=text)
            services.test(actor=person("gateway"), plan_id=row.pk, samples=[decision(live)])
            verbs.append(as_of(partial(services.activate, actor=person(name), plan_id=row.pk)))
        assert codes(together(*verbs)) == ["done", "done"]
        states = Plan.objects.values_list("state", flat=True)
        assert sorted(states) == ["in_force"] + ["replaced"] * (2 * turn + 2)
    ledger_is_sound()


def ledger_is_sound() -> None:
    report = ledger.verify()
    assert [fault for fault in report.faults if "anchor" not in fault] == []


# --- seals and stops


def test_two_sealers_beside_posting_gateways_leave_no_gap_and_no_overlap(live: Release) -> None:
    numbers, over = itertools.count(), threading.Event()

    def post() -> None:
        for _turn in range(40):
            batch(live, next(numbers), next(numbers))()

    def seal() -> None:
        while not over.is_set():
            as_of(lambda: services.seal(actor=system()))()

    def posting() -> None:
        try:
            assert codes(together(post, post)) == ["done", "done"]
        finally:
            over.set()

    assert codes(together(posting, seal, seal)) == ["done"] * 3
    whole()
    seals = list(Seal.objects.order_by("last_batch"))
    assert len(seals) > 1
    assert [one.first_batch for one in seals[1:]] == [one.last_batch + 1 for one in seals[:-1]]
    assert sum(one.decisions for one in seals) == Decision.objects.count() == 160
    ledger_is_sound()


def test_after_a_stop_has_returned_nothing_goes_on(live: Release) -> None:
    numbers, over, begun = itertools.count(), threading.Event(), threading.Barrier(CLIENTS + 1)
    after: list[str] = []
    stopped = threading.Event()

    def post() -> None:
        begun.wait(20)
        while not over.is_set():
            is_after = stopped.is_set()  # read before: what begins later sees the stop
            told = batch(live, *(next(numbers) for _one in range(50)))()
            if is_after:
                after.extend(one.answer for one in told)

    def stop() -> int:
        begun.wait(20)
        while Batch.objects.count() < 2 * CLIENTS:
            threading.Event().wait(0.01)
        with clock.at(LIVE):
            suspensions.order(
                actor=person("luo"), kind="stop", target_type="release", target_id=live.pk,
                reason="错误",
            )  # fmt: skip
        last = Batch.objects.order_by("-id").values_list("id", flat=True)[0]
        stopped.set()
        while len(after) < 2_000:
            threading.Event().wait(0.01)
        over.set()
        return last

    *posted, last = together(*[post] * CLIENTS, stop)
    assert codes(posted) == ["done"] * CLIENTS
    assert isinstance(last, int), last
    assert (len(after) >= 2_000, set(after)) == (True, {"stop"})
    before = Decision.objects.filter(batch_id__lte=last, answer="proceed")
    later = Decision.objects.filter(batch_id__gt=last)
    assert set(later.values_list("answer", flat=True)) == {"stop"}
    assert (before.count() >= 800, later.count() >= 2_000) == (True, True)
    whole()


def test_two_batches_of_one_session_share_its_limit(live: Release) -> None:
    row = services.draft(actor=person("wang"), release_id=live.pk, content=AGENT)
    services.test(actor=person("gateway"), plan_id=row.pk, samples=[act(live, 1, "query")])
    services.activate(actor=person("chen"), plan_id=row.pk)
    for turn in range(ROUNDS):
        session = f"s-{turn}"

        def taking(first: int, session: str = session) -> list[services.Taken]:
            with clock.at(LIVE):
                told = [act(live, first + n, session=session) for n in range(2)]
                return services.take(gateway=person("gateway"), told=told)

        found = together(partial(taking, 100 * turn), partial(taking, 100 * turn + 50))
        assert codes(found) == ["done", "done"]
        answers = [one.answer for batch in found if isinstance(batch, list) for one in batch]
        assert sorted(answers) == ["hold", "hold", "proceed", "proceed"]

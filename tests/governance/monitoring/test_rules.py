"""The rulebook: limits, runs, looser limits, and what is computed from bins."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from governance.monitoring.rules import Bound, Computed, Effect, Limits, Verdict, compute, looser
from governance.monitoring.rules import held as held_level
from governance.monitoring.rules import judge as judged
from registry.core.errors import DomainError

PSI = Limits(Bound.CEILING, warn_high=0.1, act_high=0.25)
FLOOR = Limits(Bound.FLOOR, act_low=0.8)
BAND = Limits(Bound.BAND, warn_low=0.2, warn_high=0.4, act_low=0.1, act_high=0.5)
DROP = Limits(Bound.DROP, warn_high=0.05, act_high=0.1, baseline=0.75)
SHIFT = Limits(Bound.SHIFT, warn_high=0.1, baseline=0.5)
SPIKE = Limits(Bound.SPIKE, warn_high=3)


@pytest.mark.parametrize(
    ("limits", "value", "verdict"),
    [
        (PSI, 0.1, "ok"), (PSI, 0.100001, "warn"), (PSI, 0.25, "warn"), (PSI, 0.26, "act"),
        (FLOOR, 0.8, "ok"), (FLOOR, 0.79, "act"),
        (BAND, 0.3, "ok"), (BAND, 0.15, "warn"), (BAND, 0.45, "warn"), (BAND, 0.05, "act"),
        (BAND, 0.55, "act"),
        (DROP, 0.9, "ok"), (DROP, 0.71, "ok"), (DROP, 0.69, "warn"), (DROP, 0.6, "act"),
        (SHIFT, 0.58, "ok"), (SHIFT, 0.61, "warn"), (SHIFT, 0.3, "warn"),
        (Limits(Bound.DROP, warn_high=0.05), 0.1, "unjudged"),
    ],
)  # fmt: skip
def test_a_value_lies_within_its_limits_or_beyond(
    limits: Limits, value: float, verdict: str
) -> None:
    assert judged(limits, value, ()) == verdict


def test_a_spike_is_measured_against_what_was_usual() -> None:
    usual = [10.0, 11.0, 9.0, 10.0, 12.0, 8.0, 10.0, 10.0]
    assert judged(SPIKE, 40.0, usual[:7]) is Verdict.UNJUDGED
    assert judged(SPIKE, 13.0, usual) is Verdict.OK
    assert judged(SPIKE, 14.0, usual) is Verdict.WARN
    assert judged(SPIKE, 0.0, usual) is Verdict.OK
    assert judged(SPIKE, 5.0, [5.0] * 8) is Verdict.OK
    assert judged(SPIKE, 5.1, [5.0] * 8) is Verdict.WARN


@pytest.mark.parametrize(
    ("verdicts", "consecutive", "level"),
    [
        ([], 1, "unjudged"), (["act"], 1, "act"), (["act"], 2, "ok"), (["warn", "act"], 2, "warn"),
        (["ok", "act", "act"], 2, "act"), (["act", "ok", "act"], 2, "ok"),
        (["act", "unjudged"], 1, "unjudged"), (["act", "unjudged"], 2, "unjudged"),
        (["act", "ok"], 1, "ok"),
    ],
)  # fmt: skip
def test_a_level_counts_when_it_has_held(verdicts: list[str], consecutive: int, level: str) -> None:
    assert held_level([Verdict(one) for one in verdicts], consecutive) == level


@pytest.mark.parametrize(
    ("new", "old", "fields"),
    [
        (PSI, PSI, ()),
        (Limits(Bound.CEILING, warn_high=0.05, act_high=0.2), PSI, ()),
        (Limits(Bound.CEILING, warn_high=0.1, act_high=0.3), PSI, ("act_high",)),
        (Limits(Bound.CEILING, warn_high=0.1), PSI, ("act_high",)),
        (Limits(Bound.FLOOR, act_low=0.7), FLOOR, ("act_low",)),
        (Limits(Bound.FLOOR, act_low=0.9), FLOOR, ()),
        (Limits(Bound.FLOOR, act_low=0.9), PSI, ("bound",)),
        (Limits(Bound.DROP, warn_high=0.05, act_high=0.1, baseline=0.7), DROP, ("baseline",)),
        (Limits(Bound.DROP, warn_high=0.05, act_high=0.1, baseline=0.8), DROP, ()),
        (Limits(Bound.SHIFT, warn_high=0.1, baseline=0.51), SHIFT, ("baseline",)),
        (Limits(Bound.CEILING, None, 0.1, None, 0.25, consecutive=2), PSI, ("consecutive",)),
        (
            PSI,
            Limits(Bound.CEILING, None, 0.1, None, 0.25, effects=frozenset({Effect.FINDING})),
            ("effects",),
        ),
    ],
)
def test_what_lets_more_pass_is_looser(new: Limits, old: Limits, fields: tuple[str, ...]) -> None:
    assert looser(new, old) == fields


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (Limits(Bound.CEILING), "warn_high"),
        (Limits(Bound.CEILING, warn_low=1.0), "warn_low"),
        (Limits(Bound.FLOOR, act_high=1.0), "act_high"),
        (Limits(Bound.BAND, warn_low=2.0, warn_high=1.0), "warn_high"),
        (Limits(Bound.CEILING, warn_high=2.0, act_high=1.0), "act_high"),
        (Limits(Bound.FLOOR, warn_low=1.0, act_low=2.0), "act_low"),
        (Limits(Bound.SHIFT, warn_high=-1.0, baseline=1.0), "warn_high"),
        (Limits(Bound.CEILING, warn_high=1.0, baseline=1.0), "baseline"),
        (PSI, ""), (BAND, ""), (DROP, ""), (SPIKE, ""),
    ],
)  # fmt: skip
def test_limits_fit_each_other(limits: Limits, field: str) -> None:
    assert limits.fault() == field


def test_psi_is_what_it_is_by_hand() -> None:
    same = compute(Computed.PSI, {"expected": [10, 20, 70], "actual": [100, 200, 700]})
    assert (same.value, same.count) == (0, 1_000)
    found = compute(Computed.PSI, {"expected": [50, 50], "actual": [70, 30]})
    by_hand = 0.2 * math.log(0.7 / 0.5) - 0.2 * math.log(0.3 / 0.5)
    assert found.value == pytest.approx(by_hand)
    assert compute(Computed.PSI, {"expected": [1, 1], "actual": [1, 0]}).value > 4


def test_auc_and_ks_are_those_of_scikit_learn() -> None:
    chance = random.Random(7)
    scores = [chance.randrange(20) for _ in range(800)]
    labels = [int(chance.random() < score / 25 + 0.1) for score in scores]
    bins = {
        name: [sum(1 for s, y in zip(scores, labels, strict=True) if (s, y) == (step, wanted))
               for step in range(20)]
        for name, wanted in (("positives", 1), ("negatives", 0))
    }  # fmt: skip
    wrong, right, _cuts = roc_curve(labels, scores, drop_intermediate=False)
    assert compute(Computed.AUC, bins).value == pytest.approx(roc_auc_score(labels, scores))
    assert compute(Computed.KS, bins).value == pytest.approx(max(abs(right - wrong)))


def test_the_ratio_leaves_small_groups_out() -> None:
    groups = {"a": [60, 100], "b": [45, 100], "tiny": [0, 29]}
    found = compute(Computed.RATIO, {"groups": groups})
    assert found.value == pytest.approx(0.75)
    assert found.count == 200
    assert compute(Computed.RATE, {"favourable": 3, "total": 4}).value == 0.75


@pytest.mark.parametrize(
    ("what", "inputs"),
    [
        ("psi", {"expected": [1, 2]}), ("psi", {"expected": [1, 2], "actual": [1, 2, 3]}),
        ("psi", {"expected": [0, 0], "actual": [1, 2]}),
        ("psi", {"expected": "ab", "actual": "ab"}),
        ("psi", {"expected": [1, -1], "actual": [1, 2]}),
        ("psi", {"expected": [1, True], "actual": [1, 2]}),
        ("psi", {"expected": [1] * 201, "actual": [1] * 201}),
        ("auc", {"positives": [0, 0], "negatives": [1, 2]}),
        ("rate", {"favourable": 2, "total": 1}),
        ("rate", {"favourable": 0, "total": 0}), ("rate", {"favourable": None, "total": 1}),
        ("ratio", {"groups": {"a": [1, 40]}}), ("ratio", {"groups": [1, 2]}),
        ("ratio", {"groups": {"a": [1, 40], "b": [1, 29]}}),
        ("ratio", {"groups": {"a": [0, 40], "b": [0, 40]}}),
        ("ratio", {"groups": {"a": 1, "b": [1, 40]}}),
    ],
)  # fmt: skip
def test_counts_that_are_none_are_refused(what: str, inputs: dict[str, object]) -> None:
    with pytest.raises(DomainError, match="[a-z]"):
        compute(Computed(what), inputs)


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999)), min_size=2, max_size=30))
def test_figures_stay_in_their_range(pairs: list[tuple[int, int]]) -> None:
    first, second = [a for a, _b in pairs], [b for _a, b in pairs]
    if not sum(first) or not sum(second):
        return
    assert compute(Computed.PSI, {"expected": first, "actual": second}).value >= -1e-9
    told = {"positives": first, "negatives": second}
    assert 0 <= compute(Computed.AUC, told).value <= 1
    assert 0 <= compute(Computed.KS, told).value <= 1 + 1e-9

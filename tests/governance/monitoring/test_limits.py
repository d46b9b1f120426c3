"""Own metrics and limits: owners tighten, the second line loosens, the database counts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from governance.approvals import services as approvals
from governance.monitoring import services
from governance.monitoring.models import Metric, Observation, Reading, Threshold
from governance.monitoring.services import NewLimits, NewMetric
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.policy.models import PackRelease
from registry.releases.models import Release
from tests.governance.monitoring.telling import report, tell, told
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.rest.calling import caller
from tests.world import person


def psi(live: Release) -> Metric:
    return Metric.objects.get(release=live, key="psi")


def set_limits(live: Release, by: str, **more: Any) -> Threshold:
    given: dict[str, Any] = {
        "bound": "ceiling", "reason": "按验证报告设定", "warn_high": 0.1, "act_high": 0.25,
        "effects": ("finding",),
    }  # fmt: skip
    return services.set_limits(
        actor=person(by), metric_id=psi(live).pk, told=NewLimits(**given | more)
    )


def test_the_owner_tightens_and_the_next_value_is_judged_by_it(live: Release) -> None:
    before = footprint()
    row = set_limits(live, "wang", warn_high=0.05)
    assert changes(before) == {"governance_threshold": (1, 1), "registry_entry": (1, 0)}
    assert (row.number, row.loosens) == (1, [])
    tell(live, 0.06)
    found = Observation.objects.get()
    assert (found.verdict, found.threshold) == ("warn", row)


def test_only_the_second_line_loosens(live: Release) -> None:
    for by in ("wang", "li"):
        with refused(Forbidden, "second_line_closes"):
            set_limits(live, by, warn_high=0.2)
    row = set_limits(live, "sun", warn_high=0.2)
    assert (row.loosens, row.set_by) == (["warn_high"], person("sun"))
    with refused(Forbidden, "not_permitted"):
        set_limits(live, "shen", warn_high=0.05)


def test_a_stop_by_itself_is_the_second_lines(live: Release) -> None:
    with refused(Forbidden, "second_line_closes"):
        set_limits(live, "wang", effects=("finding", "stop"))
    assert set_limits(live, "sun", effects=("finding", "stop")).effects == ["finding", "stop"]


def test_a_segment_has_limits_of_its_own(live: Release) -> None:
    row = set_limits(live, "wang", warn_high=0.02, segment="branch")
    report(told(live, "psi", 0.05), told(live, "psi", 0.05, segment="branch"))
    found = dict(Observation.objects.values_list("segment", "verdict"))
    assert found == {"": "ok", "branch": "warn"}
    assert row.number == 1
    assert set_limits(live, "wang", warn_high=0.01, segment="branch").number == 2


def test_a_baseline_makes_a_drop_measurable(live: Release) -> None:
    tell(live, 0.70, metric="auc")
    metric = Metric.objects.get(key="auc")
    told_: dict[str, Any] = {
        "bound": "drop", "warn_high": 0.05, "act_high": 0.1, "reason": "验证报告中的基准",
        "effects": ("finding",),
    }  # fmt: skip
    with refused(DomainError, "baseline_needed"):
        services.set_limits(actor=person("wang"), metric_id=metric.pk, told=NewLimits(**told_))
    with refused(Forbidden, "second_line_closes"):  # the first one may be anything
        services.set_limits(
            actor=person("wang"), metric_id=metric.pk, told=NewLimits(**told_, baseline=-5.0)
        )
    services.set_limits(
        actor=person("sun"), metric_id=metric.pk, told=NewLimits(**told_, baseline=0.8)
    )
    (row,) = report(told(live, "auc", 0.65, segment="new")).breaches
    assert row.level == "act"


@pytest.mark.parametrize(
    ("code", "field", "wrong"),
    [
        ("unknown_limit", "bound", {"bound": "roof"}),
        ("unknown_limit", "bound", {"effects": ("explode",)}),
        ("value_not_finite", "warn_high", {"warn_high": float("nan")}),
        ("consecutive", "consecutive", {"consecutive": 0}),
        ("limits_do_not_fit", "act_high", {"act_high": 0.01}),
        ("limits_do_not_fit", "baseline", {"baseline": 1.0}),
        ("segment", "segment", {"segment": "x" * 101}),
        ("text_needed", "reason", {"reason": "短"}),
    ],
)
def test_limits_that_make_no_sense(
    live: Release, code: str, field: str, wrong: dict[str, Any]
) -> None:
    with refused(DomainError, code) as caught:
        set_limits(live, "sun", **wrong)
    assert caught.value.field == field


def test_the_database_counts_and_knows_the_lines(live: Release) -> None:
    def row(number: int, by: str, loosens: list[str]) -> Threshold:
        return Threshold(
            metric=psi(live), number=number, bound="ceiling", warn_high=1.0, loosens=loosens,
            reason="x", set_by=person(by), set_at=clock.now(),
        )  # fmt: skip

    for made in (row(2, "sun", []), row(1, "wang", ["warn_high"]), row(1, "pipeline", ["bound"])):
        with refused_by_database("MC027"), ledger.act(person("sun")) as act:
            act.create(made, "threshold.set")
    set_limits(live, "wang")
    for name, value in (("act_high", 999.0), ("consecutive", 9), ("effects", [])):
        made = row(2, "wang", [])  # whatever the row says of itself
        made.warn_high, made.act_high, made.effects = 0.1, 0.25, ["finding"]
        setattr(made, name, value)
        with refused_by_database("MC027"), ledger.act(person("wang")) as act:
            act.create(made, "threshold.set")
    with refused_by_database("MC027"), ledger.act(person("wang")) as act:
        changes_ = {"state": "closed", "closed_by": person("wang")}
        act.update(psi(live), "metric.closed", changes_)


def test_what_is_tightened_later_counts_beside_a_segments_own(live: Release) -> None:
    set_limits(live, "li", segment="total")  # as strict as the policy: nobody need be asked
    set_limits(live, "sun", warn_high=0.01, act_high=0.02, effects=("finding", "stop"))
    (row,) = report(told(live, "psi", 0.09, segment="total")).breaches
    assert (row.level, row.effects) == ("act", ["finding", "stop"])


def test_the_policys_metrics_are_not_the_owners_to_end(live: Release) -> None:
    for key in ("auc", "feature_psi"):
        tell(live, 0.01, metric=key)
        metric = Metric.objects.get(key=key)
        with refused(Forbidden, "second_line_closes"):
            services.close_metric(actor=person("wang"), metric_id=metric.pk, reason="不再需要监测")


def test_a_metric_is_added_by_the_releases_code(live: Release) -> None:
    body = {"release": live.code, "key": "own", "name_zh": "自有", "name_en": "Own"}
    found = caller("wang").post("/metrics/", body)
    assert (found.status_code, found.json()["release"]) == (201, str(live.pk)), found.content


def test_a_release_has_metrics_of_its_own(live: Release) -> None:
    new = NewMetric("override_share", "人工推翻占比", "Share of overrides", "rate", 7)
    row = services.add_metric(actor=person("wang"), release_id=live.pk, told=new)
    assert Reading.objects.get(metric=row).due_at is not None
    report(told(live, "override_share", None, inputs={"favourable": 3, "total": 100}))
    assert Observation.objects.get(metric=row).verdict == "unjudged"
    with refused(Conflict, "metric_known"):
        services.add_metric(actor=person("wang"), release_id=live.pk, told=new)
    with refused(Forbidden, "not_permitted"):
        services.add_metric(
            actor=person("shen"), release_id=live.pk, told=NewMetric("x1", "甲", "A")
        )


@pytest.mark.parametrize(
    ("code", "told_"),
    [
        ("metric_key", NewMetric("No", "甲", "A")),
        ("policy_metric", NewMetric("psi", "甲", "A")),
        ("name_needed", NewMetric("own", "", "A")),
        ("name_needed", NewMetric("own", "甲", "A\u202e")),
        ("computes", NewMetric("own", "甲", "A", "magic")),
        ("every_days", NewMetric("own", "甲", "A", "", 0)),
    ],
)
def test_own_metrics_that_make_no_sense(live: Release, code: str, told_: NewMetric) -> None:
    with refused(DomainError, code):
        services.add_metric(actor=person("wang"), release_id=live.pk, told=told_)


def test_a_metric_is_closed_and_opened_again(live: Release) -> None:
    with refused(Forbidden, "second_line_closes"):  # the policy expects it
        services.close_metric(actor=person("wang"), metric_id=psi(live).pk, reason="不再适用于模型")
    (row,) = tell(live, 0.15).breaches
    with refused(Conflict, "breach_open"):
        services.close_metric(actor=person("sun"), metric_id=psi(live).pk, reason="不再适用于模型")
    services.close(actor=person("wang"), breach_id=row.pk, outcome="tuned", note="模型已调整完毕")
    services.close_metric(actor=person("sun"), metric_id=psi(live).pk, reason="不再适用于模型")
    with refused(Conflict, "metric_closed"):
        tell(live, 0.01, 0.02)
    services.reopen_metric(actor=person("sun"), metric_id=psi(live).pk)
    assert tell(live, 0.01, 0.15).taken == 1


NEXT = """
  - key: harm_rate
    label: {zh: 客户损害率, en: Rate of harm}
    bound: ceiling
    act_high: 0.25
    every_days: {I: 7, II: 7, III: 7, IV: 7}
    effects: [finding, restrict]
    sources: [{ref: Mingce RI-06, tag: own_design}]
"""


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_key_that_the_policy_takes_up_is_the_policys(
    live: Release, settings: Any, tmp_path: Path, *, is_closed: bool
) -> None:
    own = NewMetric("harm_rate", "自定义", "Own")
    row = services.add_metric(actor=person("wang"), release_id=live.pk, told=own)
    if is_closed:
        services.close_metric(actor=person("wang"), metric_id=row.pk, reason="不再需要监测")
    shutil.copytree(Path(settings.POLICY_PACKS_DIR) / "cn-nfra", tmp_path / "cn-nfra")
    for name, former, later in (
        ("pack", 'version: "1.7"', 'version: "1.8"'),
        ("monitoring", "\nmetrics:\n", f"\nmetrics:{NEXT}"),
    ):
        file = tmp_path / "cn-nfra" / f"{name}.yaml"
        file.write_text(file.read_text().replace(former, later))
    settings.POLICY_PACKS_DIR = tmp_path
    approvals.load_packs()
    pack = PackRelease.objects.get(version="1.8")
    for signer in ("sun", "qian"):
        approvals.sign_activation(actor=person(signer), release_id=pack.pk, profile="strict")
    if not is_closed:
        report(told(live, "harm_rate", 0.9))
        assert Observation.objects.get().verdict == "act"
    services.expect_everywhere(actor=person("admin"))
    row.refresh_from_db()
    assert (row.name_zh, row.state, row.every_days) == ("", "open", 7)
    assert Reading.objects.get(metric=row, segment="").due_at is not None
    if is_closed:
        with refused(Forbidden, "second_line_closes"):
            services.close_metric(actor=person("wang"), metric_id=row.pk, reason="不再需要监测")


def test_whoever_builds_other_models_sets_no_limits_here(live: Release) -> None:
    with refused(Forbidden, "not_yours"):
        set_limits(live, "other", warn_high=-1.0, act_high=-0.5, effects=("finding", "restrict"))
    with refused(Forbidden, "not_yours"):
        services.add_metric(
            actor=person("other"), release_id=live.pk, told=NewMetric("own", "甲", "A")
        )


def test_nor_does_a_segment_let_more_pass_than_all_of_them(live: Release) -> None:
    set_limits(live, "sun", effects=("finding", "stop"))
    for who, code in (("wang", "MC027"), ("li", "MC027")):
        with refused_by_database(code), ledger.act(person(who)) as act:
            row = Threshold(
                metric=psi(live), segment="young", number=1, bound="ceiling", act_high=1e9,
                reason="按验证报告设定", set_by=person(who), set_at=clock.now(),
            )  # fmt: skip
            act.create(row, "threshold.set")

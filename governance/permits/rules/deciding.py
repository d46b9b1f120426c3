"""Whether a version may be deployed somewhere now, and if not, why: the whole list. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from governance.lifecycle.rules import Gate

if TYPE_CHECKING:
    from governance.lifecycle.schema import Requirement
    from governance.permits.schema import EnvironmentPolicy

ORDER = ("S0", "S1", "S2", "S3", "S4", "S5")
RETIRED = "S8"


@dataclass(frozen=True)
class Holding:
    """An order that holds for the release."""

    id: str
    is_stop: bool
    limits: str = ""


@dataclass(frozen=True)
class Facts:
    """What the decision looks at. gate: None where the environment asks for none."""

    environment: str
    asked_digest: str
    version_digest: str
    stage: str
    gate: Gate | None = None
    orders: tuple[Holding, ...] = ()


@dataclass(frozen=True)
class Reason:
    """One reason against it, in both languages, with its way out.

    code: stable, for machines; key: which requirement, blocking rule or order; who: the roles that
    can supply what is missing.
    """

    code: str
    zh: str
    en: str
    way_out_zh: str
    way_out_en: str
    key: str = ""
    who: tuple[str, ...] = ()


def but_for(gate: Gate, mends: Sequence[str]) -> Gate:
    """The gate without what the deployment itself sets right."""
    return replace(
        gate,
        items=tuple(one for one in gate.items if one.requirement.key not in mends),
        blocked=tuple(one for one in gate.blocked if one.rule.id not in mends),
    )


def against(policy: EnvironmentPolicy | None, facts: Facts) -> tuple[Reason, ...]:
    """Every reason against the deployment; none: it is permitted."""
    if policy is None:
        return (_unknown_environment(facts),)
    found = [*_digest(facts), *_stage(policy, facts)]
    found += [_order(one) for one in facts.orders if one.is_stop or policy.restriction_denies]
    return (*found, *_gate(facts.gate))


def _unknown_environment(facts: Facts) -> Reason:
    return Reason(
        "environment_without_policy",
        f"现行政策未规定“{facts.environment}”环境的部署条件",
        f"The policy in force does not say what a deployment to {facts.environment} needs",
        "由模型风险管理启用含部署许可规定的政策版本",
        "Model risk management activates a policy release that says so",
        facts.environment,
    )


def _digest(facts: Facts) -> list[Reason]:
    if facts.asked_digest == facts.version_digest:
        return []
    return [
        Reason(
            "digest_differs",
            f"待部署摘要 {facts.asked_digest[:12]}… 与登记版本 {facts.version_digest[:12]}… 不一致",
            f"The digest {facts.asked_digest[:12]}… is not that of the version,"
            f" {facts.version_digest[:12]}…",
            "部署已登记的版本，或将本制品登记为新版本后走审批",
            "Deploy the registered version, or register this artifact as a version of its own",
        )
    ]


def _stage(policy: EnvironmentPolicy, facts: Facts) -> list[Reason]:
    if facts.stage == RETIRED:
        return [
            Reason(
                "retired", "该发布已退役", "The release is retired",
                "为该版本重新建立发布并走审批",
                "Open a new release of the version and have it approved",
            )
        ]  # fmt: skip
    if policy.stage is None or ORDER.index(facts.stage) >= ORDER.index(policy.stage):
        return []
    return [
        Reason(
            "stage_not_reached",
            f"该发布处于 {facts.stage}，部署到“{facts.environment}”须达到 {policy.stage}",
            f"The release is in {facts.stage}; a deployment to {facts.environment} needs"
            f" {policy.stage}",
            f"补齐门禁清单所列事项，并将其推进到 {policy.stage}",
            f"Supply what its gate lists, and move it to {policy.stage}",
            policy.stage,
        )
    ]


def _order(one: Holding) -> Reason:
    if one.is_stop:
        return Reason(
            "stopped", "已被紧急停用", "An emergency stop is in force",
            "由停用人以外的两名人员查明原因、测试后恢复启用",
            "Two officers other than its giver lift it, after root cause and test", one.id,
        )  # fmt: skip
    limits_zh, limits_en = (f"：{one.limits}", f": {one.limits}") if one.limits else ("", "")
    return Reason(
        "restricted", f"已被限制使用{limits_zh}", f"A restriction of use is in force{limits_en}",
        "消除限制的原因后，由下令人以外的人员解除限制",
        "Mend its cause; somebody other than its giver lifts it", one.id,
    )  # fmt: skip


def _gate(gate: Gate | None) -> list[Reason]:
    """What its gate still asks for; stops stand among the orders."""
    if gate is None:
        return []
    missing = [
        Reason(
            "requirement_missing",
            _with(one.requirement.label.zh, one.why_zh, "："),
            _with(one.requirement.label.en, one.why_en, ": "),
            *_way_out(one.requirement),
            one.requirement.key, tuple(one.requirement.who),
        )
        for one in gate.missing
    ]  # fmt: skip
    blocked = [
        Reason(
            "rule_blocks", one.rule.label.zh, one.rule.label.en, one.rule.way_out.zh,
            one.rule.way_out.en, one.rule.id,
        )
        for one in gate.blocked
    ]  # fmt: skip
    return [*missing, *blocked]


def _way_out(requirement: Requirement) -> tuple[str, str]:
    """What a document meets is handed in; days that have to pass, and the like, are not."""
    if requirement.documents:
        return "在发布页面补齐", "Supply it on the release's page"
    if requirement.alternative is not None:
        other = requirement.alternative.label
        return (
            f"由事实认定，无法提交；可在发布页面申请豁免：{other.zh}",
            f"A fact decides it; or ask for an exemption on the release's page: {other.en}",
        )
    return (
        "由事实认定：发布页面说明尚缺什么、由谁办理",
        "A fact decides it: the release's page says what it waits for, and who can act",
    )


def _with(label: str, why: str, sign: str) -> str:
    return f"{label}{sign}{why}" if why else label

"""A release's way through the stages, by services: what tests build on."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from governance.approvals import services as approvals
from governance.approvals.models import Approval
from governance.approvals.services import Ballot
from governance.lifecycle import services as lifecycle
from governance.suspensions import services as suspensions
from governance.suspensions.models import Consumer, DrillReport
from governance.suspensions.services import Drilled, NewConsumer
from governance.validations import services as validations
from governance.validations.models import Validation
from registry.catalogue import services as catalogue
from registry.catalogue.models import ModelVersion
from registry.catalogue.services import NewModel, NewVersion
from registry.classification.queries import Inputs
from registry.core.ledger.models import Governed
from registry.core.people import services as people
from registry.core.people.rules import Role
from registry.evidence import queries as evidence_queries
from registry.evidence import services as evidence
from registry.evidence.models import Document
from registry.registration import services as registration
from registry.registration.services import Registered
from registry.releases import services as releases
from registry.releases.models import Release
from registry.usecases.services import NewUseCase
from tests.world import PASSWORD, head_office, person

# E01 of the grading scheme: a retail scorecard that approves automatically within limits.
E01: dict[str, Any] = {
    "classification": {
        "business_scenario": "credit_approval",
        "technique": "scorecard_stat",
        "decision_role": "automated_decision",
        "autonomy": "A3",
        "customer_impact": "major_rights",
        "affected_subject": "natural_person",
        "data_level": "sensitive",
        "pi_flag": "pi",
        "sourcing": "in_house",
        "genai_audience": "not_generative",
        "explainability_level": "E1",
        "update_mode": "static",
        "channel": ["app", "branch"],
        "algorithm_type": "not_applicable",
        "public_opinion_attribute": "no",
        "jurisdiction": ["CN"],
        "model_determination": "model",
        "deployment_location": "on_prem",
    },
    "factors": {"F1": 4, "F2": 4, "F3": 3, "F4": 3, "F5": 1, "F6": 3, "F7": 4, "F8": 1, "F9": 2},
    "facts": {
        "human_review_channel": True,
        "adverse_automatic": False,
        "agent_write_funds": False,
        "vendor_score_decisive": False,
        "severity1_open": False,
        "prohibited_practice": False,
        "contract_effect": True,
        "life_health_insurance": False,
        "biometrics_used": False,
        "regulatory_figures": False,
        "annual_volume": "from_1m",
    },
    "reasons": {f"F{i}": "与示例 E01 一致" for i in range(1, 10)},
}
# A tier IV model with nothing special about it.
PLAIN: dict[str, Any] = {
    "classification": E01["classification"]
    | {
        "business_scenario": "document_processing",
        "technique": "perception",
        "decision_role": "processing",
        "autonomy": "A0",
        "customer_impact": "none",
        "affected_subject": "institution_only",
        "data_level": "other_general",
        "pi_flag": "none",
    },
    "factors": {"F1": 0, "F2": 0, "F3": 0, "F4": 0, "F5": 2, "F6": 1, "F7": 1, "F8": 0, "F9": 0},
    "facts": E01["facts"] | {"contract_effect": False, "annual_volume": "below_10k"},
    "reasons": E01["reasons"],
}
S1_DOCUMENTS = (
    "data_sheet", "data_security_assessment", "pia", "development_record", "model_card",
    "fallback_design", "supply_chain_file",
)  # fmt: skip
S2_DOCUMENTS = (
    "performance_report", "stability_report", "backtest_report", "stress_test_report",
    "explainability_report", "fairness_report", "security_test_report",
)  # fmt: skip
S3_DOCUMENTS = ("regulator_report", "operator_training", "fria", "transparency_statement")
S4_DOCUMENTS = (
    "pilot_plan", "pilot_confirmation", "stop_switch_test", "fallback_test", "pilot_report",
    "stop_operators", "monitoring_live", "alert_routes_test", "filing_displayed",
)  # fmt: skip


@dataclass
class Story:
    """Where a release has got to."""

    registered: Registered
    version: ModelVersion

    @property
    def release(self) -> Release:
        """The release as it now is in the database."""
        return Release.objects.select_related(
            "version", "model_use__model__owner", "model_use__use_case", "model_use__entity"
        ).get(pk=self.registered.release.pk)


def inputs(case: dict[str, Any]) -> Inputs:
    """The case as the services take it."""
    return Inputs(
        classification=case["classification"],
        factors=case["factors"],
        facts=case["facts"],
        reasons=case["reasons"],
    )


def register(
    case: dict[str, Any] = E01, *, name: str = "零售贷款申请评分卡", digest: str = "", **model: Any
) -> Story:
    """A model with its use at S0 and a version of it. digest: of its file, else invented."""
    wang, entity = person("wang"), head_office()
    new = NewModel(name_zh=name, name_en="Retail scorecard", entity=entity, owner=wang, **model)
    card = NewUseCase(
        name_zh="零售贷款审批",
        purpose="在限额内自动审批零售贷款申请",
        entity=entity,
        owner=wang,
        process_node="贷前审批",
        prohibited_uses="不得用于催收或定价",
        benefit="缩短审批时间",
        affected_people="贷款申请人",
    )
    registered = registration.register(
        actor=wang, model=new, card=card, using_entity=entity, inputs=inputs(case)
    )
    version = catalogue.register_version(
        actor=person("li"),
        model=registered.model,
        version=NewVersion(
            label="1.0.0",
            identity_kind="artifact",
            digest=digest or hashlib.sha256(registered.model.code.encode()).hexdigest(),
        ),
    )
    releases.attach_version(actor=wang, release_id=registered.release.pk, version=version)
    return Story(registered, version)


def only() -> Story:
    """The one story that the database tells, as it now is."""
    release = Release.objects.select_related(
        "version", "model_use__model__owner", "model_use__use_case", "model_use__entity"
    ).get()
    use, grade = release.model_use, release.model_use.grades.order_by("-number")[0]
    assert release.version is not None
    return Story(Registered(use.model, use.use_case, use, release, grade), release.version)


RMC = ("gao", "sun", "qian", "he", "ma")
CHECKED = "已核对并行运行报告，可替代流量试点。"
# Who of the world hands in the kinds that not everybody may.
GIVERS = {
    Role.DATA_SECURITY: "data",
    Role.COMPLIANCE: "qian",
    Role.INFORMATION_SECURITY: "he",
    Role.CONSUMER_PROTECTION: "xiao",
    Role.IT_OPERATIONS: "luo",
    Role.VALIDATOR: "zhao",
}


def giver(kind: str, otherwise: str = "wang") -> str:
    """Who hands in a document of the kind."""
    by = evidence_queries.kind(kind).by
    return GIVERS[by[0]] if by else otherwise


def hand_in(subject: Governed, *kinds: str, by: str = "wang") -> list[Document]:
    """A document of each kind for the subject, by the person or by whose office it is."""
    return [
        evidence.hand_in(
            actor=person(giver(kind, by)),
            subject=subject,
            kind=kind,
            title=kind,
            file_name=f"{kind}.md",
            content=io.BytesIO(f"# {kind} {subject.pk}\n".encode()),
            statement="本人确认以上内容属实并已核对。",
        )
        for kind in kinds
    ]


def confirm_grade(story: Story, by: str = "chen") -> None:
    """The last grade is confirmed by a second person."""
    grade = story.release.model_use.grades.order_by("-number").first()
    assert grade is not None
    approvals.confirm_grade(
        actor=person(by), grade_id=grade.pk, reason="已核对各因子与底线规则,分级适当。"
    )


def to_validation(story: Story) -> Story:
    """The release is at S2."""
    hand_in(story.release, "ethics_review", *S1_DOCUMENTS)
    confirm_grade(story)
    for stage in ("S1", "S2"):
        lifecycle.promote(actor=person("wang"), release_id=story.release.pk, to=stage)
    return story


def validate(story: Story, level: str = "E1") -> Validation:
    """The release is validated and the validation signed off."""
    zhao = person("zhao")
    validation = validations.plan(
        actor=zhao,
        release_id=story.release.pk,
        plan="独立复算、样本外检验与压力测试",
        scope="数据、方法、实施、使用",
        independence="本人未参与该模型的开发与使用。",
    )
    validations.record_test(
        actor=zhao,
        validation_id=validation.pk,
        result=validations.TestResult("performance", "AUC", "0.787", "passed", "≥ 0.70"),
    )
    validations.conclude(
        actor=zhao,
        validation_id=validation.pk,
        findings=validations.Findings(
            "with_limitations", level, "模型可用,样本较旧。", "样本仅一千笔,年代久远。"
        ),
    )
    wang = person("wang")
    validations.answer(actor=wang, validation_id=validation.pk, response="同意,按计划补充样本。")
    return validations.sign_off(actor=person("sun"), validation_id=validation.pk)


def to_approval(story: Story) -> Approval:
    """The release is at S3 with an open approval."""
    to_validation(story)
    hand_in(story.release, *S2_DOCUMENTS)
    validate(story)
    return ask_approval(story)


def ask_approval(story: Story) -> Approval:
    """The validated release is at S3 with an open approval."""
    lifecycle.promote(actor=person("wang"), release_id=story.release.pk, to="S3")
    hand_in(story.release, *S3_DOCUMENTS)
    return lifecycle.request_approval(actor=person("wang"), release_id=story.release.pk)


def vote(approval: Approval, username: str, choice: str = "approve", **ballot: Any) -> Any:
    """The person votes, with a step-up of their own."""
    voter = person(username)
    proof = people.step_up(user=voter, password=PASSWORD, subjects=[approval.dossier_digest])
    told: dict[str, Any] = {"dossier_digest": approval.dossier_digest, "step_up_id": proof.pk}
    paper = Ballot(choice=choice, **(told | ballot))
    return approvals.cast(actor=voter, approval_id=approval.pk, ballot=paper)


def approve(approval: Approval) -> None:
    """Every step of the approval is passed by those who sit on it."""
    for username in ("sun", "qian", "lin"):
        vote(approval, username)
    for username in RMC:
        approval.refresh_from_db()
        if approval.state == "open":
            vote(approval, username)


GATEWAY = "stop-gateway"
SHOWN = Drilled("停用开关演练：停用试点并切换至人工审批", "运维、模型风险管理、业务部门")


def arm() -> Consumer:
    """A machine account enforces stops in the whole institution; opened once."""
    found = Consumer.objects.filter(user__username=GATEWAY).first()
    if found is not None:
        return found
    admin, entity = person("admin"), head_office()
    user = people.enrol_machine(actor=admin, username=GATEWAY, name="停用网关")
    people.assign_role(actor=admin, user=user, role=Role.PIPELINE, entity=entity)
    told = NewConsumer("停用网关", user, entity)
    return suspensions.open_consumer(actor=admin, told=told)[0]


def disarm() -> None:
    """It enforces nothing any more; tests then open consumers of their own."""
    suspensions.close_consumer(actor=person("admin"), consumer_id=arm().pk)


def drill(release: Release, *, by: str = "luo") -> DrillReport:
    """The release was stopped as a drill, fell back, was resumed; the report is countersigned."""
    consumer = arm()
    row = suspensions.order(
        actor=person(by), kind="stop", target_type="release", target_id=release.pk,
        reason="上线前停用演练", is_drill=True,
    )  # fmt: skip
    for action in ("applied", "fallback"):
        suspensions.acknowledge(actor=consumer.user, order_id=row.pk, action=action)
    for username in ("chen", "gao"):
        suspensions.resume(actor=person(username), order_id=row.pk, reason="演练结束，切换正常。")
    report = suspensions.report_drill(actor=person(by), order_id=row.pk, told=SHOWN)
    return suspensions.countersign_drill(actor=person("chen"), report_id=report.pk)


def to_production(story: Story, approving: Callable[[Approval], None] | None = None) -> Release:
    """The release is at S5; what is of tier I or II has been drilled in the pilot."""
    approval = to_approval(story)
    (approving or approve)(approval)
    lifecycle.promote(actor=person("wang"), release_id=story.release.pk, to="S4")
    hand_in(story.release, *S4_DOCUMENTS, by="luo")
    hand_in(story.release, "parallel_run_report")
    exemption = lifecycle.ask_exemption(
        actor=person("wang"),
        release_id=story.release.pk,
        requirement="pilot_length",
        kind="alternative",
        reason="已完成一个季度的并行运行,结果见附件。",
    )
    lifecycle.answer_exemption(
        actor=person("chen"), exemption_id=exemption.pk, confirm=True, reason=CHECKED
    )
    releases.record_deployment(
        actor=person("luo"),
        release=story.release,
        environment="production",
        digest=story.version.digest,
    )
    if story.release.model_use.tier in ("I", "II"):
        drill(story.release)
    return lifecycle.promote(actor=person("luo"), release_id=story.release.pk, to="S5")

"""The tutorial can be done as it is written: its answers, its documents, its people, its order."""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from governance.approvals.models import Approval
from governance.lifecycle import queries as lifecycle
from governance.suspensions.models import DrillReport, Order
from registry.evidence import queries as evidence
from registry.releases.models import Release
from tests import story
from tests.rest.calling import Caller, secret_of
from tests.world import PASSWORD, head_office, person

pytestmark = pytest.mark.django_db
TUTORIAL = Path(settings.BASE_DIR) / "docs" / "tutorial" / "first-model.md"
WHO = {
    "owner": "wang", "developer": "li", "validator": "zhao", "mrm": "chen", "mrm_head": "sun",
    "compliance": "qian", "infosec": "he", "cro": "gao", "exec": "ma", "line_risk": "lin",
    "ops": "luo",
}  # fmt: skip
REGISTRATION: dict[str, Any] = {
    "Q01": ["credit_approval"], "Q02": ["scorecard_stat"], "Q03": "confirmed",
    "Q04": ["natural_person"], "Q05": "rights", "Q06": "personal", "Q07": ["in_house"],
    "Q08": ["not_generative"], "Q09": "below_1m", "Q10": "below_ten", "Q11": "decision",
    "Q12": "cost",
}  # fmt: skip
INCEPTION: dict[str, Any] = {
    "Q13": "no", "Q14": ["CN"], "Q15": "model", "Q16": "no", "Q17": "no", "Q18": "no",
    "Q19": "no", "Q20": "no",
}  # fmt: skip
LATER: dict[str, Any] = {
    "Q21": "yes", "Q22": "no", "Q23": ["static"], "Q24": ["on_prem"], "Q25": ["branch", "app"],
    "Q36": "no",
}  # fmt: skip
DIGEST = "ab" * 32


def documents() -> dict[str, list[tuple[str, str]]]:
    """Stage → who hands in which kind before it, as the tutorial's table says."""
    labels = {one.label.en: key for key, one in evidence.kinds().items()}
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for stage, who, kinds in re.findall(
        r"\| (S\d) \| `(\w+)` \| (.+) \|", TUTORIAL.read_text(encoding="utf-8")
    ):
        found[stage] += [(who, labels[one]) for one in kinds.split(", ")]
    return found


def send(who: str, path: str, **told: Any) -> None:
    """The person sends the form, and it is taken."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person(WHO[who]))
    answer = client.post(path, told or {"csrfmiddlewaretoken": "-"})
    assert answer.status_code == 302, (path, answer.context["form"].errors)


def do(who: str, verb: str, subject: uuid.UUID, **told: Any) -> None:
    send(who, f"/do/{verb}/{subject}/", **told)


def move(who: str, release: Release, to: str) -> None:
    """What the table names opens the gate, and nothing less would."""
    for hand, kind in documents()[to]:
        is_open = lifecycle.gate_of(Release.objects.get(pk=release.pk), to).is_open
        assert not is_open, f"{kind} is not needed before {to}"
        do(
            hand, "hand-in", release.pk, kind=kind, title=kind, statement="已核对，情况属实。",
            file=SimpleUploadedFile("paper.md", f"# {kind}\n".encode()),
        )  # fmt: skip
    if to == "S4":
        approve(release)
    do(who, "promote", release.pk, to=to)


def approve(release: Release) -> None:
    """Both committees vote."""
    do("owner", "request-approval", release.pk)
    approval = Approval.objects.get()
    for who in ("mrm_head", "compliance", "line_risk"):
        vote(who, approval)
    for who in ("cro", "mrm_head", "compliance", "infosec", "exec"):
        vote(who, approval)
    approval.refresh_from_db()
    assert approval.state == "approved"


def vote(who: str, approval: Approval) -> None:
    send(who, f"/approvals/{approval.pk}/", choice="approve", password=PASSWORD,
         dossier_digest=approval.dossier_digest)  # fmt: skip


def validate(release: Release) -> None:
    """Planned, tested, concluded, answered, signed off."""
    do(
        "validator", "plan-validation", release.pk, plan="独立复算与压力测试",
        scope="数据、方法与实施", independence="本人未参与该模型的开发与使用。",
    )  # fmt: skip
    row = release.validations.get()
    do("validator", "record-test", row.pk, kind="performance", name="AUC", measure="0.79",
       outcome="passed")  # fmt: skip
    do("validator", "conclude-validation", row.pk, conclusion="satisfactory",
       explainability_level="E1", summary="模型可用，未见缺陷。")  # fmt: skip
    do("owner", "answer-validation", row.pk, response="同意结论。")
    do("mrm_head", "sign-off-validation", row.pk)


def drill(release: Release) -> None:
    """Stopped as a drill; the gateway says what the tutorial says; resumed, reported by two."""
    gateway = story.arm().user
    machine = Caller(secret_of(gateway, "acknowledge_stop", actor=person("admin")))
    do("ops", "stop", release.pk, reason="上线前停用演练", is_drill="on")
    order = Order.objects.get()
    bodies = re.findall(r"-d '(\{\"action\".+?\})'", TUTORIAL.read_text(encoding="utf-8"))
    for body in bodies:
        made = machine.post(f"/orders/{order.pk}/acknowledgements/", json.loads(body))
        assert made.status_code == 201
    for who in ("mrm", "cro"):
        do(who, "resume", order.pk, reason="演练结束，切换正常。")
    do(
        "ops",
        "report-drill",
        order.pk,
        scenario="停用试点并转人工审批",
        participants="运维与审批岗",
    )
    do("mrm_head", "countersign-drill", DrillReport.objects.get().pk)


def test_the_tutorial_leads_to_production() -> None:
    card = {
        "process_node": "贷前审批", "benefit": "更快", "affected_people": "申请人",
        "prohibited_uses": "不得用于催收",
    }  # fmt: skip
    send(
        "owner", "/register/", name_zh="示例评分卡", use_name_zh="示例贷款", purpose="审批零售贷款",
        entity=head_office().pk, owner=person("wang").pk, **REGISTRATION, **INCEPTION,
    )  # fmt: skip
    release = Release.objects.get()
    use = release.model_use
    assert use.tier == "II"
    do("owner", "correct-card", use.use_case_id, purpose="审批零售贷款", reason="补全", **card)
    send("owner", f"/uses/{use.pk}/grade/", **REGISTRATION, **INCEPTION, **LATER)
    do("mrm", "confirm-grade", use.grades.latest("number").pk, reason="已核对。")
    do("developer", "register-version", use.model_id, label="1.0.0", digest=DIGEST)
    do("developer", "attach-version", release.pk, version=use.model.versions.get().pk)
    move("owner", release, "S1")
    move("owner", release, "S2")
    validate(release)
    for stage in ("S3", "S4"):
        move("owner", release, stage)
    do("owner", "ask-exemption", release.pk, requirement="alternative:pilot_length",
       reason="已并行运行一个季度，见并行运行报告。")  # fmt: skip
    do("mrm", "answer-exemption", release.exemptions.get().pk, yes="yes",
       reason="已核对并行运行报告。")  # fmt: skip
    do("ops", "report-deployment", release.pk, environment="production", digest=DIGEST,
       traffic_percent=100)  # fmt: skip
    assert not lifecycle.gate_of(Release.objects.get(pk=release.pk), "S5").is_open
    drill(release)
    move("ops", release, "S5")
    release.refresh_from_db()
    assert release.stage == "S5"

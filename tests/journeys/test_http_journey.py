"""A scorecard's whole way over HTTP alone: registered, approved, live, stopped, resumed, proved."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from registry.core import clock
from registry.core.jobs import services as jobs
from registry.core.ledger import services as ledger
from tests import story
from tests.journeys.serving import Somebody, pipeline, served, somebody
from tests.story import CHECKED, E01, S1_DOCUMENTS, S2_DOCUMENTS, S3_DOCUMENTS, S4_DOCUMENTS
from tests.world import PASSWORD, PEOPLE, head_office, person

ROOT = Path(__file__).parents[2]
SCORECARD = ROOT / "seeds" / "demo" / "scorecard"
MANIFEST = json.loads((SCORECARD / "manifest.json").read_text())
INPUTS = {name: E01[name] for name in ("classification", "factors", "facts", "reasons")}
STATEMENT = "本人确认以上内容属实并已核对。"


class Journey:
    """Everybody who takes part, and the keys of what they have made."""

    def __init__(self, base: str) -> None:
        self.people = {name: somebody(base, name) for name in (*PEOPLE, "admin")}
        self.machine = pipeline(base)
        self.model = self.release = self.grade = self.approval = self.digest = ""

    def __getitem__(self, username: str) -> Somebody:
        return self.people[username]

    def gate(self, to: str) -> Any:
        """What stands between the release and the stage, as the pipeline reads it."""
        return self.machine.get(f"/releases/{self.release}/gates/", to=to)

    def promote(self, username: str, to: str, status: int = 201) -> Any:
        """Somebody moves the release."""
        return self[username].post(f"/releases/{self.release}/promotions/", {"to": to}, status)

    def hand_in(self, username: str, *kinds: str) -> None:
        """The real files of these kinds; a page of our own where the demo has none."""
        for kind in kinds:
            files = [file for file in MANIFEST["files"] if file["kind"] == kind]
            for file in files or [{"path": "", "title_zh": kind}]:
                path = SCORECARD / file["path"]
                content = path.read_bytes() if files else f"# {kind}\n\n已核对。\n".encode()
                fields = {
                    "subject_type": "release", "subject": self.release, "kind": kind,
                    "title": file["title_zh"], "statement": STATEMENT,
                }  # fmt: skip
                giver = self[story.giver(kind, username)]
                row = giver.hand_in(fields, path.name if files else f"{kind}.md", content)
                assert row["sha256"] == file.get("sha256", hashlib.sha256(content).hexdigest())

    def vote(self, username: str, choice: str = "approve", **ballot: Any) -> Any:
        """Somebody proves who they are, and votes on the papers as they are locked."""
        who = self[username]
        papers = who.get(f"/approvals/{self.approval}/")["dossier_digest"]
        proof = who.post("/step-ups/", {"password": PASSWORD, "subjects": [papers]})["id"]
        told = {"choice": choice, "dossier_digest": papers, "step_up": proof} | ballot
        return who.post(f"/approvals/{self.approval}/votes/", told)


@pytest.fixture
def journey(committed: str, settings: LazySettings, tmp_path: Path) -> Iterator[Journey]:
    """A server, and everybody with a token."""
    settings.DATA_DIR = tmp_path
    settings.ANCHOR_KEY_FILE = tmp_path / "keys" / "anchor.pem"
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"
    with served() as base:
        yield Journey(base)


def test_a_scorecard_goes_live_is_stopped_resumed_and_proved(
    journey: Journey, tmp_path: Path
) -> None:
    registers(journey)
    is_built_and_validated(journey)
    is_approved(journey)
    goes_live(journey)
    is_stopped_and_resumed(journey)
    is_proved(journey, tmp_path)


def registers(journey: Journey) -> None:
    wang = journey["wang"]
    questions = wang.get("/questionnaire/")["questions"]
    assert questions
    preview = wang.post("/grades/previews/", INPUTS, 200)
    owner, entity = str(person("wang").pk), str(head_office().pk)
    made = wang.post(
        "/registrations/",
        {
            "model": {"name_zh": "零售贷款申请评分卡", "entity": entity, "owner": owner},
            "use_case": {
                "name_zh": "零售贷款审批", "purpose": "在限额内自动审批零售贷款申请",
                "entity": entity, "owner": owner, "process_node": "贷前审批",
                "prohibited_uses": "不得用于催收或定价", "benefit": "缩短审批时间",
                "affected_people": "贷款申请人",
            },
            "using_entity": entity,
            **INPUTS,
        },
        key="registration-1",
    )  # fmt: skip
    assert (preview["tier"], preview["score"]) == (made["grade"]["tier"], made["grade"]["score"])
    journey.model, journey.release = made["model"]["id"], made["release"]["id"]
    journey.grade = made["grade"]["id"]
    alike = wang.get("/registrations/near-duplicates/", name_zh="零售贷款申请评分卡二")
    assert [row["id"] for row in alike] == [journey.model]
    assert [row["id"] for row in wang.get("/models/", search="评分卡")["results"]] == [
        journey.model
    ]
    wang.post(f"/grades/{journey.grade}/confirmations/", {"reason": "本人确认"}, 403)
    journey["chen"].post(
        f"/grades/{journey.grade}/confirmations/", {"reason": "已核对各因子与底线规则。"}
    )


def is_built_and_validated(journey: Journey) -> None:
    artifact = (SCORECARD / "artifact" / "scorecard.json").read_bytes()
    journey.digest = hashlib.sha256(artifact).hexdigest()
    version = journey["li"].post(
        "/versions/",
        {
            "model": journey.model, "label": MANIFEST["version"], "identity_kind": "artifact",
            "digest": journey.digest, "metrics": MANIFEST["metrics"],
        },
    )  # fmt: skip
    journey["wang"].patch(f"/releases/{journey.release}/", {"version": version["id"]})
    refused = journey.promote("wang", "S1", 409)
    assert refused["code"] == "gate_closed"
    assert refused["gate"] == journey.gate("S1")
    assert "ethics_review" in refused["gate"]["missing"]
    journey.hand_in("wang", "ethics_review", *S1_DOCUMENTS)
    assert journey.gate("S1")["missing"] == []
    journey.promote("wang", "S1")
    journey.promote("wang", "S2")
    journey.hand_in("wang", *S2_DOCUMENTS)
    validates(journey)
    journey.promote("wang", "S3")


def validates(journey: Journey) -> None:
    zhao, metrics = journey["zhao"], MANIFEST["metrics"]
    plan = {
        "release": journey.release, "plan": "独立复算、样本外检验与压力测试",
        "scope": "数据、方法、实施、使用", "independence": "本人未参与该模型的开发与使用。",
    }  # fmt: skip
    journey["li"].post("/validations/", plan, 403)
    validation = zhao.post("/validations/", plan)["id"]
    for name, least in (("auc_validation", 0.7), ("ks_validation", 0.3), ("psi_score", 0.0)):
        outcome = "passed" if metrics[name] >= least else "failed"
        told = {"kind": "performance", "name": name, "measure": str(metrics[name])}
        zhao.post(f"/validations/{validation}/tests/", told | {"outcome": outcome})
    conclusion = {
        "conclusion": "with_limitations", "explainability_level": "E1",
        "summary": "模型可用,样本较旧。", "limitations": "样本仅一千笔,年代久远。",
    }  # fmt: skip
    zhao.post(f"/validations/{validation}/conclusions/", conclusion)
    answer = {"response": "同意,按计划补充样本。"}
    journey["wang"].post(f"/validations/{validation}/responses/", answer)
    zhao.post(f"/validations/{validation}/sign-offs/", {}, 403)
    journey["sun"].post(f"/validations/{validation}/sign-offs/")


def is_approved(journey: Journey) -> None:
    path = f"/releases/{journey.release}/approvals/"
    journey.promote("wang", "S4", 409)
    journey.hand_in("wang", *S3_DOCUMENTS)
    journey["other"].post(path, {}, 403)
    made = journey["wang"].post(path)
    journey.approval = made["id"]
    owner_may_not_vote(journey, made["dossier_digest"])
    due_on = (clock.today() + dt.timedelta(days=90)).isoformat()
    conditions = [{"text": "三个月内补充近两年样本并重新校准", "due_on": due_on}]
    journey.vote("sun", "approve_with_conditions", reason="附条件同意", conditions=conditions)
    journey.vote("lin", "recuse", reason="近亲属在该业务部门任职")
    votes_are_bound(journey, made["dossier_digest"])
    journey.vote("qian")
    steps = journey["mi"].get(f"/approvals/{journey.approval}/")["steps"]
    assert [step["state"] for step in steps] == ["passed", "open"]
    for username in ("gao", "he", "ma", "qian", "sun"):
        if journey["mi"].get(f"/approvals/{journey.approval}/")["state"] == "open":
            journey.vote(username)
    approval = journey["mi"].get(f"/approvals/{journey.approval}/")
    assert approval["state"] == "approved"
    resolutions = journey["mi"].get("/resolutions/", subject_id=journey.approval)["results"]
    assert {row["body_code"] for row in resolutions} == {"mrc", "rmc"}
    condition = journey["wang"].get("/conditions/", approval=journey.approval)["results"]
    assert [row["text"] for row in condition] == [conditions[0]["text"]]


def owner_may_not_vote(journey: Journey, papers: str) -> None:
    vote = {"choice": "approve", "dossier_digest": papers}
    for _attempt in range(2):
        refused = journey["wang"].post(f"/approvals/{journey.approval}/votes/", vote, 403)
        assert refused["code"] == "vote_in_conflict"
    recorded = journey["shen"].get(
        "/ledger/entries/", kind="attempt.refused", subject_id=journey.approval, count="true"
    )
    assert recorded["count"] == 1
    assert recorded["results"][0]["actor"] == str(person("wang").pk)
    journey.machine.post(f"/approvals/{journey.approval}/votes/", vote, 403)


def votes_are_bound(journey: Journey, papers: str) -> None:
    path = f"/approvals/{journey.approval}/votes/"
    unproved = journey["qian"].post(path, {"choice": "approve", "dossier_digest": papers}, 403)
    assert unproved["code"] == "step_up_needed"
    stale = journey["qian"].post(path, {"choice": "approve", "dossier_digest": "0" * 64}, 409)
    assert stale["code"] == "stale_papers"
    twice = journey["sun"].post(path, {"choice": "approve", "dossier_digest": papers}, 409)
    assert twice["code"] == "vote_twice"


def goes_live(journey: Journey) -> None:
    journey.promote("wang", "S4")
    assert journey.promote("luo", "S5", 409)["gate"]["missing"]
    journey.hand_in("luo", *S4_DOCUMENTS)
    journey.hand_in("wang", "parallel_run_report")
    exemption = journey["wang"].post(
        f"/releases/{journey.release}/exemptions/",
        {
            "requirement": "pilot_length", "kind": "alternative",
            "reason": "已完成一个季度的并行运行,结果见附件。",
        },
    )  # fmt: skip
    answer = f"/exemptions/{exemption['id']}/answers/"
    journey["wang"].post(answer, {"confirm": True}, 403)
    assert journey["chen"].post(answer, {"confirm": True}, 422)["code"] == "text_needed"
    journey["chen"].post(answer, {"confirm": True, "reason": CHECKED})
    deployed = {"release": journey.release, "environment": "production", "digest": journey.digest}
    journey["luo"].post("/deployments/", deployed)
    assert journey.promote("wang", "S5", 403)["code"] == "not_a_mover"
    is_drilled(journey)
    assert journey.gate("S5")["open"] is True
    assert journey.promote("luo", "S5")["stage"] == "S5"
    assert journey.machine.get(f"/releases/{journey.release}/")["stage"] == "S5"


def is_drilled(journey: Journey) -> None:
    """BR-07: somebody enforces stops, and a drill in the pilot has shown it."""
    (rule,) = journey.gate("S5")["blocked_by"]
    assert rule["id"] == "BR-07"
    opened = {"name": "流水线", "user": str(person("pipeline").pk), "entity": str(head_office().pk)}
    journey["admin"].post("/consumers/", opened)
    stop = {
        "kind": "stop", "target_type": "release", "target_id": journey.release,
        "reason": "上线前停用演练", "is_drill": True,
    }  # fmt: skip
    order = journey["luo"].post("/orders/", stop)["id"]
    for action in ("applied", "fallback"):
        journey.machine.post(f"/orders/{order}/acknowledgements/", {"action": action})
    for username in ("chen", "gao"):
        why = {"reason": "演练结束，切换正常。"}
        journey[username].post(f"/orders/{order}/resumptions/", why)
    told = {
        "order": order,
        "scenario": "停用试点并转人工审批",
        "participants": "运维、模型风险管理",
    }
    report = journey["luo"].post("/drill-reports/", told)["id"]
    journey["chen"].post(f"/drill-reports/{report}/countersignatures/")


def is_stopped_and_resumed(journey: Journey) -> None:
    stop = {
        "kind": "stop", "target_type": "model", "target_id": journey.model,
        "reason": "通过率异常升高",
    }  # fmt: skip
    journey["wang"].post("/orders/", stop, 403)
    order = journey["luo"].post("/orders/", stop)["id"]
    gate = journey.gate("S5")
    assert (gate["open"], gate["stopped_by"]) == (False, [order])
    path = f"/orders/{order}/resumptions/"
    why = {"reason": "根因为上游字段错位,已修复并复测。"}
    journey["luo"].post(path, why, 403)
    assert journey["chen"].post(path, why)["state"] == "in_force"
    assert journey["chen"].post(path, why, 409)["code"] == "second_officer"
    assert journey["gao"].post(path, why)["state"] == "lifted"
    assert journey.gate("S5")["stopped_by"] == []


def is_proved(journey: Journey, tmp_path: Path) -> None:
    shen = journey["shen"]
    journey["wang"].post("/ledger/exports/", {}, 403)
    job = shen.post("/ledger/exports/", {}, 202)
    jobs.run(uuid.UUID(job["id"]))
    done = shen.get(f"/jobs/{job['id']}/")
    assert (done["state"], done["error"]) == ("done", "")
    export = tmp_path / "export.jsonl"
    export.write_bytes(shen.download(f"/ledger/exports/{job['id']}/file/").content)
    journey["qian"].get(f"/ledger/exports/{job['id']}/file/", 404)
    found = _verify_offline(export, tmp_path / "anchors" / "anchor.pub.pem")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith(f"sound: {done['result']['entries']} entries")
    export.write_bytes(export.read_bytes().replace("附条件同意".encode(), "无条件同意".encode()))
    assert _verify_offline(export, tmp_path / "anchors" / "anchor.pub.pem").returncode == 1
    report = ledger.verify()
    assert report.sound, report


def _verify_offline(export: Path, key: Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / "docs" / "verify_export.py"
    command = [sys.executable, "-I", str(script), str(export), "--key", str(key)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

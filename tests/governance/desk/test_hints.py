"""Forms and lists that say enough: who votes, what is needed, where a row leads."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import LazySettings

from governance.validations import services as validations
from registry.core import clock
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from tests import story
from tests.governance.desk.test_what_is_shown import answered, browser, page
from tests.world import person

pytestmark = pytest.mark.django_db


def test_a_request_for_approval_names_the_committees() -> None:
    told = story.to_validation(story.register())
    html = page("wang", f"/do/request-approval/{told.release.pk}/")
    assert "It goes to: Model review committee, then Risk management committee" in html


def kinds(username: str) -> set[str]:
    """The kinds of documents that the person's form offers."""
    html = page(username, f"/do/hand-in/{story.register().release.pk}/")
    return set(re.findall(r'<option value="([a-z_]+)"', html))


def test_the_hand_in_offers_what_the_roles_hand_in() -> None:
    assert {"model_card", "pilot_plan"} <= kinds("wang")
    assert not {"security_test_report", "regulator_report"} & kinds("wang")
    assert "security_test_report" in kinds("he")
    html = page("wang", f"/do/hand-in/{story.register().release.pk}/")
    assert "at most 50 MB" in html
    assert "Operator training record ✎" in html
    assert "Model card ✎" not in html


def test_who_signs_a_validation_off_sees_what_it_says() -> None:
    row = answered()
    html = page("sun", f"/do/sign-off-validation/{row.pk}/")
    for text in ("E1", "同意。", "AUC", "0.787", "passed", "模型可用，未见缺陷。"):
        assert text in html, text


def test_the_gate_says_whose_word_a_concluded_validation_waits_for() -> None:
    row = answered()
    path = f"/releases/{row.release_id}/"
    assert f"/do/sign-off-validation/{row.pk}/" in page("sun", path)
    assert f"/do/sign-off-validation/{row.pk}/" not in page("wang", path)


def test_the_owner_is_led_to_the_answer() -> None:
    told = story.to_validation(story.register())
    row = validations.plan(
        actor=person("zhao"), release_id=told.release.pk, plan="独立复算与压力测试",
        scope="数据、方法与实施", independence="本人未参与该模型的开发与使用。",
    )  # fmt: skip
    result = validations.TestResult("performance", "AUC", "0.787", "passed", "≥ 0.70")
    validations.record_test(actor=person("zhao"), validation_id=row.pk, result=result)
    found = validations.Findings("satisfactory", "E1", "模型可用，未见缺陷。", "")
    validations.conclude(actor=person("zhao"), validation_id=row.pk, findings=found)
    html = page("wang", f"/releases/{told.release.pk}/")
    assert "Concluded; the owner&#x27;s answer is awaited." in html
    assert f"/do/answer-validation/{row.pk}/" in html
    assert f"/do/answer-validation/{row.pk}/" not in page("zhao", f"/releases/{told.release.pk}/")


def test_lists_lead_on_and_mark_what_is_provisional() -> None:
    row = answered()
    use = row.release.model_use
    cases = page("wang", "/admin/registry/usecase/")
    assert f'<a href="/models/{use.model_id}/">Retail scorecard</a>' in cases
    validated = page("sun", "/admin/governance/validation/")
    assert f'<a href="/validations/{row.pk}/">{row.code}</a>' in validated
    assert clock.local_day(row.started_at).isoformat() in validated
    assert "provisional" not in page("wang", "/admin/registry/aimodel/?tier__exact=II")
    told = {"Q01": ["credit_approval"], "name_zh": "暂定", "use_name_zh": "场景", "purpose": "测试"}
    entity = str(use.entity_id)
    browser("wang").post("/register/", told | {"entity": entity, "owner": str(person("wang").pk)})
    assert "· provisional" in page("wang", "/admin/registry/aimodel/")


def test_an_export_shows_its_digest_and_its_entries(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path  # its anchors are no other ledger's
    settings.ANCHOR_KEY_FILE = tmp_path / "anchor.pem"
    settings.ANCHOR_SINK_DIR = tmp_path / "anchors"
    client = browser("shen")
    client.post("/trail/export/")
    job = Job.objects.get()
    jobs.run(job.pk)
    html = client.get(f"/jobs/{job.pk}/").content.decode()
    file = client.get(f"/api/v1/ledger/exports/{job.pk}/file/")
    assert hashlib.sha256(file.getvalue()).hexdigest() in html
    job.refresh_from_db()
    assert job.result is not None
    assert f"<dd>{job.result['entries']}</dd>" in html

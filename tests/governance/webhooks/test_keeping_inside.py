"""What no receiver hears of: confidential models, other entities, other models, and persons."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.committees import services as committees
from governance.suspensions import services as suspensions
from governance.trail.queries import visible_to
from governance.trail.queries.hanging import paths_to
from governance.trail.queries.placing import INSTITUTIONAL, UNTOLD, tellable
from governance.webhooks.models import Sending
from registry.catalogue import services as catalogue
from registry.catalogue.models import AIModel
from registry.catalogue.services import NewVersion
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.ledger.queries import governed_models
from registry.core.people import services as people
from registry.core.people.models import LegalEntity
from registry.core.people.queries import system
from registry.core.people.services import NewPerson
from registry.systems import services as systems
from tests import story
from tests.governance.webhooks.telling import bodies, happen, opened, send
from tests.registry.core.receiver import Receiver
from tests.world import PASSWORD, person

pytestmark = pytest.mark.django_db
SPECIAL = {
    "registry.aimodel", "registry.usecase", "registry.document", "governance.order",
    "governance.acknowledgement", "governance.drillreport", "governance.resolution",
}  # fmt: skip


def test_every_governed_table_is_placed() -> None:
    """A new one is told of only once somebody has said where it belongs."""
    hanging = {model._meta.label_lower for model in paths_to(AIModel)}
    every = {model._meta.label_lower for model in governed_models()}
    assert every - hanging - SPECIAL - INSTITUTIONAL - UNTOLD == set()
    assert hanging & INSTITUTIONAL == set()


def test_of_a_confidential_model_nothing_goes_out(receiver: Receiver) -> None:
    row = opened(receiver)
    begin = Entry.objects.order_by("-seq")[0].seq
    made = story.register(name="保密模型", is_confidential=True)
    story.hand_in(made.release, "model_card")
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=made.release.pk,
        reason="紧急停用",
    )  # fmt: skip
    committees.resolve(
        actor=person("mi"), body_code="mrc", subject_id=made.release.pk, outcome="approved",
        text_zh="同意", text_en="Approved",
    )  # fmt: skip
    happen("open")
    entries = Entry.objects.filter(seq__gt=begin)
    assert entries.count() > 10
    send(row)
    assert [one["data"]["kind"] for one in bodies(receiver)] == ["system.registered"]
    assert [one.kind for one in Sending.objects.all()] == ["system.registered"]
    # As the trail of somebody who may not know: apart from the resolution, which names nothing.
    seen = visible_to(person("shen")).filter(seq__gt=begin)
    assert {one.kind for one in seen} == {"system.registered", "resolution.passed"}


def test_what_becomes_confidential_while_it_waits_stays_inside(receiver: Receiver) -> None:
    row = opened(receiver, types=["model.registered"])
    made = story.register(name="后来保密")
    receiver.answers = [(503, b"")]
    assert (send(row), len(receiver.got)) == (0, 1)
    model = made.registered.model
    with ledger.act(person("wang")) as act:
        act.update(model, "model.corrected", {"is_confidential": True})
    assert (send(row, 3_600), len(receiver.got)) == (0, 1)
    assert not Sending.objects.exists()


def test_a_whole_approval_is_told_thinly(receiver: Receiver) -> None:
    row = opened(receiver)
    approval = story.to_approval(story.register(name="零售评分卡"))
    story.vote(approval, "sun", "approve", reason="同意上线")
    while send(row):
        pass
    told = bodies(receiver)
    kinds = {one["data"]["kind"] for one in told}
    assert kinds >= {
        "model.registered", "grade.given", "release.moved", "approval.requested", "vote.cast",
        "document.handed_in", "validation.signed_off",
    }  # fmt: skip
    moved = [one["data"] for one in told if one["data"]["kind"] == "release.moved"]
    assert moved[-1]["changes"] == {"stage": {"from": "S2", "to": "S3"}}
    assert moved[-1]["page"].endswith(f"/releases/{approval.release_id}/")
    assert moved[-1]["model"]["code"] == approval.release.model_use.model.code
    assert max(len(one.body) for one in receiver.got) < 2_000
    text = "".join(json.dumps(one, ensure_ascii=False) for one in told)
    for word in ("零售", "王建国", "孙慧", "wang", "同意上线", '"approve"'):
        assert word not in text


def test_a_branch_is_told_of_itself_alone(receiver: Receiver) -> None:
    branch = LegalEntity.objects.get(code="SH")
    row = opened(receiver, entity=branch, types=["*"])
    happen("head")
    story.register(name="总行模型")
    people.enrol(actor=person("admin"), person=NewPerson("new", "某人", PASSWORD))
    assert (send(row), Sending.objects.count()) == (0, 0)
    systems.register(actor=person("wang"), code="branch", name_zh="系统", name_en="", entity=branch)
    assert send(row) == 1
    assert bodies(receiver)[0]["data"]["code"] == "branch"


def test_of_named_models_alone(receiver: Receiver) -> None:
    one, two = (story.register(name=name).registered.model for name in ("甲", "乙"))
    row = opened(receiver, of_models=[two.pk], types=["model.*"])
    for model in (one, two):
        with ledger.act(person("wang")) as act:
            act.update(model, "model.corrected", {"description": "新"})
    happen()
    assert send(row) == 1
    assert bodies(receiver)[0]["data"]["model"] == {"id": str(two.pk), "code": two.code}


def test_placing_costs_the_same_for_many_as_for_one(
    receiver: Receiver, django_assert_num_queries: Any
) -> None:
    for name in ("甲", "乙", "丙"):
        story.register(name=name)
    models = [("registry.aimodel", pk) for pk in AIModel.objects.values_list("pk", flat=True)]
    with django_assert_num_queries(1):
        assert len(tellable(models[:1])) == 1
    with django_assert_num_queries(1):
        assert len(tellable(models)) == 3


def test_an_order_about_a_name_stays_inside_where_a_confidential_version_has_it(
    receiver: Receiver,
) -> None:
    row = opened(receiver, types=["order.*"])
    for vendor, is_confidential in (("Open Co", False), ("Secret Co", True)):
        made = story.register(name=vendor, is_confidential=is_confidential)
        told = NewVersion(
            label="v", identity_kind="artifact", digest=vendor.encode().hex().ljust(64, "0"),
            manifest={"vendor": vendor},
        )  # fmt: skip
        catalogue.register_version(actor=person("wang"), model=made.registered.model, version=told)
        suspensions.order(
            actor=system(),
            kind="stop",
            target_type="vendor",
            target_key=vendor,
            reason="停用供应商",
        )
    assert (send(row), Entry.objects.filter(kind="order.stop").count()) == (1, 2)

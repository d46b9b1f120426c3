"""Evidence comes from whose office it is, lasts no longer than its kind, and replaces its like."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from pathlib import Path
from typing import Any

import pytest

from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.models import LegalEntity
from registry.core.people.rules import Role
from registry.evidence import queries
from registry.evidence import services as evidence
from registry.evidence.models import Document
from tests import story
from tests.refusals import refused
from tests.story import Story
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
STATEMENT = "本人确认以上内容属实并已核对。"


@pytest.fixture
def told() -> Story:
    return story.register()


def hand_in(told: Story, kind: str, by: str, **more: Any) -> Document:
    return evidence.hand_in(
        actor=person(by), subject=told.release, kind=kind, title=kind, file_name=f"{kind}.md",
        content=io.BytesIO(kind.encode()), statement=STATEMENT, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "stranger", "giver"),
    [
        ("security_test_report", "wang", "he"),
        ("data_security_assessment", "li", "data"),
        ("pia", "wang", "qian"),
        ("monitoring_live", "wang", "luo"),
        ("validation_working_paper", "wang", "zhao"),
    ],
)
def test_what_an_independent_function_vouches_for_does_not_come_from_others(
    told: Story, kind: str, stranger: str, giver: str
) -> None:
    with refused(Forbidden, "not_yours_to_give"):
        hand_in(told, kind, stranger)
    assert hand_in(told, kind, giver).handed_in_by == person(giver)


def test_a_kind_that_names_nobody_is_open_to_whoever_hands_in_evidence(told: Story) -> None:
    assert queries.kind("model_card").by == ()
    assert hand_in(told, "model_card", "li").kind == "model_card"


def test_a_document_lasts_no_longer_than_its_kind(told: Story) -> None:
    longest = clock.today() + dt.timedelta(days=360)
    assert hand_in(told, "stop_switch_test", "luo").valid_until == longest
    with refused(DomainError, "lasts_too_long"):
        hand_in(told, "stop_switch_test", "luo", valid_until=dt.date.max)
    with refused(DomainError, "lapsed_already"):
        hand_in(told, "model_card", "li", valid_until=clock.today() - dt.timedelta(days=1))


def test_a_document_replaces_one_of_its_own_kind_alone(told: Story) -> None:
    card = hand_in(told, "model_card", "li")
    for other in (card.pk, uuid.uuid4()):
        with refused(Conflict, "not_current"):
            hand_in(told, "data_sheet", "li", supersedes_id=other)
    assert hand_in(told, "model_card", "li", supersedes_id=card.pk).supersedes == card


def test_a_lapsed_document_is_replaced_too(told: Story) -> None:
    first = hand_in(told, "stop_switch_test", "luo")
    with clock.at(clock.now() + dt.timedelta(days=400)):
        assert hand_in(told, "stop_switch_test", "luo", supersedes_id=first.pk).supersedes == first


def test_a_role_elsewhere_vouches_for_nothing_here(told: Story) -> None:
    hai = person("hai")  # an owner in the branch; for head office's model a developer
    people.assign_role(actor=person("admin"), user=hai, role=Role.DEVELOPER, entity=head_office())
    branch = LegalEntity.objects.get(code="SH")
    for role in (Role.INFORMATION_SECURITY, Role.COMPLIANCE):
        people.assign_role(actor=person("admin"), user=hai, role=role, entity=branch)
    assert hand_in(told, "model_card", "hai").handed_in_by == hai
    for kind in ("security_test_report", "pia"):
        with refused(Forbidden, "not_yours_to_give"):
            hand_in(told, kind, "hai")


def test_a_verification_of_the_files_names_what_is_missing_or_changed(
    told: Story, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    kinds = ("model_card", "data_sheet", "development_record")
    sound, changed, lost = (hand_in(told, kind, "li") for kind in kinds)
    queries.path_of(changed.sha256).write_bytes(b"# other\n")
    queries.path_of(lost.sha256).unlink()
    report = ledger.Report()
    seen: list[tuple[str, int]] = []
    files = evidence.verify_files(report, lambda stage, done, total: seen.append((stage, done)))
    assert (files, seen[-1]) == (3, ("files", 3))
    assert sorted(report.faults) == sorted(
        [
            f"the file of registry.document {changed.pk} was changed: {changed.sha256}",
            f"the file of registry.document {lost.pk} is missing: {lost.sha256}",
        ]
    )
    assert queries.opened(sound.sha256).read() != b""

"""A branch reads what head office uses, and writes about its own: every write asks for reach."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import pytest

from governance.approvals import services as approvals
from governance.committees import services as committees
from governance.findings import services as findings
from governance.lifecycle import services as lifecycle
from governance.suspensions import services as suspensions
from governance.trail import queries as trail
from governance.validations import services as validations
from registry.catalogue import services as catalogue
from registry.catalogue.services import NewVersion
from registry.classification import services as classification
from registry.classification.queries import Inputs
from registry.core import clock
from registry.core.errors import Forbidden
from registry.core.people import services as people
from registry.core.people.models import LegalEntity, User
from registry.core.people.rules import Role
from registry.core.people.services import NewPerson
from registry.core.policy.models import PackRelease
from registry.discovery import services as discovery
from registry.discovery.services import NewSource
from registry.evidence import services as evidence
from registry.registration import services as registration
from registry.releases import services as releases
from registry.systems import services as systems
from registry.usecases import services as usecases
from registry.usecases.services import NewUseCase
from tests import story
from tests.refusals import changes, footprint, refused
from tests.story import Story
from tests.world import PASSWORD, head_office, person

pytestmark = pytest.mark.django_db
REASON = "理由充分,已核对全部材料。"


def branch() -> LegalEntity:
    return LegalEntity.objects.get(code="SH")


@pytest.fixture
def shanghai() -> User:
    """Somebody who is everything, in the branch alone; the branch uses head office's model."""
    user = people.enrol(actor=person("admin"), person=NewPerson("all", "上海全能", PASSWORD))
    for role in Role:
        if role is not Role.PIPELINE:
            people.assign_role(actor=person("admin"), user=user, role=role, entity=branch())
    return User.objects.get(pk=user.pk)


@pytest.fixture
def told(shanghai: User) -> Story:
    return story.to_validation(story.register())


def _writes(user: User, told: Story) -> dict[str, Callable[[], object]]:
    """Every verb of the registry about head office's things, by somebody of the branch."""
    made, release = told.registered, told.release
    card = NewUseCase(name_zh="用途", purpose="目的", entity=head_office(), owner=user)
    today = clock.today()
    return {
        "correct a model": lambda: catalogue.correct_model(
            actor=user, model_id=made.model.pk, changes={"name_en": "x"}, reason=REASON
        ),
        "register a version": lambda: catalogue.register_version(
            actor=user, model=made.model,
            version=NewVersion(label="9", identity_kind="artifact", digest="9" * 64),
        ),
        "register a system": lambda: systems.register(
            actor=user, code="x", name_zh="系统", name_en="", entity=head_office()
        ),
        "open a use case": lambda: usecases.open_use_case(actor=user, card=card),
        "correct a card": lambda: usecases.correct_use_case(
            actor=user, use_case_id=made.use_case.pk, changes={"benefit": "x"}, reason=REASON
        ),
        "open a release": lambda: registration.open_release(
            actor=user, use=made.use, version=None
        ),
        "report a deployment": lambda: releases.record_deployment(
            actor=user, release=release, environment="production", digest="0" * 64
        ),
        "open a source": lambda: discovery.open_source(
            actor=user,
            told=NewSource("x", "mlflow", "http://127.0.0.1:5000", head_office(), "production"),
        ),
        "grade a use": lambda: classification.assess(
            actor=user, use_id=made.use.pk, inputs=story.inputs(story.E01)
        ),
        "override a tier": lambda: approvals.override_tier(
            actor=user, use_id=made.use.pk, to_tier="I", reason=REASON
        ),
        "hand in a document": lambda: evidence.hand_in(
            actor=user, subject=release, kind="model_card", title="x", file_name="x.md",
            content=io.BytesIO(b"x"),
        ),
        "hand in a document about a version": lambda: evidence.hand_in(
            actor=user, subject=told.version, kind="model_card", title="x", file_name="x.md",
            content=io.BytesIO(b"x"),
        ),
        "plan a validation": lambda: validations.plan(
            actor=user, release_id=release.pk, plan=REASON, scope=REASON, independence=REASON
        ),
        "raise a finding": lambda: findings.raise_finding(
            actor=user, release_id=release.pk, severity="low", title="x"
        ),
        "ask for a waiver": lambda: findings.ask_waiver(
            actor=user, release_id=release.pk, requirement="security_test", reason=REASON,
            compensating_measures=REASON, expires_on=today + dt.timedelta(days=9),
        ),
        "ask for an exemption": lambda: lifecycle.ask_exemption(
            actor=user, release_id=release.pk, requirement="pilot_length", kind="alternative",
            reason=REASON,
        ),
        "stop a model": lambda: suspensions.order(
            actor=user, kind="stop", target_type="model", target_id=made.model.pk, reason=REASON
        ),
        "restrict a release": lambda: suspensions.order(
            actor=user, kind="restrict", target_type="release", target_id=release.pk,
            reason=REASON, limits="x",
        ),
        "establish a committee": lambda: committees.establish(
            actor=user, code="x", name_zh="委员会", name_en="", entity=head_office()
        ),
        "sign a policy pack": lambda: approvals.sign_activation(
            actor=user, release_id=_loaded().pk, profile="literal"
        ),
        "assign a role": lambda: people.assign_role(
            actor=user, user=person("li"), role=Role.CRO, entity=head_office()
        ),
        "end a role": lambda: people.end_role(
            actor=user, assignment_id=person("li").role_assignments.get().pk, valid_to=today
        ),
        "deactivate a person": lambda: people.deactivate(
            actor=user, user_id=person("li").pk, reason=REASON
        ),
        "reset a password": lambda: people.reset_password(
            actor=user, user_id=person("li").pk, password="another-Password-2", reason=REASON
        ),
        "issue a machine's token": lambda: people.issue_token(
            actor=user, user=person("pipeline"), name="x", scopes=["read"],
            expires_at=clock.now() + dt.timedelta(days=1),
        ),
        "open an entity": lambda: people.open_entity(
            actor=user, code="X", name_zh="机构", name_en="", parent=head_office()
        ),
        "open a department": lambda: people.open_department(
            actor=user, code="X", name_zh="部门", name_en="", entity=head_office()
        ),
    }  # fmt: skip


def _loaded() -> PackRelease:
    """The pack as if it had only been loaded: reach is asked for before its state is."""
    return PackRelease.objects.get()


def test_nothing_of_head_office_is_written_from_a_branch(shanghai: User, told: Story) -> None:
    answers = {}
    for name, write in _writes(shanghai, told).items():
        before = footprint()
        try:
            write()
        except Forbidden as refusal:
            answers[name] = refusal.code
        assert changes(before) == {}, name
    assert answers == dict.fromkeys(_writes(shanghai, told), "entity_out_of_reach")


def test_the_same_is_open_to_head_office(told: Story) -> None:
    """So that the refusals above are about reach and nothing else."""
    assert catalogue.correct_model(
        actor=person("wang"), model_id=told.registered.model.pk, changes={"name_en": "x"},
        reason=REASON,
    ).name_en == "x"  # fmt: skip
    finding = findings.raise_finding(
        actor=person("chen"), release_id=told.release.pk, severity="low", title="x"
    )
    assert finding.release_id == told.release.pk


def test_a_branch_does_not_confirm_head_offices_grade(shanghai: User) -> None:
    grade = story.register().registered.grade
    with refused(Forbidden, "entity_out_of_reach"):
        approvals.confirm_grade(actor=shanghai, grade_id=grade.pk, reason=REASON)


def test_a_branch_works_on_its_own_use_of_head_offices_model(shanghai: User, told: Story) -> None:
    card = NewUseCase(name_zh="分行用途", purpose="目的", entity=branch(), owner=shanghai)
    use, release, _grade = registration.add_use(
        actor=shanghai, model=told.registered.model, use_case=card, using_entity=branch(),
        inputs=Inputs(),
    )  # fmt: skip
    classification.assess(actor=shanghai, use_id=use.pk, inputs=story.inputs(story.E01))
    assert findings.raise_finding(
        actor=shanghai, release_id=release.pk, severity="low", title="x"
    ).release_id == release.pk  # fmt: skip


def test_the_trail_is_read_for_the_whole_institution_or_not_at_all(
    shanghai: User, told: Story
) -> None:
    with pytest.raises(Forbidden):
        trail.visible_to(shanghai)
    assert trail.visible_to(person("shen")).count() > 0


def test_the_trail_leaves_out_confidential_models_of_which_the_reader_may_not_know() -> None:
    open_model, secret = story.register(), story.register(name="保密", is_confidential=True)
    story.hand_in(secret.release, "model_card")
    seen = set(trail.visible_to(person("shen")).values_list("subject_id", flat=True))
    hidden = {
        secret.registered.use_case.pk,
        secret.registered.model.pk, secret.version.pk, secret.registered.use.pk,
        secret.release.pk, secret.registered.grade.pk,
    }  # fmt: skip
    assert seen & hidden == set()
    assert open_model.registered.model.pk in seen
    catalogue.initiate(
        actor=person("wang"), model=secret.registered.model, user=person("shen"), reason="审计"
    )
    assert hidden <= set(trail.visible_to(person("shen")).values_list("subject_id", flat=True))


def test_a_head_of_model_risk_of_a_branch_lowers_no_tier_at_head_office() -> None:
    """A second-line role at head office and the head's role elsewhere do not add up."""
    lowerable = story.PLAIN | {
        "factors": {"F1": 2, "F2": 2, "F3": 2, "F4": 2, "F5": 2, "F6": 2, "F7": 4, "F8": 1, "F9": 1}
    }
    told = story.register(lowerable)
    story.confirm_grade(told)
    people.assign_role(
        actor=person("admin"), user=person("qian"), role=Role.MODEL_RISK_HEAD, entity=branch()
    )
    with refused(Forbidden, "lowering_needs_head"):
        approvals.override_tier(
            actor=person("qian"), use_id=told.release.model_use_id, to_tier="IV", reason=REASON,
            expires_on=clock.today() + dt.timedelta(days=30),
        )  # fmt: skip

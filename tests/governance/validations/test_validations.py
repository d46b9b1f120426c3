"""Validation: planned and done by somebody independent, signed off by another."""

from __future__ import annotations

from typing import Any

import pytest

from governance.lifecycle import services as lifecycle
from governance.validations import rules
from governance.validations import services as validations
from governance.validations.models import Validation
from governance.validations.rules import Candidate
from governance.validations.services import Findings, TestResult
from registry.catalogue import services as catalogue
from registry.catalogue.models import ModelVersion
from registry.catalogue.services import NewVersion
from registry.core import clock
from registry.core.errors import Conflict, DomainError, SegregationRefused, Stale
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.people import services as people
from registry.core.people.models import User
from registry.core.people.rules import Role
from registry.core.people.services import NewPerson
from registry.releases import services as releases
from registry.releases.models import Release
from tests import story
from tests.refusals import changes, footprint, refused, refused_by_database
from tests.story import Story
from tests.world import PASSWORD, head_office, person

TEXT = "独立复算、样本外检验与压力测试"
FIT = Candidate(
    is_person=True,
    is_technical_administrator=False,
    is_vendor_staff=False,
    is_owner=False,
    is_developer=False,
)


# --- rules


@pytest.mark.parametrize(
    ("name", "change", "independent"),
    [
        ("somebody else", {}, True),
        ("a machine", {"is_person": False}, False),
        ("a superuser", {"is_technical_administrator": True}, False),
        ("vendor staff", {"is_vendor_staff": True}, False),
        ("the owner", {"is_owner": True}, False),
        ("a developer", {"is_developer": True}, False),
    ],
)
def test_who_is_independent(name: str, change: dict[str, bool], independent: bool) -> None:
    candidate = Candidate(**(vars(FIT) | change))
    for check in (rules.check_independent, rules.check_signer):
        if independent:
            check(candidate)
        else:
            with pytest.raises(SegregationRefused) as caught:
                check(candidate)
            assert caught.value.code == "not_independent"


def test_the_validator_does_not_sign() -> None:
    with pytest.raises(SegregationRefused) as caught:
        rules.check_signer(Candidate(**(vars(FIT) | {"is_validator": True})))
    assert caught.value.code == "own_signature"


@pytest.mark.parametrize(
    ("name", "conclusion", "tests", "failed", "limitations", "code"),
    [
        ("satisfactory", "satisfactory", 1, 0, "", ""),
        ("without a test", "satisfactory", 0, 0, "", "no_tests"),
        (
            "satisfactory in spite of a failed test",
            "satisfactory",
            3,
            1,
            "",
            "conclusion_contradicts",
        ),
        ("unsatisfactory after a failed test", "unsatisfactory", 3, 1, "", ""),
        ("limited, and says how", "with_limitations", 3, 1, "样本仅一千笔,年代久远。", ""),
        ("limited, and does not say how", "with_limitations", 3, 0, "  略  ", "limitations_needed"),
    ],
)
def test_the_conclusion_fits_what_was_found(
    name: str, conclusion: str, tests: int, failed: int, limitations: str, code: str
) -> None:
    found = ""
    try:
        rules.check_conclusion(conclusion, tests, failed, limitations)
    except DomainError as error:
        found = error.code
    assert found == code


# --- verbs


def at_s2() -> Release:
    return story.to_validation(story.register()).release


def plan(release: Release, by: str = "zhao", **changed: str) -> Validation:
    told = {"plan": TEXT, "scope": TEXT, "independence": TEXT} | changed
    return validations.plan(actor=person(by), release_id=release.pk, **told)


def record(row: Validation, by: str = "zhao", outcome: str = "passed") -> None:
    result = validations.TestResult("performance", "AUC", "0.787", outcome, "≥ 0.70")
    validations.record_test(actor=person(by), validation_id=row.pk, result=result)


def conclude(row: Validation, by: str = "zhao", **changed: Any) -> Validation:
    version = changed.pop("expected_version", None)
    told = {"conclusion": "satisfactory", "explainability_level": "E1", "summary": TEXT} | changed
    return validations.conclude(
        actor=person(by),
        validation_id=row.pk,
        findings=Findings(**told),
        expected_version=version,
    )


def answer(row: Validation, by: str = "wang", response: str = "同意验证结论") -> Validation:
    return validations.answer(actor=person(by), validation_id=row.pk, response=response)


def answered(release: Release) -> Validation:
    row = plan(release)
    record(row)
    conclude(row)
    return answer(row)


@pytest.mark.django_db
def test_each_verb_writes_its_row_and_its_entry() -> None:
    release = at_s2()
    for verb, expected in (
        (lambda: plan(release), {"governance_validation": (1, 1)}),
        (lambda: record(Validation.objects.get()), {"governance_validationtest": (1, 1)}),
        (lambda: conclude(Validation.objects.get()), {"governance_validation": (0, 1)}),
        (lambda: answer(Validation.objects.get()), {"governance_validation": (0, 1)}),
    ):
        before = footprint()
        verb()
        assert changes(before) == expected | {"registry_entry": (1, 0)}


@pytest.mark.django_db
def test_signing_off_writes_the_result_into_the_release() -> None:
    release = at_s2()
    row = answered(release)
    before = footprint()
    validations.sign_off(actor=person("sun"), validation_id=row.pk)
    assert changes(before) == {
        "governance_validation": (0, 1),
        "registry_release": (0, 1),
        "registry_entry": (2, 0),
    }
    done = Release.objects.get()
    assert (done.validation_conclusion, done.explainability_level) == ("satisfactory", "E1")
    assert Validation.objects.get().signed_off_by == person("sun")


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "username"), [("the owner", "wang"), ("a developer", "li")])
def test_neither_owner_nor_developer_validates(name: str, username: str) -> None:
    release = at_s2()
    with refused(SegregationRefused, "not_independent"):
        plan(release, username)


def others() -> list[User]:
    """A superuser, a machine and vendor staff."""
    root = User(username="root", name="技术管理员", is_superuser=True, password="!")
    with ledger.act(person("admin")) as act:
        act.create(root, "person.enrolled")
    vendor = people.enrol(
        actor=person("admin"),
        person=NewPerson("vendor", "供应商", PASSWORD),
        is_vendor_staff=True,
    )
    return [root, person("pipeline"), vendor]


@pytest.mark.django_db
def test_neither_superuser_nor_machine_nor_vendor_staff_validates() -> None:
    release = at_s2()
    for user in others():
        with refused(SegregationRefused, "not_independent"):
            plan(release, user.username)


@pytest.mark.django_db
def test_the_trigger_refuses_them_even_where_the_rule_is_passed_by() -> None:
    release = at_s2()
    for user in [*others(), person("wang"), person("li")]:
        row = Validation(
            code=ledger_queries.next_code("VAL"),
            release=release,
            validator=user,
            plan=TEXT,
            scope=TEXT,
            independence=TEXT,
            started_at=clock.now(),
        )
        with refused_by_database("MC013"), ledger.act(user) as act:
            act.create(row, "validation.planned")


@pytest.mark.django_db
def test_a_release_is_validated_at_s2_alone() -> None:
    release = story.register().release
    with refused(Conflict, "not_in_validation"):
        plan(release)


@pytest.mark.django_db
def test_one_validation_is_in_progress_at_a_time() -> None:
    release = at_s2()
    plan(release)
    with refused(Conflict, "validation_open"):
        plan(release, "zhou")


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["plan", "scope", "independence"])
def test_a_plan_says_something(field: str) -> None:
    release = at_s2()
    with refused(DomainError, "text_needed") as caught:
        plan(release, **{field: " 略 "})
    assert caught.value.field == field


@pytest.mark.django_db
def test_only_its_validator_works_on_a_validation() -> None:
    row = plan(at_s2())
    with refused(SegregationRefused, "not_the_validator"):
        record(row, "zhou")
    record(row)
    with refused(SegregationRefused, "not_the_validator"):
        conclude(row, "zhou")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("unknown conclusion", {"conclusion": "good"}, "unknown_conclusion"),
        ("unknown level", {"explainability_level": "E9"}, "unknown_level"),
        ("no level", {"explainability_level": ""}, "unknown_level"),
        ("no summary", {"summary": "好"}, "text_needed"),
        ("no tests", {}, "no_tests"),
    ],
)
def test_an_incomplete_conclusion_is_refused(name: str, change: dict[str, str], code: str) -> None:
    row = plan(at_s2())
    if name != "no tests":
        record(row)
    with refused(DomainError, code):
        conclude(row, **change)


@pytest.mark.django_db
def test_an_unknown_outcome_of_a_test_is_refused() -> None:
    row = plan(at_s2())
    with refused(DomainError, "unknown_outcome"):
        record(row, outcome="good")


@pytest.mark.django_db
def test_a_conclusion_is_given_once_on_the_version_that_was_seen() -> None:
    row = plan(at_s2())
    record(row)
    with refused(Stale, "stale"):
        conclude(row, expected_version=7)
    conclude(row, expected_version=1)
    with refused(Conflict, "concluded_already"):
        conclude(row)
    with refused(Conflict, "concluded_already"):
        record(row)


@pytest.mark.django_db
def test_the_owner_answers_after_the_conclusion_and_nobody_else() -> None:
    row = plan(at_s2())
    record(row)
    with refused(Conflict, "illegal_transition"):
        answer(row)
    conclude(row)
    for username in ("zhao", "li", "sun"):
        with refused(SegregationRefused, "not_the_owner"):
            answer(row, username)
    with refused(DomainError, "text_needed"):
        answer(row, response=" 好 ")
    answer(row)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "username", "code"),
    [
        ("the validator", "zhao", "own_signature"),
        ("the owner", "wang", "not_independent"),
        ("a developer", "li", "not_independent"),
        ("a machine", "pipeline", "not_independent"),
    ],
)
def test_another_independent_person_signs_off(name: str, username: str, code: str) -> None:
    row = answered(at_s2())
    with refused(SegregationRefused, code):
        validations.sign_off(actor=person(username), validation_id=row.pk)


@pytest.mark.django_db
def test_the_database_refuses_an_own_signature() -> None:
    row = answered(at_s2())
    with refused_by_database("23514"), ledger.act(person("zhao")) as act:
        told = {"state": "signed_off", "signed_off_by": person("zhao")}
        act.update(row, "validation.signed_off", told)


@pytest.mark.django_db
def test_nothing_is_signed_off_before_the_owner_has_answered_and_nothing_twice() -> None:
    row = plan(at_s2())
    record(row)
    conclude(row)
    with refused(Conflict, "illegal_transition"):
        validations.sign_off(actor=person("sun"), validation_id=row.pk)
    answer(row)
    validations.sign_off(actor=person("sun"), validation_id=row.pk)
    with refused(Conflict, "illegal_transition"):
        validations.sign_off(actor=person("sun"), validation_id=row.pk)


@pytest.mark.django_db
def test_after_one_is_signed_off_another_can_be_planned() -> None:
    release = at_s2()
    validations.sign_off(actor=person("sun"), validation_id=answered(release).pk)
    assert plan(release, "zhou").code != Validation.objects.get(validator=person("zhao")).code


def _back_to_development(told: Story) -> None:
    lifecycle.promote(
        actor=person("wang"), release_id=told.release.pk, to="S1", reason="补充材料后再验证"
    )


def _other_version(told: Story, by: str) -> ModelVersion:
    return catalogue.register_version(
        actor=person(by),
        model=told.registered.model,
        version=NewVersion(label="9.9", identity_kind="artifact", digest="9" * 64),
    )


@pytest.mark.django_db
def test_a_release_that_has_been_in_validation_keeps_its_version() -> None:
    """Else what was validated would not be what is approved."""
    told = story.to_validation(story.register())
    _back_to_development(told)
    other = _other_version(told, "li")
    with refused(Conflict, "version_fixed"):
        releases.attach_version(actor=person("wang"), release_id=told.release.pk, version=other)
    with refused_by_database("MC016"), ledger.act(person("wang")) as act:
        act.update(told.release, "release.version_attached", {"version": other})


@pytest.mark.django_db
def test_who_comes_to_own_a_model_does_not_finish_its_validation() -> None:
    told = story.to_validation(story.register())
    validation = validations.plan(
        actor=person("zhao"), release_id=told.release.pk, plan="独立复算与压力测试",
        scope="数据、方法、实施", independence="本人未参与开发,也不使用该模型",
    )  # fmt: skip
    validations.record_test(
        actor=person("zhao"), validation_id=validation.pk,
        result=TestResult("stability", "PSI", "0.04", "passed"),
    )  # fmt: skip
    people.assign_role(
        actor=person("admin"), user=person("zhao"), role=Role.OWNER, entity=head_office()
    )
    lifecycle.hand_over(
        actor=person("wang"), model_id=told.registered.model.pk, owner=person("zhao"),
        reason="调岗",
    )  # fmt: skip
    with refused(SegregationRefused, "not_independent"):
        validations.conclude(
            actor=person("zhao"), validation_id=validation.pk,
            findings=Findings("satisfactory", "E1", "方法与实施可复现"),
        )  # fmt: skip


@pytest.mark.django_db
def test_a_validation_is_concluded_while_its_release_is_in_validation() -> None:
    told = story.to_validation(story.register())
    validation = validations.plan(
        actor=person("zhao"), release_id=told.release.pk, plan="独立复算与压力测试",
        scope="数据、方法、实施", independence="本人未参与开发,也不使用该模型",
    )  # fmt: skip
    validations.record_test(
        actor=person("zhao"), validation_id=validation.pk,
        result=TestResult("stability", "PSI", "0.04", "passed"),
    )  # fmt: skip
    _back_to_development(told)
    with refused(Conflict, "not_in_validation"):
        validations.conclude(
            actor=person("zhao"), validation_id=validation.pk,
            findings=Findings("satisfactory", "E1", "方法与实施可复现"),
        )  # fmt: skip

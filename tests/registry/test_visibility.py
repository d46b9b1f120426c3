"""Who sees what: by owning entity, by using entity, and, of the confidential, by need to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from django.db import models

from governance.approvals import queries as approvals
from governance.findings import queries as findings
from governance.findings import services as finding_services
from governance.lifecycle.queries.facts import visible_exemptions
from governance.suspensions import queries as suspensions
from governance.suspensions import services as suspension_services
from governance.validations import queries as validations
from registry.catalogue import queries as catalogue
from registry.catalogue import services as catalogue_services
from registry.classification import queries as classification
from registry.core.errors import Forbidden, NotFound
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import get_or_refuse
from registry.evidence import queries as evidence
from registry.registration import services as registration
from registry.registration.queries import near_duplicates
from registry.releases import queries as releases
from registry.releases import services as release_services
from registry.usecases import queries as usecases
from tests import story
from tests.refusals import refused
from tests.story import Story
from tests.world import person

pytestmark = pytest.mark.django_db
Seen = Callable[[User], models.QuerySet[models.Model]]
LISTS: list[tuple[str, Seen]] = [
    ("models", catalogue.visible_to),
    ("versions", catalogue.visible_versions),
    ("uses", usecases.visible_uses),
    ("releases", releases.visible_to),
    ("deployments", releases.visible_deployments),
    ("grades", classification.visible_grades),
    ("documents", evidence.visible_to),
    ("findings", findings.visible_to),
    ("waivers", findings.visible_waivers),
    ("exemptions", visible_exemptions),
    ("validations", validations.visible_to),
    ("orders", suspensions.visible_to),
]
EVERYBODY = ("li", "sun", "qian", "shen", "jian", "admin", "hai", "other", "pipeline")


def everything(told: Story) -> None:
    """One more of each thing that hangs on a model."""
    release = told.release
    release_services.record_deployment(
        actor=person("luo"), release=release, environment="test", digest="a" * 64
    )
    finding_services.raise_finding(
        actor=person("chen"), release_id=release.pk, severity="low", title="样本偏旧"
    )
    subjects = {
        "release": release.pk,
        "version": told.version.pk,
        "model_use": told.registered.use.pk,
        "model": told.registered.model.pk,
    }
    for target_type, key in subjects.items():
        suspension_services.order(
            actor=person("qian"),
            kind="restrict",
            target_type=target_type,
            target_id=key,
            reason="限制使用范围",
        )
    for subject in (told.registered.model, told.version, told.registered.use, release):
        story.hand_in(subject, "other")


def used_by_branch(told: Story) -> None:
    """The Shanghai branch uses the model in the same use case."""
    registration.add_use(
        actor=person("hai"),
        model=told.registered.model,
        use_case=told.registered.use_case,
        using_entity=LegalEntity.objects.get(code="SH"),
        inputs=story.inputs(story.E01),
    )


def counts(username: str) -> dict[str, int]:
    return {name: seen(person(username)).count() for name, seen in LISTS if seen(person(username))}


ALL = {
    "models": 1,
    "versions": 1,
    "uses": 1,
    "releases": 1,
    "deployments": 1,
    "grades": 1,
    "documents": 4,
    "findings": 1,
    "orders": 4,
}


def test_head_office_sees_everything_and_the_branch_nothing_that_it_does_not_use() -> None:
    everything(story.register())
    for username in ("wang", "li", "sun", "shen", "jian", "pipeline"):
        assert counts(username) == ALL
    assert counts("hai") == {}


def test_a_branch_sees_the_model_of_head_office_that_it_uses_and_no_other() -> None:
    told = story.register()
    everything(told)
    everything(story.register(name="另一个模型"))
    used_by_branch(told)
    assert counts("hai") == ALL | {"uses": 2, "releases": 2, "grades": 2}
    assert [model.name_zh for model in catalogue.visible_to(person("hai"))] == [
        "零售贷款申请评分卡"
    ]


def test_the_own_models_of_a_branch_are_seen_by_the_branch_and_by_head_office() -> None:
    hai, branch = person("hai"), LegalEntity.objects.get(code="SH")
    catalogue_services.register_model(
        actor=hai,
        model=catalogue_services.NewModel(name_zh="网点客流预测", entity=branch, owner=hai),
    )
    assert counts("hai") == {"models": 1}
    assert counts("wang") == {"models": 1}


def test_a_branch_adds_its_own_use_and_not_one_of_head_office() -> None:
    told = story.register()
    with refused(Forbidden, "entity_out_of_reach"):
        registration.add_use(
            actor=person("hai"),
            model=told.registered.model,
            use_case=told.registered.use_case,
            using_entity=LegalEntity.objects.get(code="HO"),
            inputs=story.inputs(story.E01),
        )


def test_whoever_has_no_role_sees_nothing() -> None:
    everything(story.register())
    assert catalogue.visible_to(User(pk=person("wang").pk.__class__(int=99))).count() == 0


# --- confidential models


def secret() -> Story:
    """A confidential model of head office with one of each thing, used by the branch too."""
    told = story.register(name="反洗钱可疑交易模型", is_confidential=True)
    everything(told)
    used_by_branch(told)
    return told


@pytest.mark.parametrize("username", EVERYBODY)
def test_a_confidential_model_is_absent_from_every_list(username: str) -> None:
    secret()
    assert counts(username) == {}


def test_its_owner_sees_a_confidential_model() -> None:
    secret()
    assert counts("wang") == ALL | {"uses": 2, "releases": 2, "grades": 2}


@pytest.mark.parametrize("username", ["sun", "hai"])
def test_who_is_initiated_sees_what_the_post_lets_them_see(username: str) -> None:
    told = secret()
    catalogue_services.initiate(
        actor=person("wang"), model=told.registered.model, user=person(username), reason="验证"
    )
    assert counts(username) == ALL | {"uses": 2, "releases": 2, "grades": 2}


def test_being_initiated_does_not_reach_beyond_the_own_entity() -> None:
    told = story.register(name="反洗钱可疑交易模型", is_confidential=True)
    catalogue_services.initiate(
        actor=person("wang"), model=told.registered.model, user=person("hai"), reason="验证"
    )
    assert counts("hai") == {}


def test_in_detail_a_confidential_model_is_missing_like_one_that_does_not_exist() -> None:
    told = secret()
    details: Iterable[tuple[Seen, object]] = (
        (catalogue.visible_to, told.registered.model.pk),
        (catalogue.visible_versions, told.version.pk),
        (usecases.visible_uses, told.registered.use.pk),
        (releases.visible_to, told.release.pk),
    )
    for seen, key in details:
        with refused(NotFound, "not_found"):
            get_or_refuse(seen(person("sun")), key)
        assert get_or_refuse(seen(person("wang")), key).pk == key


def test_a_confidential_model_is_not_found_by_searching() -> None:
    secret()
    for text in ("反洗钱", "fxq", "模型"):
        assert list(catalogue.matching(catalogue.visible_to(person("sun")), text)) == []
        assert len(catalogue.matching(catalogue.visible_to(person("wang")), text)) == 1


def test_a_confidential_model_is_no_near_duplicate() -> None:
    secret()
    assert near_duplicates(person("sun"), "反洗钱可疑交易模型") == []
    assert [row["likeness"] for row in near_duplicates(person("wang"), "反洗钱可疑交易模型")] == [
        1.0
    ]


def test_somebody_on_the_ballot_sees_the_papers_of_a_confidential_model() -> None:
    told = story.register(name="反洗钱可疑交易模型", is_confidential=True)
    approval = story.to_approval(told)
    for username in ("sun", "gao"):
        assert list(approvals.visible_to(person(username))) == [approval]
        assert counts(username) == {}
    for username in ("xu", "shen", "hai", "pipeline"):
        assert list(approvals.visible_to(person(username))) == []


def test_its_validator_sees_the_validation_of_a_confidential_model() -> None:
    story.validate(story.to_validation(story.register(name="秘密", is_confidential=True)))
    assert counts("zhao") == {"validations": 1}
    assert counts("zhou") == {}


# --- near duplicates


def test_near_duplicates_are_told_the_likest_first() -> None:
    story.register(name="零售贷款申请评分卡")
    story.register(name="零售贷款行为评分卡")
    story.register(name="对公客户预警")
    found = near_duplicates(person("wang"), "零售贷款申请评分卡")
    assert [(row["name_zh"], row["likeness"]) for row in found] == [
        ("零售贷款申请评分卡", 1.0),
        ("零售贷款行为评分卡", 0.55),
    ]
    assert near_duplicates(person("wang"), "影像分类") == []

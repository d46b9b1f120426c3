"""Who sees and changes what in the experiments pool."""

from __future__ import annotations

import pytest

from governance.mlflow_compat import queries, services
from governance.mlflow_compat.models import RegisteredModel
from registry.catalogue import services as catalogue
from registry.core.errors import DomainError, Forbidden, NotFound
from tests import story
from tests.governance.mlflow_compat.test_gate import NAME, claimed, experiment
from tests.refusals import refused
from tests.world import person

pytestmark = pytest.mark.django_db


def seen(who: str) -> list[str]:
    return sorted(queries.visible_to(person(who)).values_list("name", flat=True))


def test_a_branch_sees_its_own_experiments_and_head_office_all() -> None:
    experiment()
    experiment("branch", by="hai")
    assert seen("hai") == ["branch"]
    assert seen("li") == ["branch", "credit"]
    assert RegisteredModel.objects.get(name="branch").entity.code == "SH"


def test_what_is_out_of_sight_answers_like_nothing() -> None:
    experiment()
    hai = person("hai")
    for call in (
        lambda: services.describe_model(actor=hai, name=NAME, description="x"),
        lambda: services.set_alias(actor=hai, name=NAME, alias="best", number=1),
        lambda: services.load(actor=hai, name=NAME, number=1),
        lambda: services.delete_model(actor=hai, name=NAME),
    ):
        with refused(NotFound, "resource_does_not_exist"):
            call()


def test_a_name_that_somebody_has_is_taken_even_out_of_sight() -> None:
    experiment()
    with refused(DomainError, "resource_already_exists"):
        services.register_model(actor=person("hai"), name=NAME, tags={})


def test_experiments_of_a_confidential_model_are_need_to_know() -> None:
    made = story.register(is_confidential=True)
    row = experiment(by="wang")
    services.claim_name(
        actor=person("wang"), registered_id=row.registered_id, model=made.registered.model
    )
    assert (seen("wang"), seen("li"), seen("sun")) == ([NAME], [], [])
    catalogue.initiate(
        actor=person("wang"), model=made.registered.model, user=person("li"), reason="参与开发"
    )
    assert seen("li") == [NAME]


@pytest.mark.parametrize("who", ["zhao", "shen", "jian", "mi", "admin", "qian"])
def test_whoever_builds_nothing_changes_nothing(who: str) -> None:
    experiment()
    for call in (
        lambda: services.register_model(actor=person(who), name="x", tags={}),
        lambda: services.describe_model(actor=person(who), name=NAME, description="x"),
        lambda: services.set_alias(actor=person(who), name=NAME, alias="best", number=1),
        lambda: services.set_model_tag(actor=person(who), name=NAME, key="k", value="v"),
        lambda: services.delete_version(actor=person(who), name=NAME, number=1),
    ):
        with refused(Forbidden, "not_permitted"):
            call()


@pytest.mark.parametrize("who", ["luo", "chen", "sun"])
def test_whoever_moves_releases_gives_words_and_builds_nothing(who: str) -> None:
    experiment()
    services.set_alias(actor=person(who), name=NAME, alias="best", number=1)
    told = services.NewVersion(source="s3://bucket/model")
    for call in (
        lambda: services.register_version(actor=person(who), name=NAME, told=told),
        lambda: services.describe_model(actor=person(who), name=NAME, description="x"),
        lambda: services.set_version_tag(
            actor=person(who), name=NAME, number=1, key="k", value="v"
        ),
    ):
        with refused(Forbidden, "not_permitted"):
            call()


def test_only_the_registrant_and_the_second_line_rename_and_delete() -> None:
    experiment()
    with refused(Forbidden, "not_yours"):
        services.rename(actor=person("other"), name=NAME, new_name="other")
    with refused(Forbidden, "not_yours"):
        services.delete_model(actor=person("other"), name=NAME)
    services.rename(actor=person("li"), name=NAME, new_name="other")


def test_a_deleted_name_keeps_its_history_and_is_free() -> None:
    experiment()
    services.delete_model(actor=person("li"), name=NAME)
    assert experiment().number == 1
    assert RegisteredModel.objects.filter(name=NAME).count() == 2


def test_a_claimed_name_is_seen_with_its_model() -> None:
    made = story.register()
    claimed(made.release)
    assert seen("hai") == []

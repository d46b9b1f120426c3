"""The experiments pool in the browser: found, read, claimed as a new model and as a version."""

from __future__ import annotations

import pytest

from governance.mlflow_compat import services
from governance.mlflow_compat.models import RegisteredModel, RegisteredVersion
from registry.catalogue.models import AIModel
from tests import story
from tests.governance.desk.test_what_is_shown import browser
from tests.governance.mlflow_compat.test_gate import NAME, claimed, experiment
from tests.world import person

pytestmark = pytest.mark.django_db
LIST = "/admin/governance/registeredmodel/"
LANGUAGES = [
    ("zh-hans", "尚未纳入台账", "受保护的名称"),
    ("en", "not in the inventory yet", "Protected words"),
]


@pytest.mark.parametrize(("language", "pool", "words"), LANGUAGES)
def test_an_experiment_is_found_and_read(language: str, pool: str, words: str) -> None:
    row = experiment(tags={"sha256": "a" * 64})
    services.set_alias(actor=person("li"), name=NAME, alias="best", number=1)
    client = browser("wang", language)
    listed = client.get(LIST).content.decode()
    assert f"/experiments/{row.registered_id}/" in listed
    html = client.get(f"/experiments/{row.registered_id}/").content.decode()
    for text in (pool, words, "best", "champion", "s3://bucket/model"):
        assert text in html
    assert f"/register/?experiment={row.registered_id}" in html


def test_a_prompt_is_marked_and_not_claimed() -> None:
    row = experiment()
    tags = {"mlflow.prompt.is_prompt": "true", "team": "retail"}
    prompt = services.register_model(actor=person("li"), name="greeting", tags=tags)
    client = browser("wang", "en")
    assert 'class="mark">prompt<' in client.get(LIST).content.decode()
    html = client.get(f"/experiments/{prompt.pk}/").content.decode()
    assert 'class="mark">prompt<' in html
    assert "/register/?" not in html
    assert "/do/claim-experiment/" not in html
    assert '<dt class="raw">team</dt>' in html  # as it was written
    assert "prompt" not in client.get(f"/experiments/{row.registered_id}/").content.decode()


def test_whoever_may_not_see_it_finds_nothing() -> None:
    row = experiment()
    assert browser("hai", "en").get(f"/experiments/{row.registered_id}/").status_code == 404


def test_who_registers_nothing_is_offered_no_claim() -> None:
    row = experiment()
    html = browser("shen", "en").get(f"/experiments/{row.registered_id}/").content.decode()
    assert "/register/" not in html.split("<main")[-1]
    assert "/do/claim-experiment/" not in html


def test_the_registration_is_prefilled_from_the_experiment() -> None:
    row = experiment()
    services.describe_model(actor=person("li"), name=NAME, description="零售评分")
    html = browser("wang", "en").get(f"/register/?experiment={row.registered_id}").content.decode()
    assert f'value="{NAME}"' in html
    assert "零售评分" in html


def test_an_experiment_of_nobodys_prefills_nothing() -> None:
    row = experiment()
    for who, key in (("hai", row.registered_id), ("wang", "x"), ("wang", row.pk)):
        assert browser(who, "en").get(f"/register/?experiment={key}").status_code == 404


def test_it_is_claimed_for_a_model_and_then_as_a_version() -> None:
    made, row = story.register(), experiment(tags={"sha256": "a" * 64})
    client = browser("wang", "zh-hans")
    path = f"/do/claim-experiment/{row.registered_id}/"
    assert client.get(path).status_code == 200
    answer = client.post(path, {"model": made.registered.model.pk})
    assert (answer.status_code, answer.headers["Location"]) == (
        302, f"/experiments/{row.registered_id}/",
    )  # fmt: skip
    assert RegisteredModel.objects.get().model == made.registered.model
    form = client.get(f"/do/claim-version/{row.pk}/").content.decode()
    assert "a" * 64 in form
    answer = client.post(f"/do/claim-version/{row.pk}/", {"label": "2", "digest": "a" * 64})
    assert answer.status_code == 302
    version = RegisteredVersion.objects.get().version
    assert version is not None
    assert (version.label, version.digest) == ("2", "a" * 64)


def test_a_claimed_one_leads_to_its_model() -> None:
    made = story.register()
    row = claimed(made.release)
    html = browser("wang", "en").get(f"/experiments/{row.registered_id}/").content.decode()
    assert f"/models/{AIModel.objects.get().pk}/" in html
    assert "/do/claim-version/" not in html

"""Cards in the browser: on the story, on their page, handed in; in both languages."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from governance.cards import queries, rules
from governance.cards.rules import Format
from governance.monitoring import services as monitoring
from registry.core import clock
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import Release
from tests import conftest, states, story
from tests.governance.cards.whole import WHOLE
from tests.states import in_production
from tests.world import person

__all__ = ["in_production"]
LANGUAGES = ("zh-hans", "en")


@pytest.fixture
def live(in_production: str, django_db_blocker: Any) -> Iterator[Release]:
    """The scorecard in production; the test is rolled back."""
    with (
        django_db_blocker.unblock(),
        conftest.inside(in_production),
        clock.at(states.LIVE),
    ):
        yield releases.whole(Release.objects.all()).get(stage="S5")


def browser(username: str, language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person(username))
    return client


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return html.unescape(response.content.decode())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_leads_to_the_card_in_every_format(live: Release, language: str) -> None:
    shown = text(browser("chen", language), f"/releases/{live.pk}/")
    assert f"/releases/{live.pk}/card/" in shown
    for kind in queries.FORMATS:
        address = f"/api/v1/releases/{live.pk}/card/?format={kind}&language={language}"
        assert address in shown
        assert browser("chen", language).get(address).status_code == 200
    assert f"/do/hand-in-card/{live.version_id}/" in shown
    assert f"/do/hand-in-card/{live.version_id}/" not in text(
        browser("jian", language), f"/releases/{live.pk}/"
    )


def test_the_page_shows_the_whole_card(live: Release) -> None:
    told = monitoring.Told(live.code, "psi", clock.now(), "", 0.3)
    monitoring.report(actor=person("pipeline"), told=[told])
    zh = text(browser("wang", "zh-hans"), f"/releases/{live.pk}/card/")
    en = text(browser("wang"), f"/releases/{live.pk}/card/")
    for words in ("不得用于催收或定价", "样本仅一千笔", "S5 投产", "自动决策", "敏感", "需处置"):
        assert words in zh, words
    for words in ("S5 production", "Automated decision", "satisfactory with limitations", "0.3"):
        assert words in en, words
    card = queries.of_release(live, "en")
    assert [(one.value, one.level) for one in card.governance.watched] == [("0.3", "act")]
    assert (card.governance.monitoring, card.governance.approval) == ("red", "approved")
    assert card.governance.approved_until == live.approved_until.isoformat()  # type: ignore[union-attr]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_foreign_card_is_handed_in_and_its_proposals_are_shown(
    live: Release, language: str
) -> None:
    li, path = browser("li", language), f"/do/hand-in-card/{live.version_id}/"
    assert li.get(path).status_code == 200
    content = rules.write(WHOLE, Format.HUGGINGFACE)
    sent = li.post(path, {"file": SimpleUploadedFile("README.md", content)})
    document = Document.objects.get(file_name="README.md")
    assert (sent.status_code, sent["Location"]) == (302, f"/documents/{document.pk}/card/")
    shown = text(browser("chen", language), sent["Location"])
    assert "Hugging Face" in shown
    assert "logistic regression" in shown
    assert {"zh-hans": "未写入台账", "en": "Nothing has been taken over"}[language] in shown
    assert sent["Location"] in text(browser("chen", language), f"/releases/{live.pk}/")
    assert browser("hai", language).get(sent["Location"]).status_code == 404


def test_what_is_no_card_is_refused_on_the_form(live: Release) -> None:
    path = f"/do/hand-in-card/{live.version_id}/"
    before = Document.objects.count()
    sent = browser("li").post(path, {"file": SimpleUploadedFile("card.json", b"{}")})
    assert (sent.status_code, Document.objects.count()) == (422, before)
    assert "there should be" in sent.content.decode()


def test_another_document_has_no_such_page(live: Release) -> None:
    other = Document.objects.exclude(kind="model_card")[0]
    assert browser("chen").get(f"/documents/{other.pk}/card/").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_that_is_no_card_says_why_it_is_not_read(live: Release, language: str) -> None:
    assert live.version is not None
    (document,) = story.hand_in(live.version, "model_card", by="li")
    shown = text(browser("chen", language), f"/documents/{document.pk}/card/")
    assert {"zh-hans": "无法读取", "en": "This can't be read"}[language] in shown

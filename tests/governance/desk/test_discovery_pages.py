"""Other systems in the browser: the list, one difference, its answers, the sources' verbs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from governance.desk.admin.verbs.discovery import DISCOVERY_VERBS
from registry.catalogue.models import AIModel
from registry.core import clock
from registry.core.jobs.models import Job
from registry.discovery import services
from registry.discovery.models import KnownName, Sighting, Source
from registry.releases.models import Release
from tests import conftest, states, story
from tests.governance.desk.test_what_is_shown import browser
from tests.registry.discovery.looking import HOST, look, opened, thing
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
LANGUAGES = ("zh-hans", "en")
X = "f" * 64


@pytest.fixture
def live(in_production: str) -> Iterator[Release]:
    with conftest.inside(in_production), clock.at(states.LIVE):
        yield Release.objects.select_related("version", "model_use__model").get()


def every_kind(live: Release) -> dict[str, Sighting]:
    """One difference of each kind, by its kind."""
    source = opened()
    look(source, thing("1"))
    row = Sighting.objects.get()
    services.link(actor=person("chen"), sighting_id=row.pk, model=live.model_use.model)
    assert live.version is not None
    look(source, thing(live.version.label, live.version.digest, "champion"))
    look(source, thing("1"), thing("1", name="churn-9"))
    missing = Sighting.objects.get(kind="missing")
    pilot = opened(name="试点 Kubeflow", kind="kubeflow", environment="pilot")
    look(pilot, thing("1"))
    row = Sighting.objects.get(source=pilot)
    services.link(actor=person("chen"), sighting_id=row.pk, model=live.model_use.model)
    look(pilot, thing("9", runs=True))
    other = opened(name="另一个")
    look(other, thing("1"))
    services.link(
        actor=person("chen"), sighting_id=Sighting.objects.get(source=other).pk,
        model=live.model_use.model,
    )  # fmt: skip
    look(other, thing("9", X, "champion"))
    return {
        "missing": missing,
        "unknown": Sighting.objects.get(name="churn-9"),
        "version_drift": Sighting.objects.get(kind="version_drift"),
        "identity_mismatch": Sighting.objects.get(kind="identity_mismatch"),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_difference_has_its_page_and_its_verbs(live: Release, language: str) -> None:
    rows = every_kind(live)
    for username in ("chen", "wang", "shen"):
        client = browser(username, language)
        shown = client.get("/discovery/").content.decode()
        for kind, row in rows.items():
            assert f"/discovery/{row.pk}/" in shown
            page = client.get(f"/discovery/{row.pk}/")
            assert page.status_code == 200
            html = page.content.decode()
            # Where approval is needed the owner does not say that it does not matter.
            dismisses = username == "chen" or (username == "wang" and kind == "missing")
            assert (f"/do/dismiss-sighting/{row.pk}/" in html) is dismisses, (username, kind)
            accepts = dismisses and kind != "unknown"
            accepts |= username == "wang" and kind == "version_drift"
            assert (f"/do/accept-sighting/{row.pk}/" in html) is accepts, (username, kind)
            registers = kind == "unknown" and username in ("chen", "wang")
            assert (f"/register/?sighting={row.pk}" in html) is registers, (username, kind)
    assert "churn-9" in browser("chen", language).get("/discovery/?kind=unknown").content.decode()
    narrowed = browser("chen", language).get("/discovery/?kind=missing&state=").content.decode()
    assert "churn-9" not in narrowed
    assert browser("hai", language).get(f"/discovery/{rows['unknown'].pk}/").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_page_says_how_to_begin(language: str) -> None:
    shown = browser("admin", language).get("/discovery/").content.decode()
    assert "/do/open-source/" in shown
    assert ("影子模型" if language == "zh-hans" else "shadow models") in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_opens_renews_looks_and_closes(language: str) -> None:
    client, place = browser("admin", language), head_office()
    told: dict[str, Any] = {
        "name": "生产 MLflow", "kind": "mlflow", "address": HOST, "token": "secret-token",
        "environment": "production", "entity": str(place.pk), "scope": "",
        "words": "Production，live",
    }  # fmt: skip
    assert client.get(f"/do/open-source/{place.pk}/").status_code == 200
    answer = client.post(f"/do/open-source/{place.pk}/", told, follow=True)
    row, html = Source.objects.get(), answer.content.decode()
    assert row.words == ["Production", "live"]
    assert "secret-token" not in html
    for verb in ("renew-source", "scan-source", "close-source"):
        assert client.get(f"/do/{verb}/{row.pk}/").status_code == 200, verb
    done = client.post(f"/do/scan-source/{row.pk}/")
    assert (done.status_code, done["Location"]) == (302, f"/jobs/{Job.objects.get().pk}/")
    assert client.get(done["Location"]).status_code == 200
    renewed = {"address": f"{HOST}/m", "token": "t"}
    assert client.post(f"/do/renew-source/{row.pk}/", renewed).status_code == 302
    assert client.post(f"/do/close-source/{row.pk}/").status_code == 302
    assert client.get("/discovery/").status_code == 200
    for key in ("open-source", "renew-source", "close-source"):
        subject = place.pk if key == "open-source" else row.pk
        assert browser("shen", language).get(f"/do/{key}/{subject}/").status_code == 403


def test_a_difference_is_answered_in_the_browser(live: Release) -> None:
    rows, chen = every_kind(live), browser("chen", "en")
    assert set(DISCOVERY_VERBS) >= {"link-sighting", "accept-sighting", "dismiss-sighting"}
    for key in ("link-sighting", "accept-sighting", "dismiss-sighting"):
        assert chen.get(f"/do/{key}/{rows['version_drift'].pk}/").status_code == 200
    short = chen.post(f"/do/dismiss-sighting/{rows['unknown'].pk}/", {"reason": "no"})
    assert short.status_code == 422
    told = {"reason": "only used in trainings"}
    assert chen.post(f"/do/dismiss-sighting/{rows['unknown'].pk}/", told).status_code == 302
    drift = rows["version_drift"]
    model = {"model": str(live.model_use.model.pk), "version": "nope", "reason": ""}
    wrong = chen.post(f"/do/link-sighting/{drift.pk}/", model)
    assert (wrong.status_code, b"no version" in wrong.content) == (422, True)
    assert live.version is not None
    model["version"] = live.version.label
    assert chen.post(f"/do/link-sighting/{drift.pk}/", model).status_code == 302
    done = chen.post(f"/do/accept-sighting/{rows['missing'].pk}/", {"reason": "taken down, sure"})
    assert done.status_code == 302
    page = chen.get(f"/discovery/{rows['missing'].pk}/").content.decode()
    assert "taken down, sure" in page
    states_now = {kind: Sighting.objects.get(pk=row.pk).state for kind, row in rows.items()}
    assert states_now == {
        "unknown": "dismissed", "version_drift": "accepted", "missing": "accepted",
        "identity_mismatch": "open",
    }  # fmt: skip


def test_the_form_of_registration_begins_with_what_was_seen() -> None:
    look(opened(), thing("1", name="shadow-model"))
    row = Sighting.objects.get()
    html = browser("wang", "en").get(f"/register/?sighting={row.pk}").content.decode()
    assert "shadow-model" in html
    assert "belongs to this model from then on" in html
    assert browser("hai", "en").get(f"/register/?sighting={row.pk}").status_code == 404


def test_registering_what_was_seen_links_its_name() -> None:
    source = opened()
    look(source, thing("1", name="shadow-model"))
    row, wang = Sighting.objects.get(), person("wang")
    made = story.register(name="影子")
    done = services.register(actor=wang, sighting_id=row.pk, model=made.registered.model)
    assert (done.state, KnownName.objects.get().model) == ("accepted", AIModel.objects.get())
    assert look(source, thing("1", name="shadow-model")).opened == 0


def test_the_story_shows_what_runs_beside_what_is_approved(live: Release) -> None:
    every_kind(live)
    for language, words in (("en", "drift: another version"), ("zh-hans", "版本漂移")):
        shown = browser("wang", language).get(f"/releases/{live.pk}/").content.decode()
        assert words in shown
        assert ("without a permit" if language == "en" else "无许可") in shown

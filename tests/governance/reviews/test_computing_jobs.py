"""Importances computed by a worker: asked for over REST and in the browser, told, taken over."""

from __future__ import annotations

import json
import re

import pytest
from celery import Celery
from django.core.files.uploadedfile import SimpleUploadedFile

from governance.reviews import queries, services
from governance.reviews.models import Explanation, Review
from registry.core.errors import Conflict
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.people import services as people
from registry.evidence.models import Document
from registry.releases.models import Release
from tests.governance.desk.test_what_is_shown import browser, buttons
from tests.governance.reviews.doing import SAMPLE, on, waiting
from tests.governance.reviews.papers import (
    WORDS,
    artifact,
    content_of,
    csv_of,
    ready,
    sample,
)
from tests.refusals import changes, footprint, refused
from tests.rest.calling import caller
from tests.world import person


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs of which a worker was told; nobody works but the test."""
    told: list[str] = []
    monkeypatch.setattr(Celery, "send_task", lambda self, name, args=(), **rest: told.extend(args))
    return told


# By a worker


def request(row: Review, given: Document, by: str = "chen") -> Job:
    return services.request_importances(actor=person(by), review_id=row.pk, sample_id=given.pk)


def run(job: Job) -> Job:
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_a_job_computes_and_tells_what_came_of_it(live: Release) -> None:
    row, given = ready(live)
    job = request(row, given)
    assert not Document.objects.filter(kind="explanation_data").exists()
    done = run(job)
    document = Document.objects.get(kind="explanation_data")
    assert (done.state, done.stage, done.done, done.total) == ("done", "features", 8, 8)
    assert done.result == {
        "document": str(document.pk), "rows": 1_000, "features": 8, "unknown": 0,
        "stability": f"{json.loads(content_of(document))['stability']:.3f}", "fidelity": "1.000",
    }  # fmt: skip
    assert document.handed_in_by == person("chen")


@pytest.mark.parametrize(("language", "words"), [("en", "is no value. Empty cells"), ("", "行")])
def test_a_job_that_is_refused_says_why_in_the_askers_language(
    live: Release, language: str, words: str
) -> None:
    row, given = ready(live, csv_of(credit_amount="NaN"))
    if language:
        people.set_preferences(actor=person("chen"), language=language, time_zone="")
    job = request(row, given)
    before = footprint()
    failed = run(job)
    assert (failed.state, failed.result) == (
        "failed",
        {"refused": "sample_value", "field": "sample"},
    )
    assert ("NaN" in failed.error, words in failed.error) == (True, True)
    assert changes(before) == {}
    html = browser("chen", language or "zh-hans").get(f"/jobs/{job.pk}/").content.decode()
    assert "“NaN”" in html


def test_who_has_left_meanwhile_computes_nothing(live: Release) -> None:
    row, given = ready(live)
    job = request(row, given)
    people.deactivate(actor=person("admin"), user_id=person("chen").pk, reason="已离职。")
    before = footprint()
    failed = run(job)
    assert (failed.state, failed.result) == (
        "failed",
        {"refused": "not_permitted", "field": "review"},
    )
    assert changes(before) == {}


def test_asking_again_leads_to_the_job_and_asking_for_another_is_refused(live: Release) -> None:
    row, given = ready(live)
    other = sample(row, csv_of())
    job = request(row, given)
    assert request(row, given) == job
    with refused(Conflict, "computation_running"):
        request(row, other)
    run(job)
    assert request(row, other) != job


# Doors


def test_rest_answers_with_the_job(live: Release) -> None:
    row, given = ready(live)
    path = f"/reviews/{row.pk}/computations/"
    made = caller("chen").post(path, {"sample": str(given.pk)})
    assert made.status_code == 202
    job = Job.objects.get(pk=made.json()["id"])
    assert (made.json()["kind"], made.json()["state"]) == ("reviews.explain", "queued")
    run(job)
    told = caller("chen").get(f"/jobs/{job.pk}/").json()
    assert told["state"] == "done"
    assert Document.objects.get(kind="explanation_data").pk.hex == told["result"][
        "document"
    ].replace("-", "")


@pytest.mark.parametrize(
    ("by", "body", "status", "code"),
    [
        ("chen", {}, 400, "invalid"),
        ("chen", {"sample": "x"}, 400, "invalid"),
        ("chen", {"sample": "00000000-0000-0000-0000-000000000001"}, 404, "not_found"),
        ("wang", None, 403, "not_yours_to_review"),
        ("jian", None, 403, "not_permitted"),
    ],
)
def test_rest_refuses_and_leaves_nothing(
    live: Release, by: str, body: dict[str, str] | None, status: int, code: str
) -> None:
    row, given = ready(live)
    who = caller(by)
    before = footprint()
    sent = {"sample": str(given.pk)} if body is None else body
    answer = who.post(f"/reviews/{row.pk}/computations/", sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert changes(before) == {}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_is_asked_for_shown_and_taken_over_in_the_browser(live: Release, language: str) -> None:
    artifact(live)
    row = waiting(live, "PR-03")
    client = browser("chen", language)
    path = f"/do/compute-importances/{row.pk}/"
    assert client.get(path).status_code == 200
    answer = client.post(path, {"file": SimpleUploadedFile("s.csv", SAMPLE.read_bytes())})
    job = Job.objects.get(kind="reviews.explain")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/jobs/{job.pk}/")
    waits = client.get(f"/jobs/{job.pk}/").content.decode()
    assert (f'href="/reviews/{row.package_id}/"' in waits, "/do/explain-review/" in waits) == (
        True, False,
    )  # fmt: skip
    run(job)
    html = client.get(f"/jobs/{job.pk}/").content.decode()
    document = Document.objects.get(kind="explanation_data")
    assert f'href="/documents/{document.pk}/file/"' in html
    link = re.findall(r'href="(/do/explain-review/[^"]+)"', html)[0].replace("&amp;", "&")
    form = client.get(link).content.decode()
    assert f'<option value="{document.pk}" selected>' in form
    assert 'name="fidelity" value="1.000"' in form
    done = client.post(link, WORDS | {"method": "shap", "level": "E1", "document": document.pk})
    assert done.status_code == 302
    assert Explanation.objects.get().document == document


def test_a_form_takes_one_of_the_two_papers(live: Release) -> None:
    row, given = ready(live)
    client, before = browser("chen", "en"), footprint()
    path = f"/do/compute-importances/{row.pk}/"
    assert client.post(path, {}).status_code == 422
    file = SimpleUploadedFile("sample.csv", b"a\n1\n")
    both = client.post(path, {"document": str(given.pk), "file": file})
    assert "not both" in both.content.decode()
    strange = client.post(path, {"document": str(artifact_pk(live))})
    assert strange.status_code == 422
    assert changes(before) == {}
    assert client.post(path, {"document": str(given.pk)}).status_code == 302


def artifact_pk(release: Release) -> object:
    found = queries.artifact_of(release)
    assert found is not None
    return found.pk


def test_the_button_is_there_only_where_the_models_file_is(live: Release) -> None:
    path = f"/reviews/{waiting(live, 'PR-03').package_id}/"
    with on("2027-01-05"):
        before = buttons(browser("chen").get(path).content.decode())
        artifact(live)
        after = buttons(browser("chen").get(path).content.decode())
    assert "explain-review" in before
    assert after - before == {"compute-importances"}

"""The work ahead by person and month: as it is, and as another policy would make it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client

from governance.approvals import services as approvals
from governance.reviews import rules, services
from governance.reviews.models import Package
from governance.reviews.queries import owing
from registry.core.errors import Forbidden
from registry.core.jobs import services as jobs
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.releases.models import Release
from tests.refusals import changes, footprint, refused
from tests.world import person


@pytest.mark.parametrize(
    ("first", "months", "found"),
    [
        ("2026-04-12", 3, ["2026-04-12", "2026-07-12", "2026-10-12"]),
        ("2026-01-12", 12, ["2026-01-12"]),
        ("2027-01-01", 1, []),
        ("2026-12-31", 6, ["2026-12-31"]),
        ("2026-01-31", 1, [
            "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30",
            "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31", "2026-11-30", "2026-12-31",
        ]),
    ],
)  # fmt: skip
def test_rounds_of_a_year(first: str, months: int, found: list[str]) -> None:
    told = rules.rounds(dt.date.fromisoformat(first), months, dt.date(2026, 1, 12), 12)
    assert [day.isoformat() for day in told] == found


@pytest.fixture
def loaded(live: Release, settings: Any, tmp_path: Path) -> Callable[..., PackRelease]:
    """Loads the shipped pack under a higher version, with one text changed."""

    def load(old: str, new: str) -> PackRelease:
        folder = tmp_path / "cn-nfra"
        shutil.copytree(Path(project.POLICY_PACKS_DIR) / "cn-nfra", folder)
        for name, was, becomes in (
            ("pack.yaml", 'version: "1.7"', 'version: "9.0"'), ("reviews.yaml", old, new),
        ):  # fmt: skip
            text = (folder / name).read_text()
            assert was in text
            (folder / name).write_text(text.replace(was, becomes, 1))
        settings.POLICY_PACKS_DIR = tmp_path
        approvals.load_packs()
        return PackRelease.objects.get(version="9.0")

    return load


def of(told: dict[str, Any], who: str) -> tuple[list[int], list[int]]:
    (row,) = (row for row in told["rows"] if row["who"] == who)
    return row["before"], row["after"]


def test_the_owners_year_is_as_the_plan_and_the_cadence_say(live: Release) -> None:
    told = owing.forecast(policy.active_pack())
    assert told["months"][0] == "2026-01"
    assert len(told["months"]) == 12
    before, after = of(told, "王建国")
    # PR-02 and PR-15 every quarter from 12 April on
    assert before == after == [0, 0, 0, 2, 0, 0, 2, 0, 0, 2, 0, 0]


def test_another_cadence_shows_beside_the_present_one(
    live: Release, loaded: Callable[..., PackRelease]
) -> None:
    pack = loaded("months: {I: 1, II: 3, III: 3, IV: 6}", "months: {I: 1, II: 1, III: 3, IV: 6}")
    before, after = of(owing.forecast(pack), "王建国")
    assert sum(before) == 6
    # PR-02 keeps its day in April and comes every month from there; PR-15 is as before
    assert after == [0, 0, 0, 2, 1, 1, 2, 1, 1, 2, 1, 1]


def test_a_role_s_work_tells_how_many_people_share_it(live: Release) -> None:
    told = owing.forecast(policy.active_pack())
    (row,) = (row for row in told["rows"] if row["who"] == "data_security")
    assert (row["kind"], row["people"]) == ("role", 1)
    assert row["after"] == [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]  # PR-05, after six months


def test_it_is_worked_out_in_a_job_and_changes_nothing(live: Release) -> None:
    pack = policy.active_pack()
    with refused(Forbidden, "not_permitted"):
        services.request_forecast(actor=person("wang"), pack_id=pack.pk)
    job = services.request_forecast(actor=person("sun"), pack_id=pack.pk)
    stands = footprint()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == "done"
    assert job.result is not None
    assert job.result["rows"]
    assert changes(stands) == {}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_is_asked_for_and_shown_in_the_browser(live: Release, language: str) -> None:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person("sun"))
    pack = policy.active_pack()
    assert client.get(f"/policy/{pack.pk}/").status_code == 200
    answer = client.post(f"/policy/{pack.pk}/workload/")
    path = answer.headers["Location"]
    assert client.get(path).status_code == 200
    jobs.run(path.split("/")[2])  # type: ignore[arg-type]  # a key as text
    html = client.get(path).content.decode()
    assert "王建国" in html
    assert "2026-04" in html


# Lists by person and department


def test_the_month_is_narrowed_to_a_person_and_a_department(live: Release) -> None:
    client = Client()
    client.force_login(person("sun"))
    code = Package.objects.get(release=live, due_on="2026-04-12").get_absolute_url()  # type: ignore[attr-defined]  # by the settings

    def shown(**asked: Any) -> bool:
        answer = client.get("/reviews/", {"month": "2026-04", **asked})
        assert answer.status_code == 200
        return code in answer.content.decode()

    department = live.model_use.model.department_id
    assert shown()
    assert shown(person=person("wang").pk)
    assert not shown(person=person("other").pk)
    assert shown(person="nonsense", department="nonsense")
    if department is not None:
        assert shown(department=department)
    assert not shown(department=person("wang").pk)


def test_a_year_that_is_not_published_is_said_so(live: Release) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person("sun"))
    assert b"not been published" in client.get("/reviews/", {"month": "2029-04"}).content
    assert b"not been published" not in client.get("/reviews/", {"month": "2026-04"}).content


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_stands_beside_the_signature_that_puts_the_pack_in_force(
    live: Release, loaded: Callable[..., PackRelease], language: str
) -> None:
    pack = loaded("months: {I: 1, II: 3, III: 3, IV: 6}", "months: {I: 1, II: 1, III: 3, IV: 6}")
    sun, gao = Client(), Client()
    sun.force_login(person("sun"))
    gao.force_login(person("gao"))
    path, words = f"/do/activate-pack/{pack.pk}/", {"headers": {"Accept-Language": language}}
    html = sun.get(path, **words).content.decode()  # type: ignore[arg-type]  # headers
    assert f"/policy/{pack.pk}/workload/" in html
    assert "王建国" not in html
    jobs.run(services.request_forecast(actor=person("sun"), pack_id=pack.pk).pk)
    for client in (sun, gao):  # whoever signs second reads the same figures
        html = client.get(path, **words).content.decode()  # type: ignore[arg-type]  # headers
        assert "王建国" in html
        assert '<span class="faint">(6)</span>' in html

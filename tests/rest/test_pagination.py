"""Pages: none skipped, none repeated, whatever the ordering and whatever happens meanwhile."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import models

from governance.findings import services as findings
from governance.findings.models import Finding
from registry.core import clock
from registry.core.jobs.models import Job
from registry.core.web import pagination
from registry.systems import services as systems
from registry.systems.models import System
from tests import story
from tests.rest.calling import API, Caller, caller, problem
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def follow(who: Caller, path: str, query: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Every page, by following `next`."""
    pages = []
    while True:
        body = who.get(path, query).json()
        pages.append(body["results"])
        if body["next"] is None:
            return pages
        address = urlsplit(body["next"])
        assert address.path == API + path
        query = dict(parse_qsl(address.query))


def column(pages: list[list[dict[str, Any]]], name: str) -> list[Any]:
    """One column of all pages together."""
    return [row[name] for page in pages for row in page]


def jobs(count: int, *, same_moment_for: int = 1) -> None:
    """Jobs of the auditor, in groups of the same moment."""
    for index in range(count):
        Job.objects.create(
            kind="ledger.verify",
            requested_by=person("shen"),
            requested_at=NOON + dt.timedelta(seconds=index // same_moment_for),
        )


def system(code: str) -> System:
    """A system."""
    return systems.register(
        actor=person("wang"), code=code, name_zh="系统", name_en="", entity=head_office(),
        department=None, protection_level=None,
    )  # fmt: skip


@pytest.mark.parametrize("ordering", ["requested_at", "-requested_at"])
@pytest.mark.parametrize("page_size", [1, 3, 4, 7, 20])
def test_rows_of_the_same_moment_come_once_each(ordering: str, page_size: int) -> None:
    jobs(20, same_moment_for=6)
    pages = follow(caller("shen"), "/jobs/", {"ordering": ordering, "page_size": page_size})
    assert [len(page) for page in pages[:-1]] == [page_size] * (len(pages) - 1)
    sign = "-" if ordering.startswith("-") else ""
    expected = Job.objects.order_by(ordering, f"{sign}pk").values_list("pk", flat=True)
    assert column(pages, "id") == [str(key) for key in expected]


@pytest.mark.parametrize("ordering", ["due_on", "-due_on"])
@pytest.mark.parametrize("page_size", [1, 2, 3])
def test_rows_without_a_value_are_not_skipped(ordering: str, page_size: int) -> None:
    release = story.register().release
    for index in range(7):
        row = findings.raise_finding(
            actor=person("chen"), release_id=release.pk, severity="medium", title=f"f{index}"
        )
        if index % 2:
            findings.plan_finding(
                actor=person("wang"), finding_id=row.pk, plan="按计划整改并复核",
                due_on=clock.today() + dt.timedelta(days=30 + index // 4),
            )  # fmt: skip
    pages = follow(caller("chen"), "/findings/", {"ordering": ordering, "page_size": page_size})
    empty_last = models.F("due_on").asc() if ordering == "due_on" else models.F("due_on").desc()
    sign = "-" if ordering.startswith("-") else ""
    expected = Finding.objects.order_by(empty_last, f"{sign}pk")
    assert column(pages, "id") == [str(row.pk) for row in expected]


@pytest.mark.parametrize("path", ["/ledger/entries/", "/roles/", "/policy-packs/", "/seats/"])
def test_lists_with_their_own_ordering_can_be_paged_through(path: str) -> None:
    who = caller("shen")
    whole = who.get(path, {"page_size": 200, "count": "true"}).json()
    keys = "seq" if path == "/ledger/entries/" else "id"
    pages = follow(who, path, {"page_size": 17})
    assert len(whole["results"]) == min(whole["count"], 200) > 0
    assert column(pages, keys)[:200] == [row[keys] for row in whole["results"]]
    assert len(column(pages, keys)) == whole["count"]


@pytest.mark.parametrize("ordering", ["code", "-code"])
def test_rows_that_come_or_go_meanwhile_neither_skip_nor_repeat_others(ordering: str) -> None:
    for code in ("b", "d", "f", "h"):
        system(code)
    who = caller("wang")
    first = who.get("/systems/", {"ordering": ordering, "page_size": 2}).json()
    for code in ("a", "c", "g", "z"):
        system(code)
    rest = follow(who, "/systems/", dict(parse_qsl(urlsplit(first["next"]).query)))
    codes = [row["code"] for row in first["results"]] + column(rest, "code")
    expected = (
        ["b", "d", "f", "g", "h", "z"] if ordering == "code" else ["h", "f", "d", "c", "b", "a"]
    )
    assert codes == expected


def test_filters_hold_on_every_page() -> None:
    for index in range(9):
        system(f"s{index}")
    query = {"page_size": 2, "entity": str(head_office().pk)}
    pages = follow(caller("wang"), "/systems/", query)
    assert column(pages, "code") == [f"s{index}" for index in range(9)]
    branch = query | {"entity": str(person("hai").pk)}
    assert follow(caller("wang"), "/systems/", branch) == [[]]


@pytest.mark.parametrize(
    "size", ["0", "-1", "201", "1.5", "many", "+5", " 5", "5e1", "0x10", "9" * 99]
)
def test_a_page_has_1_to_200_rows(size: str) -> None:
    found = problem(caller("shen").get("/people/", {"page_size": size}), 400, "page_size")
    assert found["field"] == "page_size"


@pytest.mark.parametrize(("size", "rows"), [(None, 50), ("1", 1), ("200", 60)])
def test_a_page_is_as_long_as_asked(size: str | None, rows: int) -> None:
    jobs(60)
    body = caller("shen").get("/jobs/", {"page_size": size} if size else {}).json()
    assert len(body["results"]) == rows
    assert (body["next"] is None) is (rows == 60)
    assert "count" not in body


def test_a_page_that_is_just_full_is_the_last() -> None:
    jobs(3)
    assert caller("shen").get("/jobs/", {"page_size": 3}).json()["next"] is None


def _cursor(told: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


BAD = [
    "x", "====", "{}", "AAAA", "é", _cursor([]), _cursor({}), _cursor(None),
    _cursor({"by": "-requested_at"}),
    _cursor({"by": "-requested_at", "at": []}),
    _cursor({"by": "-requested_at", "at": ["2026-11-23T12:00:00.000000Z"]}),
    _cursor({"by": "-requested_at", "at": ["2026-11-23T12:00:00.000000Z", "7"]}),
    _cursor({"by": "-requested_at", "at": ["tomorrow", str(dt.date.min)]}),
    _cursor({"by": "-requested_at", "at": [None, None]}),
    _cursor({"by": "-requested_at", "at": [{"a": 1}, ["b"]]}),
    _cursor({"by": "-requested_at", "at": [True, False]}),
    _cursor({"by": "-requested_at", "at": [10**40, 1.5]}),
    _cursor({"by": "requested_at", "at": ["2026-11-23T12:00:00.000000Z", "0" * 32]}),
]  # fmt: skip


@pytest.mark.parametrize("cursor", BAD, ids=range(len(BAD)))
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    jobs(2)
    found = problem(caller("shen").get("/jobs/", {"cursor": cursor}), 400, "bad_cursor")
    assert found["field"] == "cursor"


def test_a_cursor_of_another_ordering_is_refused() -> None:
    jobs(3)
    who = caller("shen")
    body = who.get("/jobs/", {"page_size": 1}).json()
    query = dict(parse_qsl(urlsplit(body["next"]).query)) | {"ordering": "requested_at"}
    problem(who.get("/jobs/", query), 400, "bad_cursor")


@pytest.mark.parametrize("ordering", ["nonsense", "-", "--requested_at", "requested_by__password"])
def test_an_unknown_ordering_is_refused(ordering: str) -> None:
    found = problem(caller("shen").get("/jobs/", {"ordering": ordering}), 400, "unknown_ordering")
    assert found["field"] == "ordering"
    assert "requested_at" in found["hint"]


def test_a_count_is_told_on_request_and_ends_at_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs(12)
    who = caller("shen")
    assert who.get("/jobs/", {"count": "true", "page_size": 5}).json()["count"] == 12
    monkeypatch.setattr(pagination, "COUNT_CAP", 10)
    assert who.get("/jobs/", {"count": "true", "page_size": 5}).json()["count"] == 11
    filtered = who.get("/jobs/", {"count": "true", "state": "done"}).json()
    assert filtered == {"next": None, "results": [], "count": 0}


def test_a_row_reads_the_same_in_the_list_and_by_itself() -> None:
    made = story.register()
    who = caller("shen")
    for path, key in (
        ("/models/", made.registered.model.pk),
        ("/versions/", made.version.pk),
        ("/use-cases/", made.registered.use_case.pk),
        ("/model-uses/", made.registered.use.pk),
        ("/releases/", made.release.pk),
        ("/grades/", made.registered.grade.pk),
    ):
        listed = [row for row in who.get(path).json()["results"] if row["id"] == str(key)]
        assert listed == [who.get(f"{path}{key}/").json()], path


def test_a_decimal_is_a_string_however_it_is_read() -> None:
    grade = story.register().registered.grade
    row = caller("shen").get(f"/grades/{grade.pk}/").json()
    assert row["score"] == str(grade.score)


@pytest.mark.parametrize("name", ["tiers", "as_of", "q", "entity__path", "%00"])
def test_a_parameter_that_means_nothing_is_refused(name: str) -> None:
    """A mistyped filter must not answer with every row."""
    body = problem(caller("shen").get("/models/", {name: "x"}), 400, "unknown_parameter")
    assert body["field"] == name
    assert "tier" in body["hint"]

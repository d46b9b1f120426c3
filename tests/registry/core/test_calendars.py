"""Working days: the arrangements of 2025 and 2026 day by day, in both directions; changed days."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError
from rest_framework.test import APIClient

from registry.core.calendars import queries, rules, services
from registry.core.calendars.models import Arrangement
from registry.core.calendars.rules import WorkingDays
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.ledger.models import Entry
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import refused
from tests.world import person

CHINA = WorkingDays("CN")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# The State Council's notices: 国办发明电〔2024〕12号 for 2025, 国办发明电〔2025〕7号 for 2026.
OFF = {
    2025: ["01-01", "01-28..02-04", "04-04..04-06", "05-01..05-05", "05-31..06-02",
           "10-01..10-08"],
    2026: ["01-01..01-03", "02-15..02-23", "04-04..04-06", "05-01..05-05", "06-19..06-21",
           "09-25..09-27", "10-01..10-07"],
}  # fmt: skip
WORKED = {
    2025: ["01-26", "02-08", "04-27", "09-28", "10-11"],
    2026: ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
}


def told(pieces: list[str], year: int) -> set[dt.date]:
    with_year = ["..".join(f"{year}-{one}" for one in piece.split("..")) for piece in pieces]
    return set(rules.days_in("\n".join(with_year), year))


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_day_of_the_year_is_as_the_state_council_arranged_it(year: int) -> None:
    off, worked = told(OFF[year], year), told(WORKED[year], year)
    first = dt.date(year, 1, 1)
    for number in range(365):
        one = first + dt.timedelta(days=number)
        expected = one in worked or (one.weekday() < 5 and one not in off)
        assert CHINA.holds(one) is expected, one


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2025-01-24", 1, "2025-01-26"),  # the Sunday before Spring Festival is worked
        ("2025-01-27", 1, "2025-02-05"),
        ("2025-01-27", 4, "2025-02-08"),
        ("2025-04-25", 2, "2025-04-28"),
        ("2025-09-26", 4, "2025-10-09"),  # 28, 29, 30 September, 9 October
        ("2025-09-30", 3, "2025-10-11"),
        ("2025-12-31", 1, "2026-01-04"),  # over the turn of the year
        ("2026-01-05", 10, "2026-01-19"),
        ("2026-02-13", 2, "2026-02-24"),
        ("2026-02-10", 15, "2026-03-09"),
        ("2026-04-30", 3, "2026-05-08"),
        ("2026-04-30", 4, "2026-05-09"),
        ("2026-09-18", 10, "2026-10-09"),
        ("2026-09-01", 30, "2026-10-19"),
    ],
)
def test_working_days_in_both_directions(start: str, count: int, end: str) -> None:
    assert CHINA.after(day(start), count) == day(end)
    assert CHINA.before(day(end), count) == day(start)


@pytest.mark.parametrize(
    ("country", "one", "expected"),
    [
        ("US", "2026-07-03", False), ("US", "2026-11-26", False), ("US", "2026-11-27", True),
        ("HK", "2026-02-17", False), ("HK", "2026-02-20", True), ("HK", "2026-02-21", False),
        ("GB", "2026-12-28", False),
        ("SG", "2026-08-10", False), ("CA", "2026-07-01", False), ("DE", "2026-10-03", False),
    ],
)  # fmt: skip
def test_other_countries_have_their_own(country: str, one: str, expected: bool) -> None:
    assert WorkingDays(country).holds(day(one)) is expected


def test_a_year_that_nobody_has_published_says_so() -> None:
    known = [year for year in range(2024, 2029) if CHINA.is_published(year)]
    assert known == [2024, 2025, 2026]
    assert WorkingDays("CN", published=frozenset({2027})).is_published(2027)
    assert WorkingDays("US").is_published(2030)


@pytest.mark.parametrize(
    ("start", "months", "found"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-01-15", 12, "2027-01-15"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-12-01", 36, "2029-12-01"),
    ],
)
def test_months_later(start: str, months: int, found: str) -> None:
    assert rules.add_months(day(start), months) == day(found)


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("2027-02-30", "2027-02-30"), ("2026-02-01", "2026-02-01"), ("morgen", "morgen"),
        ("2027-02-06..2027-02-01", "2027-02-06..2027-02-01"),
        ("2027-01-01，2027-12-30..2028-01-02", "2027-12-30..2028-01-02"),
    ],
)  # fmt: skip
def test_what_is_no_day_of_the_year_is_named(text: str, bad: str) -> None:
    with pytest.raises(ValueError, match="^" + bad.replace(".", r"\.") + "$"):
        rules.days_in(text, 2027)


@pytest.mark.django_db
class TestRecording:
    """What people record about a year."""

    def arrange(self, by: str = "sun", **changed: object) -> Arrangement:
        given: dict[str, object] = {
            "country": "CN", "year": 2027, "source": "国办发明电〔2026〕1号",
            "days_off": rules.days_in("2027-02-05..2027-02-11", 2027),
            "worked_days": [day("2027-01-31"), day("2027-02-13")],
        }  # fmt: skip
        return services.arrange(actor=person(by), **(given | changed))  # type: ignore[arg-type]

    def test_the_years_days_are_as_recorded(self) -> None:
        row = self.arrange()
        china = queries.working_days("CN")
        assert china.is_published(2027)
        assert not queries.working_days("HK").published
        assert china.after(day("2027-02-04"), 1) == day("2027-02-12")
        assert china.after(day("2027-02-12"), 1) == day("2027-02-13")
        assert china.before(day("2027-02-01"), 1) == day("2027-01-31")
        assert CHINA.holds(day("2027-02-11"))  # the library's knowledge alone
        entry = Entry.objects.get(subject_id=row.pk)
        assert entry.kind == "calendar.arranged"

    def test_recording_again_replaces_what_was_recorded(self) -> None:
        first = self.arrange(is_published=False)
        again = self.arrange(days_off=[day("2027-03-01")], worked_days=[], is_published=False)
        assert (again.pk, again.row_version) == (first.pk, 2)
        china = queries.working_days("CN")
        assert china.holds(day("2027-02-11"))
        assert not china.holds(day("2027-03-01"))
        assert not china.is_published(2027)

    @pytest.mark.parametrize(
        ("by", "changed", "code"),
        [
            ("wang", {}, "not_permitted"),
            ("sun", {"country": "XX"}, "unknown_country"),
            ("sun", {"year": 1999}, "year_out_of_range"),
            ("sun", {"source": " "}, "source_missing"),
            ("sun", {"worked_days": [day("2028-01-01")]}, "day_outside"),
            ("sun", {"worked_days": [day("2027-02-06")]}, "day_told_twice"),
        ],
    )
    def test_what_is_refused(self, by: str, changed: dict[str, object], code: str) -> None:
        kind = Forbidden if code == "not_permitted" else DomainError
        with refused(kind, code):
            self.arrange(by, **changed)


@pytest.mark.django_db
class TestAPublishedYear:
    """Running limits count on its days: two people change them."""

    def propose(self, by: str = "sun", **changed: object) -> Arrangement:
        given: dict[str, object] = {
            "country": "CN", "year": 2026, "source": "内部通知〔2026〕3号",
            "days_off": [day("2026-12-24")], "worked_days": [day("2026-12-26")],
            "is_published": False,
        }  # fmt: skip
        return services.arrange(actor=person(by), **(given | changed))  # type: ignore[arg-type]

    def test_nothing_changes_until_another_person_confirms(self) -> None:
        row = self.propose()
        assert queries.working_days("CN").holds(day("2026-12-24"))
        assert (row.days_off, row.proposed_by) == ([], person("sun"))
        assert list(queries.to_confirm(person("sun"))) == []
        assert list(queries.to_confirm(person("qian"))) == [row]
        with refused(SegregationRefused, "own_proposal"):
            services.confirm(actor=person("sun"), arrangement_id=row.pk)
        done = services.confirm(actor=person("qian"), arrangement_id=row.pk)
        china = queries.working_days("CN")
        assert not china.holds(day("2026-12-24"))
        assert china.holds(day("2026-12-26"))
        assert china.is_published(2026)
        assert (done.proposal, done.confirmed_by) == (None, person("qian"))
        kinds = Entry.objects.filter(subject_id=row.pk).order_by("seq")
        assert list(kinds.values_list("kind", flat=True)) == [
            "calendar.proposed", "calendar.arranged",
        ]  # fmt: skip

    def test_a_dropped_change_leaves_what_was_confirmed(self) -> None:
        row = self.propose()
        services.confirm(actor=person("qian"), arrangement_id=row.pk)
        self.propose("gao", days_off=[])
        services.drop(actor=person("gao"), arrangement_id=row.pk)
        assert not queries.working_days("CN").holds(day("2026-12-24"))
        with refused(Conflict, "nothing_proposed"):
            services.confirm(actor=person("qian"), arrangement_id=row.pk)
        with refused(Conflict, "nothing_proposed"):
            services.drop(actor=person("qian"), arrangement_id=row.pk)

    def test_what_was_recorded_as_published_takes_two_as_well(self) -> None:
        self.propose(year=2027, days_off=[], worked_days=[], is_published=True)
        assert queries.working_days("CN").is_published(2027)
        row = self.propose(year=2027, days_off=[day("2027-03-01")], worked_days=[])
        assert row.proposal is not None
        assert queries.working_days("CN").holds(day("2027-03-01"))
        assert queries.changed(row, row.proposal) == (["2027-03-01"], [], [])

    @pytest.mark.parametrize("verb", [services.confirm, services.drop])
    def test_only_who_manages_policy_answers_it(self, verb: Any) -> None:
        row = self.propose()
        with refused(Forbidden, "not_permitted"):
            verb(actor=person("wang"), arrangement_id=row.pk)

    def test_the_database_lets_nobody_confirm_what_they_proposed(self) -> None:
        row = self.propose()
        with pytest.raises(IntegrityError, match="another_confirms_an_arrangement"):
            Arrangement.objects.filter(pk=row.pk).update(
                confirmed_by=row.proposed_by, proposal=None, row_version=2
            )

    def test_by_rest(self) -> None:
        def post(by: str, path: str, **told: object) -> tuple[int, dict[str, Any]]:
            client = APIClient()
            client.force_authenticate(person(by))
            answer = client.post(f"/api/v1/working-days/{path}", told, format="json")
            return answer.status_code, answer.json()

        status, row = post(
            "sun", "", country="CN", year=2026, source="通知", days_off=["2026-12-24"],
            worked_days=[], is_published=False,
        )  # fmt: skip
        assert (status, row["days_off"]) == (201, [])
        assert row["proposal"]["days_off"] == ["2026-12-24"]
        assert post("sun", f"{row['id']}/confirmations/")[0] == 403
        assert Entry.objects.filter(kind="attempt.refused").count() == 1
        status, row = post("gao", f"{row['id']}/confirmations/")
        assert (status, row["days_off"]) == (201, ["2026-12-24"])
        status, told = post("gao", f"{row['id']}/rejections/")
        assert (status, told["code"]) == (409, "nothing_proposed")

    @pytest.mark.parametrize("language", ["zh-hans", "en"])
    def test_in_the_browser(self, language: str) -> None:
        row = self.propose()
        sun, gao = browser("sun", language), browser("gao", language)
        confirm = f"/do/confirm-working-days/{row.pk}/"
        page = "/working-days/?country=CN&year=2026"
        assert confirm not in sun.get(page).content.decode()
        assert confirm in gao.get(page).content.decode()
        assert confirm in gao.get("/admin/").content.decode()
        assert "2026-12-24" in gao.get(confirm).content.decode()
        assert sun.post(confirm).status_code == 422
        answer = gao.post(confirm)
        assert (answer.status_code, answer.headers["Location"]) == (302, page)
        assert "内部通知〔2026〕3号" in gao.get(page).content.decode()

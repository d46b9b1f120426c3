"""Legal clocks in the browser: started, counted down, completed with a file, withdrawn."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from governance.clocks import services
from governance.clocks.models import Clock
from governance.desk.admin.clocks import left_in_words
from registry.core import clock
from tests.governance.desk.test_what_is_shown import browser
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
LANGUAGES = [
    ("zh-hans", "剩余 21 小时", "已超 6 小时"),
    ("en", "21 h 0 min left", "6 h 0 min over"),
]


def started() -> Clock:
    return services.start(
        actor=person("data"), kind="data_incident_formal", reason="客户数据外发，已核实。",
        event_at=clock.now(), entity=head_office(),
    )  # fmt: skip


@pytest.mark.parametrize(("language", "left", "over"), LANGUAGES)
def test_the_countdown_is_told_in_words(language: str, left: str, over: str) -> None:
    moment = clock.now()
    with clock.at(moment):
        row = started()
    for later, text in ((3, left), (30, over)):
        with clock.at(moment + dt.timedelta(hours=later)):
            for path in ("/clocks/", f"/clocks/{row.pk}/", "/admin/"):
                html = browser("data", language).get(path).content.decode()
                assert text in html, path
    assert Clock.objects.get().state == "running"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_clock_is_started_completed_and_shown_with_its_receipt(language: str) -> None:
    client, place = browser("data", language), head_office()
    moment = (clock.now() - dt.timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M")
    told = {"kind": "data_incident_first", "event_at": moment, "reason": "客户数据外发，已核实。"}
    with clock.at(clock.now() + dt.timedelta(hours=9)):  # the form's time is Shanghai's
        answer = client.post(f"/do/start-clock/{place.pk}/", told)
    row = Clock.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/clocks/{row.pk}/")
    assert client.get(f"/do/complete-clock/{row.pk}/").status_code == 200
    with clock.at(clock.now() + dt.timedelta(hours=9)):
        paper = SimpleUploadedFile("receipt.txt", b"received")
        sent = {"receipt": "回执88号", "note": "", "file": paper}
        assert client.post(f"/do/complete-clock/{row.pk}/", sent).status_code == 302
    html = client.get(f"/clocks/{row.pk}/").content.decode()
    assert "回执88号" in html
    assert "receipt.txt" in html
    assert client.get("/clocks/").status_code == 200


def test_a_receipt_without_a_name_hands_in_no_file() -> None:
    row = started()
    paper = SimpleUploadedFile("receipt.txt", b"received")
    answer = browser("data", "en").post(
        f"/do/complete-clock/{row.pk}/", {"receipt": "x", "file": paper}
    )
    assert answer.status_code == 422
    row.refresh_from_db()
    assert (row.state, row.document_id) == ("running", None)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_another_withdraws_it(language: str) -> None:
    row = started()
    client = browser("sun", language)
    assert client.get(f"/do/withdraw-clock/{row.pk}/").status_code == 200
    sent = {"note": "误报，事件不成立。"}
    assert client.post(f"/do/withdraw-clock/{row.pk}/", sent).status_code == 302
    assert client.get(f"/clocks/{row.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90_000, "1 d 1 h left"), (59, "0 h 0 min left"), (-61, "0 h 1 min over")],
)
def test_what_is_left(seconds: float, text: str) -> None:
    with translation.override("en"):
        assert left_in_words(seconds) == text

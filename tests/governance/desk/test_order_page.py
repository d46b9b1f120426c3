"""The pages of orders: who has applied what, what lacks before it is lifted, drills."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.suspensions import services as suspensions
from governance.suspensions.models import Consumer, DrillReport, Order
from registry.core import clock
from tests import story
from tests.governance.desk.test_what_is_shown import browser, buttons, page
from tests.governance.suspensions.test_consumers import acknowledge, lift, opened, stop
from tests.governance.suspensions.test_drills import TOLD, report
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
LANGUAGES = ("zh-hans", "en")


def test_an_orders_page_shows_who_has_applied_it_and_how_much_time_is_left(
    serving: story.Story,
) -> None:
    opened()
    opened("second")
    row = stop(serving)
    path = f"/orders/{row.pk}/"
    html = page("sun", path)
    assert "14 min 5" in html or "15 min 0 s left" in html
    assert html.count("not acknowledged") == 2
    assert "Uses affected: 1" in html
    assert "Nobody has asked for resuming yet." in html
    assert buttons(html) == {"resume"}
    assert "resume" not in buttons(page("luo", path))
    acknowledge(row)
    with clock.at(row.ordered_at + dt.timedelta(minutes=16)):
        html = page("sun", path)
        assert "1 min 0 s over" in html
        assert html.count("not acknowledged") == 1
        acknowledge(row, "second")
        html = page("sun", path)
        assert "In effect everywhere after 16 min 0 s." in html
        assert "Later than the limit." in html


def test_a_false_alarm_is_shown_until_it_is_ratified() -> None:
    row = stop(story.register())
    path = f"/orders/{row.pk}/"
    suspensions.resume(
        actor=person("chen"), order_id=row.pk, reason="误报,已核对。", is_false_alarm=True
    )
    assert "It was called a false alarm." in page("gao", path)
    client = browser("gao")
    assert "checked" in client.get(f"/do/resume/{row.pk}/").content.decode()
    client.post(f"/do/resume/{row.pk}/", {"reason": "同意,误报。", "is_false_alarm": "on"})
    assert "not ratified yet" in page("mi", path)
    assert ("ratify" in buttons(page("mi", path)), "ratify" in buttons(page("gao", path))) == (
        True, False,
    )  # fmt: skip
    done = browser("mi").post(f"/do/ratify/{row.pk}/", {"resolution": "MRC 2026-014"})
    assert done.status_code == 302
    html = page("mi", path)
    assert "MRC 2026-014" in html
    assert "not ratified yet" not in html


def test_a_drill_is_marked_reported_and_countersigned_in_the_browser() -> None:
    told = story.register()
    client = browser("luo")
    sent = {"reason": "年度演练", "is_drill": "on"}
    assert client.post(f"/do/stop/{told.release.pk}/", sent).status_code == 302
    row = Order.objects.get()
    path = f"/orders/{row.pk}/"
    assert "This is a drill." in page("sun", path)
    assert "drill" in page("sun", f"/releases/{told.release.pk}/")
    lift(row)
    assert "report-drill" in buttons(page("luo", path))
    form = {"scenario": TOLD.scenario, "participants": TOLD.participants}
    assert client.post(f"/do/report-drill/{row.pk}/", form).status_code == 302
    found = DrillReport.objects.get()
    assert "report-drill" not in buttons(page("luo", path))
    assert "countersign-drill" in buttons(page("chen", path))
    done = browser("chen").post(f"/do/countersign-drill/{found.pk}/")
    assert done.status_code == 302
    assert "陈立" in page("shen", path)


def test_consumers_are_opened_and_closed_in_the_browser() -> None:
    client = browser("admin")
    told = {
        "name": "网关", "user": str(person("pipeline").pk), "entity": str(head_office().pk),
        "address": "", "secret": "",
    }  # fmt: skip
    assert client.post(f"/do/open-consumer/{head_office().pk}/", told).status_code == 302
    row = Consumer.objects.get()
    html = page("admin", "/orders/")
    assert "网关" in html
    assert "close-consumer" in buttons(html)
    assert client.get(f"/do/close-consumer/{row.pk}/").status_code == 200
    assert client.post(f"/do/close-consumer/{row.pk}/").status_code == 302
    assert "close-consumer" not in buttons(page("admin", "/orders/"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_and_forms_open_in_both_languages(language: str, serving: story.Story) -> None:
    opened()
    row = lift(stop(serving, is_drill=True), is_false_alarm=True)
    found = report(row)
    for path in ("/orders/", f"/orders/{row.pk}/", f"/releases/{serving.release.pk}/", "/admin/"):
        assert browser("mi", language).get(path).status_code == 200, path
    for username, verb, pk in (
        ("mi", "ratify", row.pk),
        ("luo", "report-drill", row.pk),
        ("chen", "countersign-drill", found.pk),
    ):
        assert browser(username, language).get(f"/do/{verb}/{pk}/").status_code == 200, verb
    assert browser("jian", language).get(f"/do/ratify/{row.pk}/").status_code == 403


def test_an_order_that_one_may_not_see_is_not_there() -> None:
    row = stop(story.register(name="保密模型", is_confidential=True))
    assert browser("sun").get(f"/orders/{row.pk}/").status_code == 404

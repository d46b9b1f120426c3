"""Stopping in the browser: what is affected is shown before anything is stopped."""

from __future__ import annotations

import pytest

from governance.suspensions.models import Order
from tests import story
from tests.governance.desk.test_what_is_shown import browser, page
from tests.governance.suspensions.test_wider import branch, built_on, used_by_branch
from tests.refusals import changes, footprint
from tests.world import head_office

pytestmark = pytest.mark.django_db
WHY = {"reason": "供应商通报存在严重缺陷"}


def test_the_form_of_a_stop_shows_the_uses_affected() -> None:
    told = story.register()
    used_by_branch(told)
    html = page("luo", f"/do/stop-model/{told.registered.model.pk}/")
    assert "Uses affected: 2" in html
    assert "Shanghai branch" in html
    assert "Uses affected: 1" in page("luo", f"/do/stop/{told.release.pk}/")


@pytest.mark.parametrize(
    ("kind", "username"), [("stop", "luo"), ("restrict", "chen")]
)  # fmt: skip
def test_a_vendor_is_shown_first_and_ordered_when_the_button_is_pressed_again(
    kind: str, username: str
) -> None:
    built_on(story.register(), vendor="Acme AI")
    client, path = browser(username), f"/do/{kind}-wider/{head_office().pk}/"
    told = WHY | {"target": "vendor:Acme AI", "limits": "仅限存量"}
    before = footprint()
    first = client.post(path, told)
    assert first.status_code == 422
    assert changes(before) == {}
    assert "Uses affected: 1" in first.content.decode()
    assert client.post(path, told | {"shown": "vendor:Acme AI"}).status_code == 302
    row = Order.objects.get()
    assert (row.kind, row.target_type, row.target_key) == (kind, "vendor", "Acme AI")
    html = page(username, "/admin/governance/order/")
    assert "vendor · Acme AI" in html


def test_what_was_shown_is_what_is_stopped() -> None:
    used_by_branch(story.register())
    client, path = browser("luo"), f"/do/stop-wider/{head_office().pk}/"
    told = WHY | {"target": f"entity:{branch().pk}", "shown": f"entity:{head_office().pk}"}
    assert client.post(path, told).status_code == 422
    assert Order.objects.count() == 0

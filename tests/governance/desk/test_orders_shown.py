"""An order in force on the pages: who has asked for resuming, and whose word still lacks."""

from __future__ import annotations

import pytest

from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from registry.releases import services as releases
from tests import story
from tests.governance.desk.test_what_is_shown import browser, buttons, page
from tests.world import person

pytestmark = pytest.mark.django_db
WHY = "阈值误配，已回测并复核。"


def stopped() -> Order:
    """An emergency stop of a release."""
    release = story.register().release
    return suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="通过率异常",
    )  # fmt: skip


def test_after_the_first_officer_the_stop_waits_for_a_second() -> None:
    order = stopped()
    path = f"/releases/{order.target_id}/"
    assert "resume" in buttons(page("chen", path))
    client = browser("chen")
    html = client.post(f"/do/resume/{order.pk}/", {"reason": WHY}, follow=True).content.decode()
    assert "The order stays in force until a second officer confirms." in html
    waits = "陈立 has asked for resuming. It stays in force until a second officer confirms."
    for username, may in (("chen", False), ("sun", True), ("luo", False)):
        html = page(username, path)
        assert waits in html
        assert ("resume" in buttons(html)) is may, username
    assert waits in page("sun", "/admin/")
    assert "resuming asked for by 陈立" in page("sun", "/admin/governance/order/")
    done = browser("sun").post(f"/do/resume/{order.pk}/", {"reason": WHY}, follow=True)
    assert "The order is lifted." in done.content.decode()
    assert "has asked for resuming" not in page("sun", path)


@pytest.mark.parametrize(
    ("language", "shown", "hidden"),
    [
        ("zh-hans", "生产摘要与批准版本不一致", "the digest in production"),
        ("en", "the digest in production is not the approved one", "生产摘要"),
    ],
)
def test_a_limit_that_the_system_wrote_is_shown_in_one_language(
    language: str, shown: str, hidden: str
) -> None:
    release = story.register().release
    releases.record_deployment(
        actor=person("luo"), release=release, environment="production", digest="ab" * 32
    )
    suspensions.order(
        actor=person("chen"), kind="restrict", target_type="release", target_id=release.pk,
        reason="BR-09: abab",
        limits="生产摘要与批准版本不一致 / the digest in production is not the approved one",
    )  # fmt: skip
    html = page("sun", f"/releases/{release.pk}/", language)
    box = html[html.index("notice-box bad") :]
    box = box[: box.index("</div>")]
    assert shown in box
    assert hidden not in box

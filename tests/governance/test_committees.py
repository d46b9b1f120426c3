"""Seats are given by somebody else than who sits on them."""

from __future__ import annotations

import datetime as dt

import pytest

from governance.committees import services as committees
from governance.committees.models import Committee
from registry.core import clock
from registry.core.errors import DomainError, Forbidden
from registry.core.people import services as people
from registry.core.people.models import Department
from tests.refusals import refused
from tests.world import person

pytestmark = pytest.mark.django_db


def test_nobody_gives_a_seat_to_themselves() -> None:
    rmc = Committee.objects.get(code="rmc")
    with refused(Forbidden, "own_seat"):
        committees.give_seat(actor=person("mi"), committee=rmc, user=person("mi"))
    assert (
        committees.give_seat(actor=person("mi"), committee=rmc, user=person("lin")).committee == rmc
    )


def test_nor_to_a_post_that_they_hold() -> None:
    post = people.create_post(
        actor=person("admin"), code="P", title_zh="岗位", title_en="",
        department=Department.objects.get(code="RISK"),
    )  # fmt: skip
    people.hold_post(actor=person("admin"), post=post, user=person("mi"), valid_from=clock.today())
    rmc = Committee.objects.get(code="rmc")
    with refused(Forbidden, "own_seat"):
        committees.give_seat(actor=person("mi"), committee=rmc, post=post)


def test_a_seat_does_not_end_before_it_begins() -> None:
    seat = Committee.objects.get(code="rmc").seats.order_by("pk")[0]
    with refused(DomainError, "ends_before_it_begins"):
        committees.vacate_seat(
            actor=person("mi"), seat_id=seat.pk,
            valid_to=seat.valid_from - dt.timedelta(days=1),
        )  # fmt: skip

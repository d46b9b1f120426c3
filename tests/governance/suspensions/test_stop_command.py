"""`manage.py stop`: the same service, the same refusals."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from governance.suspensions.models import Order
from tests import story
from tests.governance.suspensions.test_wider import branch, built_on, used_by_branch
from tests.refusals import changes, footprint
from tests.world import person

pytestmark = pytest.mark.django_db


def run(*told: str, by: str = "luo", **more: Any) -> list[str]:
    out = io.StringIO()
    call_command("stop", *told, reason="误拒率异常", username=by, stdout=out, **more)
    return out.getvalue().splitlines()


def test_a_stop_is_given_and_the_releases_affected_are_printed() -> None:
    told = story.register()
    of_branch = used_by_branch(told)
    other = built_on(told, vendor="甲")
    first, *releases = run("model", told.registered.model.code, given_by="高远", drill=True)
    row = Order.objects.get()
    assert first == f"{row.pk}\tstop\tmodel\t{told.registered.model.code}"
    assert releases == [f"{one.code}\tS0" for one in (told.release, of_branch, other)]
    assert (row.ordered_by, row.given_by, row.is_drill) == (person("luo"), "高远", True)
    assert len(run("entity", branch().code)) == 2
    assert len(run("release", told.release.code)) == 2
    assert len(run("version", str(told.version.pk))) == 2
    assert len(run("vendor", " 甲")) == 2


@pytest.mark.parametrize(
    ("name", "told", "by", "status"),
    [
        ("no rights", ("model", ""), "wang", 1),
        ("no such code", ("model", "AIM-1900-000001"), "luo", 1),
        ("a version by code", ("version", "1.0.0"), "luo", 1),
        ("no such vendor", ("vendor", "甲"), "luo", 1),
        ("no such person", ("model", ""), "nobody", 2),
        ("a machine", ("model", ""), "pipeline", 2),
    ],
)
def test_a_refusal_writes_nothing(name: str, told: tuple[str, str], by: str, status: int) -> None:
    code = story.register().registered.model.code
    before = footprint()
    with pytest.raises(CommandError) as caught:
        run(told[0], told[1] or code, by=by)
    assert caught.value.returncode == status
    assert changes(before) == {}

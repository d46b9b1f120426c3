"""The stop list: what it holds and hides, when it changes, who can rely on it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.suspensions import services as suspensions
from governance.suspensions.models import Order
from governance.suspensions.queries import listing as reading
from governance.suspensions.rules import is_known
from governance.suspensions.services import listing
from registry.core import signing
from registry.core.people.models import User
from tests import story
from tests.governance.suspensions.test_wider import MENDED, built_on, order
from tests.rest.calling import Caller, caller, machine, problem
from tests.world import head_office, person

pytestmark = pytest.mark.django_db
SCRIPT = Path(settings.BASE_DIR) / "docs" / "verify_stop_list.py"


def listed(who: Caller) -> dict[str, Any]:
    """The payload of the list."""
    response = who.get("/stop-list/")
    assert response.status_code == 200
    found: dict[str, Any] = json.loads(base64.b64decode(response.json()["payload"]))
    return found


def test_the_list_holds_the_orders_in_force_and_the_live_releases_that_they_reach() -> None:
    told = story.register()
    release = story.to_production(told)
    built_on(told, vendor="甲")  # at S0: it is not live
    gateway = machine()
    assert (listed(gateway)["orders"], listed(gateway)["releases"]) == ([], [])
    stop = order(target_type="entity", target_id=head_office().pk)
    limit = suspensions.order(
        actor=person("chen"), kind="restrict", target_type="vendor", target_key="甲",
        reason="出于审慎", limits="单笔限额",
    )  # fmt: skip
    drill = suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="年度演练", is_drill=True,
    )  # fmt: skip
    found = listed(gateway)
    assert [
        (one["id"], one["kind"], one["target_type"], one["target"], one["limits"], one["is_drill"])
        for one in found["orders"]
    ] == [
        (str(stop.pk), "stop", "entity", str(head_office().pk), "", False),
        (str(limit.pk), "restrict", "vendor", "甲", "单笔限额", False),
        (str(drill.pk), "stop", "release", str(release.pk), "", True),
    ]
    assert found["releases"] == [
        {
            "id": str(release.pk), "code": release.code, "is_stopped": True,
            "orders": [str(stop.pk), str(drill.pk)],
        }
    ]  # fmt: skip
    assert "reason" not in json.dumps(found)
    for username in ("chen", "gao"):
        suspensions.resume(actor=person(username), order_id=drill.pk, reason=MENDED)
    after = listed(gateway)
    assert after["version"] > found["version"]
    assert [one["id"] for one in after["orders"]] == [str(stop.pk), str(limit.pk)]


def test_nothing_of_a_confidential_model_is_named() -> None:
    secret = story.register(name="保密评分卡", is_confidential=True)
    suspensions.order(
        actor=person("chen"), kind="restrict", target_type="model",
        target_id=secret.registered.model.pk, reason="保密评分卡偏差", limits="保密评分卡限额",
    )  # fmt: skip
    (found,) = listed(machine())["orders"]
    assert found["target"] == str(secret.registered.model.pk)
    assert "保密" not in json.dumps(listed(machine()), ensure_ascii=False)


def test_who_has_the_list_already_is_told_so() -> None:
    story.register()
    gateway = machine()
    first = gateway.get("/stop-list/")
    assert first["Cache-Control"] == "no-cache"
    again = gateway.get("/stop-list/", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert gateway.get("/stop-list/").content == first.content
    order(target_type="entity", target_id=head_office().pk)
    later = gateway.get("/stop-list/", **{"If-None-Match": first["ETag"]})
    assert later.status_code == 200
    assert later["ETag"] != first["ETag"]


def test_asking_again_costs_one_statement_beside_who_asks() -> None:
    order(target_type="release", target_id=story.register().release.pk)
    suspensions.stop_list()
    with CaptureQueriesContext(connection) as asked:
        suspensions.stop_list()
    assert len(asked) == 1


def test_two_processes_answer_with_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    order(target_type="release", target_id=story.register().release.pk)
    first = suspensions.stop_list()
    monkeypatch.setattr(listing, "_made", {})
    assert suspensions.stop_list() == first


def test_a_stop_in_the_middle_of_making_the_list_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = story.register().release.pk
    made: list[Order] = []
    real = reading.listed

    def late() -> Any:
        found = real()
        if not made:
            made.append(order(target_type="release", target_id=key))
        return found

    monkeypatch.setattr(reading, "listed", late)
    envelope = json.loads(suspensions.stop_list().body)
    orders = json.loads(base64.b64decode(envelope["payload"]))["orders"]
    assert [one["id"] for one in orders] == [str(made[0].pk)]


def test_the_list_is_for_those_who_signed_in() -> None:
    problem(Caller().get("/stop-list/"), 401, "not_signed_in")
    problem(machine("stop").get("/stop-list/"), 403, "not_permitted")
    for who in (machine("read"), caller("luo"), caller("shen")):
        assert who.get("/stop-list/").status_code == 200


@pytest.mark.parametrize(
    ("header", "known"),
    [('"5-a"', True), ('W/"5-a"', True), ('"4-a", "5-a"', True), ("*", True), ('"4-a"', False),
     ("", False)],
)  # fmt: skip
def test_an_entity_tag_is_recognised(header: str, known: bool) -> None:
    assert is_known(header, '"5-a"') is known


def verify(path: Path, key: Path, *more: str) -> tuple[int, str]:
    """What the verifier says, in a process that knows nothing of Mingce."""
    done = subprocess.run(  # noqa: S603 (our own script)
        [sys.executable, "-I", str(SCRIPT), str(path), "--key", str(key), *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_list_is_verified_offline(tmp_path: Path) -> None:
    row = order(target_type="release", target_id=story.register().release.pk)
    who, path, key = machine(), tmp_path / "list.json", tmp_path / "key.pem"
    path.write_bytes(who.get("/stop-list/").content)
    told_key = who.get("/stop-list/key/").json()
    key.write_text(told_key["pem"])
    code, told = verify(path, key)
    assert (code, told.splitlines()[0]) == (0, "sound")
    assert f"stop release {row.target_id}" in told
    version = listed(who)["version"]
    assert verify(path, key, "--not-before", str(version + 1))[0] == 1
    envelope = json.loads(path.read_bytes())
    assert envelope["signatures"][0]["keyid"] == told_key["keyid"] == told_key["jwk"]["kid"]
    emptied = json.dumps({"version": version, "issued_at": None, "orders": [], "releases": []})
    envelope["payload"] = base64.b64encode(emptied.encode()).decode()
    path.write_text(json.dumps(envelope))
    assert verify(path, key) == (1, "FAULT: no signature of this key fits the list\n")
    path.write_text("[]")
    assert verify(path, key)[0] == 2


def test_another_key_does_not_verify_it(tmp_path: Path) -> None:
    path, key = tmp_path / "list.json", tmp_path / "key.pem"
    path.write_bytes(machine().get("/stop-list/").content)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    key.write_bytes(
        other.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    assert verify(path, key) == (1, "FAULT: no signature of this key fits the list\n")


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "stop_list.pem"
    signing.make_key(path)
    kept = path.read_bytes()
    signing.make_key(path)
    assert path.read_bytes() == kept
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_whoever_orders_is_not_on_the_list() -> None:
    row = order(target_type="release", target_id=story.register().release.pk)
    assert isinstance(row, Order)
    giver: User = row.ordered_by
    assert str(giver.pk) not in json.dumps(listed(machine()))

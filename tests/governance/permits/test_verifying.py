"""What is signed proves itself offline: to the script of ours, and to somebody else's library."""

from __future__ import annotations

import base64
import datetime as dt
import importlib.util
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.management import call_command
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey

from governance.permits import services
from governance.permits.models import Permit
from governance.permits.rules import statements
from registry.core import clock, signing
from registry.releases.models import Release
from tests.governance.permits.asking import issue, payload
from tests.governance.permits.conftest import NOON
from tests.world import person

SCRIPT = Path(settings.BASE_DIR) / "docs" / "verify_permit.py"
AT = "2026-11-23T04:10:00Z"


@pytest.fixture
def permit(live: Release) -> Permit:
    """A permit for production."""
    return issue(live)


@pytest.fixture
def paper(permit: Permit, tmp_path: Path) -> Any:
    """Verifies what lies in the folder, in a process that knows nothing of Mingce."""
    write(tmp_path / "permit.json", {"envelope": permit.envelope})
    write(tmp_path / "keys.json", services.jwks())
    (tmp_path / "list.json").write_bytes(services.revocations().body)

    def verify(*more: str, **changed: str) -> tuple[int, str]:
        told = {"digest": permit.digest, "environment": "production", "now": AT} | changed
        options = [part for name, value in told.items() for part in (f"--{name}", value)]
        done = subprocess.run(  # noqa: S603 (our own script)
            [sys.executable, "-I", str(SCRIPT), str(tmp_path / "permit.json"),
             "--keys", str(tmp_path / "keys.json"), *options, *more,
             *(() if {"--revocations", "--break-glass"} & set(more) else ("--without-list",))],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        said = json.loads(done.stdout)
        assert said["allowed"] is (done.returncode == 0)
        return done.returncode, said.get("code", said.get("permit"))

    return verify


def write(path: Path, told: Any) -> None:
    path.write_text(json.dumps(told))


def test_a_permit_is_good_for_its_digest_environment_and_use(permit: Permit, paper: Any) -> None:
    assert paper() == (0, permit.code)
    assert paper(use=str(permit.model_use_id), registry="models.bank.example") == (0, permit.code)
    assert paper("--break-glass") == (1, "list_needed")
    for changed, code in (
        ({"digest": "a" * 64}, "other_digest"),
        ({"digest": ""}, "other_digest"),
        ({"environment": "pilot"}, "other_environment"),
        ({"use": str(permit.pk)}, "other_use"),
        ({"registry": "models.other.example"}, "other_registry"),
        ({"now": "2026-11-23T05:00:00Z"}, "expired"),
        ({"now": "2026-11-23T03:58:59Z"}, "not_yet"),
    ):
        assert paper(**changed) == (1, code), changed


def test_a_tampered_payload_is_refused(permit: Permit, paper: Any, tmp_path: Path) -> None:
    said = payload(permit.envelope)
    said["predicate"]["expiresAt"] = "2027-11-23T05:00:00.000000Z"
    forged = base64.b64encode(json.dumps(said).encode()).decode()
    write(tmp_path / "permit.json", permit.envelope | {"payload": forged})
    assert paper() == (1, "bad_signature")
    write(tmp_path / "permit.json", permit.envelope | {"payloadType": "text/plain"})
    assert paper() == (1, "wrong_type")
    write(tmp_path / "permit.json", permit.envelope | {"signatures": []})
    assert paper() == (1, "bad_signature")


def test_neither_another_statement_nor_the_list_passes_for_a_permit(
    permit: Permit, paper: Any, tmp_path: Path
) -> None:
    write(tmp_path / "permit.json", permit.svr_envelope)
    assert paper() == (1, "wrong_type")
    (tmp_path / "permit.json").write_bytes(services.revocations().body)
    assert paper() == (1, "wrong_type")
    write(tmp_path / "list.json", permit.envelope)
    write(tmp_path / "permit.json", permit.envelope)
    assert paper("--revocations", str(tmp_path / "list.json")) == (1, "wrong_type")


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", "null", "7", '"x"',
        '{"payload": "eA==", "payloadType": "application/vnd.in-toto+json", "signatures":'
        ' [{"keyid": [], "sig": "eA=="}]}',
        '{"payload": 1}', "\xff", '{"payload": "x", "payload": "y"}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_unusable(paper: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "permit.json").write_bytes(content.encode("latin-1"))
    assert paper() == (2, "unusable")


def test_the_list_is_left_out_on_purpose_alone(permit: Permit, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 (our own script)
        [sys.executable, "-I", str(SCRIPT), "permit.json", "--keys", "keys.json",
         "--environment", "production"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "--without-list" in done.stderr) == (2, True)


def test_what_lasts_too_long_is_refused(
    permit: Permit, paper: Any, tmp_path: Path, own_keys: Path
) -> None:
    signer = signing.current(own_keys, NOON)
    said = payload(permit.envelope)
    said["predicate"]["expiresAt"] = "2099-01-01T00:00:00Z"
    forged = signing.envelope(statements.PAYLOAD_TYPE, json.dumps(said).encode(), signer)
    (tmp_path / "permit.json").write_bytes(forged)
    assert paper() == (1, "too_long")
    write(tmp_path / "permit.json", permit.envelope)
    told = payload(json.loads(services.revocations().body)) | {"nextUpdate": "2099-01-01T00:00:00Z"}
    (tmp_path / "list.json").write_bytes(
        signing.envelope(statements.LIST_TYPE, json.dumps(told).encode(), signer)
    )
    assert paper("--revocations", str(tmp_path / "list.json")) == (1, "list_too_long")


def test_without_keys_nothing_is_verified(paper: Any, tmp_path: Path) -> None:
    strange: list[Any] = [{"keys": []}, {}, [], {"keys": [{"kty": "RSA", "crv": ""}]}]
    for told in strange:
        write(tmp_path / "keys.json", told)
        assert paper() == (2, "unusable")
    (tmp_path / "keys.json").unlink()
    assert paper() == (2, "unusable")


def test_a_key_that_calls_itself_another_is_not_taken(paper: Any, tmp_path: Path) -> None:
    """The id of a key is computed, never believed."""
    real = services.jwks()["keys"][0]
    strange = signing.Signer(ec.generate_private_key(ec.SECP256R1()), real["kid"]).jwk()
    write(tmp_path / "keys.json", {"keys": [strange]})
    assert paper() == (1, "bad_signature")


def test_a_revoked_permit_is_refused_by_a_fresh_list_alone(
    permit: Permit, paper: Any, tmp_path: Path
) -> None:
    path = tmp_path / "list.json"
    with_list = ("--revocations", str(path))
    assert paper(*with_list) == (0, permit.code)
    before = services.revocations().sequence
    assert paper(*with_list, "--not-before", str(before)) == (0, permit.code)
    services.revoke(actor=person("chen"), permit_id=permit.pk, reason="换了制品")
    path.write_bytes(services.revocations().body)
    assert paper(*with_list) == (1, "revoked")
    assert paper(*with_list, now="2026-11-23T04:15:00Z") == (1, "list_not_fresh")
    assert paper(*with_list, "--not-before", str(before + 100)) == (1, "list_too_old")
    emptied = json.loads(path.read_bytes())
    said = payload(emptied) | {"revoked": []}
    write(path, emptied | {"payload": base64.b64encode(json.dumps(said).encode()).decode()})
    assert paper(*with_list) == (1, "bad_signature")
    path.write_text("nothing")
    assert paper(*with_list) == (2, "unusable")
    path.unlink()
    assert paper(*with_list) == (2, "unusable")


def test_after_a_rotation_older_permits_verify_and_new_ones_have_the_new_key(
    live: Release, permit: Permit, paper: Any, tmp_path: Path
) -> None:
    out = StringIO()
    with clock.at(NOON + dt.timedelta(minutes=20)):
        call_command("rotate_permit_key", stdout=out)
        young = issue(live)
        write(tmp_path / "keys.json", services.jwks())
    new, old = services.jwks()["keys"]
    assert out.getvalue().splitlines()[0] == new["kid"] == young.key_id
    assert (old["kid"], old["exp"]) == (
        permit.key_id, int(NOON.timestamp()) + 20 * 60 + signing.GRACE_SECONDS,
    )  # fmt: skip
    assert paper() == (0, permit.code)
    write(tmp_path / "permit.json", young.envelope)
    assert paper(now="2026-11-23T04:30:00Z") == (0, young.code)


def test_what_an_old_key_signs_after_its_end_is_refused(
    live: Release, paper: Any, tmp_path: Path, own_keys: Path
) -> None:
    stolen = (own_keys / "current.pem").read_bytes()
    with clock.at(NOON + dt.timedelta(minutes=1)):
        services.rotate()
    keys = services.jwks()
    (own_keys / "current.pem").write_bytes(stolen)
    with clock.at(NOON + dt.timedelta(minutes=30)):
        late = issue(live)
    write(tmp_path / "permit.json", late.envelope)
    write(tmp_path / "keys.json", keys)
    assert paper(now="2026-11-23T04:35:00Z") == (1, "key_out_of_time")


def test_a_prepared_key_is_known_before_it_signs(
    live: Release, paper: Any, tmp_path: Path, own_keys: Path
) -> None:
    first = services.jwks()["keys"][0]["kid"]
    out = StringIO()
    call_command("rotate_permit_key", "--prepare", stdout=out)
    handed_over = services.jwks()
    assert issue(live).key_id == first
    prepared = out.getvalue().splitlines()[0]
    assert {one["kid"] for one in handed_over["keys"]} == {first, prepared}
    assert services.prepare() == prepared
    assert services.rotate() == prepared
    write(tmp_path / "keys.json", handed_over)
    young = issue(live)
    write(tmp_path / "permit.json", young.envelope)
    assert (young.key_id, paper()) == (prepared, (0, young.code))
    services.prepare()
    services.rotate(compromised=True)
    assert [one["kid"] for one in services.jwks()["keys"]][1:] == [first]
    assert len(list(own_keys.glob("*.withdrawn"))) == 2


def test_a_key_that_is_withdrawn_meanwhile_is_not_published_again(
    own_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, real = signing.current(own_keys, NOON), signing.signer_in
    done: list[Any] = []

    def slow(path: Path) -> Any:
        found = real(path)
        if not done and path.name == "current.pem":
            done.append(path)
            signing.rotate(own_keys, NOON, compromised=True)
        return found

    monkeypatch.setattr(signing, "signer_in", slow)
    assert signing.current(own_keys, NOON).id != old.id
    assert old.id not in [one["kid"] for one in signing.jwks(own_keys, NOON)["keys"]]


def test_a_key_that_vanishes_is_left_out_of_the_key_set(own_keys: Path) -> None:
    signing.current(own_keys, NOON)
    (own_keys / "gone.json").symlink_to(own_keys / "nowhere")
    assert len(signing.jwks(own_keys, NOON)["keys"]) == 1


def test_a_compromised_key_verifies_nothing(permit: Permit, paper: Any, tmp_path: Path) -> None:
    call_command("rotate_permit_key", "--compromised", stdout=StringIO())
    write(tmp_path / "keys.json", services.jwks())
    assert len(services.jwks()["keys"]) == 1
    assert paper() == (1, "bad_signature")


def test_the_keys_are_for_their_owner_alone_and_the_key_set_holds_no_secret(
    permit: Permit, own_keys: Path
) -> None:
    services.rotate()
    assert {path.stat().st_mode & 0o777 for path in own_keys.glob("*.pem")} == {0o600}
    assert own_keys.stat().st_mode & 0o777 == 0o700
    assert [sorted(one) for one in services.jwks()["keys"]] == [
        ["alg", "crv", "kid", "kty", "nbf", "use", "x", "y"],
        ["alg", "crv", "exp", "kid", "kty", "nbf", "use", "x", "y"],
    ]
    assert not (own_keys / "next.pem").exists()


def test_somebody_elses_library_verifies_our_envelopes(permit: Permit) -> None:
    signer = signing.signer_in(Path(settings.PERMIT_KEY_FOLDER) / "current.pem")
    key = SSlibKey(
        signer.id, "ecdsa", "ecdsa-sha2-nistp256", {"public": signer.pem()},
    )  # fmt: skip
    for told in (
        permit.envelope, permit.svr_envelope, json.loads(services.revocations().body),
    ):  # fmt: skip
        envelope = Envelope.from_dict(_for_sslib(told))
        assert envelope.verify([key], 1) == {signer.id: key}
        envelope.payload += b" "
        with pytest.raises(VerificationError):
            envelope.verify([key], 1)


def _for_sslib(told: Any) -> Any:
    """A copy: the library takes the parts of what it is given."""
    return json.loads(json.dumps(told))


def test_the_script_says_what_the_rules_say() -> None:
    """The names of types stand twice, on purpose; they are the same."""
    found = importlib.util.spec_from_file_location("verify_permit", SCRIPT)
    assert found is not None
    assert found.loader is not None
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    odd: list[Any] = [[], None, 7, {"payload": [], "payloadType": 1, "signatures": 2}]
    for strange in odd:
        with pytest.raises(script.Unusable):
            script.verify(strange, {}, environment="x", digest=None)
    assert (script.STATEMENT_TYPE, script.LIST_TYPE, script.STATEMENT, script.PREDICATE) == (
        statements.PAYLOAD_TYPE, statements.LIST_TYPE, statements.STATEMENT, statements.PREDICATE,
    )  # fmt: skip

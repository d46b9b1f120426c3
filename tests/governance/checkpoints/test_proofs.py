"""A decision's proof, as a third party checks it with a script and an export, without Mingce."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from governance.checkpoints import services
from governance.checkpoints.models import Batch
from governance.checkpoints.rules import merkle
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.people.queries import system
from registry.releases.models import Release
from tests import conftest
from tests.governance.checkpoints.world import decision
from tests.rest.calling import caller
from tests.states import LIVE
from tests.world import person

DOCS = Path(settings.BASE_DIR) / "docs"
SIZES = (5, 1, 3)  # three sealed batches
Proof = dict[str, Any]


@pytest.fixture(scope="module")
def folder(
    guarded_release: str, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An export, the proofs of every sealed decision and of one that is not sealed yet."""
    path, name = tmp_path_factory.mktemp("proofs"), f"mingce_own_{uuid.uuid4().hex[:8]}"
    own = override_settings(
        ANCHOR_SINK_DIR=path / "anchors", ANCHOR_KEY_FILE=path / "keys" / "anchor.pem"
    )
    with django_db_blocker.unblock(), own:
        connections.close_all()
        conftest.clone(guarded_release, name)
        conftest.use_database(name)
        try:
            with clock.at(LIVE):
                _written(path)
        finally:
            connections.close_all()
            conftest.use_database(conftest.MAIN)
            conftest.drop(name)
    return path


def _written(path: Path) -> None:
    release, auditor = Release.objects.get(), caller("shen")
    for number, size in enumerate(SIZES):
        told = [decision(release, 100 * number + place) for place in range(size)]
        services.take(gateway=person("gateway"), told=told)
    services.seal(actor=system())
    services.take(gateway=person("gateway"), told=[decision(release, 999)])
    for number, batch in enumerate(Batch.objects.order_by("id"), 1):
        for place in range(batch.size):
            answer = auditor.get("/decisions/proofs/", {"decision": f"{batch.pk}-{place}"})
            assert answer.status_code == 200
            kind = "fresh" if number > len(SIZES) else "sealed"
            (path / f"{kind}-{number}-{place}.json").write_bytes(answer.content)
    ledger.export(path / "export.jsonl")


def verify(proof: Path, export: Path, *more: str, script: Path | None = None) -> tuple[int, str]:
    """(exit status, what it printed), as an auditor runs it."""
    done = subprocess.run(
        [sys.executable, "-I", str(script or DOCS / "verify_decision.py"), proof, export, *more],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def sealed(folder: Path) -> Proof:
    """A decision in the middle of the first batch."""
    found: Proof = json.loads((folder / "sealed-1-2.json").read_bytes())
    return found


def told(folder: Path, tmp_path: Path, proof: object) -> tuple[int, str]:
    """What is answered to this proof."""
    path = tmp_path / "proof.json"
    path.write_text(proof if isinstance(proof, str) else json.dumps(proof), encoding="utf-8")
    return verify(path, folder / "export.jsonl")


def test_every_sealed_decision_is_proven_in_plain_words(folder: Path) -> None:
    proofs = sorted(folder.glob("sealed-*.json"))
    assert len(proofs) == sum(SIZES)
    key = str(folder / "anchors" / "anchor.pub.pem")
    for proof in proofs:
        status, said = verify(proof, folder / "export.jsonl", "--key", key)
        body = json.loads(json.loads(proof.read_bytes())["decision"])
        assert status == 0, said
        assert said.startswith(f"proven: decision {body['told']['reference']} on REL-2026-")
        assert "answered “proceed”" in said
        assert "the export is sound: " in said
        assert "not proven: that what the gateway told was true" in said


def test_without_the_institutions_key_it_says_so(folder: Path) -> None:
    status, said = verify(folder / "sealed-2-0.json", folder / "export.jsonl")
    assert (status, "checked with the key in the file itself" in said) == (0, True)


def test_alone_it_says_that_the_export_was_not_checked(folder: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(DOCS / "verify_decision.py", tmp_path))
    status, said = verify(folder / "sealed-1-2.json", folder / "export.jsonl", script=alone)
    assert status == 0
    assert "not checked: that the export itself is sound; run verify_export.py" in said


def test_what_is_not_sealed_yet_is_not_proven(folder: Path) -> None:
    assert verify(folder / "fresh-4-0.json", folder / "export.jsonl") == (
        1, "NOT PROVEN: the decision is not sealed yet: ask for its proof again later\n",
    )  # fmt: skip


def text(proof: Proof) -> None:
    proof["decision"] = proof["decision"].replace('"proceed"', '"stop"')


def blank(proof: Proof) -> None:
    proof["decision"] += " "


def step(proof: Proof) -> None:
    proof["batch"]["path"][0][1] = "0" * 64


def side(proof: Proof) -> None:
    proof["batch"]["path"][0][0] = "left"


def no_side(proof: Proof) -> None:
    proof["batch"]["path"][0][0] = "up"


def shorter(proof: Proof) -> None:
    del proof["batch"]["path"][0]


def seals_step(proof: Proof) -> None:
    proof["seal"]["path"][0][1] = "0" * 64


def inner_node(proof: Proof) -> None:
    """Somebody passes the batch's root off as a decision."""
    proof["decision"] = proof["batch"]["root"]
    proof["batch"]["path"] = []


def own_tree(proof: Proof) -> None:
    """A tree of one's own, consistent in itself: the ledger does not hold its root."""
    text(proof)
    root = merkle.leaf(proof["decision"].encode()).hex()
    for way in (proof["batch"], proof["seal"]):
        way.update(root=root, path=[])


def another_entry(proof: Proof) -> None:
    proof["seal"]["entry"]["seq"] -= 1


def no_entry(proof: Proof) -> None:
    proof["seal"]["entry"]["seq"] = 10**6


def another_hash(proof: Proof) -> None:
    proof["seal"]["entry"]["hash"] = "0" * 64


BATCH = "the decision's text and its way do not lead to the root of its batch"
SEAL = "the decision's text and its way do not lead to the root of its seal"


@pytest.mark.parametrize(
    ("alter", "why"),
    [
        (text, BATCH), (blank, BATCH), (step, BATCH), (side, BATCH), (shorter, BATCH),
        (inner_node, BATCH), (seals_step, SEAL), (no_side, "names no side"),
        (own_tree, "holds another root"), (another_entry, "is not the one that the proof names"),
        (no_entry, "the export holds no entry 1000000"),
        (another_hash, "is not the one that the proof names"),
    ],
)  # fmt: skip
def test_an_altered_proof_proves_nothing(
    folder: Path, tmp_path: Path, alter: Callable[[Proof], None], why: str
) -> None:
    proof = sealed(folder)
    assert told(folder, tmp_path, proof)[0] == 0
    alter(proof)
    status, said = told(folder, tmp_path, proof)
    assert (status, said.startswith("NOT PROVEN: "), why in said) == (1, True, True), said


def test_another_entry_that_is_named_rightly_seals_nothing(folder: Path, tmp_path: Path) -> None:
    proof, lines = sealed(folder), (folder / "export.jsonl").read_text().splitlines()
    other = json.loads(lines[5])["entry"]
    proof["seal"]["entry"] = {name: other[name] for name in ("seq", "uid", "hash")}
    status, said = told(folder, tmp_path, proof)
    assert (status, "seals no decisions" in said) == (1, True)


def test_an_export_with_an_altered_seal_proves_nothing(folder: Path, tmp_path: Path) -> None:
    proof, export = sealed(folder), (folder / "export.jsonl").read_text(encoding="utf-8")
    text(proof)
    root = merkle.leaf(proof["decision"].encode()).hex()
    forged = tmp_path / "export.jsonl"
    forged.write_text(export.replace(proof["seal"]["root"], root), encoding="utf-8")
    for way in (proof["batch"], proof["seal"]):
        way.update(root=root, path=[])
    (tmp_path / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    status, said = verify(tmp_path / "proof.json", forged)
    assert (status, "was altered" in said) == (1, True)


def test_an_export_that_is_not_sound_elsewhere_proves_nothing(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "export.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    cut = tmp_path / "export.jsonl"
    cut.write_text("".join(lines[:3] + lines[4:]), encoding="utf-8")
    status, said = verify(folder / "sealed-1-2.json", cut)
    assert (status, "NOT PROVEN: the export is not sound: entry 3 is missing" in said) == (1, True)


@pytest.mark.parametrize(
    "proof", ["", "proof", "[]", "{}", '{"decision": 1, "batch": {}, "seal": {}}', "[" * 100_000]
)
def test_what_is_no_proof_cannot_be_read(folder: Path, tmp_path: Path, proof: str) -> None:
    status, said = told(folder, tmp_path, proof)
    assert (status, said.startswith("unreadable: ")) == (2, True), said


def test_a_key_that_stands_twice_is_a_fault(folder: Path, tmp_path: Path) -> None:
    twice = json.dumps(sealed(folder)).replace('"seal":', '"decision": "{}", "seal":')
    assert told(folder, tmp_path, twice) == (1, "NOT PROVEN: a key stands twice\n")

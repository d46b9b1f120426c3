"""The samples around permits, run as far as that goes without the systems that they are for."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.db import connections

from governance.permits import services
from governance.permits.services import listing
from governance.suspensions import services as suspensions
from registry.core import clock
from registry.core.people import services as people
from registry.releases.models import Release
from tests import conftest, story
from tests.journeys.serving import served
from tests.rest.calling import secret_of
from tests.world import PASSWORD, person

SAMPLES = Path(settings.BASE_DIR) / "docs" / "samples" / "permits"
ASK, ADMIT = SAMPLES / "ask_permit.py", SAMPLES / "kubernetes" / "admit.py"
VERIFY = Path(settings.BASE_DIR) / "docs" / "verify_permit.py"
ARTIFACT = b"the bytes of a model"


@pytest.fixture(scope="module")
def deployed(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database with a release in production whose version has the artifact's digest."""
    name = f"mingce_samples_{conftest.RUN}"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(conftest.WORLD, name)
        conftest.use_database(name)
        digest = _sha256(ARTIFACT)
        story.to_production(story.register(digest=digest))
        connections.close_all()
        conftest.use_database(conftest.MAIN)
    yield name
    conftest.drop(name)


def _sha256(content: bytes) -> str:
    found = subprocess.run(["sha256sum"], input=content, capture_output=True, check=True)
    return found.stdout.decode().split()[0]


@pytest.fixture
def release(
    deployed: str, django_db_blocker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Release]:
    """The release, in a database of the test's own; the keys lie in its folder."""
    monkeypatch.setattr(settings, "PERMIT_KEY_FOLDER", tmp_path / "keys")
    monkeypatch.setattr(listing, "_made", {})
    name = f"{deployed}_own"
    with django_db_blocker.unblock():
        connections.close_all()
        conftest.clone(deployed, name)
        conftest.use_database(name)
        try:
            yield Release.objects.select_related("version").get()
        finally:
            connections.close_all()
            conftest.use_database(conftest.MAIN)
            conftest.drop(name)


@pytest.fixture
def site(release: Release) -> Iterator[str]:
    """The register, over HTTP."""
    with served() as address:
        yield address.removesuffix("/api/v1")


def token(*scopes: str) -> str:
    return secret_of(person("pipeline"), *scopes, actor=person("admin"))


def ask(
    where: Path, url: str, *more: str, secret: str | None = None
) -> tuple[int, str]:  # fmt: skip
    """The sample, in a process that knows nothing of Mingce."""
    (where / "model.pkl").write_bytes(ARTIFACT)
    environment = {"PATH": os.environ["PATH"], "MINGCE_URL": url}
    environment["MINGCE_TOKEN"] = secret or token("read", "ask_permit")
    what = () if {"--digest", "--file"} & set(more) else ("--file", "model.pkl")
    done = subprocess.run(  # noqa: S603 (our own script)
        [sys.executable, "-I", str(ASK), *what, "--environment", "production", *more],
        capture_output=True, text=True, check=False, cwd=where, env=environment,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def verify(where: Path) -> int:
    """The deploy job's step."""
    (where / "keys.jwks.json").write_text(json.dumps(services.jwks()))
    (where / "list.json").write_bytes(services.revocations().body)
    done = subprocess.run(  # noqa: S603 (our own script)
        [sys.executable, "-I", str(VERIFY), "permit.json", "--keys", "keys.jwks.json",
         "--revocations", "list.json",
         "--environment", "production", "--digest", _sha256((where / "model.pkl").read_bytes())],
        capture_output=True, check=False, cwd=where,
    )  # fmt: skip
    return done.returncode


def test_a_pipeline_asks_verifies_and_deploys(site: str, tmp_path: Path) -> None:
    code, told = ask(tmp_path, site, "--reference", "build 42")
    assert (code, "PMT-" in told) == (0, True), told
    kept = json.loads((tmp_path / "permit.json").read_text())
    assert kept["reference"] == "build 42"
    assert verify(tmp_path) == 0
    (tmp_path / "model.pkl").write_bytes(ARTIFACT + b"!")
    assert verify(tmp_path) == 1  # other bytes than those that were permitted


def test_a_denial_is_told_with_its_ways_out_and_leaves_no_permit(
    site: str, release: Release, tmp_path: Path
) -> None:
    assert ask(tmp_path, site)[0] == 0
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="误拒率异常",
    )  # fmt: skip
    code, told = ask(tmp_path, site)
    assert code == 1
    assert "An emergency stop is in force" in told
    assert f"/releases/{release.pk}/" in told
    assert not (tmp_path / "permit.json").exists()
    assert "已被紧急停用" in ask(tmp_path, site, "--language", "zh")[1]


def test_what_is_not_registered_or_not_allowed_to_ask_gets_nothing(
    site: str, tmp_path: Path
) -> None:
    code, told = ask(tmp_path, site, "--digest", "sha256:" + "a" * 64)
    assert (code, "found: none" in told) == (2, True)
    code, told = ask(tmp_path, site, secret=token("read"))
    assert (code, "403 not_permitted" in told) == (2, True)
    assert ask(tmp_path, site, secret="mc_unknown")[0] == 2
    assert ask(tmp_path, site, "--environment", "moon")[0] == 2


def pipeline_steps() -> dict[str, list[str]]:
    """Every command of the pipelines, by file."""
    gitlab = yaml.safe_load((SAMPLES / "gitlab-ci.yml").read_text())
    github = yaml.safe_load((SAMPLES / "github-actions.yml").read_text())
    jenkins = (SAMPLES / "Jenkinsfile").read_text()
    return {
        "gitlab": [line for job in ("build", "permit", "deploy") for line in gitlab[job]["script"]],
        "github": [one["run"] for one in github["jobs"]["deploy"]["steps"] if "run" in one],
        "jenkins": [
            one.replace("\\'", "'") for one in re.findall(r"sh '((?:[^'\\]|\\')+)'", jenkins)
        ],
    }


@pytest.mark.parametrize("name", ["gitlab", "github", "jenkins"])
def test_the_steps_of_a_pipeline_run_and_stop_where_nothing_is_permitted(
    name: str, site: str, release: Release, tmp_path: Path
) -> None:
    """As written, with stand-ins for the training and the deployment."""
    (tmp_path / "ci").mkdir()
    for script in (ASK, VERIFY):
        (tmp_path / "ci" / script.name).write_bytes(script.read_bytes())
    (tmp_path / "train.py").write_text(f"open('model.pkl', 'wb').write({ARTIFACT!r})")
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\ntouch deployed\n")
    (tmp_path / "deploy.sh").chmod(0o755)
    keys = json.dumps(services.jwks())
    (tmp_path / "trusted.json").write_text(keys)
    steps = pipeline_steps()[name]
    assert len(steps) >= 4
    (tmp_path / "bin").mkdir()
    for alias in ("python", "python3"):
        (tmp_path / "bin" / alias).symlink_to(sys.executable)
    (tmp_path / "bin" / "pip").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "pip").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "MINGCE_URL": site,
        "MINGCE_TOKEN": token("read", "ask_permit"), "MINGCE_USE": str(release.model_use_id),
        "MINGCE_KEYS": keys if name == "github" else str(tmp_path / "trusted.json"),
        "PYTHONPATH": os.pathsep.join(sys.path), "CI_PIPELINE_URL": "https://ci/1",
        "BUILD_URL": "https://ci/2", "GITHUB_SERVER_URL": "https://ci",
        "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "3",
    }  # fmt: skip

    def run() -> int:
        script = "set -eu\n" + "\n".join(steps)
        done = subprocess.run(  # noqa: S603 (our own samples)
            ["sh", "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path,
            env=environment,
        )  # fmt: skip
        return done.returncode

    assert run() == 0
    assert (tmp_path / "deployed").exists()
    (tmp_path / "deployed").unlink()
    suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="误拒率异常",
    )  # fmt: skip
    assert run() != 0
    assert not (tmp_path / "deployed").exists()


def test_the_manifests_say_what_the_how_to_says() -> None:
    told = list(yaml.safe_load_all((SAMPLES / "kubernetes" / "webhook.yaml").read_text()))
    (webhook,) = next(one for one in told if one["kind"].startswith("Validating"))["webhooks"]
    assert (webhook["failurePolicy"], webhook["sideEffects"]) == ("Fail", "None")
    assert [one["resources"] for one in webhook["rules"]] == [
        ["deployments", "statefulsets", "replicasets", "daemonsets", "deployments/scale",
         "statefulsets/scale", "replicasets/scale"],
        ["jobs", "cronjobs"], ["pods", "pods/ephemeralcontainers"],
    ]  # fmt: skip
    admit = next(one for one in told if one["kind"] == "Deployment")["spec"]["template"]["spec"]
    assert [one.split("=")[0] for one in admit["containers"][0]["args"]] == [
        "--keys", "--mingce", "--environment", "--cert", "--key",
    ]  # fmt: skip
    model = yaml.safe_load((SAMPLES / "kubernetes" / "model.yaml").read_text())
    notes = model["spec"]["template"]["metadata"]["annotations"]
    assert notes.keys() == {"mingce.dev/container", "mingce.dev/permit"}


@contextmanager
def admitting(where: Path, site: str, *more: str) -> Iterator[Any]:
    """The webhook, asked over HTTP."""
    (where / "keys.jwks.json").write_text(json.dumps(services.jwks()))
    environment = {
        "PATH": os.environ["PATH"], "MINGCE_TOKEN": token("read"), "PYTHONPATH": str(VERIFY.parent),
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    process = subprocess.Popen(  # noqa: S603 (our own script)
        [sys.executable, str(ADMIT), "--keys", str(where / "keys.jwks.json"), "--mingce", site,
         "--environment", "production", "--host", "127.0.0.1", "--port", "0",
         "--list-seconds", "0.2", *more],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[-1])

        def review(new: Any, old: Any = None, by: str = "dev") -> tuple[bool, str]:
            request: dict[str, Any] = {"uid": "u-1", "object": new, "oldObject": old}
            request["userInfo"] = {"username": by}
            told = {"kind": "AdmissionReview", "request": request}
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", "/", json.dumps(told))
            answer = json.loads(connection.getresponse().read())
            connection.close()
            said = answer["response"]
            assert (answer["kind"], said["uid"]) == ("AdmissionReview", "u-1")
            why = said.get("status", {}).get("message", "")
            return said["allowed"], why or said["auditAnnotations"]["permit"]

        yield review
    finally:
        process.terminate()
        process.wait(timeout=10)


def deployment(image: str, permit: Any, replicas: int = 2) -> dict[str, Any]:
    told = yaml.safe_load((SAMPLES / "kubernetes" / "model.yaml").read_text())
    template = told["spec"]["template"]
    told["spec"]["replicas"] = replicas
    template["spec"]["containers"][0]["image"] = f"registry.bank.example/scorecard@sha256:{image}"
    template["metadata"]["annotations"]["mingce.dev/permit"] = json.dumps(permit)
    found: dict[str, Any] = told
    return found


def until(review: Any, told: Any, expected: bool) -> str:
    """The webhook's word, once the list that it fetches has come."""
    end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=20)
    while True:
        allowed, why = review(told)
        if allowed is expected or dt.datetime.now(dt.UTC) > end:
            assert allowed is expected, why
            return str(why)


def test_a_cluster_rolls_out_what_is_permitted_and_nothing_else(
    site: str, release: Release, tmp_path: Path
) -> None:
    assert release.version is not None
    digest = release.version.digest
    permit = services.issue(
        actor=person("pipeline"), version_id=release.version.pk, digest=digest,
        environment="production",
    )  # fmt: skip
    good = deployment(digest, {"envelope": permit.envelope})
    with admitting(tmp_path, site, "--allow", ALLOWED) as review:
        assert until(review, good, True) == permit.code
        assert review(deployment("b" * 64, permit.envelope)) == (
            False, "Mingce: it is for another digest",
        )  # fmt: skip
        unpinned = deployment(digest, permit.envelope)
        unpinned["spec"]["template"]["spec"]["containers"][0]["image"] = "scorecard:latest"
        assert "by the digest" in review(unpinned)[1] or "@sha256" in review(unpinned)[1]
        bare = deployment(digest, permit.envelope)
        del bare["spec"]["template"]["metadata"]["annotations"]
        assert review(bare) == (False, "Mingce: it carries no readable permit in mingce.dev/permit")
        assert review({"kind": "Deployment", "spec": None}) == (
            False, "Mingce: this could not be judged",
        )  # fmt: skip
        assert review(deployment(digest, "", replicas=9), good) == (True, "none")  # only scaled
        pod = {"kind": "Pod", **good["spec"]["template"]}
        assert review(pod) == (True, permit.code)
        own_containers_alone(review, good)
        services.revoke(actor=person("chen"), permit_id=permit.pk, reason="构建作废")
        assert "has been revoked" in until(review, good, False)


ALLOWED = "registry.bank.example/proxy@sha256:" + "e" * 64
CONTROLLER = "system:serviceaccount:kube-system:replicaset-controller"


def own_containers_alone(review: Any, good: dict[str, Any]) -> None:
    """Neither an owner, nor another container, nor a start from nothing goes around the permit."""
    template = good["spec"]["template"]
    bare: dict[str, Any] = json.loads(json.dumps({"kind": "Pod", **template}))
    bare["metadata"] = {"ownerReferences": [{"kind": "ReplicaSet", "controller": True}]}
    assert review(bare)[0] is False
    assert review(bare, by=CONTROLLER) == (True, "none")
    assert review(bare, by="system:serviceaccount:kube-system-x:a-controller")[0] is False
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for image, allowed in ((ALLOWED, True), ("evil:1", False), (ALLOWED + "\n", False)):
            told = json.loads(json.dumps(good))
            spec = told["spec"]["template"]["spec"]
            spec[kind] = [*spec.get(kind, []), {"name": "other", "image": image}]
            assert review(told)[0] is allowed, (kind, image)
    stripped = json.loads(json.dumps(good))
    del stripped["spec"]["template"]["metadata"]["annotations"]
    none = json.loads(json.dumps(stripped))
    none["spec"]["replicas"] = 0
    assert review(stripped, stripped) == (True, "none")
    assert review(stripped, none)[0] is False
    assert review(good, none)[0] is True
    scale: list[Any] = [{"kind": "Scale", "spec": {"replicas": count}} for count in (0, 1, 2)]
    assert review(scale[2], scale[1])[0] is True
    assert review(scale[1], scale[0])[0] is False
    job = {"kind": "Job", "metadata": {}, "spec": {"template": stripped["spec"]["template"]}}
    assert review(job)[0] is False
    cron = {"kind": "CronJob", "metadata": {}, "spec": {"jobTemplate": {"spec": good["spec"]}}}
    assert review(cron)[0] is True
    running = {"kind": "Pod", "metadata": {}, "spec": template["spec"]}
    assert review(running, running) == (True, "none")
    debug = {"ephemeralContainers": [{"name": "debug", "image": "evil:1"}]}
    assert review({**running, "spec": running["spec"] | debug}, running)[0] is False


def test_a_cluster_without_a_list_lets_glass_be_broken_alone(
    release: Release, tmp_path: Path
) -> None:
    assert release.version is not None
    asked = services.ask_break_glass(
        actor=person("chen"), use_id=release.model_use_id, environment="production", days=1,
        reason="登记系统停机时修复故障",
    )  # fmt: skip
    gao = person("gao")
    proof = people.step_up(user=gao, password=PASSWORD, subjects=[asked.subject])
    given = services.give_break_glass(actor=gao, request_id=asked.pk, step_up_id=proof.pk).permit
    assert given is not None
    nowhere, use = "http://127.0.0.1:9", str(release.model_use_id)
    told = deployment("c" * 64, given.envelope)
    with admitting(tmp_path, nowhere) as review:
        assert review(told)[0] is False
    digest = release.version.digest
    ordinary = services.issue(
        actor=person("pipeline"), version_id=release.version.pk, digest=digest,
        environment="production",
    )  # fmt: skip
    with admitting(tmp_path, nowhere, "--use", use) as review:
        assert review(told) == (True, given.code)
        assert review(deployment(digest, ordinary.envelope)) == (
            False, "Mingce: the list of revoked permits has not been fetched yet",
        )  # fmt: skip
    with admitting(tmp_path, nowhere, "--use", str(release.pk)) as review:
        assert review(told)[0] is False
    assert given.expires_at > clock.now()

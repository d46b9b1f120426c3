"""Run-time decisions: batches of 500, single ones, a stop among them; where the time goes.

Run: python -m config.local.testing -- python -m tests.benchmarks.bench_decisions [seconds] [held %]

gunicorn as in production (gthread, 2 workers x 3 threads), PostgreSQL and the clients on the same
machine. The plan has three clauses over ten scalar fields. Prints figures; asserts no time.
"""

from __future__ import annotations

import cProfile
import datetime as dt
import json
import os
import pstats
import sys
import threading
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from django.db import connection, connections  # noqa: E402 (after setup)

from governance.checkpoints import services  # noqa: E402
from governance.checkpoints.models import Batch, Decision  # noqa: E402
from governance.checkpoints.schema import NewDecision  # noqa: E402
from governance.suspensions import services as suspensions  # noqa: E402
from governance.suspensions.models import Order  # noqa: E402
from registry.core import clock  # noqa: E402
from registry.core.people import services as people  # noqa: E402
from registry.core.people.queries import system  # noqa: E402
from registry.releases.models import Release  # noqa: E402
from tests import conftest, story, world  # noqa: E402
from tests.benchmarks import load, measure  # noqa: E402
from tests.governance.checkpoints import world as checkpoints  # noqa: E402
from tests.governance.reviews.doing import SCORECARD, digest_of  # noqa: E402

SIZE, CLIENTS = 500, 8
PLAN = """
fields:
  - {name: score, type: number, required: true}
  - {name: amount, type: number, required: true}
  - {name: term, type: number}
  - {name: rate, type: number}
  - {name: income, type: number}
  - {name: debt_ratio, type: number}
  - {name: channel, type: text}
  - {name: product, type: text}
  - {name: region, type: text}
  - {name: first_time, type: yes_no}
checkpoints:
  - key: grey_zone
    point: RI-01
    label: {zh: 临界分数复核, en: Score near the cut-off}
    trigger: {all: ["score >= 0.48", "score <= 0.52"]}
    roles: [reviewer]
    competence: credit_review
  - key: large
    point: RI-01
    label: {zh: 大额复核, en: Large amounts}
    trigger: {any: ["amount > 200000"]}
    roles: [reviewer]
    competence: credit_review
  - key: afterwards
    point: RI-04
    label: {zh: 决策后抽检, en: Looked at afterwards}
    trigger: {any: ["amount > 100000"]}
    roles: [reviewer]
    competence: credit_review
"""


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    held = float(sys.argv[2]) if len(sys.argv) > 2 else 0.2
    measure.found_institution()
    try:
        release = story.to_production(story.register(digest=digest_of(SCORECARD)))
        checkpoints.staffed()
        checkpoints.planned(release, PLAN)
        token = issue_token()
        with connections["owner"].cursor() as cursor:
            cursor.execute("ANALYZE")
        with measure.server() as port:
            over_http(port, token, release, seconds, held)
        sealed()
        profiled(release, held)
    finally:
        connections.close_all()
        conftest.drop(measure.DATABASE)


def issue_token() -> str:
    gateway = world.person("gateway")
    _row, secret = people.issue_token(
        actor=world.person("admin"), user=gateway, name="bench",
        scopes=["post_decisions", "read"], expires_at=clock.now() + dt.timedelta(days=1),
    )  # fmt: skip
    return secret


def told(release: Release, number: int, score: float) -> dict[str, object]:
    """One decision of ten fields; `@` becomes the request's own mark."""
    return {
        "release": release.code, "reference": f"@-{number}", "output": "approve",
        "confidence": 0.93, "input_digest": "ab" * 32, "explanation_ref": f"shap/@/{number}",
        "fields": {
            "score": score, "amount": 52_000 + number, "term": 36, "rate": 0.0485,
            "income": 18_000.5, "debt_ratio": 0.31, "channel": "app", "product": "P-17",
            "region": "SH", "first_time": number % 7 == 0,
        },
    }  # fmt: skip


def body(release: Release, size: int, held: float) -> bytes:
    """A batch of which so many percent wait for a person."""
    waiting = round(size * held / 100)
    rows = [told(release, n, 0.5 if n < waiting else 0.81) for n in range(size)]
    return json.dumps({"decisions": rows}).encode()


def over_http(port: int, token: str, release: Release, seconds: float, held: float) -> None:
    batch, single = body(release, SIZE, held), json.dumps(told(release, 1, 0.81)).encode()
    run = 0

    def posting(path: str, content: bytes) -> load.Make:
        return lambda client, n: (
            "POST", path, content.replace(b"@", f"{run}-{client}-{n}".encode())
        )  # fmt: skip

    cases: list[tuple[str, int, load.Make]] = [
        ("me (empty authenticated view)", 1, lambda client, n: ("GET", "/api/v1/me/", None)),
        (f"batches of {SIZE}, {held:g} % held", SIZE, posting("/api/v1/decisions/batch/", batch)),
        ("one decision", 1, posting("/api/v1/decisions/", single)),
        ("one decision, one client", 1, posting("/api/v1/decisions/", single)),
        ("me, one client", 1, lambda client, n: ("GET", "/api/v1/me/", None)),
    ]
    for name, each, make in cases:
        clients = 1 if "one client" in name else CLIENTS
        run += 1
        load.drive(port, token, make, clients=clients, seconds=1.0)
        run += 1
        found = load.drive(port, token, make, clients=clients, seconds=seconds)
        more = f"   = {found.rate * each:,.0f} decisions/s" if each > 1 else ""
        print(f"{name:34s} {found}{more}", flush=True)
    hammered(port, token, release, posting("/api/v1/decisions/batch/", batch))


def hammered(port: int, token: str, release: Release, make: load.Make) -> None:
    """A stop in the middle of eight clients: how long it takes, and what proceeds afterwards."""
    done: list[load.Result] = []
    thread = threading.Thread(
        target=lambda: done.append(load.drive(port, token, make, clients=CLIENTS, seconds=4.0))
    )
    thread.start()
    time.sleep(2.0)
    begun = time.perf_counter()
    suspensions.order(
        actor=world.person("luo"), kind="stop", target_type="release", target_id=release.pk,
        reason="基准演练",
    )  # fmt: skip
    taken = time.perf_counter() - begun
    last = Batch.objects.order_by("-id").values_list("id", flat=True).first() or 0
    thread.join()
    after = Decision.objects.filter(batch_id__gt=last)
    print(f"stop under {CLIENTS} clients: {taken * 1_000:.0f} ms; afterwards"
          f" {after.filter(answer='stop').count():,} stop,"
          f" {after.exclude(answer='stop').count():,} other answers")  # fmt: skip


def sealed() -> None:
    begun = time.perf_counter()
    seals = services.seal(actor=system())
    taken = time.perf_counter() - begun
    many = sum(one.decisions for one in seals)
    batches = sum(one.batches for one in seals)
    print(f"sealed {many:,} decisions in {batches:,} batches in {taken:.1f} s")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_size_pretty(sum(pg_total_relation_size(c.oid))), count(*) FROM pg_class c"
            " WHERE relname LIKE 'governance_decision%' AND relkind = 'r'"
        )
        print("on disk:", cursor.fetchone()[0])


def profiled(release: Release, held: float) -> None:
    """Where the time of a batch goes, in one process, after the stop is lifted."""
    for order in Order.objects.filter(state="in_force"):
        for by in ("chen", "sun"):
            suspensions.resume(actor=world.person(by), order_id=order.pk, reason="基准演练结束。")
    rows = [NewDecision.model_validate(one) for one in
            json.loads(body(release, SIZE, held))["decisions"]]  # fmt: skip
    gateway = world.person("gateway")

    def take(number: int) -> None:
        mine = [one.model_copy(update={"reference": f"p{number}{one.reference}"}) for one in rows]
        services.take(gateway=gateway, told=mine)

    take(0)
    profile = cProfile.Profile()
    profile.enable()
    for number in range(1, 21):
        take(number)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(16)


if __name__ == "__main__":
    main()

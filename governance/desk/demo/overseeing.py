"""Run time in the demo story: the scorecard's real decisions on the sample, and who looked at them.

A gateway posts a share of the German credit data every day, scored by the committed artifact. One
reviewer looks closely, the other follows the model: the figures of the plan's page show it.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from governance.checkpoints import services
from governance.checkpoints.models import Case
from governance.checkpoints.models.cases import WAITING
from governance.checkpoints.schema import NewDecision
from governance.desk.demo.drilling import GATEWAY
from governance.desk.demo.institution import person
from governance.desk.demo.telling import Steps, Told
from governance.reviews.rules import scorecards
from registry.core import clock
from registry.core.people import queries as people_queries
from registry.releases.models import Release

FOLDER = Path(settings.BASE_DIR) / "seeds" / "demo" / "scorecard"
FIRST_DAY, A_DAY = 12, 14
CLOSE, FAST = "reviewer", "reviewer2"  # looks closely; follows the model
LEFT = "decline"  # of the last day these wait for the reader
LOOKS = {CLOSE: dt.timedelta(minutes=4), FAST: dt.timedelta(seconds=12)}


def tell(told: Told) -> Steps:
    """The plan comes into force; every day decisions come in and are looked at, but the last."""
    yield told.at(FIRST_DAY + 1, "10:00")
    release = Release.objects.get(pk=told.others[told.story.key].release_id)
    _staff()
    _plan(release)
    rows = decisions(release)
    for day in range(FIRST_DAY, 0, -1):
        yield told.at(day, "15:00")
        services.take(gateway=person(GATEWAY), told=list(islice(rows, A_DAY)))
        services.seal(actor=people_queries.system())
        yield from _look(told, day)


def decisions(release: Release) -> Iterator[NewDecision]:
    """The artifact's decision on each row of the sample, as its gateway would post it."""
    told, card = artifact()
    with (FOLDER / "german_credit.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            points, is_unknown = points_of(told, card, row)
            amount = float(row["credit_amount"])
            yield NewDecision(
                release=release.code,
                reference=row["application_id"],
                output=_output(told["strategy"], points, amount, is_unknown),
                input_digest=hashlib.sha256(json.dumps(row).encode()).hexdigest(),
                explanation_ref=f"shap/{row['application_id']}",
                fields={"points": points, "credit_amount": amount, "purpose": row["purpose"],
                        "unknown_value": is_unknown},
            )  # fmt: skip


def artifact() -> tuple[dict[str, Any], scorecards.Scorecard]:  # Any: JSON
    """The committed scorecard: as its file says, and as it computes."""
    content = (FOLDER / "artifact" / "scorecard.json").read_bytes()
    return json.loads(content), scorecards.read(content)


def points_of(
    told: dict[str, Any], card: scorecards.Scorecard, row: dict[str, str]
) -> tuple[int, bool]:
    """The row's points, and whether the scorecard has never seen one of its values."""
    points, is_unknown = told["scaling"]["start_points"], False
    for one, variable in zip(told["variables"], card.variables, strict=True):
        place = variable.place(row[variable.name])
        is_unknown |= place is None
        points += one["bins"][variable.worst if place is None else place]["points"]
    return int(points), is_unknown


def _output(strategy: dict[str, int], points: int, amount: float, is_unknown: bool) -> str:
    """The artifact's own strategy: approve within the limit, else a person."""
    if points < strategy["propose_decline_below"]:
        return "propose_decline"
    within = points >= strategy["approve_from"] and amount <= strategy["credit_amount_limit"]
    return "approve" if within and not is_unknown else "refer"


def _staff() -> None:
    """The reviewers' training."""
    for username in (CLOSE, FAST):
        services.record_competence(
            actor=person("mrm"), user=person(username), key="credit_review", daily_limit=80,
            valid_to=clock.today() + dt.timedelta(days=330), proof="零售信贷人工复核培训（演示）",
        )  # fmt: skip


def _plan(release: Release) -> None:
    """Drawn up by the owner, tested with two rows, put in force by model risk."""
    content = (FOLDER / "plan.yaml").read_text(encoding="utf-8")
    row = services.draft(actor=person("owner"), release_id=release.pk, content=content)
    sample = list(islice(decisions(release), 2))
    services.test(actor=person(GATEWAY), plan_id=row.pk, samples=sample)
    services.activate(actor=person("mrm"), plan_id=row.pk)


def _look(told: Told, day: int) -> Steps:
    """What waits is looked at in turn; where two are needed the other one looks as well."""
    rows = list(Case.objects.filter(state__in=WAITING).order_by("opened_at", "position"))
    for number, row in enumerate(rows):
        if day == 1 and row.checkpoint == LEFT:
            continue
        for username in (CLOSE, FAST) if (number + day) % 2 else (FAST, CLOSE):
            row.refresh_from_db()
            if row.state not in WAITING or (row.first_by and row.first_by.username == username):
                continue
            yield told.after(dt.timedelta(seconds=1))
            services.claim(actor=person(username), case_id=row.pk)
            yield told.after(LOOKS[username])
            _decide(row, username, number)


def _decide(row: Case, username: str, number: int) -> None:
    told = {"outcome": "accept", "reason_code": "facts_confirmed"}
    if username == CLOSE and number % 9 == 4 and row.state == "open":
        final = "approve" if row.output == "propose_decline" else "decline"
        told = {"outcome": "override", "reason_code": "special_circumstances",
                "final_output": final}  # fmt: skip
    services.decide(actor=person(username), case_id=row.pk, **told)

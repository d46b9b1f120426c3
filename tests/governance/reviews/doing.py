"""What tests of reviews do with them, on any day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from governance.reviews import queries, services
from governance.reviews.models import Package, Reminder, Review
from governance.reviews.services import Report
from registry.core import clock
from registry.core.people import services as people
from registry.core.people.queries import system
from registry.core.people.rules import Role
from registry.releases.models import Release
from registry.usecases import services as uses
from registry.usecases.services import GradeShown
from tests.architecture.house import PROJECT
from tests.world import head_office, person

FOLDER = PROJECT / "seeds" / "demo" / "scorecard"
SCORECARD = FOLDER / "artifact" / "scorecard.json"  # what the live release's version is
SAMPLE = FOLDER / "german_credit.csv"


def digest_of(path: Path) -> str:
    """The file's sha256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def on(day: dt.date | str) -> Iterator[dt.date]:
    """It is noon of that day in Shanghai."""
    if isinstance(day, str):
        day = dt.date.fromisoformat(day)
    with clock.at(dt.datetime(day.year, day.month, day.day, 4, tzinfo=dt.UTC)):
        yield day


def sweep() -> int:
    """The sweep, as the system."""
    return services.sweep(actor=system())


def waiting(release: Release, kind: str) -> Review:
    """The pending review of the kind."""
    return Review.objects.select_related("package").get(
        release=release, kind=kind, state__in=["planned", "submitted"]
    )


def due(release: Release | None) -> dict[str, str]:
    """Kind → the day on which its pending review is due."""
    rows = Review.objects.filter(release=release, state__in=["planned", "submitted"])
    return {kind: day.isoformat() for kind, day in rows.values_list("kind", "package__due_on")}


def rungs(package: Package) -> list[str]:
    """The rungs that have come, in their order."""
    rows = Reminder.objects.filter(package=package).order_by("sent_at", "for_on", "rung")
    return list(rows.values_list("rung", flat=True))


def report(review: Review, outcome: str = "in_order") -> Report:
    """A whole report: every line of the checklist answered."""
    kind = queries.section_of(review.pack).kind(review.kind)
    assert kind is not None
    answers = {one.key: "已核对,符合要求。" for one in kind.checklist}
    return Report("检查完成,材料齐全,结论见清单。", outcome, answers)


def carry_out(review: Review, by: str, signer: str, outcome: str = "in_order") -> Review:
    """The review is done by one person and signed off by another."""
    services.submit(actor=person(by), review_id=review.pk, report=report(review, outcome))
    return services.sign_off(actor=person(signer), review_id=review.pk)


def also(username: str, role: Role) -> None:
    people.assign_role(
        actor=person("admin"), user=person(username), role=role, entity=head_office(),
        valid_from=dt.date(2020, 1, 1),
    )  # fmt: skip


def regrade(release: Release, tier: str) -> None:
    """The use shows another tier, as classification would have it."""
    use = release.model_use
    shown = GradeShown(
        tier=tier, is_provisional=False, flags=use.flags, grade_digest=use.grade_digest
    )
    uses.set_grade(actor=person("chen"), use=use, shown=shown)

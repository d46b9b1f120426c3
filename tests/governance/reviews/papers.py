"""The papers from which importances are computed: the model's file, samples, what came of them."""

from __future__ import annotations

import csv
import io
from typing import Any

from governance.reviews import services
from governance.reviews.models import Review
from governance.reviews.services import Explained
from registry.evidence import queries as stored
from registry.evidence import services as evidence
from registry.evidence.models import Document
from registry.releases.models import Release
from tests.governance.reviews.doing import SAMPLE, SCORECARD, waiting
from tests.world import person

WORDS: dict[str, Any] = dict.fromkeys(
    ("scope", "local_results", "customer_test", "limits", "decision"), "已按方案完成,详见附件。"
)


def told(**more: Any) -> Explained:
    """An explanation in words enough."""
    return Explained(method="shap", level="E1", **WORDS, **more)


def paper(
    subject: Any, content: bytes, name: str, kind: str = "other", by: str = "chen"
) -> Document:
    return evidence.hand_in(
        actor=person(by), subject=subject, kind=kind, title=name, file_name=name,
        content=io.BytesIO(content),
    )  # fmt: skip


def artifact(release: Release) -> Document:
    """The scorecard's own file, handed in by its developer."""
    return paper(release.version, SCORECARD.read_bytes(), "scorecard.json", "model_artifact", "li")


def sample(row: Review, text: bytes = b"") -> Document:
    return paper(row.package, text or SAMPLE.read_bytes(), "sample.csv")


def ready(release: Release, text: bytes = b"") -> tuple[Review, Document]:
    """The open review with the model's file and a sample."""
    artifact(release)
    row = waiting(release, "PR-03")
    return row, sample(row, text)


def compute(row: Review, given: Document, by: str = "chen") -> services.ComputedImportances:
    return services.compute_importances(actor=person(by), review_id=row.pk, sample_id=given.pk)


def content_of(document: Document) -> bytes:
    with stored.opened(document.sha256) as file:
        return file.read()


def csv_of(**change: str) -> bytes:
    """The sample's first rows, one cell of the first changed."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row, _at in zip(csv.DictReader(file), range(30), strict=False)]
    rows[0] |= change
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()

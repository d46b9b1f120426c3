"""Importances computed here: from the model's own file and a sample, as a paper for the review."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from governance.reviews import queries
from governance.reviews.models import Review
from governance.reviews.rules import importances, scorecards
from governance.reviews.services import checking
from registry.core.errors import Conflict, DomainError, NotFound
from registry.core.jobs import services as jobs
from registry.core.jobs.models import Job
from registry.core.ledger import services as ledger
from registry.core.people.models import User
from registry.evidence import queries as evidence
from registry.evidence import services as papers
from registry.evidence.models import Document

Progress = Callable[[str, int, int], None]
KIND = "reviews.explain"
FILE_NAME = "shap_importances.json"
FIDELITY = Decimal("1.000")  # exact by construction: see rules.scorecards


@dataclass(frozen=True)
class ComputedImportances:
    """What a computation left: the document, and the figures a person may take over.

    stability and fidelity: 0 to 1; stability None below three variables.
    """

    document: Document
    rows: int
    features: int
    unknown: int  # values of the sample for which the scorecard has no bin
    stability: Decimal | None
    fidelity: Decimal


def request_importances(*, actor: User, review_id: uuid.UUID, sample_id: uuid.UUID) -> Job:
    """The computation waits for a worker; its job tells how far it is and what came of it.

    Raises what `compute_importances` raises before it reads the files, and Conflict
    (`computation_running`) where another one of the person has not ended.
    """
    row, _artifact, _sample = _gather(actor, review_id, sample_id)
    arguments = {
        "actor": str(actor.pk),
        "package": str(row.package_id),
        "review": str(review_id),
        "sample": str(sample_id),
    }
    job = jobs.request(actor=actor, kind=KIND, arguments=arguments)
    if job.arguments != arguments:
        raise Conflict(
            "computation_running",
            _("Another computation of yours has not ended yet."),
            hint=_("Wait for it; it is in the list of your jobs."),
        )
    return job


def compute_importances(
    *, actor: User, review_id: uuid.UUID, sample_id: uuid.UUID, progress: Progress | None = None
) -> ComputedImportances:
    """The importances stand about the review's package as explanation data, for a person to judge.

    sample_id: a CSV handed in about the package. The same files give the same document, once.
    Raises Forbidden, SegregationRefused, Conflict and NotFound about the review and its papers;
    DomainError (`artifact_…`, `sample_…`, `no_importance`) about what is in them.
    """
    row, artifact, sample = _gather(actor, review_id, sample_id)
    found = _computed(artifact, sample, progress or (lambda stage, done, total: None))
    version = row.release.version if row.release is not None else None
    about = {"artifact_sha256": artifact.sha256, "sample_sha256": sample.sha256}
    content = scorecards.written(found, about)
    importances.read(FILE_NAME, content)  # whatever is handed in can be read again
    with ledger.act(actor):
        row = checking.lock(review_id)
        checking.check_explains(actor, row)
        document = _standing(row, content) or papers.hand_in(
            actor=actor,
            subject=row.package,
            kind="explanation_data",
            title=f"SHAP · {version.label if version is not None else ''}",
            file_name=FILE_NAME,
            content=io.BytesIO(content),
        )
    share = None if found.stability is None else Decimal(f"{found.stability:.3f}")
    return ComputedImportances(
        document, found.sample.rows, len(found.values), found.sample.unknown, share, FIDELITY
    )


def _standing(row: Review, content: bytes) -> Document | None:
    """The same result, where it stands already: a worker that died may have handed it in."""
    found = evidence.latest([row.package_id]).filter(kind="explanation_data")
    return found.filter(sha256=hashlib.sha256(content).hexdigest()).first()


def _computed(artifact: Document, sample: Document, progress: Progress) -> scorecards.Computed:
    with evidence.opened(artifact.sha256) as file:
        card = scorecards.read(file.read(scorecards.MOST_ARTIFACT_BYTES + 1))
    total = len(card.variables)
    progress("features", 0, total)
    with evidence.opened(sample.sha256) as file:
        rows = scorecards.read_sample(card, io.TextIOWrapper(file, "utf-8-sig", newline=""))
    return scorecards.attribute(
        card, rows, sample.sha256, lambda done: progress("features", done, total)
    )


def _gather(
    actor: User, review_id: uuid.UUID, sample_id: uuid.UUID
) -> tuple[Review, Document, Document]:
    """The review, the model's file and the sample, where the person may explain by them."""
    rows = Review.objects.select_related(
        "pack", "package__entity", "release__version", "release__model_use__model",
        "release__model_use__entity",
    )  # fmt: skip
    row = rows.get(pk=review_id)
    checking.check_explains(actor, row)
    return row, _artifact_of(row), _sample_of(row, sample_id)


def _artifact_of(row: Review) -> Document:
    """The document that is the version itself, by its digest."""
    release = row.release
    found = queries.artifact_of(release) if release is not None else None
    if found is None:
        raise DomainError(
            "artifact_missing",
            _("No document is the model's file: its sha256 must be the version's digest."),
            field="artifact",
            hint=_("Hand it in about the version, or compute with a tool of your own."),
        )
    return found


def _sample_of(row: Review, sample_id: uuid.UUID) -> Document:
    """The CSV about the package."""
    found = Document.objects.filter(pk=sample_id, subject_id=row.package_id).first()
    if found is None:
        raise NotFound(
            "not_found", _("No document about this review package has this key."), field="sample"
        )
    if found.media_type != "text/csv":
        raise DomainError(
            "sample_type", _("The sample is a CSV file with a header line."), field="sample"
        )
    if found.size_bytes > scorecards.MOST_SAMPLE_BYTES:
        raise DomainError(
            "sample_too_large",
            _("A sample has at most %(most)s MB.")
            % {"most": scorecards.MOST_SAMPLE_BYTES // (1024 * 1024)},
            field="sample",
            status=413,
            hint=_("Draw rows at random until it fits."),
        )
    return found

"""Importances computed for a review: by a worker, with progress, as a paper for a person."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from typing import Any

import pytest

from governance.reviews import services
from governance.reviews.models import Explanation
from governance.reviews.rules import importances, scorecards
from governance.reviews.services import computing
from registry.core.errors import Conflict, DomainError, Forbidden, NotFound
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.evidence import queries as stored
from registry.evidence.models import Document
from registry.releases.models import Release
from tests import story
from tests.governance.reviews.doing import SAMPLE, SCORECARD, digest_of, report, waiting
from tests.governance.reviews.papers import (
    compute,
    content_of,
    csv_of,
    paper,
    ready,
    sample,
    told,
)
from tests.refusals import changes, footprint, refused
from tests.world import person


def test_the_importances_stand_as_a_paper_that_can_be_read(live: Release) -> None:
    row, given = ready(live)
    before, steps = footprint(), list[tuple[str, int, int]]()
    found = services.compute_importances(
        actor=person("chen"), review_id=row.pk, sample_id=given.pk,
        progress=lambda *step: steps.append(step),
    )  # fmt: skip
    document = found.document
    assert steps == [("features", done, 8) for done in range(9)]
    assert (document.kind, document.subject_id, document.handed_in_by) == (
        "explanation_data", row.package_id, person("chen"),
    )  # fmt: skip
    assert changes(before) == {"registry_document": (1, 1), "registry_entry": (1, 0)}
    assert Entry.objects.latest("seq").kind == "document.handed_in"
    facts = json.loads(content_of(document))
    assert (facts["artifact_sha256"], facts["sample_sha256"]) == (
        digest_of(SCORECARD),
        given.sha256,
    )
    assert (found.rows, found.features, found.unknown) == (1_000, 8, 0)
    assert found.fidelity == Decimal(1)
    assert found.stability == Decimal(str(facts["stability"]))
    assert not Explanation.objects.exists()  # the level is a person's


def test_the_figures_are_those_of_the_scorecards_own_formula(live: Release) -> None:
    """Computed another way: the mean over the rows, without bins being counted."""
    row, given = ready(live)
    found = dict(importances.read("a.json", content_of(compute(row, given).document)).shares)
    card = json.loads(SCORECARD.read_text())
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    effects = {}
    for one in card["variables"]:
        woes = [woe(one["bins"], case[one["name"]]) for case in rows]
        mean = sum(woes) / len(woes)
        effects[one["name"]] = sum(abs(one["coefficient"] * (w - mean)) for w in woes) / len(woes)
    whole = sum(effects.values())
    assert found == {name: pytest.approx(one / whole, abs=1e-8) for name, one in effects.items()}


def woe(bins: list[dict[str, Any]], value: str) -> float:
    return next(
        float(one["woe"])
        for one in bins
        if value in one["values"]
        or (not one["values"] and (one["below"] is None or float(value) < one["below"]))
    )


def test_the_same_files_give_the_same_paper_once(live: Release) -> None:
    row, given = ready(live)
    first = compute(row, given)
    before = footprint()
    assert compute(row, given) == first
    assert changes(before) == {}
    assert [fault for fault in ledger.verify().faults if "anchor" not in fault] == []


def test_the_person_explains_with_that_paper(live: Release) -> None:
    row, given = ready(live)
    found = compute(row, given)
    kept = services.explain(
        actor=person("chen"),
        review_id=row.pk,
        told=told(stability=found.stability),
        document_id=found.document.pk,
    )
    assert (kept.tool, kept.importances[0][0]) == ("shap", "checking_account")


# Refusals: each leaves nothing behind.


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("NaN", csv_of(credit_amount="NaN"), "sample_value"),
        ("an empty cell", csv_of(savings=""), "sample_value"),
        ("a wrong column", csv_of().replace(b"savings", b"spending"), "sample_columns"),
        ("no UTF-8", csv_of().replace(b"G0001", b"\xc3\x28"), "sample_unreadable"),
        ("GB 18030", csv_of(purpose="教育").decode().encode("gb18030"), "sample_unreadable"),
        ("too few rows", b"\n".join(csv_of().splitlines()[:20]), "sample_rows"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_sample_that_is_wrong_leaves_nothing(
    live: Release, name: str, text: bytes, code: str
) -> None:
    row, given = ready(live, text)
    with refused(DomainError, code) as caught:
        compute(row, given)
    assert caught.value.field == "sample"


def test_a_sample_as_excel_saves_it_is_read(live: Release) -> None:
    row, given = ready(live, b"\xef\xbb\xbf" + csv_of().replace(b"\n", b"\r\n"))
    assert compute(row, given).rows == 30


def test_without_the_models_own_file_nothing_is_computed(live: Release) -> None:
    """A file with another digest is not the model, whatever it is handed in as."""
    row = waiting(live, "PR-03")
    given = sample(row)
    paper(live.version, SCORECARD.read_bytes() + b"\n", "scorecard.json", "model_artifact", "li")
    with refused(DomainError, "artifact_missing") as caught:
        compute(row, given)
    assert caught.value.field == "artifact"


def test_a_model_file_of_another_format_is_refused(live: Release) -> None:
    other = story.to_production(story.register(name="另一评分卡"))  # its digest: of its code
    services.plan_missing(actor=person("chen"))
    paper(other.version, other.model_use.model.code.encode(), "m.json", "model_artifact", "li")
    row = waiting(other, "PR-03")
    given = sample(row)
    with refused(DomainError, "artifact_format"):
        compute(row, given)


def test_a_file_that_was_changed_in_the_store_is_refused(live: Release) -> None:
    row, given = ready(live)
    path = stored.path_of(given.sha256)
    kept = path.read_bytes()
    try:
        path.write_bytes(b"age\n1\n")
        with refused(DomainError, "file_changed"):
            compute(row, given)
    finally:
        path.write_bytes(kept)


def test_the_sample_is_a_csv_about_this_package_of_a_bearable_size(
    live: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, given = ready(live)
    note = paper(row.package, b"{}", "note.json")
    elsewhere = paper(live, csv_of(), "sample.csv")
    with refused(DomainError, "sample_type"):
        compute(row, note)
    with refused(NotFound, "not_found"):
        compute(row, elsewhere)
    monkeypatch.setattr(scorecards, "MOST_SAMPLE_BYTES", given.size_bytes - 1)
    with refused(DomainError, "sample_too_large"):
        compute(row, given)


def test_only_who_carries_it_out_computes_and_only_while_it_is_open(live: Release) -> None:
    row, given = ready(live)
    for by in ("wang", "qian", "shen"):  # the owner, another second line, audit
        with refused(Forbidden, "not_yours_to_review"):
            services.request_importances(actor=person(by), review_id=row.pk, sample_id=given.pk)
        with refused(Forbidden, "not_yours_to_review"):
            compute(row, given, by)
    with refused(DomainError, "explains_nothing"):
        compute(waiting(live, "PR-02"), given, "wang")
    services.explain(actor=person("chen"), review_id=row.pk, told=told())
    services.submit(actor=person("chen"), review_id=row.pk, report=report(row))
    with refused(Conflict, "handed_in_already"):
        compute(row, given)


def test_a_review_handed_in_meanwhile_takes_no_more_papers(
    live: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check under the lock: what was read at the beginning may have moved on."""
    row, given = ready(live)
    kept = computing._computed

    def slow(*arguments: Any) -> Any:
        services.explain(actor=person("chen"), review_id=row.pk, told=told())
        services.submit(actor=person("chen"), review_id=row.pk, report=report(row))
        return kept(*arguments)

    monkeypatch.setattr(computing, "_computed", slow)
    papers = Document.objects.count()
    with pytest.raises(Conflict) as caught:
        compute(row, given)
    assert (caught.value.code, Document.objects.count()) == ("handed_in_already", papers)

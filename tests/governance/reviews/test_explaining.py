"""The explainability review: what it found, the level that the release carries, what follows."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from governance.lifecycle import queries as lifecycle
from governance.reviews import queries, services
from governance.reviews.models import Explanation, Review
from governance.reviews.rules import importances
from governance.reviews.services import Explained
from governance.suspensions.models import Order
from registry.core.dispatch import services as dispatch
from registry.core.errors import Conflict, DomainError, Forbidden, NotFound
from registry.core.ledger import services as ledger
from registry.core.ledger.models import Entry
from registry.core.people.queries import system
from registry.evidence import services as evidence
from registry.evidence.models import Document
from registry.releases.models import Release
from tests.governance.desk.test_what_is_shown import browser
from tests.governance.reviews.doing import on, report, waiting
from tests.refusals import refused, refused_by_database
from tests.world import person

WORDS = "已按方案完成,详见附件。"


def told(level: str = "E2", **more: object) -> Explained:
    texts = dict.fromkeys(("scope", "local_results", "customer_test", "limits", "decision"), WORDS)
    return Explained(**({"method": "shap", "level": level} | texts | more))  # type: ignore[arg-type]  # whatever a test says


def hand_in(row: Review, text: str, name: str = "shap.csv") -> Document:
    return evidence.hand_in(
        actor=person("chen"), subject=row.package, kind="explanation_data", title=name,
        file_name=name, content=io.BytesIO(text.encode()),
    )  # fmt: skip


def explained(row: Review, level: str, shares: str = "income,5\nage,3\nterm,2\n") -> Review:
    """The review holds an explanation, is handed in by chen and signed off by sun."""
    document = hand_in(row, "feature,importance\n" + shares)
    services.explain(
        actor=person("chen"), review_id=row.pk, told=told(level), document_id=document.pk
    )
    services.submit(actor=person("chen"), review_id=row.pk, report=report(row))
    return services.sign_off(actor=person("sun"), review_id=row.pk)


def test_what_was_found_stands_with_the_importances_of_the_file(live: Release) -> None:
    row = waiting(live, "PR-03")
    document = hand_in(row, "feature,importance\nincome,5\nage,3\nterm,2\n")
    found = services.explain(
        actor=person("chen"), review_id=row.pk, document_id=document.pk,
        told=told(stability=Decimal("0.93"), fidelity=Decimal("1")),
    )  # fmt: skip
    assert (found.importances, found.tool, found.document) == (
        [["income", "0.500000"], ["age", "0.300000"], ["term", "0.200000"]], "csv", document,
    )  # fmt: skip
    assert Entry.objects.latest("seq").kind == "explanation.written"
    again = services.explain(actor=person("chen"), review_id=row.pk, told=told("E3"))
    assert (again.pk, again.level, again.importances) == (found.pk, "E3", found.importances)
    assert [fault for fault in ledger.verify().faults if "anchor" not in fault] == []


def test_an_explainability_review_is_not_handed_in_without_its_explanation(live: Release) -> None:
    row = waiting(live, "PR-03")
    with refused(Conflict, "explanation_missing"):
        services.submit(actor=person("chen"), review_id=row.pk, report=report(row))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"method": "guess"}, "unknown_method"),
        ({"level": "E5"}, "unknown_level"),
        ({"scope": "全部"}, "text_needed"),
        ({"stability": Decimal("1.001")}, "not_a_share"),
        ({"fidelity": Decimal("-0.1")}, "not_a_share"),
        ({"reason_code_agreement": Decimal("NaN")}, "not_a_share"),
    ],
)
def test_an_explanation_is_whole(live: Release, change: dict[str, object], code: str) -> None:
    row = waiting(live, "PR-03")
    with refused(DomainError, code):
        services.explain(actor=person("chen"), review_id=row.pk, told=told(**change))  # type: ignore[arg-type]  # on purpose


def test_a_file_that_is_wrong_writes_nothing(live: Release) -> None:
    row = waiting(live, "PR-03")
    document = hand_in(row, "feature,importance\nincome,nan\n")
    with refused(DomainError, "importances_value"):
        services.explain(
            actor=person("chen"), review_id=row.pk, told=told(), document_id=document.pk
        )


def test_a_document_about_something_else_is_not_read(live: Release) -> None:
    row = waiting(live, "PR-03")
    other = Document.objects.filter(subject_id=live.pk).first()
    assert other is not None
    with refused(NotFound, "not_found"):
        services.explain(actor=person("chen"), review_id=row.pk, told=told(), document_id=other.pk)


def test_only_who_carries_it_out_explains_and_only_while_it_is_open(live: Release) -> None:
    row = waiting(live, "PR-03")
    with refused(Forbidden, "not_yours_to_review"):
        services.explain(actor=person("wang"), review_id=row.pk, told=told())
    with refused(DomainError, "explains_nothing"):
        services.explain(actor=person("wang"), review_id=waiting(live, "PR-02").pk, told=told())
    services.explain(actor=person("chen"), review_id=row.pk, told=told())
    services.submit(actor=person("chen"), review_id=row.pk, report=report(row))
    with refused(Conflict, "handed_in_already"):
        services.explain(actor=person("chen"), review_id=row.pk, told=told("E1"))
    with refused_by_database("MC023"), ledger.act(person("chen")) as act:
        found = Explanation.objects.get(review=row)
        act.update(found, "explanation.rewritten", {"level": "E1"})


# What follows


def test_the_release_carries_the_level_from_the_signature_on(live: Release) -> None:
    assert live.explainability_level == "E1"
    explained(waiting(live, "PR-03"), "E2")
    live.refresh_from_db()
    entry = Entry.objects.filter(kind="release.explained").get()
    assert (live.explainability_level, entry.actor) == ("E2", person("sun").pk)
    dispatch.run()
    assert not Order.objects.filter(is_drill=False).exists()


def test_the_same_level_writes_nothing_to_the_release(live: Release) -> None:
    explained(waiting(live, "PR-03"), "E1")
    assert not Entry.objects.filter(kind="release.explained").exists()


def test_an_insufficient_level_shuts_the_gate_at_once_and_restricts(live: Release) -> None:
    explained(waiting(live, "PR-03"), "E4")
    assert "BR-01" in {one.rule.id for one in lifecycle.gate_of(fresh(live), "S5").blocked}
    dispatch.run()
    dispatch.run()
    order = Order.objects.get(is_drill=False)
    assert (order.kind, order.target_id, order.ordered_by, order.reason) == (
        "restrict", live.pk, system(), "BR-01: E4",
    )  # fmt: skip


def fresh(release: Release) -> Release:
    return Release.objects.select_related(
        "version", "model_use__model", "model_use__use_case", "model_use__entity"
    ).get(pk=release.pk)


def test_the_next_review_is_compared_with_this_one(live: Release) -> None:
    first = explained(waiting(live, "PR-03"), "E2")
    with on("2027-01-12"):
        second = waiting(live, "PR-03")
        explained(second, "E2", "income,2\nage,3\njob,5\n")
        before = queries.explained_before(Explanation.objects.get(review=second))
    assert before is not None
    assert before.review == first
    moved = importances.compare(
        queries.importances_of(before),
        queries.importances_of(Explanation.objects.get(review=second)),
    )
    assert (moved.appeared, moved.vanished) == (("job",), ("term",))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_is_written_and_drawn_in_the_browser(live: Release, language: str) -> None:
    row = waiting(live, "PR-03")
    texts = dict.fromkeys(("scope", "local_results", "customer_test", "limits", "decision"), WORDS)
    file = SimpleUploadedFile("shap.json", b'{"income": 0.5, "age": 0.3, "term": 0.2}')
    form = texts | {"method": "shap", "level": "E2", "stability": "0.9", "file": file}
    client = browser("chen", language)
    path = f"/do/explain-review/{row.pk}/"
    assert client.get(path).status_code == 200
    assert client.post(path, form).status_code == 302
    html = client.get(f"/reviews/{row.package_id}/").content.decode()
    assert "width: 60.0%" in html  # age, of the widest bar
    assert "50.0 %" in html
    assert Document.objects.get(subject_id=row.package_id).kind == "explanation_data"


def test_a_wrong_file_in_the_browser_hands_in_nothing(live: Release) -> None:
    row = waiting(live, "PR-03")
    texts = dict.fromkeys(("scope", "local_results", "customer_test", "limits", "decision"), WORDS)
    file = SimpleUploadedFile("shap.json", b'{"income": "much"}')
    form = texts | {"method": "shap", "level": "E2", "file": file}
    response = browser("chen").post(f"/do/explain-review/{row.pk}/", form)
    assert response.status_code == 422
    assert not Document.objects.filter(subject_id=row.package_id).exists()
    assert not Explanation.objects.exists()

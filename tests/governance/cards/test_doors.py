"""Cards over REST: of a release and of a version, in every format; foreign ones handed in."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import pytest
import typst
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.cards import queries, rules
from governance.cards.queries import printing
from governance.cards.rules import Card, Dataset, Figure, Format, Owner, Pair, Restriction
from governance.findings import services as findings
from governance.suspensions import services as suspensions
from registry.catalogue import services as catalogue
from registry.catalogue.services import NewVersion
from registry.core import clock
from registry.core.ledger.models import Entry
from registry.evidence.models import Document
from registry.releases import queries as releases
from registry.releases.models import Release
from tests import story
from tests.governance.cards.whole import WHOLE
from tests.refusals import changes, footprint
from tests.rest.calling import caller, machine, problem
from tests.story import Story
from tests.world import person

pytestmark = pytest.mark.django_db
TOLD = {
    "card": {
        "task": "tabular-classification",
        "datasets": [{"name": "german_credit", "level": "sensitive", "personal": ["pi"]}],
        "fairness": [{"group": "under 25", "harms": "denial"}],
        "limitations": ["1000 rows"],
        "energy": "no list at all",
        "digest": "b" * 64,
    },
    "parameters": {"C": 0.1},
    "flavors": ["python_function", "sklearn"],
    "signature": {"inputs": '[{"name": "age", "type": "long"}]'},
}
METRICS = {
    "auc": {"value": 0.79, "lower": 0.75, "upper": 0.83},
    "ks": [{"value": 1, "slice": "a"}],
    "ratio": {"under 25": 0.6},
    "level": "E1",
    "ok": True,
    "bad": ["x"],
}


@pytest.fixture
def made() -> Story:
    """A release in development, of a version whose pipeline told much."""
    found = story.register()
    told = NewVersion(
        label="2.0.0", identity_kind="artifact", digest="c" * 64, manifest=TOLD, metrics=METRICS,
        source="s3://bucket/model",
    )  # fmt: skip
    model = found.registered.model
    version = catalogue.register_version(actor=person("li"), model=model, version=told)
    return Story(found.registered, version)


def whole(release: Release) -> Release:
    return releases.whole(Release.objects.all()).get(pk=release.pk)


def test_a_releases_card_says_what_is_governed(made: Story) -> None:
    release = story.to_validation(made).release
    story.validate(made)
    findings.raise_finding(
        actor=person("chen"), release_id=release.pk, severity="low", title="样本较旧"
    )
    suspensions.order(
        actor=person("chen"), kind="restrict", target_type="release", target_id=release.pk,
        reason="测试", limits="仅限试点",
    )  # fmt: skip
    card = queries.of_release(whole(release), "en")
    told = card.governance
    today = clock.today().isoformat()
    assert (card.name, card.use_cases[0]) == ("Retail scorecard", "零售贷款审批 (贷前审批)")
    assert card.prohibited_uses == ("不得用于催收或定价",)
    assert card.limitations == ("样本仅一千笔,年代久远。",)
    assert card.techniques == ("Statistical model or scorecard",)
    assert card.owners == (Owner(person("wang").name, "owner"),)
    assert (card.explainability, card.digest) == ("E1", release.version.digest)  # type: ignore[union-attr]
    assert (told.tier, told.stage, told.autonomy) == ("II", "S2", "A3")
    assert (told.validation, told.validated_on) == ("with_limitations", today)
    assert (told.data_level, told.personal_data) == ("sensitive", ("pi",))
    assert told.findings == (Pair("low", "1"),)
    assert told.restrictions == (Restriction("restrict", today, "仅限试点"),)
    assert (told.monitoring, told.watched) == ("none", ())


def test_a_version_says_what_its_pipeline_told(made: Story) -> None:
    version = queries.whole(type(made.version).objects.all()).get(pk=made.version.pk)
    card = queries.of_version(version, "zh-hans")
    assert card.name == "零售贷款申请评分卡"
    assert card.datasets == (Dataset("german_credit", level="sensitive", personal=("pi",)),)
    assert card.figures == (
        Figure("auc", "0.79", "", "0.75", "0.83"),
        Figure("ks", "1", "a"),
        Figure("ratio", "0.6", "under 25"),
    )
    assert (card.parameters, card.library) == ((Pair("C", "0.1"),), "sklearn")
    assert (card.inputs, card.energy) == (("age: long",), ())
    assert (card.digest, card.links) == ("c" * 64, ("s3://bucket/model",))


@pytest.mark.parametrize("kind", list(queries.FORMATS))
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_format_is_served(made: Story, kind: str, language: str) -> None:
    who, query = caller("shen"), {"format": kind, "language": language}
    for path in (f"/releases/{made.release.pk}/card/", f"/versions/{made.version.pk}/card/"):
        answer = who.get(path, query)
        assert answer.status_code == 200, answer.content
        assert answer["Content-Type"] == queries.FORMATS[kind][1]
        assert answer["Content-Language"] == language
        assert answer["Content-Disposition"].startswith('attachment; filename="AIM-')
        again = who.get(path, query, **{"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_what_is_served_is_valid_and_read_again(made: Story) -> None:
    path = f"/versions/{made.version.pk}/card/"
    body = caller("shen").get(path, {"language": "en"}).content.decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(body) is None
    told = rules.read(body.encode())
    version = queries.whole(type(made.version).objects.all()).get(pk=made.version.pk)
    assert told == rules.Told(Format.CYCLONEDX_1_6, queries.of_version(version, "en"))


def test_html_and_pdf_are_for_people(made: Story) -> None:
    who, path = caller("shen"), f"/releases/{made.release.pk}/card/"
    page = who.get(path, {"format": "html", "language": "zh-hans"}).content.decode()
    for text in ("模型卡", "治理", "禁止用途", "不得用于催收或定价"):
        assert text in page
    pdf = who.get(path, {"format": "pdf", "language": "zh-hans"}).content
    assert pdf.startswith(b"%PDF-")
    assert b"NotoSansSC" in pdf


@pytest.fixture
def papers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was set on paper, as JSON."""
    set_so_far: list[str] = []
    compile_it = typst.compile

    def keeping(*told: Any, **more: Any) -> Any:
        set_so_far.append(more["sys_inputs"]["card"])
        return compile_it(*told, **more)

    monkeypatch.setattr(typst, "compile", keeping)
    return set_so_far


@pytest.mark.parametrize(
    ("case", "text", "shown"),
    [
        ("an emoji", "风险😀", "风险[U+1F600]"),
        ("Thai", "สวัสดี", "[U+0E2A]"),
        ("Korean", "한국", "[U+D55C][U+AD6D]"),
        ("a rare character of names", "𠮷", "[U+20BB7]"),
        ("a bell", "a\x07b", "a[U+0007]b"),
        ("no character", "a\ufffeb", "a[U+FFFE]b"),
        ("one long word", "a" * 100_000, "a" * 500 + " a"),
    ],
)
def test_what_the_font_has_no_sign_for_is_told_by_its_number(
    made: Story, papers: list[str], case: str, text: str, shown: str
) -> None:
    card = dataclasses.replace(WHOLE, datasets=(Dataset(text),))
    assert printing.paper(card).startswith(b"%PDF-")
    assert shown in papers[-1]
    assert len(papers) == 2


def test_what_other_fonts_have_is_set_as_it_stands(made: Story, papers: list[str]) -> None:
    card = dataclasses.replace(WHOLE, datasets=(Dataset("مرحبا ș"),))
    assert printing.paper(card).startswith(b"%PDF-")
    assert ("مرحبا ș" in papers[0], len(papers)) == (True, 1)


def test_a_card_that_no_paper_holds_is_refused(
    made: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_told: Any, **_more: Any) -> None:
        raise typst.TypstError("no", "no")

    monkeypatch.setattr(typst, "compile", fail)
    path = f"/versions/{made.version.pk}/card/"
    body = problem(caller("shen").get(path, {"format": "pdf"}), 422, "card_not_printable")
    assert body["field"] == "format"


def test_long_lists_are_cut_on_paper_and_say_so(made: Story, papers: list[str]) -> None:
    card = dataclasses.replace(
        WHOLE,
        language="en",
        datasets=tuple(Dataset(f"set {one}") for one in range(8_000)),
        limitations=tuple(f"limit {one} " + "x" * 10_000 for one in range(5)),
        overview="y" * 40_000,
    )
    began = time.process_time()
    assert printing.paper(card).startswith(b"%PDF-")
    assert time.process_time() - began < 5
    sections = {one["title"]: one for one in json.loads(papers[-1])["sections"]}
    (table,) = sections["Data"]["tables"]
    assert len(table["rows"]) == 201
    assert table["rows"][199:] == [
        ["set 199"], ["… and 7800 more, which the other formats hold."],
    ]  # fmt: skip
    lines = sections["Limits and considerations"]["rows"][0]["lines"]
    assert [line[:7] for line in lines] == ["limit 0", "limit 1", "… and 3"]
    described = {row["label"]: row["lines"] for row in sections["Model"]["rows"]}["Description"]
    assert [len(line.replace("y ", "y")) for line in described] == [30_001]


@pytest.mark.parametrize(
    ("query", "field"), [({"format": "docx"}, "format"), ({"language": "fr"}, "language")]
)
def test_what_is_unknown_is_refused(made: Story, query: dict[str, str], field: str) -> None:
    body = problem(caller("shen").get(f"/releases/{made.release.pk}/card/", query), 400)
    assert body["field"] == field


def test_a_confidential_models_card_is_not_there_for_others() -> None:
    made = story.register(name="反洗钱可疑交易模型", is_confidential=True)
    for path in (f"/releases/{made.release.pk}/card/", f"/versions/{made.version.pk}/card/"):
        problem(caller("shen").get(path), 404, "not_found")
        assert caller("wang").get(path).status_code == 200


def test_a_card_costs_the_same_for_much_as_for_little(made: Story) -> None:
    def cost(release: Release) -> int:
        with CaptureQueriesContext(connection) as found:
            queries.of_release(whole(release), "en")
        return len(found)

    cost(made.release)
    few = cost(made.release)
    for index in range(5):
        findings.raise_finding(
            actor=person("chen"), release_id=made.release.pk, severity="low", title=str(index)
        )
    assert cost(made.release) == few <= 14


def sent(body: bytes, name: str = "card.json") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, body)}


def test_a_foreign_card_is_evidence_and_proposes(made: Story) -> None:
    path = f"/versions/{made.version.pk}/card-imports/"
    content = rules.write(WHOLE, Format.SPDX)
    answer = caller("li").form(path, sent(content))
    assert answer.status_code == 201, answer.content
    body = answer.json()
    document = Document.objects.get(pk=body["document"])
    assert (document.kind, document.subject_id) == ("model_card", made.version.pk)
    assert (body["format"], body["is_other_version"]) == ("spdx-3.0.1", True)
    found = {one["field"]: one for one in body["proposals"]}
    assert found["architecture"] == {
        "field": "architecture", "is_missing": True, "held": "", "told": "logistic regression",
    }  # fmt: skip
    assert found["parameters"]["held"] == [{"name": "C", "value": "0.1"}]
    assert "task" not in found
    assert "governance" not in found
    made.version.refresh_from_db()
    assert made.version.row_version == 1
    assert caller("li").get(f"/documents/{document.pk}/file/").getvalue() == content


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_known_card_proposes_nothing(language: str, made: Story) -> None:
    path = f"/versions/{made.version.pk}"
    query = {"format": "cyclonedx-1.7", "language": language}
    own = caller("li").get(f"{path}/card/", query).content
    answer = caller("li").form(f"{path}/card-imports/", sent(own)).json()
    assert (answer["proposals"], answer["is_other_version"]) == ([], False)


@pytest.mark.parametrize(
    ("name", "body", "code", "status"),
    [
        ("no JSON", b"{", "card_unreadable", 400),
        ("no card", b"{}", "card_unreadable", 400),
        ("too large", b"[" * 1_000_001, "card_too_large", 413),
        ("too deep", b'{"bomFormat":' + b"[" * 30 + b"]" * 30 + b"}", "card_unreadable", 400),
        ("a wrong type", b'{"model_details": {"name": []}}', "card_unreadable", 400),
        ("aliases", b"---\na: &a [x]\nb: *a\n---\n", "card_unreadable", 400),
    ],
)
def test_what_is_no_card_leaves_nothing(
    name: str, body: bytes, code: str, status: int, made: Story
) -> None:
    who, before = caller("li"), footprint()
    answer = who.form(f"/versions/{made.version.pk}/card-imports/", sent(body))
    told = problem(answer, status, code)
    assert code != "card_unreadable" or "CycloneDX 1.5" in told["hint"]
    assert changes(before) == {}


def test_the_place_is_named(made: Story) -> None:
    body = json.dumps({"model_details": {"owners": [{"name": {}}]}}).encode()
    answer = caller("li").form(f"/versions/{made.version.pk}/card-imports/", sent(body))
    assert problem(answer, 400)["field"] == "model_details.owners[0].name"


def test_who_may_not_hand_in_evidence_does_not(made: Story) -> None:
    who, before = caller("jian"), Entry.objects.count()
    answer = who.form(f"/versions/{made.version.pk}/card-imports/", sent(b"{}"))
    problem(answer, 403, "not_permitted")
    assert Entry.objects.count() == before
    assert machine().get(f"/versions/{made.version.pk}/card/").status_code in (200, 404)
    assert Card().name == ""

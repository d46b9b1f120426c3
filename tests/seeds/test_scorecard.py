"""The demonstration scorecard: it retrains to the same bytes, and its evidence is computed."""

import csv
import hashlib
import importlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any  # JSON documents

import pytest

HOME = Path(__file__).resolve().parents[2] / "seeds" / "demo" / "scorecard"
REPORTS = (
    "performance",
    "stability",
    "explainability",
    "fairness",
    "stress_test",
    "model_card",
    "data_sheet",
    "fallback_design",
)
KINDS = {
    "model_artifact",
    "model_card",
    "data_sheet",
    "development_record",
    "performance_report",
    "stability_report",
    "explainability_report",
    "fairness_report",
    "stress_test_report",
    "fallback_design",
}
PROTECTED = {"personal_status_sex", "age_years", "foreign_worker"}


def read(path: str, home: Path = HOME) -> Any:  # Any: a JSON document
    return json.loads((home / path).read_text(encoding="utf-8"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leaves(document: Any, at: str = "") -> dict[str, Any]:  # Any: a JSON document
    """Every value of a document, by its path."""
    if isinstance(document, dict):
        parts: Any = document.items()
    elif isinstance(document, list):
        parts = enumerate(document)
    else:
        return {at: document}
    return {k: v for key, part in parts for k, v in leaves(part, f"{at}.{key}").items()}


@pytest.fixture(scope="module")
def retrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scorecard")
    command = [sys.executable, str(HOME / "train.py"), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=110)
    return out


@pytest.fixture(scope="module")
def code() -> Iterator[SimpleNamespace]:
    """The modules of the scorecard, which live outside our packages."""
    before = set(sys.modules)
    sys.path.insert(0, str(HOME))
    names = ("train", "score", "assessment.reports", "assessment.sample")
    yield SimpleNamespace(**{n.rpartition(".")[2]: importlib.import_module(n) for n in names})
    sys.path.remove(str(HOME))
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("train", "score", "assessment", "variables"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def artifact() -> Any:  # Any: a JSON document
    return read("artifact/scorecard.json")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (HOME / "german_credit.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_retraining_gives_the_committed_artifact_byte_for_byte(retrained: Path) -> None:
    again = digest(retrained / "artifact" / "scorecard.json")
    assert again == digest(HOME / "artifact" / "scorecard.json")


@pytest.mark.parametrize("name", REPORTS)
def test_retraining_gives_the_committed_figures(retrained: Path, name: str) -> None:
    committed, again = (leaves(read(f"evidence/{name}.json", h)) for h in (HOME, retrained))
    assert again.keys() == committed.keys()
    for path, value in committed.items():
        # figures have four decimals; another processor may differ in the last one
        expected = pytest.approx(value, abs=2e-4) if isinstance(value, float) else value
        assert again[path] == expected, path


@pytest.mark.parametrize("name", REPORTS)
def test_readable_reports_are_rendered_from_the_committed_json(
    code: SimpleNamespace, name: str
) -> None:
    documents = {n: read(f"evidence/{n}.json") for n in REPORTS}
    text = (HOME / "evidence" / f"{name}.md").read_text(encoding="utf-8")
    assert code.reports.render_all(documents)[name] == text


def test_no_template_holds_a_typed_decimal_figure() -> None:
    for path in (HOME / "assessment" / "templates").glob("*.md"):
        prose = re.sub(r"\{\{.+?\}\}|CC BY 4\.0", "", path.read_text(encoding="utf-8"))
        assert re.findall(r"\d\.\d", prose) == [], path.name


def test_a_figure_that_the_json_lacks_is_an_error(code: SimpleNamespace) -> None:
    with pytest.raises(KeyError):
        code.reports.render("{{performance.nothing}}", {"performance": {}})


def test_the_manifest_lists_every_file_with_its_digest_and_size() -> None:
    manifest = read("manifest.json")
    present = {
        p.relative_to(HOME).as_posix()
        for folder in ("artifact", "evidence")
        for p in (HOME / folder).iterdir()
    }
    assert {f["path"] for f in manifest["files"]} == present
    assert {f["kind"] for f in manifest["files"]} == KINDS
    for entry in manifest["files"]:
        path = HOME / entry["path"]
        assert (entry["sha256"], entry["size_bytes"]) == (digest(path), path.stat().st_size)
        assert entry["title_zh"]
        assert entry["title_en"]
    assert manifest["dataset"]["sha256"] == digest(HOME / "german_credit.csv")


def test_the_headline_figures_are_those_of_the_reports() -> None:
    metrics = read("manifest.json")["metrics"]
    measured = read("evidence/performance.json")["samples"]["validation"]
    fairness = read("evidence/fairness.json")
    assert metrics["auc_validation"] == measured["auc"]["value"]
    assert metrics["ks_validation"] == measured["ks"]["value"]
    assert metrics["fairness_below_threshold"] == fairness["below_threshold"]


def test_the_development_record_names_the_committed_scripts_and_data() -> None:
    record = read("evidence/development_record.json")
    assert "train.py" in record["scripts"]
    for name, sha256 in {**record["inputs"], **record["scripts"]}.items():
        assert digest(HOME / name) == sha256, f"{name} changed after the last training run"


def test_the_data_are_the_thousand_rows_that_the_source_describes(
    rows: list[dict[str, str]],
) -> None:
    assert len(rows) == 1000
    assert Counter(r["outcome"] for r in rows) == {"good": 700, "bad": 300}
    assert Counter(r["foreign_worker"] for r in rows) == {"no": 963, "yes": 37}
    assert sum(r["checking_account"] == "200 DM or more" for r in rows) == 394


def test_no_protected_field_is_an_input(artifact: Any) -> None:  # Any: a JSON document
    assert PROTECTED.isdisjoint(v["name"] for v in artifact["variables"])


def test_the_scorer_agrees_with_scikit_learn(
    code: SimpleNamespace, artifact: Any, rows: list[dict[str, str]]
) -> None:
    training, _ = code.train.split(rows)
    matrix = code.sample.woe_matrix(artifact["variables"], training)
    model = code.train.fit(matrix, code.train.good_flags(training))
    whole = code.sample.woe_matrix(artifact["variables"], rows)
    for row, (bad, _good) in zip(rows, model.predict_proba(whole), strict=True):
        scored = code.score.score(artifact, row)
        assert scored.probability_bad == pytest.approx(bad, abs=1e-6), row["application_id"]


def test_every_risk_runs_one_way_and_every_coefficient_is_positive(artifact: Any) -> None:
    for variable in artifact["variables"]:
        woes = [b["woe"] for b in variable["bins"]]
        assert woes in (sorted(woes), sorted(woes, reverse=True)), variable["name"]
        assert variable["coefficient"] > 0, variable["name"]
        assert min(b["points"] for b in variable["bins"]) == 0, variable["name"]


SAFE = {
    "checking_account": "200 DM or more",
    "duration_months": "6",
    "credit_history": "all credits at this bank paid back duly",
    "savings": "1000 DM or more",
    "purpose": "car new",
    "employment": "7 years or more",
    "credit_amount": "1000",
    "other_installment_plans": "none",
}


@pytest.mark.parametrize(
    ("case", "change", "decision"),
    [
        ("a safe applicant", {}, "approve"),
        ("an amount on the limit", {"credit_amount": "5000"}, "approve"),
        ("an amount over the limit", {"credit_amount": "5001"}, "refer"),
        ("a missing field", {"savings": None}, "refer"),
        ("a value never seen in training", {"purpose": "yacht"}, "refer"),
        ("an amount that is no number", {"credit_amount": "a lot"}, "refer"),
        ("a negative duration", {"duration_months": "-1"}, "refer"),
        (
            "a risky applicant",
            {
                "checking_account": "no account",
                "duration_months": "48",
                "credit_history": "delay in the past",
                "savings": "unknown or none",
            },
            "propose_decline",
        ),
        (
            "a risky applicant with a gap",
            {
                "checking_account": None,
                "duration_months": "48",
                "credit_history": "delay in the past",
                "savings": "unknown or none",
            },
            "refer",
        ),
    ],
)
def test_only_a_complete_safe_small_application_is_approved_without_a_person(
    code: SimpleNamespace, artifact: Any, case: str, change: dict[str, str | None], decision: str
) -> None:
    assert code.score.score(artifact, {**SAFE, **change}).decision == decision, case


def test_reasons_name_the_largest_losses_first(code: SimpleNamespace, artifact: Any) -> None:
    worse = {**SAFE, "duration_months": "48", "employment": "unemployed"}
    assert code.score.score(artifact, worse).reasons == ("duration_months", "employment")


def test_the_fairness_report_admits_the_ratio_below_the_threshold() -> None:
    report = read("evidence/fairness.json")
    assert report["below_threshold"] == ["age_under_25"]
    assert report["alternatives_reaching_threshold"] == 0
    text = (HOME / "evidence" / "fairness.md").read_text(encoding="utf-8")
    assert report["conclusion"]["zh"] in text
    assert report["conclusion"]["en"] in text


def test_the_stability_report_names_the_coefficients_that_may_be_zero() -> None:
    lines = read("evidence/stability.json")["coefficients"]
    weak = {line["name"] for line in lines if line["low"] < 0}
    assert weak == {"credit_amount", "other_installment_plans"}


def test_everything_together_stays_small() -> None:
    files = [p for p in HOME.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sum(p.stat().st_size for p in files) < 600_000

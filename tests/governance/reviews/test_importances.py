"""Files of explanation tools: read, refused with the reason, compared."""

from __future__ import annotations

import json

import pytest

from governance.reviews.rules import importances
from governance.reviews.rules.importances import Importances
from registry.core.errors import DomainError

FOUND = (("income", 0.5), ("age", 0.3), ("term", 0.2))
PLAIN = {"income": 5, "age": 3, "term": 2}
NAMES = ["age", "income", "term"]
# ruff: noqa: E501 (files as tools write them)


def validmind(*tables: list[dict[str, object]]) -> dict[str, object]:
    """A `TestResult.serialize()` of ValidMind with these tables."""
    return {
        "test_name": "validmind.model_validation.sklearn.FeatureImportance", "title": None,
        "ref_id": "c0ffee", "params": {"num_features": 3}, "inputs": ["test", "log_reg"],
        "passed": None, "metadata": None,
        "summary": [{"type": "table", "data": rows, "metadata": {"title": "t"}} for rows in tables],
    }  # fmt: skip


RANKED: dict[str, object] = {"Feature 1": "[income; 0.5]"}
FILES: dict[str, tuple[str, str, str]] = {
    "plain CSV": ("a.csv", "feature,importance\nage,3\nincome,5\nterm,2\n", "csv"),
    "CSV of Excel, other columns": ("a.csv", "\ufeffVariable,x,Gain\nage,,0.3\nincome,,0.5\nterm,,0.2\n", "csv"),
    "Chinese columns": ("a.csv", "特征,重要性\nage,3\nincome,5\nterm,2\n", "csv"),
    "a mapping": ("a.json", json.dumps(PLAIN), "json"),
    "records": ("a.json", json.dumps([{"feature": k, "importance": v} for k, v in PLAIN.items()]), "json"),
    "a mapping inside": ("a.json", json.dumps({"importances": PLAIN}), "json"),
    "SHAP, global": ("a.json", json.dumps({"feature_names": NAMES, "values": [3, 5, 2]}), "shap"),
    "SHAP, local": ("a.json", json.dumps(
        {"feature_names": NAMES, "values": [[3, -5, 2], [-3, 5, -2]], "base_values": [0.1, 0.1]}
    ), "shap"),
    "Alibi, permutation": ("a.json", json.dumps({
        "meta": {"name": "PermutationImportance", "explanations": ["global"]},
        "data": {"feature_names": NAMES, "metric_names": ["loss"], "feature_importance": [[3, 5, 2]]},
    }), "alibi PermutationImportance"),
    "Alibi, Kernel SHAP": ("a.json", json.dumps({
        "meta": {"name": "KernelShap"},
        "data": {"feature_names": NAMES, "shap_values": [[[3, 5, 2], [3, -5, 2]]]},
    }), "alibi KernelShap"),
    "AI Verify, its sample": ("a.json", json.dumps({
        "feature_names": NAMES,
        "results": {"num_local_classes": 1, "local": [[[9, 9, 9]]],
                    "single_shap_values": [[9, 9, 9]], "global_shap_values": [[[3, -5, 2]]],
                    "global": [[3, 5, 2]], "num_global_classes": 1},
    }), "aiverify"),
    "ValidMind, ranks": ("a.json", json.dumps(validmind([
        {"Feature 1": "[income; 0.5000]", "Feature 2": "[age; 0.3000]",
         "Feature 3": "[term; 0.2000]", "Feature 4": None, "model": "log_reg"},
    ])), "validmind FeatureImportance"),
    "ValidMind, a table of features behind another": ("a.json", json.dumps(validmind(
        [{"Metric": "AUC", "Value": 0.8}],
        [{"Feature": k, "Importance": v} for k, v in PLAIN.items()],
    )), "validmind FeatureImportance"),
    "ValidMind, the table as CSV": (
        "a.csv",
        "Feature 1,Feature 2,Feature 3\n[income; 0.5],[age; 0.3],[term; 0.2]\n",
        "validmind",
    ),
    "Giskard, two classes": ("a.json", json.dumps(
        {"explanations": {"good": {"income": 6, "age": 3, "term": 2},
                          "bad": {"income": 4, "age": 3, "term": 2}}}
    ), "giskard"),
    "Giskard, a regression": ("a.json", json.dumps({"explanations": {"default": PLAIN}}), "giskard"),
    "AI Verify, a whole result": ("a.json", json.dumps({
        "gid": "aiverify.stock.shap-toolbox", "cid": "shap_toolbox",
        "output": {"feature_names": NAMES, "results": {"num_local_classes": 2,
                   "local": [[3, 5, 2]], "global": [[3, 5, 2]]}},
    }), "aiverify"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_tools_file_is_read(name: str) -> None:
    file_name, text, tool = FILES[name]
    found = importances.read(file_name, text.encode())
    assert found.tool == tool
    assert [(key, round(share, 9)) for key, share in found.shares] == list(FOUND)


@pytest.mark.parametrize(
    ("file_name", "content", "code"),
    [
        ("a.csv", b"feature,importance\nage,nan\n", "importances_value"),
        ("a.csv", b"feature,importance\nage,1e999\n", "importances_value"),
        ("a.csv", b"feature,importance\nage,much\n", "importances_value"),
        ("a.csv", b"feature,importance\nage,1\nage,2\n", "importances_value"),
        ("a.csv", b"feature,importance\n,1\n", "importances_value"),
        ("a.csv", b"feature,importance\nage,0\n", "importances_value"),
        ("a.csv", b"one,two\n1,2\n", "importances_columns"),
        ("a.csv", b"", "importances_columns"),
        ("a.csv", b"feature,importance\n" + b"\xff\xfe", "importances_unreadable"),
        ("a.json", b"{", "importances_unreadable"),
        ("a.json", b'{"age": NaN}', "importances_unreadable"),
        ("a.json", b'{"age": Infinity}', "importances_unreadable"),
        ("a.json", b"[" * 100_000, "importances_unreadable"),
        ("a.json", b'{"age": true}', "importances_columns"),
        ("a.json", b'{"feature_names": ["a", "b"], "values": [1]}', "importances_columns"),
        ("a.json", b'{"feature_names": [], "values": []}', "importances_columns"),
        ("a.json", b'"text"', "importances_columns"),
        ("a.json", b'{"age": 1' + b"0" * 400 + b"}", "importances_value"),
        (
            "a.json",
            b'{"feature_names": ["a", "b"], "values": [[1' + b"0" * 400 + b", 1], [1, 1]]}",
            "importances_value",
        ),
        ("a.csv", b"feature,importance\n" + b"age\n", "importances_value"),
        ("a.csv", b'feature,importance\n"' + b"x" * 200_000, "importances_unreadable"),
        (
            "a.csv",
            b"feature,importance\n" + b"".join(b"f%d,1\n" % at for at in range(2_001)),
            "importances_columns",
        ),
        ("a.json", json.dumps(validmind([RANKED, RANKED])).encode(), "importances_columns"),
        ("a.json", json.dumps(validmind([])).encode(), "importances_columns"),
        ("a.json", json.dumps(validmind([{"Metric": "AUC"}])).encode(), "importances_columns"),
        ("a.json", json.dumps(validmind([{"Feature 1": "income"}])).encode(), "importances_value"),
        (
            "a.json",
            json.dumps(validmind([{"Feature 1": "[income; nan]"}])).encode(),
            "importances_value",
        ),
        (
            "a.json",
            json.dumps(validmind([{"Feature 1": "[a; 1]", "Feature 2": "[a; 2]"}])).encode(),
            "importances_value",
        ),
        ("a.csv", b"Feature 1,Feature 2\n", "importances_columns"),
        ("a.json", b'{"explanations": {}}', "importances_columns"),
        ("a.json", b'{"explanations": {"good": {}}}', "importances_columns"),
        ("a.json", b'{"explanations": {"good": {"age": "much"}}}', "importances_value"),
        ("a.json", b'{"explanations": {"good": [1]}}', "importances_columns"),
        (
            "a.json",
            b'{"Robustness": {"major": [{"metric": "F1", "deviation": "-9 %"}]}}',
            "importances_columns",
        ),
        ("a.csv", b"x" * (importances.MOST_BYTES + 1), "importances_too_large"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_what_is_wrong_with_a_file_is_named(file_name: str, content: bytes, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        importances.read(file_name, content)
    assert (caught.value.code, caught.value.field) == (code, "file")


def test_what_moved_is_told_with_the_largest_first() -> None:
    before = Importances("csv", (("income", 0.4), ("age", 0.4), ("term", 0.2)))
    now = Importances("csv", (("income", 0.6), ("term", 0.2), ("job", 0.1), ("age", 0.1)))
    moved = importances.compare(before, now)
    assert (moved.appeared, moved.vanished) == (("job",), ())
    assert [(name, round(shift, 9)) for name, shift in moved.shifts] == [
        ("age", -0.3), ("income", 0.2), ("term", 0.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 40], 1.0),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1.0),
        ([1, 2, 3], [2, 1, 3], 0.5),
        ([1, 1, 2], [1, 1, 2], 1.0),
        ([1, 2], [2, 1], None),
        ([1, 1, 1], [1, 2, 3], None),
    ],
)
def test_ranks_are_correlated(old: list[float], new: list[float], found: float | None) -> None:
    names = [str(at) for at in range(len(old))]
    before = Importances("csv", tuple(zip(names, old, strict=True)))
    now = Importances("csv", tuple(zip(names, new, strict=True)))
    told = importances.compare(before, now).rank_correlation
    assert (None if told is None else round(told, 9)) == found

"""The list of what a training run wrote: digest, size, kind and titles of each file."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # reports are JSON documents

MEDIA_TYPES = {".json": "application/json", ".md": "text/markdown"}
KINDS = {
    "scorecard": ("model_artifact", "零售贷款申请评分卡模型文件", "Scorecard artifact"),
    "model_card": ("model_card", "模型卡", "Model card"),
    "data_sheet": ("data_sheet", "数据说明书", "Data sheet"),
    "development_record": ("development_record", "开发记录", "Development record"),
    "performance": ("performance_report", "性能评估报告", "Performance report"),
    "stability": ("stability_report", "稳定性报告", "Stability report"),
    "explainability": ("explainability_report", "可解释性报告", "Explainability report"),
    "fairness": ("fairness_report", "公平性测试报告", "Fairness report"),
    "stress_test": ("stress_test_report", "压力测试报告", "Stress-test report"),
    "fallback_design": ("fallback_design", "降级与停用设计", "Fallback and stop design"),
}


def build(out: Path, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The manifest of the artifact and the evidence under `out`."""
    written = [out / "artifact" / "scorecard.json", *sorted((out / "evidence").iterdir())]
    return {
        "model": documents["model_card"]["name"],
        "version": documents["model_card"]["version"],
        "dataset": {
            "path": "german_credit.csv",
            "media_type": "text/csv",
            "sha256": documents["data_sheet"]["sha256"],
            "source": "SOURCE.md",
            "licence": "CC BY 4.0",
        },
        "files": [entry(out, path) for path in written],
        "metrics": headline(documents),
    }


def entry(out: Path, path: Path) -> dict[str, Any]:
    """One file of the manifest."""
    kind, title_zh, title_en = KINDS[path.stem]
    body = path.read_bytes()
    return {
        "path": path.relative_to(out).as_posix(),
        "kind": kind,
        "media_type": MEDIA_TYPES[path.suffix],
        "size_bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "title_zh": title_zh,
        "title_en": title_en,
    }


def headline(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The figures that a reader asks for first."""
    measured = documents["performance"]["samples"]
    ratios = documents["fairness"]["comparisons"]
    return {
        "auc_training": measured["training"]["auc"]["value"],
        "auc_validation": measured["validation"]["auc"]["value"],
        "ks_validation": measured["validation"]["ks"]["value"],
        "gini_validation": measured["validation"]["gini"]["value"],
        "psi_score": documents["stability"]["psi"]["score"]["psi"],
        "approval_rate_validation": documents["performance"]["decisions"]["validation"][0]["share"],
        "bad_rate_approved_validation": documents["performance"]["decisions"]["validation"][0][
            "bad_rate"
        ],
        "approval_ratio_all": {
            key: line["all"]["approval_ratio"]["value"] for key, line in ratios.items()
        },
        "fairness_below_threshold": documents["fairness"]["below_threshold"],
        "proposed_explainability_level": documents["explainability"]["proposed_level"],
    }

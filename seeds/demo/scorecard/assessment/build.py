"""All evidence documents of one training run, by name."""

import hashlib
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any  # reports are JSON documents

from assessment import explainability, fairness, performance, stability, stress
from assessment.measures import rounded
from assessment.sample import Artifact, Row, Sample, score_all
from assessment.stability import Refit

HERE = Path(__file__).resolve().parent.parent
SCRIPTS = sorted(
    p.relative_to(HERE).as_posix()
    for pattern in ("*.py", "assessment/*.py", "assessment/templates/*.md")
    for p in HERE.glob(pattern)
)
NUMBERS = ("duration_months", "credit_amount", "age_years")
PROTECTED = ("personal_status_sex", "age_years", "foreign_worker")
LIBRARIES = ("numpy", "scikit-learn", "scipy")
STEPS = (
    ("2026-01-05T09:30:00+08:00", "读取并核对数据 read and check the data"),
    ("2026-01-05T09:40:00+08:00", "按申请编号哈希分层抽样 stratified split by hash of the id"),
    ("2026-01-05T10:00:00+08:00", "分箱与证据权重 bins and weights of evidence"),
    ("2026-01-05T10:20:00+08:00", "逻辑回归与分值刻度 logistic regression and points"),
    ("2026-01-05T11:00:00+08:00", "生成评估材料 write the evidence"),
)


def documents(
    artifact: Artifact,
    training: Sequence[Row],
    validation: Sequence[Row],
    refit: Refit,
    parameters: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Every document that is written as JSON; the readable reports are rendered from these."""
    train, valid = score_all(artifact, training), score_all(artifact, validation)
    whole_rows = sorted([*training, *validation], key=lambda r: r["application_id"])
    whole = score_all(artifact, whole_rows)
    return {
        "performance": performance.report(artifact, train, valid),
        "stability": stability.report(artifact, train, valid, refit),
        "explainability": explainability.report(artifact, train, valid),
        "fairness": fairness.report(artifact, valid, whole, refit),
        "stress_test": stress.report(artifact, train, whole),
        "model_card": model_card(artifact),
        "data_sheet": data_sheet(artifact, whole_rows, train, valid),
        "development_record": development_record(parameters, train, valid),
        "fallback_design": fallback_design(whole),
    }


def model_card(artifact: Artifact) -> dict[str, Any]:
    """The facts of the artifact that the model card states."""
    return {
        "name": artifact["name"],
        "version": artifact["version"],
        "scaling": artifact["scaling"],
        "strategy": artifact["strategy"],
        "intercept": artifact["intercept"],
        "variables": [
            {
                "name": v["name"],
                "label": f"{v['label_zh']} {v['label_en']}",
                "bins": len(v["bins"]),
                "coefficient": rounded(v["coefficient"]),
                "largest_points": max(b["points"] for b in v["bins"]),
            }
            for v in artifact["variables"]
        ],
    }


def data_sheet(
    artifact: Artifact, rows: Sequence[Row], training: Sample, validation: Sample
) -> dict[str, Any]:
    """What is in the file, field by field, and what each field is used for."""
    used = {v["name"] for v in artifact["variables"]}
    fields = [name for name in rows[0] if name not in ("application_id", "outcome")]
    return {
        "sha256": digest(HERE / "german_credit.csv"),
        "rows": len(rows),
        "fields": len(fields),
        "variables_used": len(used),
        "outcome": {
            "good": sum(r["outcome"] == "good" for r in rows),
            "bad": sum(r["outcome"] == "bad" for r in rows),
        },
        "split": {
            "training": len(training),
            "validation": len(validation),
            "training_bad": int(training.bad.sum()),
            "validation_bad": int(validation.bad.sum()),
        },
        "missing_values": sum(not value for r in rows for value in r.values()),
        "duplicates": len(rows) - len({tuple(r[f] for f in fields) for r in rows}),
        "profile": [field_profile(name, rows, used) for name in fields],
    }


def field_profile(name: str, rows: Sequence[Row], used: set[str]) -> dict[str, Any]:
    """Range or most frequent value of one field, and its use."""
    values = [r[name] for r in rows]
    if name in NUMBERS:
        numbers = sorted(int(v) for v in values)
        summary = f"{numbers[0]} – {numbers[len(numbers) // 2]} – {numbers[-1]}"
    else:
        most, count = max(Counter(values).items(), key=lambda item: (item[1], item[0]))
        summary = f"{most} ({count})"
    use = "模型输入 model input" if name in used else "未使用 not used"
    if name in PROTECTED:
        use = "仅用于公平性测试 fairness test only"
    return {"name": name, "distinct": len(set(values)), "summary": summary, "use": use}


def development_record(
    parameters: Mapping[str, Any], training: Sample, validation: Sample
) -> dict[str, Any]:
    """Who built it, when, with what; the times are those of the story, so that bytes repeat."""
    return {
        "model": "retail-loan-application-scorecard",
        "version": "1.0.0",
        "operator": "零售信贷模型团队 retail credit modelling team",
        "steps": [{"at": at, "step": step} for at, step in STEPS],
        "times_are_fixed": True,
        "command": "python seeds/demo/scorecard/train.py --out DIR",
        "parameters": dict(parameters),
        "rows": {"training": len(training), "validation": len(validation)},
        "environment": {
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "inputs": {"german_credit.csv": digest(HERE / "german_credit.csv")},
        "scripts": {name: digest(HERE / name) for name in SCRIPTS},
    }


def fallback_design(whole: Sample) -> dict[str, Any]:
    """What a stop would mean for the people who take over, for each 1,000 applications."""
    automatic = float((whole.decision == "approve").mean())
    return {
        "automatic_per_1000": round(1000 * automatic),
        "manual_per_1000": round(1000 * (1 - automatic)),
        "manual_load_factor_when_stopped": rounded(1 / (1 - automatic)),
    }


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""A card with something in every field, and a strategy for others."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from governance.cards.rules import (
    Card,
    Consideration,
    Dataset,
    Energy,
    Fairness,
    Figure,
    Governance,
    Owner,
    Pair,
    Restriction,
    Watched,
)
from registry.core.web.disguises import is_disguised

WHOLE = Card(
    name="零售贷款申请评分卡",
    made_on="2026-11-23",
    language="zh-hans",
    code="M-2026-0001",
    version="1.0.0",
    digest="a" * 64,
    identity="artifact",
    released_on="2026-01-12",
    overview="在限额内 <自动> 审批 & 定价。",
    institution="演示银行",
    owners=(Owner("王模型", "owner"), Owner("李开发", "developer")),
    approach="supervised",
    task="tabular-classification",
    architecture="logistic regression",
    techniques=("统计/评分卡",),
    base_models=("org/base",),
    library="scikit-learn",
    licences=("Apache-2.0", "行内专有"),
    links=("https://models.bank.example/models/1/", "s3://bucket/model"),
    users=("审批人员",),
    use_cases=("- 零售贷款审批", "# 贷前审批"),
    prohibited_uses=("不得用于催收或定价",),
    affected=("贷款申请人",),
    datasets=(
        Dataset("german_credit", "1", "https://data.example/d", "sensitive", ("pi",), "training",
                "1000 rows"),
        Dataset("holdout", role="evaluation"),
    ),
    inputs=("20 columns: double",),
    outputs=("score: integer",),
    parameters=(Pair("C", "0.1"), Pair("penalty")),
    figures=(Figure("auc", "0.79", "", "0.75", "0.83"), Figure("ks", "0.4012", "age < 25")),
    fairness=(Fairness("under 25", "access", "denial", "review by people"),),
    limitations=("只有 1000 行", "1994 年的数据"),
    tradeoffs=("简单模型便于解释",),
    ethics=(Consideration("age", "not used"),),
    explainability="E1",
    explanation="points of the scorecard",
    energy=(Energy("training", "0.5", "0.0002"),),
    governance=Governance(
        use="U-1", release="R-1", stage="S5", tier="II", provisional="no",
        flags=(Pair("high_risk", "true"),), autonomy="A3", decision_role="automated_decision",
        data_level="sensitive", personal_data=("pi",), validation="satisfactory",
        validated_on="2026-01-05", approval="approved", approved_on="2026-01-10",
        approved_until="2027-01-10", monitoring="green",
        watched=(Watched("psi", "", "0.03", "ok", "2026-11-20"),),
        findings=(Pair("low", "1"),), restrictions=(Restriction("restrict", "2026-02-01", "限额"),),
    ),
)  # fmt: skip


def is_shown(text: str) -> bool:
    """Whether there is a text, and it reads as it is."""
    return bool(text) and not is_disguised(text)


# What is in documents: no half characters and no control characters, nothing but blanks neither.
_LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"])
TEXT = st.text(_LETTERS, min_size=1, max_size=20).map(str.strip).filter(is_shown)
MAYBE = st.one_of(st.just(""), TEXT)
NUMBERS = st.floats(0, 1e6, allow_nan=False).map(lambda one: str(round(one, 4)))
DAYS = st.dates(dt.date(1990, 1, 1)).map(lambda day: day.isoformat())
_LINKS = st.sampled_from(["https://a.example/b", "s3://bucket/model", "models:/a/1"])


def _many(one: Any) -> Any:  # Any: hypothesis's strategies
    return st.lists(one, max_size=3, unique=True).map(tuple)


_PAIRS = _many(st.builds(Pair, TEXT, MAYBE))
_DATASETS = st.builds(
    Dataset, TEXT, MAYBE, st.one_of(st.just(""), _LINKS), MAYBE, _many(TEXT),
    st.sampled_from(["", "training", "evaluation"]), MAYBE,
)  # fmt: skip
_GOVERNANCE = st.builds(
    Governance,
    **dict.fromkeys(
        ("use", "release", "stage", "tier", "approval", "monitoring", "data_level"), MAYBE
    ),
    flags=_PAIRS,
    personal_data=_many(TEXT),
    watched=_many(st.builds(Watched, TEXT, MAYBE, MAYBE, MAYBE, MAYBE)),
    findings=_PAIRS,
    restrictions=_many(st.builds(Restriction, TEXT, MAYBE, MAYBE)),
)
CARDS = st.builds(
    Card,
    name=TEXT,
    made_on=DAYS,
    language=st.sampled_from(["zh-hans", "en"]),
    **dict.fromkeys(
        ("code", "version", "identity", "overview", "institution", "approach", "task",
         "architecture", "library", "explainability", "explanation"), MAYBE,
    ),
    digest=st.sampled_from(["", "a" * 64]),
    released_on=st.one_of(st.just(""), DAYS),
    owners=st.lists(st.builds(Owner, TEXT, MAYBE), max_size=3, unique_by=lambda one: one.name).map(
        tuple
    ),
    techniques=_many(TEXT),
    base_models=_many(TEXT),
    licences=_many(st.one_of(TEXT, st.sampled_from(["Apache-2.0", "MIT"]))),
    links=_many(_LINKS),
    **dict.fromkeys(
        ("users", "use_cases", "prohibited_uses", "affected", "inputs", "outputs", "limitations",
         "tradeoffs"), _many(TEXT),
    ),
    datasets=_many(_DATASETS),
    parameters=_PAIRS,
    figures=_many(st.builds(Figure, TEXT, st.one_of(MAYBE, NUMBERS), MAYBE, MAYBE, MAYBE)),
    fairness=_many(st.builds(Fairness, TEXT, MAYBE, MAYBE, MAYBE)),
    ethics=_many(st.builds(Consideration, TEXT, MAYBE)),
    energy=_many(
        st.builds(Energy, st.one_of(TEXT, st.just("training")), st.one_of(TEXT, NUMBERS), NUMBERS)
    ),
    governance=_GOVERNANCE,
)  # fmt: skip

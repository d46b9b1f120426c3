"""An estate of any size, written through acts as the application's role: rows with entries."""

from __future__ import annotations

import datetime as dt
import hashlib
import random

from governance.reviews.models import Package
from registry.catalogue import rules
from registry.catalogue.models import AIModel, ModelVersion
from registry.core import clock
from registry.core.ledger import queries as ledger_queries
from registry.core.ledger import services as ledger
from registry.core.people.models import LegalEntity, User
from registry.core.people.queries import system

CHUNK = 250  # models with one version each: 500 entries, the most that an act holds
WORDS = (
    "零售", "对公", "小微", "信贷", "反欺诈", "反洗钱", "理赔", "核保", "营销", "定价",
    "预警", "催收", "评分卡", "模型", "识别", "推荐", "风险", "客户", "资产", "现金流",
)  # fmt: skip
TIERS = ("I", "II", "III", "IV", "IV", "IV")


def build(count: int, owner: User, entity: LegalEntity) -> None:
    """`count` models with a version each exist; the same seed gives the same names."""
    chooser = random.Random(count)  # noqa: S311 (names, not secrets)
    for start in range(0, count, CHUNK):
        models = [_model(chooser, owner, entity) for _ in range(min(CHUNK, count - start))]
        versions = [_version(model, owner) for model in models]
        with ledger.act(owner) as act:
            act.create_many(models, "model.registered")
            act.create_many(versions, "version.registered")


def packages(
    count: int, entity: LegalEntity, place: str, *, due_on: dt.date, first: int = 0
) -> None:
    """`count` open packages of reviews of the entity exist, planned a year before they are due."""
    for start in range(first, first + count, 2 * CHUNK):
        rows = [
            Package(
                code=f"RVP-E-{number:07}",
                entity=entity,
                place=place,
                due_on=due_on,
                planned_on=due_on - dt.timedelta(days=365),
            )
            for number in range(start, min(start + 2 * CHUNK, first + count))
        ]
        with ledger.act(system()) as act:
            act.create_many(rows, "package.opened")


def _model(chooser: random.Random, owner: User, entity: LegalEntity) -> AIModel:
    name = "".join(chooser.sample(WORDS, 4))
    row = AIModel(
        code=ledger_queries.next_code("AIM"),
        name_zh=f"{name}{chooser.randrange(100_000)}",
        name_en=f"Model {chooser.randrange(1_000_000)}",
        description="为基准测试生成的条目。",
        entity=entity,
        owner=owner,
        tier=chooser.choice(TIERS),
        registered_at=clock.now(),
    )
    row.search_text = rules.search_text([row.code, row.name_zh, row.name_en, row.description])
    row.search_grams = rules.grams(row.search_text)
    return row


def _version(model: AIModel, owner: User) -> ModelVersion:
    return ModelVersion(
        model=model,
        label="1.0.0",
        identity_kind="artifact",
        digest=hashlib.sha256(model.code.encode()).hexdigest(),
        registered_by=owner,
        registered_at=clock.now(),
    )

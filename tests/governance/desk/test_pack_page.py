"""A pack's content is read in words: gates, rules, quorums, grading and kinds of documents."""

from __future__ import annotations

import re

import pytest

from registry.core.policy.models import PackRelease
from tests.governance.desk.test_what_is_shown import page

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ("Data sheet", "mandatory", "2/3 of the members; Chief risk officer",
                "at least 2/3 of those present", "more than 1/2", "Consequence for customers",
                "pilot at least (days)", "Parallel-run report", "FR-01", "BR-09")),
        ("zh-hans", ("数据说明书", "必须", "委员的 2/3；首席风险官", "不少于 2/3（以出席人数计）",
                     "超过 1/2", "决策后果", "试点最短（天）", "并行运行报告", "FR-01", "BR-09")),
    ],
)  # fmt: skip
def test_a_pack_says_in_words_what_it_asks_for(language: str, texts: tuple[str, ...]) -> None:
    row = PackRelease.objects.get()
    assert f'href="/policy/{row.pk}/"' in page("wang", "/policy/", language)
    html = page("wang", f"/policy/{row.pk}/", language)
    for text in texts:
        assert text in html, text
    words = re.sub(r"<[^>]+>", " ", html[html.index('id="gates"') : html.index("</main>")])
    assert re.findall(r"\b[a-z]+_[a-z_]+\b", words) == [], "keys are shown instead of labels"

"""Search in Chinese: any number of characters, pinyin initials, former names, both widths."""

from __future__ import annotations

import pytest

from registry.catalogue import queries, rules
from registry.catalogue import services as catalogue
from registry.catalogue.models import AIModel
from registry.catalogue.services import NewModel
from tests.world import head_office, person

NAMES = [
    ("零售贷款申请评分卡", "Retail scorecard V2", "审批零售客户的贷款申请"),
    ("贷后预警模型", "Early warning", "对公客户,GBDT"),
    ("单证识别OCR", "", "影像分类与识别"),
]


def inventory() -> dict[str, AIModel]:
    wang, entity = person("wang"), head_office()
    return {
        zh: catalogue.register_model(
            actor=wang,
            model=NewModel(name_zh=zh, name_en=en, description=told, entity=entity, owner=wang),
        )
        for zh, en, told in NAMES
    }


def found(text: str) -> list[str]:
    rows = queries.matching(queries.visible_to(person("sun")), text)
    return sorted(row.name_zh[:2] for row in rows)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("one character", "贷", ["贷后", "零售"]),
        ("one character in one name", "警", ["贷后"]),
        ("two characters", "评分", ["零售"]),
        ("two characters that stand apart", "贷警", []),
        ("four characters", "贷款申请", ["零售"]),
        ("four characters of a description", "影像分类", ["单证"]),
        ("the whole name", "零售贷款申请评分卡", ["零售"]),
        ("pinyin initials", "pfk", ["零售"]),
        ("pinyin initials of the whole", "dhyjmx", ["贷后"]),
        ("pinyin initials in capitals", "PFK", ["零售"]),
        ("two words in any order", "申请 零售", ["零售"]),
        ("two words of which one is missing", "零售 预警", []),
        ("chinese and english", "零售 retail", ["零售"]),
        ("english, part of a word", "score", ["零售"]),
        ("english, other case", "EARLY Warning", ["贷后"]),
        ("full width", "\uff27\uff22\uff24\uff34", ["贷后"]),
        ("full-width figure", "\uff36\uff12", ["零售"]),
        ("half width", "gbdt", ["贷后"]),
        ("latin letters in a chinese name", "ocr", ["单证"]),
        ("across chinese and latin", "识别o", ["单证"]),
        ("blanks around", "  评分  ", ["零售"]),
        ("a full-width blank between", "零售\u3000评分", ["零售"]),
        ("nothing like it", "火星", []),
        ("a wildcard is a letter", "%", []),
        ("another wildcard", "_", []),
        ("nothing at all finds all", "", ["单证", "贷后", "零售"]),
    ],
)
def test_models_are_found_by_what_people_type(name: str, text: str, expected: list[str]) -> None:
    inventory()
    assert found(text) == expected


@pytest.mark.django_db
def test_a_model_is_found_by_its_code_and_by_the_end_of_it() -> None:
    code = inventory()["贷后预警模型"].code
    assert found(code) == ["贷后"]
    assert found(code.lower()) == ["贷后"]
    assert found(code[-6:]) == ["贷后"]


@pytest.mark.django_db
def test_a_former_name_stays_findable_beside_the_new_one() -> None:
    row = inventory()["贷后预警模型"]
    catalogue.correct_model(
        actor=person("wang"), model_id=row.pk, changes={"name_zh": "风险哨兵"}, reason="更名"
    )
    for text in ("贷后预警", "风险哨兵", "fxsb", "dhyj"):
        assert found(text) == ["风险"]
    assert AIModel.objects.get(pk=row.pk).former_names == ["贷后预警模型"]


@pytest.mark.django_db
def test_a_corrected_description_is_found_and_the_old_one_is_not() -> None:
    row = inventory()["单证识别OCR"]
    catalogue.correct_model(
        actor=person("wang"),
        model_id=row.pk,
        changes={"description": "票据要素抽取"},
        reason="更正",
    )
    assert (found("票据"), found("影像")) == (["单证"], [])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("chinese", "评分卡", ["分", "分卡", "卡", "评", "评分"]),
        ("latin in any case", "Ab", ["a", "ab", "b"]),
        ("signs part the pairs", "a-b", ["a", "b"]),
        ("full width", "\uff21", ["a"]),
        ("nothing", " ", []),
    ],
)
def test_letters_and_pairs_of_letters_are_indexed(
    name: str, text: str, expected: list[str]
) -> None:
    assert rules.grams(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("评分卡", "pfk"), ("A模型2", "mx"), ("银行", "yh"), ("", "")],
)
def test_pinyin_initials(text: str, expected: str) -> None:
    assert rules.initials(text) == expected

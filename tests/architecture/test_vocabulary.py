"""One word for one thing: the glossary's, in names and in texts."""

from __future__ import annotations

import re

import pytest

from tests.architecture import house

NO_MODULE = {"utils", "util", "helpers", "helper", "common", "misc", "managers", "signals"}
# The word that must not be used → the glossary's.
INSTEAD = {
    r"model_owner|modelOwner": "owner",
    r"kill[ _-]?switch": "stop (紧急停用)",
    r"circuit[ _-]?breaker": "automatic stop (自动熔断)",
    r"blast[ _-]?radius": "impact (影响范围)",
    r"risk[ _-]level": "tier (等级)",
    r"go_live|golive": "production, S5",
    r"decommission": "retire (退役)",
    r"audit[ _-]log": "ledger, or audit trail",
    r"black[ _-]?list|white[ _-]?list": "blocked, allowed",
}


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = {module.shown for module in house.modules() if module.path.stem in NO_MODULE}
    folders = {
        module.shown for module in house.modules() if NO_MODULE & set(module.path.parent.parts)
    }
    assert named | folders == set()


@pytest.mark.parametrize(("wrong", "right"), INSTEAD.items(), ids=lambda text: str(text)[:30])
def test_the_glossarys_word_is_used(wrong: str, right: str) -> None:
    pattern = re.compile(rf"(?i:{wrong})")
    found = {
        f"{module.shown}:{number}: say {right}"
        for module in house.modules()
        for number, line in enumerate(module.source.splitlines(), 1)
        if pattern.search(line)
    }
    assert found == set()

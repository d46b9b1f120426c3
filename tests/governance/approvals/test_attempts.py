"""Who may vote, on what, when: the first reason of a refusal, in the order a lawyer would ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from governance.approvals import rules
from governance.approvals.rules import Attempt
from registry.core.errors import Conflict, DomainError, SegregationRefused

LAWFUL = Attempt(
    is_person=True,
    is_technical_administrator=False,
    approval_state="open",
    step_state="open",
    digest_given="a",
    digest_locked="a",
    has_seat=True,
    barred_reason="",
    seat_has_vote=False,
    has_voted=False,
    choice="approve",
    reason="",
    is_signature=False,
)
CASES: list[tuple[str, dict[str, Any], type[DomainError], str]] = [
    ("a machine", {"is_person": False}, SegregationRefused, "machine_vote"),
    ("a superuser", {"is_technical_administrator": True}, SegregationRefused, "superuser_vote"),
    ("a decided approval", {"approval_state": "approved"}, Conflict, "vote_late"),
    ("a step that waits", {"step_state": "waiting"}, Conflict, "vote_late"),
    (
        "a conflict of interest",
        {"barred_reason": "interested"},
        SegregationRefused,
        "vote_in_conflict",
    ),
    ("no seat", {"has_seat": False}, SegregationRefused, "no_seat"),
    ("a seat that has voted", {"seat_has_vote": True}, Conflict, "vote_twice"),
    ("a person who has voted", {"has_voted": True}, Conflict, "vote_twice"),
    ("other papers", {"digest_given": "b"}, Conflict, "stale_papers"),
    (
        "an abstaining signature",
        {"is_signature": True, "choice": "abstain"},
        DomainError,
        "choice_not_possible",
    ),
    (
        "a recusing signature",
        {"is_signature": True, "choice": "recuse", "reason": "利益冲突"},
        DomainError,
        "choice_not_possible",
    ),
    ("a refusal without a reason", {"choice": "reject"}, DomainError, "reason_needed"),
    (
        "a refusal with blanks for a reason",
        {"choice": "reject", "reason": "  略  "},
        DomainError,
        "reason_needed",
    ),
    ("a deferral without a reason", {"choice": "defer"}, DomainError, "reason_needed"),
    ("a recusal without a reason", {"choice": "recuse"}, DomainError, "reason_needed"),
    (
        "conditions without a reason",
        {"choice": "approve_with_conditions", "conditions": ("x",)},
        DomainError,
        "reason_needed",
    ),
    (
        "conditions without any",
        {"choice": "approve_with_conditions", "reason": "需补充样本"},
        DomainError,
        "conditions_needed",
    ),
    (
        "an empty condition",
        {"choice": "approve_with_conditions", "reason": "需补充样本", "conditions": ("x", " ")},
        DomainError,
        "conditions_needed",
    ),
]


@pytest.mark.parametrize(("name", "change", "kind", "code"), CASES)
def test_a_vote_is_refused(
    name: str, change: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    with pytest.raises(DomainError) as caught:
        rules.check_attempt(replace(LAWFUL, **change))
    assert (type(caught.value), caught.value.code) == (kind, code)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a plain approval needs no reason", {}),
        ("nor does an abstention", {"choice": "abstain"}),
        ("a reasoned refusal", {"choice": "reject", "reason": "样本太旧了"}),
        ("a reasoned deferral", {"choice": "defer", "reason": "请补充材料"}),
        ("a reasoned recusal", {"choice": "recuse", "reason": "曾任顾问职务"}),
        (
            "a condition with its reason",
            {"choice": "approve_with_conditions", "reason": "需补充样本", "conditions": ("x",)},
        ),
        ("a signature", {"is_signature": True}),
        ("a refused signature", {"is_signature": True, "choice": "reject", "reason": "样本太旧了"}),
    ],
)
def test_a_lawful_vote_passes(name: str, change: dict[str, Any]) -> None:
    rules.check_attempt(replace(LAWFUL, **change))


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        (
            "a superuser in a conflict",
            {"is_technical_administrator": True, "barred_reason": "x"},
            "superuser_vote",
        ),
        ("late and in a conflict", {"step_state": "passed", "barred_reason": "x"}, "vote_late"),
        (
            "in a conflict with a seat that has voted",
            {"barred_reason": "x", "seat_has_vote": True},
            "vote_in_conflict",
        ),
        ("twice and on other papers", {"has_voted": True, "digest_given": "b"}, "vote_twice"),
        ("other papers and no reason", {"digest_given": "b", "choice": "reject"}, "stale_papers"),
    ],
)
def test_of_two_reasons_the_graver_is_told(name: str, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(DomainError) as caught:
        rules.check_attempt(replace(LAWFUL, **changes))
    assert caught.value.code == code

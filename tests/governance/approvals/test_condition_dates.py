"""A condition is due on a day that lies ahead."""

from __future__ import annotations

import pytest

from governance.approvals.models import Approval
from registry.core.errors import DomainError
from tests import story
from tests.refusals import changes, footprint


@pytest.mark.parametrize("due_on", ["2020-01-01", "soon", "2027-02-30"])
def test_a_condition_with_such_a_date_is_refused_and_nothing_is_written(
    approval: Approval, due_on: str
) -> None:
    before = footprint()
    with pytest.raises(DomainError) as refusal:
        story.vote(
            approval, "sun", "approve_with_conditions", reason="须补充样本",
            conditions=({"text": "补充样本", "due_on": due_on},),
        )  # fmt: skip
    assert refusal.value.code == "condition_date"
    assert {table: rows for table, (rows, _v) in changes(before).items()} == {"registry_stepup": 1}

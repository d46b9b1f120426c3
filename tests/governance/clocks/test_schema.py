"""What a pack may say of clocks and of attestation: each mistake is named with its rule."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from governance.clocks.schema import ClocksSection
from governance.reviews.schema import ReviewsSection

CLOCK: dict[str, Any] = {
    "key": "filing", "label": {"zh": "备案", "en": "Filing"},
    "event_label": {"zh": "事件", "en": "event"}, "limit": {"working_days": 10},
    "lead": ["compliance"], "receipt": {"zh": "回执", "en": "receipt"},
    "sources": [{"ref": "某办法", "tag": "recalled"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"country": "ZZ"}, "no holidays are known for the country ZZ"),
        ({"country": "cn"}, "pattern"),
        ({"limit": {}}, "one of them"),
        ({"limit": {"hours": 2, "days": 1}}, "one of them"),
        ({"limit": {"hours": 0}}, "greater than or equal to 1"),
        ({"limit": {"minutes": 5}}, "Extra inputs"),
        ({"event": "lunch"}, "Input should be"),
        ({"lead": []}, "at least 1 item"),
        ({"lead": ["king"]}, "Input should be"),
        ({"when": {"any": ["flag_pia == 'yes'"]}}, "only a release's event has a condition"),
        ({"event": "service_started", "before": True}, "is not reported before"),
        ({"sources": []}, "at least 1 item"),
    ],
)
def test_a_clock_that_is_none(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ClocksSection.model_validate({"warn_percents": [50], "clocks": [CLOCK | changed]})


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"warn_percents": [50], "clocks": [CLOCK, CLOCK]}, "filing stands twice"),
        ({"warn_percents": [80, 50], "clocks": []}, "the percents rise"),
        ({"warn_percents": [0], "clocks": []}, "greater than or equal to 1"),
        ({"warn_percents": [100], "clocks": []}, "less than or equal to 99"),
    ],
)
def test_a_section_that_does_not_hang_together(section: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ClocksSection.model_validate(section)


KIND: dict[str, Any] = {
    "key": "PR-15", "label": {"zh": "确认", "en": "Attestation"}, "months": {"I": 3},
    "attests": True, "lead": ["owner"], "signs": ["mrm"],
    "checklist": [{"key": "true", "label": {"zh": "属实", "en": "true"}}],
    "sources": [{"ref": "某办法", "tag": "recalled"}],
}  # fmt: skip
FINE: dict[str, Any] = {"key": "fine", "label": {"zh": "好", "en": "fine"}, "effect": "none"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"calendar": "ZZ"}, "no holidays are known for the calendar ZZ"),
        ({"outcomes": [FINE | {"effect": "finding"}]}, "a review can be in order"),
        ({"kinds": [KIND, KIND | {"key": "PR-14"}]}, "at most one kind attests"),
        ({"kinds": [KIND | {"scope": "institution", "months": {"institution": 3}}]},
         "at most one kind attests"),
        ({"kinds": [KIND | {"months": {"I": 0}}]}, "greater than or equal to 1"),
        ({"kinds": [KIND | {"months": {"V": 3}}]}, "Input should be"),
        ({"kinds": [KIND | {"key": "PR-1"}]}, "pattern"),
    ],
)  # fmt: skip
def test_reviews_that_do_not_hang_together(changed: dict[str, Any], told: str) -> None:
    section: dict[str, Any] = {
        "calendar": "CN", "package_days": 1, "spread_days": 1, "triggered_days": 1,
        "defer_days": 1, "outcomes": [FINE], "kinds": [KIND], "ladder": [],
    }  # fmt: skip
    ReviewsSection.model_validate(section)
    with pytest.raises(ValidationError, match=told):
        ReviewsSection.model_validate(section | changed)

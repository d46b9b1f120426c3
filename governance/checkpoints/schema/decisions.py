"""What a gateway tells of a decision, and where its first mistake stands."""

from __future__ import annotations

import re
from typing import Annotated

from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, ValidationError
from pydantic_core import PydanticCustomError

from governance.checkpoints.schema.plans import MOST_FIELDS, Name
from registry.core.policy.schema import PolicyModel

Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Scalar = StrictBool | StrictInt | Finite | StrictStr | None
# What nobody sees and what turns a text round: people would read another reference than is stored.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def _seen(text: str) -> str:
    """The text. Raises PydanticCustomError where it holds what nobody sees."""
    if UNSEEN.search(text):
        words = _("A reference holds no control characters, and none that hide or turn text round.")
        raise PydanticCustomError("unseen_characters", words)
    return text


Reference = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_seen)]
Explanation = Annotated[str, Field(max_length=200), AfterValidator(_seen)]
LINK = r"^(https?://[!-~]+)?$"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class NewDecision(PolicyModel):
    """What a gateway tells of one decision: references and digests, no personal data."""

    release: Annotated[str, Field(pattern=r"^REL-[0-9]{4}-[0-9]{6}$")]
    reference: Reference
    output: Annotated[str, Field(max_length=200)] | StrictBool | StrictInt | Finite | None = None
    confidence: Annotated[float, Field(strict=True, ge=0, le=1)] | None = None
    input_digest: Sha256 | None = None
    explanation_ref: Explanation = ""
    link: Annotated[str, Field(max_length=300, pattern=LINK)] = ""  # its page where it is made
    fields: Annotated[dict[Name, Scalar], Field(max_length=2 * MOST_FIELDS)] = {}  # noqa: RUF012


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The place and the words of the first mistake; of all types that a value could have had."""
    words: dict[str, list[str]] = {}
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        words.setdefault(_place(found["loc"]), []).append(str(found["msg"]))
    place, said = next(iter(words.items()))
    return place, "; ".join(said)


_ENDS = {"fields": 2, "output": 1}  # steps to the value; what follows names a type that was tried


def _place(steps: tuple[int | str, ...]) -> str:
    for name, length in _ENDS.items():
        if name in steps:
            steps = steps[: steps.index(name) + length]
            break
    return ".".join(str(step) for step in steps)

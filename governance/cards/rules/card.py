"""模型卡: one card for all formats: what a model is, is for, was made from, and how it is governed.

Each format is written from a Card and read into one. Dates are ISO days; numbers are texts, so that
no digit is lost. An empty text or tuple means: not known, or not said. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_type_hints


@dataclass(frozen=True)
class Pair:
    """A name with its value."""

    name: str
    value: str = ""


@dataclass(frozen=True)
class Owner:
    """Who answers for the model: a name and a role, nothing to reach them by."""

    name: str
    role: str = ""


@dataclass(frozen=True)
class Dataset:
    """A data set. level: 数据级别; personal: kinds of personal data in it; role: training or
    evaluation; link: where it is.
    """

    name: str
    version: str = ""
    link: str = ""
    level: str = ""
    personal: tuple[str, ...] = ()
    role: str = ""
    description: str = ""


@dataclass(frozen=True)
class Figure:
    """A measured value, of a slice of the data, with the bounds of its confidence interval."""

    name: str
    value: str = ""
    slice: str = ""
    lower: str = ""
    upper: str = ""


@dataclass(frozen=True)
class Consideration:
    """Something to be wary of, and what is done about it."""

    name: str
    mitigation: str = ""


@dataclass(frozen=True)
class Fairness:
    """A group that may be treated unfairly."""

    group: str
    benefits: str = ""
    harms: str = ""
    mitigation: str = ""


@dataclass(frozen=True)
class Energy:
    """What an activity (training, inference …) cost: kWh, and tonnes of CO2 equivalent."""

    activity: str
    kwh: str = ""
    tonnes: str = ""


@dataclass(frozen=True)
class Watched:
    """The newest value of a metric in production, as its limits judged it."""

    name: str
    segment: str = ""
    value: str = ""
    level: str = ""
    on: str = ""


@dataclass(frozen=True)
class Restriction:
    """An order in force: a stop, or a restriction with its limits."""

    kind: str
    since: str = ""
    limits: str = ""


@dataclass(frozen=True)
class Governance:
    """How the release is governed. No format of others has a place for it; ours go beside.

    use: the code of the model use; findings: how many lie open, by severity.
    """

    use: str = ""
    release: str = ""
    stage: str = ""
    tier: str = ""
    provisional: str = ""
    flags: tuple[Pair, ...] = ()
    autonomy: str = ""
    decision_role: str = ""
    data_level: str = ""
    personal_data: tuple[str, ...] = ()
    validation: str = ""
    validated_on: str = ""
    approval: str = ""
    approved_on: str = ""
    approved_until: str = ""
    monitoring: str = ""
    watched: tuple[Watched, ...] = ()
    findings: tuple[Pair, ...] = ()
    restrictions: tuple[Restriction, ...] = ()


@dataclass(frozen=True)
class Card:
    """One model version, and where it has a release, that release.

    made_on: the day on which the card was made; language: of its texts; identity: how the digest
    identifies the version; explainability: 可解释等级; explanation: by which method.
    """

    name: str = ""
    made_on: str = ""
    language: str = ""
    code: str = ""
    version: str = ""
    digest: str = ""
    identity: str = ""
    released_on: str = ""
    overview: str = ""
    institution: str = ""
    owners: tuple[Owner, ...] = ()
    approach: str = ""
    task: str = ""
    architecture: str = ""
    techniques: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    library: str = ""
    licences: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()
    prohibited_uses: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    parameters: tuple[Pair, ...] = ()
    figures: tuple[Figure, ...] = ()
    fairness: tuple[Fairness, ...] = ()
    limitations: tuple[str, ...] = ()
    tradeoffs: tuple[str, ...] = ()
    ethics: tuple[Consideration, ...] = ()
    explainability: str = ""
    explanation: str = ""
    energy: tuple[Energy, ...] = ()
    governance: Governance = Governance()


# The type of each field, for those who read a card.
HINTS: dict[str, Any] = get_type_hints(Card)  # Any: types

# CycloneDX's words for how a model learnt, and for what cost energy; others are not written.
APPROACHES = frozenset(
    {"supervised", "unsupervised", "reinforcement-learning", "semi-supervised", "self-supervised"}
)
ACTIVITIES = (
    "design", "data-collection", "data-preparation", "training", "fine-tuning", "validation",
    "deployment", "inference", "other",
)  # fmt: skip
# Licences by their SPDX identifier; whatever is not one of these is a name.
LICENCES = {
    one.lower(): one
    for one in (
        "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0", "GPL-2.0-only",
        "GPL-3.0-only", "LGPL-3.0-only", "AGPL-3.0-only", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0",
        "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "Unlicense", "MulanPSL-2.0",
    )
}  # fmt: skip

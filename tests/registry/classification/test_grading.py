"""Score, tiers, near thresholds, unknowns, flags, prefilling, contradictions, residual score."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.classification.rules import Tier, grade, prefill, residual
from registry.classification.schema import FACTOR_KEYS, ClassificationSection, Example, load_section
from registry.core.errors import DomainError

Vector = dict[str, str | list[str]]
PACK = Path(__file__).resolve().parents[3] / "seeds" / "policy_packs" / "cn-nfra"
SECTION = load_section(PACK)
EXAMPLES = [(example.id, example) for example in SECTION.grading.examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_a_worked_example_comes_out_as_its_row(name: str, example: Example) -> None:
    result = grade(
        SECTION,
        example.classification,
        example.factors,
        example.facts,
        example.profile,
        assume_defaults=True,
    )
    row = example.expected
    assert result.score == Decimal(row.score)
    assert (result.tier_by_score, result.tier) == (row.tier_by_score, row.tier)
    assert result.floor_ids == row.floors
    assert result.near_threshold is row.near_threshold
    assert {key: result.flags[key] for key in row.flags} == row.flags
    assert (result.contradictions, result.unknown) == ((), ())


def test_there_are_fourteen_examples() -> None:
    assert [name for name, _ in EXAMPLES] == [f"E{number:02}" for number in range(1, 15)]


@pytest.mark.parametrize(
    ("name", "levels", "score", "tier", "near"),
    [
        ("all zero", "000000000", "0", "IV", False),
        ("all four", "444444444", "100", "I", False),
        ("inside the band", "040400002", "28.00", "IV", True),
        ("below the band", "020201201", "19.50", "IV", False),
        ("a half point", "004040100", "28.50", "IV", True),
        ("score of E01", "443313412", "74.75", "II", True),
        ("score of E11", "432334212", "72.75", "II", False),
    ],
)
def test_scores_are_exact(name: str, levels: str, score: str, tier: str, near: bool) -> None:
    factors = dict(zip(FACTOR_KEYS, map(int, levels), strict=True))
    result = grade(SECTION, {}, factors, {}, "literal", assume_defaults=True)
    assert result.score == Decimal(score) == sum(result.contributions.values())
    assert (result.tier_by_score, result.near_threshold) == (tier, near)


@pytest.mark.parametrize(
    ("quarters", "tier", "near"),
    [
        (291, "II", False), (292, "II", True), (299, "II", True), (300, "I", True),
        (308, "I", True), (309, "I", False), (211, "III", False), (212, "III", True),
        (219, "III", True), (220, "II", True), (228, "II", True), (229, "II", False),
        (111, "IV", False), (112, "IV", True), (119, "IV", True), (120, "III", True),
        (128, "III", True), (129, "III", False), (0, "IV", False), (6, "IV", False),
    ],
)  # fmt: skip
def test_the_band_is_two_points_either_side_of_a_threshold(
    quarters: int, tier: str, near: bool
) -> None:
    """A score in quarters: 291 is 72.75, 292 is 73, 308 is 77, 309 is 77.25."""
    result = grade(SECTION, {}, levels_of(quarters), {}, "literal", assume_defaults=True)
    assert result.score * 4 == quarters
    assert (result.tier_by_score, result.near_threshold) == (tier, near)


def levels_of(quarters: int) -> dict[str, int]:
    """Some levels whose score is so many quarter points."""
    found: dict[int, tuple[int, ...]] = {0: ()}
    for weight in SECTION.weights.values():
        found = {
            total + weight * level: (*levels, level)
            for total, levels in found.items()
            for level in range(5)
        }
    return dict(zip(FACTOR_KEYS, found[quarters], strict=True))


def test_a_missing_dimension_fires_nothing_and_is_listed(
    quiet: Vector, zeros: dict[str, int]
) -> None:
    del quiet["data_level"]
    result = grade(SECTION, quiet, zeros, {}, "strict", assume_defaults=True)
    assert (result.floor_ids, result.tier, result.unknown) == ((), Tier.IV, ("data_level",))
    assert [hit.id for hit in result.undecided] == ["FR-07"]
    assert result.provisional


def test_an_unanswered_fact_is_listed_only_where_a_floor_needs_it(
    quiet: Vector, zeros: dict[str, int]
) -> None:
    known = {"prohibited_practice": False, "severity1_open": False, "contract_effect": False}
    known |= {"regulatory_figures": False, "agent_write_funds": False}
    assert grade(SECTION, quiet, zeros, known, "strict").unknown == ()
    quiet |= {"decision_role": "automated_decision", "customer_impact": "major_rights"}
    quiet |= {"affected_subject": "natural_person", "autonomy": "A4"}
    result = grade(SECTION, quiet, zeros, known, "strict")
    assert result.unknown == ("adverse_automatic", "biometrics_used")
    assert (result.tier, result.provisional) == (Tier.IV, True)


def test_a_stricter_minimum_that_cannot_be_ruled_out_applies_until_answered(
    quiet: Vector, zeros: dict[str, int]
) -> None:
    quiet |= {"decision_role": "automated_decision", "customer_impact": "major_rights"}
    quiet |= {"affected_subject": "natural_person"}
    facts = {"adverse_automatic": True}
    open_grade = grade(SECTION, quiet, zeros, facts, "strict")
    assert open_grade.tier is Tier.I
    assert "human_review_channel" in open_grade.unknown
    answered = grade(SECTION, quiet, zeros, facts | {"human_review_channel": True}, "strict")
    assert answered.tier is Tier.II
    assert "human_review_channel" not in answered.unknown


def test_a_missing_factor_counts_with_the_highest_level(
    quiet: Vector, zeros: dict[str, int]
) -> None:
    del zeros["F1"]
    result = grade(SECTION, quiet, zeros, {}, "strict", assume_defaults=True)
    assert (result.score, result.assumed, result.provisional) == (Decimal(20), ("F1",), True)


@pytest.mark.parametrize(
    ("name", "vector", "factors", "facts", "field"),
    [
        ("dimension", {"colour": "red"}, {}, {}, "classification.colour"),
        ("code", {"technique": "magic"}, {}, {}, "classification.technique"),
        ("empty list", {"technique": []}, {}, {}, "classification.technique"),
        ("factor", {}, {"F10": 1}, {}, "factors.F10"),
        ("level", {}, {"F1": 5}, {}, "factors.F1"),
        ("boolean level", {}, {"F1": True}, {}, "factors.F1"),
        ("fact", {}, {}, {"moon": True}, "facts.moon"),
        ("fact value", {}, {}, {"annual_volume": "many"}, "facts.annual_volume"),
    ],
)
def test_an_input_outside_the_pack_is_refused(
    name: str,
    vector: Vector,
    factors: dict[str, int],
    facts: dict[str, bool | str],
    field: str,
) -> None:
    with pytest.raises(DomainError) as refusal:
        grade(SECTION, vector, factors, facts, "strict")
    assert (refusal.value.code, refusal.value.field) == ("classification_invalid", field)


def test_an_unknown_profile_is_refused(quiet: Vector, zeros: dict[str, int]) -> None:
    with pytest.raises(DomainError, match="No such profile"):
        grade(SECTION, quiet, zeros, {}, "lenient")


PUBLIC = {"genai_audience": "public", "technique": "llm"}


@pytest.mark.parametrize(
    ("name", "said", "facts", "flag", "value"),
    [
        ("chatbot", PUBLIC, {}, "nfra_high_risk", "to_assess"),
        ("chatbot, assessed", PUBLIC, {"contract_effect": False}, "nfra_high_risk", "no"),
        ("chatbot that sells", PUBLIC, {"contract_effect": True}, "nfra_high_risk", "yes"),
        ("chatbot", PUBLIC, {}, "filing_check", "yes"),
        ("chatbot", PUBLIC, {}, "labelling", "yes"),
        ("chatbot", PUBLIC, {}, "eu_category", "transparency_art50"),
        ("chatbot", PUBLIC, {}, "us_materiality", "outside_scope"),
        ("opinion", PUBLIC | {"public_opinion_attribute": "yes"}, {}, "genai_filing", "yes"),
        ("outside the EU", PUBLIC | {"jurisdiction": "CN"}, {}, "eu_category", "out_of_scope"),
        ("vendor model", PUBLIC | {"sourcing": "vendor_api"}, {}, "upstream_filing", "yes"),
        ("tool", {"model_determination": "non_model_tool"}, {}, "us_materiality", "non_model"),
        ("sensitive", {"pi_flag": "sensitive_pi"}, {}, "pia", "yes"),
        ("quiet", {}, {}, "pia", "no"),
        ("recruitment", {"business_scenario": "hr", "affected_subject": "employee"}, {},
         "eu_category", "high_risk_annex_iii"),
        ("recruitment, no FRIA", {"business_scenario": "hr", "affected_subject": "employee"}, {},
         "fria", "no"),
        ("credit", {"business_scenario": "credit_limit", "affected_subject": "natural_person"}, {},
         "fria", "yes"),
        ("exempt", {"business_scenario": "hr", "affected_subject": "employee"},
         {"eu_exemption_documented": True, "profiling_of_persons": False},
         "eu_category", "exempt_6_3"),
        ("profiling is never exempt", {"business_scenario": "hr", "affected_subject": "employee"},
         {"eu_exemption_documented": True, "profiling_of_persons": True},
         "eu_category", "high_risk_annex_iii"),
        ("push", {"algorithm_type": "personalised_push", "affected_subject": "natural_person"}, {},
         "opt_out", "yes"),
    ],
)  # fmt: skip
def test_flags_stand_beside_the_tier(
    name: str,
    said: Vector,
    facts: dict[str, bool],
    flag: str,
    value: str,
    quiet: Vector,
    zeros: dict[str, int],
) -> None:
    result = grade(SECTION, quiet | said, zeros, facts, "strict", assume_defaults=True)
    assert result.flags[flag] == value


def test_a_flag_whose_dimension_is_missing_is_to_be_assessed(
    quiet: Vector, zeros: dict[str, int]
) -> None:
    del quiet["business_scenario"]
    flags = grade(SECTION, quiet, zeros, {}, "strict", assume_defaults=True).flags
    assert flags["nfra_high_risk"] == "to_assess"


@pytest.mark.parametrize(
    ("name", "said", "facts", "factor", "level"),
    [
        ("tool", {}, {}, "F3", 0),
        ("confirmed", {"decision_role": "decision_with_confirm", "autonomy": "A1"}, {}, "F3", 2),
        ("automatic in limits", {"decision_role": "automated_decision"}, {}, "F3", 3),
        ("out of the loop", {"autonomy": "A4"}, {}, "F3", 4),
        ("rules", {}, {}, "F5", 0),
        ("explained trees", {"technique": "tree_ensemble", "explainability_level": "E2"}, {},
         "F5", 2),
        ("opaque trees", {"technique": "tree_ensemble", "explainability_level": "E3"}, {}, "F5", 3),
        ("several techniques", {"technique": ["rule_based", "llm"]}, {}, "F5", 4),
        ("black box", {"technique": "scorecard_stat", "sourcing": "vendor_api",
                       "explainability_level": "E4"}, {}, "F5", 4),
        ("general data", {}, {}, "F6", 1),
        ("personal data", {"pi_flag": "pi"}, {}, "F6", 2),
        ("sensitive level", {"data_level": "sensitive"}, {}, "F6", 3),
        ("biometrics", {"decision_role": "automated_decision"}, {"biometrics_used": True}, "F6", 4),
        ("volume", {}, {"annual_volume": "below_100k"}, "F7", 2),
        ("in-house", {}, {}, "F8", 0),
        ("vendor under an own shell", {"sourcing": ["in_house", "vendor_api"]}, {}, "F8", 3),
    ],
)  # fmt: skip
def test_factors_are_prefilled_from_facts(
    name: str,
    said: Vector,
    facts: dict[str, bool | str],
    factor: str,
    level: int,
    quiet: Vector,
) -> None:
    assert prefill(SECTION, quiet | said, facts)[factor] == level


def test_nothing_is_prefilled_from_nothing() -> None:
    assert prefill(SECTION, {}, {}) == {}


CONTRADICTIONS: list[tuple[str, Vector, dict[str, int], dict[str, bool]]] = [
    ("CX-01", {"decision_role": "automated_decision", "autonomy": "A1"}, {"F3": 3}, {}),
    ("CX-02", {"technique": "llm", "genai_audience": "internal", "explainability_level": "E4"},
     {"F5": 3}, {}),
    ("CX-03", {"business_scenario": "credit_approval", "decision_role": "recommendation",
               "affected_subject": "natural_person"}, {}, {}),
    ("CX-04", {"technique": "rag", "explainability_level": "E4"}, {"F5": 4}, {}),
    ("CX-05", {"genai_audience": "internal"}, {}, {}),
    ("CX-06", {}, {}, {"agent_write_funds": True}),
    ("CX-07", {}, {}, {"vendor_score_decisive": True}),
    ("CX-08", {}, {}, {"adverse_automatic": True}),
    ("CX-09", {"decision_role": "decision_with_confirm", "affected_subject": "natural_person"},
     {}, {}),
    ("CX-10", {"pi_flag": "sensitive_pi"}, {"F6": 3}, {}),
    ("CX-11", {"decision_role": "automated_decision", "autonomy": "A3"}, {"F3": 2}, {}),
    ("CX-12", {"update_mode": "upstream_managed"}, {}, {}),
    ("CX-13", {"technique": "llm", "genai_audience": "internal"}, {"F5": 4}, {}),
    ("CX-14", {"business_scenario": "aml_cft"}, {"F4": 3}, {}),
    ("CX-15", {"decision_role": "recommendation", "customer_impact": "major_rights"},
     {"F1": 2}, {}),
    ("CX-16", {}, {"F1": 3}, {}),
    ("CX-17", {"genai_audience": "public", "technique": "llm", "explainability_level": "E4"},
     {"F5": 4}, {}),
    ("CX-18", {"data_level": "core"}, {"F6": 3}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said", "levels", "facts"), CONTRADICTIONS)
def test_a_contradiction_is_found_alone(
    name: str,
    said: Vector,
    levels: dict[str, int],
    facts: dict[str, bool],
    quiet: Vector,
    zeros: dict[str, int],
) -> None:
    result = grade(SECTION, quiet | said, zeros | levels, facts, "strict", assume_defaults=True)
    assert result.contradictions == (name,)


def test_every_contradiction_has_a_case() -> None:
    said = [one.id for one in SECTION.classification.contradictions]
    assert [name for name, *_ in CONTRADICTIONS] == said


def test_residual_score_falls_only_with_mitigable_factors() -> None:
    inherent = dict.fromkeys(FACTOR_KEYS, 4)
    mitigated = inherent | {"F3": 2, "F5": 3, "F8": 0, "F9": 1}
    assert residual(SECTION, inherent, mitigated) == Decimal("79.00")


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [("consequence fell", {"F1": 3}, "F1"), ("reliance rose", {"F3": 3}, "F3")],
)
def test_residual_score_refuses(name: str, change: dict[str, int], field: str) -> None:
    inherent = dict.fromkeys(FACTOR_KEYS, 4) | {"F3": 2}
    with pytest.raises(DomainError) as refusal:
        residual(SECTION, inherent, inherent | change)
    assert (refusal.value.code, refusal.value.field) == ("residual_factor", field)


RAISING = sorted(
    {fact.key for fact in SECTION.classification.facts if fact.codes is None}
    - {"human_review_channel"}  # the one fact whose yes eases a floor
)
vectors = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(sorted(codes)) for key, codes in SECTION.codes.items()}
)
levels = st.fixed_dictionaries({key: st.integers(0, 4) for key in FACTOR_KEYS})
answers = st.dictionaries(st.sampled_from(RAISING), st.booleans())


@settings(max_examples=150, deadline=None)
@given(
    vectors, levels, answers, st.sampled_from(FACTOR_KEYS), st.sampled_from(["strict", "literal"])
)
def test_raising_a_factor_never_lowers_the_tier(
    vector: Vector, factors: dict[str, int], facts: dict[str, bool], factor: str, profile: str
) -> None:
    raised = factors | {factor: min(4, factors[factor] + 1)}
    before = grade(SECTION, vector, factors, facts, profile)
    after = grade(SECTION, vector, raised, facts, profile)
    assert after.tier.severity >= before.tier.severity
    assert after.score >= before.score


@settings(max_examples=150, deadline=None)
@given(vectors, levels, answers, st.sampled_from(RAISING), st.booleans())
def test_a_fact_found_true_never_lowers_the_floors(
    vector: Vector, factors: dict[str, int], facts: dict[str, bool], fact: str, assume: bool
) -> None:
    before = grade(SECTION, vector, factors, facts, "strict", assume_defaults=assume)
    after = grade(SECTION, vector, factors, facts | {fact: True}, "strict", assume_defaults=assume)
    assert set(after.floor_ids) >= set(before.floor_ids) - {"FR-03s"}
    assert after.tier.severity >= before.tier.severity


def test_the_pack_is_loaded_once(section: ClassificationSection) -> None:
    assert load_section(PACK) is section

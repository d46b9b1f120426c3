"""Each floor of II.2.3 in both profiles, with a twin that differs in one answer."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from registry.classification.rules import GradeResult, Tier, grade
from registry.classification.schema import ClassificationSection

Said = dict[str, str | bool | list[str]]
Vector = dict[str, str | list[str]]

CREDIT: Said = {"business_scenario": "credit_approval", "affected_subject": "natural_person"}
HEALTH: Said = {"business_scenario": "underwriting", "affected_subject": "natural_person"}
ADVERSE: Said = {
    "decision_role": "automated_decision",
    "customer_impact": "major_rights",
    "affected_subject": "natural_person",
    "adverse_automatic": True,
}
SENSITIVE: Said = {"pi_flag": "sensitive_pi", "decision_role": "decision_with_confirm"}
AGENT: Said = {"technique": "agent", "agent_write_funds": True}
VENDOR: Said = {"sourcing": "vendor_api", "vendor_score_decisive": True}
DECISIVE: Said = ADVERSE | VENDOR | {"decision_role": "recommendation"}
HR: Said = {"business_scenario": "hr", "affected_subject": "employee"}


@dataclass(frozen=True)
class Floor:
    name: str
    said: Said
    twin: Said
    floor: str
    strict: Tier
    literal: Tier


I, II, III, IV = Tier.I, Tier.II, Tier.III, Tier.IV  # noqa: E741
TABLE = [
    Floor("credit", CREDIT, {"affected_subject": "corporate"}, "FR-01", II, II),
    Floor("limit", CREDIT | {"business_scenario": "credit_limit"}, {"affected_subject": "msme"},
          "FR-01", II, II),
    Floor("score, vulnerable", CREDIT | {"affected_subject": "vulnerable"},
          {"business_scenario": "collections"}, "FR-01", II, II),
    Floor("health cover", HEALTH, {"life_health_insurance": False}, "FR-02", II, II),
    Floor("life pricing", HEALTH | {"business_scenario": "insurance_pricing"},
          {"business_scenario": "claims"}, "FR-02", II, II),
    Floor("generative claims", {"business_scenario": "claims", "technique": "llm"},
          {"business_scenario": "marketing"}, "FR-03", II, II),
    Floor("generative by audience", {"business_scenario": "claims", "technique": "hybrid",
          "genai_audience": "internal"}, {"genai_audience": "not_generative"}, "FR-03", II, II),
    Floor("generative contract", {"technique": "rag", "contract_effect": True},
          {"contract_effect": False}, "FR-03", II, II),
    Floor("automatic rebalancing", {"business_scenario": "wealth_advice", "technique": "llm",
          "autonomy": "A4"}, {"autonomy": "A1"}, "FR-03", II, II),
    Floor("adverse, no review", ADVERSE, {"adverse_automatic": False}, "FR-04", I, I),
    Floor("adverse, reviewed", ADVERSE | {"human_review_channel": True},
          {"customer_impact": "price_access"}, "FR-04", II, II),
    Floor("adverse to staff", ADVERSE | {"affected_subject": "employee"},
          {"affected_subject": "msme"}, "FR-04", I, I),
    Floor("adverse, confirmed", ADVERSE, {"decision_role": "decision_with_confirm"},
          "FR-04", I, I),
    Floor("capital", {"business_scenario": "risk_measurement"},
          {"business_scenario": "compliance_audit"}, "FR-05", II, II),
    Floor("return", {"business_scenario": "finance_reporting"},
          {"business_scenario": "document_processing"}, "FR-05", II, II),
    Floor("stress test", {"regulatory_figures": True}, {"regulatory_figures": False},
          "FR-05", II, II),
    Floor("agent that pays", AGENT, {"agent_write_funds": False}, "FR-06", I, I),
    Floor("agent, not another technique", AGENT, {"technique": "llm"}, "FR-06", I, I),
    Floor("core data", {"data_level": "core"}, {"data_level": "sensitive"}, "FR-07", II, II),
    Floor("important data", {"data_level": "important"}, {"data_level": "other_general"},
          "FR-07", II, II),
    Floor("sensitive data", SENSITIVE, {"decision_role": "processing"}, "FR-08", III, III),
    Floor("sensitive data, rights", SENSITIVE | {"customer_impact": "price_access"},
          {"pi_flag": "pi"}, "FR-08", II, II),
    Floor("minors", SENSITIVE | {"pi_flag": "minor_pi"}, {"pi_flag": "none"}, "FR-08", III, III),
    Floor("biometrics", {"biometrics_used": True, "decision_role": "automated_decision"},
          {"biometrics_used": False}, "FR-08", III, III),
    Floor("public chatbot", {"genai_audience": "public"}, {"genai_audience": "partner"},
          "FR-09", III, III),
    Floor("online learning", {"update_mode": "online_learning"},
          {"update_mode": "periodic_retrain"}, "FR-10", III, III),
    Floor("vendor score, credit", VENDOR | {"business_scenario": "credit_approval",
          "affected_subject": "corporate"}, {"vendor_score_decisive": False}, "FR-11", II, II),
    Floor("vendor score, other", VENDOR, {"sourcing": "in_house"}, "FR-11", IV, IV),
    Floor("vendor score as the decision", DECISIVE, {"vendor_score_decisive": False},
          "FR-11", I, I),
    Floor("money laundering", {"business_scenario": "aml_cft"},
          {"business_scenario": "kyc_identity"}, "FR-12", II, II),
    Floor("vulnerable", {"affected_subject": "vulnerable"}, {"affected_subject": "natural_person"},
          "FR-13", III, III),
    Floor("vulnerable, decision", {"affected_subject": "vulnerable",
          "decision_role": "decision_with_confirm"}, {"affected_subject": "natural_person"},
          "FR-13", II, II),
    Floor("severe incident", {"severity1_open": True}, {"severity1_open": False},
          "FR-14", III, III),
    Floor("upstream", {"update_mode": "upstream_managed"}, {"update_mode": "static"},
          "FR-15", III, III),
    Floor("recruitment", HR, {"affected_subject": "institution_only"}, "FR-16", II, II),
]  # fmt: skip
STRICT_ONLY = [
    "fund_transaction", "trading_treasury", "asset_valuation", "credit_approval", "credit_pricing",
    "credit_limit", "credit_monitoring", "underwriting", "insurance_pricing", "claims",
    "risk_measurement", "provisioning", "aml_cft", "fraud_detection",
]  # fmt: skip
CASES = [(floor.name, floor) for floor in TABLE]


def judged(
    section: ClassificationSection, quiet: Vector, zeros: dict[str, int], said: Said, profile: str
) -> GradeResult:
    vector = quiet | {key: said[key] for key in said if key in section.codes}
    facts = {key: said[key] for key in said if key in section.facts}
    return grade(section, vector, zeros, facts, profile, assume_defaults=True)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("profile", ["strict", "literal"])
@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_a_floor_fires_and_its_twin_does_not(
    name: str,
    case: Floor,
    profile: str,
    section: ClassificationSection,
    quiet: Vector,
    zeros: dict[str, int],
) -> None:
    result = judged(section, quiet, zeros, case.said, profile)
    twin = judged(section, quiet, zeros, case.said | case.twin, profile)
    assert case.floor in result.floor_ids
    assert case.floor not in twin.floor_ids
    assert result.tier is (case.strict if profile == "strict" else case.literal)


def test_the_table_covers_every_floor(section: ClassificationSection) -> None:
    covered = {case.floor for case in TABLE} | {"FR-03s"}
    assert covered == {floor.id for floor in section.grading.floors}


def test_nothing_fires_on_the_quiet_case(
    section: ClassificationSection, quiet: Vector, zeros: dict[str, int]
) -> None:
    result = judged(section, quiet, zeros, {}, "strict")
    assert (result.floor_ids, result.tier, result.unknown) == ((), Tier.IV, ())


@pytest.mark.parametrize("scenario", STRICT_ONLY)
def test_a_listed_scenario_is_high_risk_for_any_technique_only_under_strict(
    scenario: str, section: ClassificationSection, quiet: Vector, zeros: dict[str, int]
) -> None:
    said: Said = {"business_scenario": scenario}
    strict = judged(section, quiet, zeros, said, "strict")
    literal = judged(section, quiet, zeros, said, "literal")
    assert "FR-03s" in strict.floor_ids
    assert strict.flags["nfra_high_risk"] == "yes"
    assert {"FR-03", "FR-03s"}.isdisjoint(literal.floor_ids)
    assert literal.flags["nfra_high_risk"] == "no"


def test_every_other_scenario_is_not_listed(
    section: ClassificationSection, quiet: Vector, zeros: dict[str, int]
) -> None:
    for scenario in sorted(section.codes["business_scenario"] - set(STRICT_ONLY)):
        result = judged(section, quiet, zeros, {"business_scenario": scenario}, "strict")
        assert result.flags["nfra_high_risk"] == "no", scenario


def test_fr_03_speaks_for_fr_03s_where_the_use_is_generative(
    section: ClassificationSection, quiet: Vector, zeros: dict[str, int]
) -> None:
    said: Said = {"business_scenario": "claims", "technique": "llm"}
    assert judged(section, quiet, zeros, said, "strict").floor_ids == ("FR-03",)


@pytest.mark.parametrize(
    ("name", "said", "tier"),
    [
        ("IV to III", {}, Tier.III),
        ("III to II", {"update_mode": "online_learning"}, Tier.II),
        ("II to I", {"data_level": "core"}, Tier.I),
        ("I stays I", AGENT, Tier.I),
    ],
)
def test_an_open_incident_adds_one_step_after_all_else(
    name: str,
    said: Said,
    tier: Tier,
    section: ClassificationSection,
    quiet: Vector,
    zeros: dict[str, int],
) -> None:
    result = judged(section, quiet, zeros, said | {"severity1_open": True}, "strict")
    assert (result.tier, result.floor_minimum) == (tier, tier)


def test_a_prohibited_practice_is_tier_p_whatever_else_holds(
    section: ClassificationSection, quiet: Vector, zeros: dict[str, int]
) -> None:
    result = judged(section, quiet, zeros, AGENT | {"prohibited_practice": True}, "strict")
    assert (result.tier, result.tier_by_score) == (Tier.P, Tier.IV)
    assert (result.floor_ids, result.flags["eu_category"]) == (("FR-06",), "prohibited")


@pytest.mark.parametrize(
    ("name", "codes", "tier"),
    [
        ("worst first", ["core", "other_general"], Tier.II),
        ("worst last", ["other_general", "core"], Tier.II),
        ("none bad", ["other_general", "sensitive"], Tier.IV),
    ],
)
def test_with_several_codes_the_worst_case_counts(
    name: str,
    codes: list[str],
    tier: Tier,
    section: ClassificationSection,
    quiet: Vector,
    zeros: dict[str, int],
) -> None:
    assert judged(section, quiet, zeros, {"data_level": codes}, "strict").tier is tier


def test_a_fired_floor_shows_its_clauses_its_values_and_its_source(
    section: ClassificationSection, quiet: Vector, zeros: dict[str, int]
) -> None:
    (hit,) = judged(section, quiet, zeros, {"update_mode": "online_learning"}, "strict").floors
    (clause,) = hit.report.all
    assert clause.expression == "'online_learning' in update_mode"
    assert clause.values == (("update_mode", ("online_learning",)),)
    assert hit.sources == (("JR/T 0221-2021", "secondary"), ("OSFI E-23", "secondary"))

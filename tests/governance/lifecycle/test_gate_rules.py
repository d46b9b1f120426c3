"""The gate: what is missing, by which strength, met how; and each blocking rule with its twin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from governance.approvals.schema import ApprovalsSection
from governance.lifecycle import rules
from governance.lifecycle.queries import present
from governance.lifecycle.queries.facts import COMPUTED, NAMED
from governance.lifecycle.rules import Facts, FactValue, Met
from governance.lifecycle.schema import Alternative, ByTier, LifecycleSection, Requirement
from registry.core.people.rules import Role
from registry.core.policy.schema import Label, RuleSpec, Source, load_yaml, validate
from registry.evidence.schema import EvidenceSection
from registry.releases.models import ORDER, STAGES

PACK = Path(settings.POLICY_PACKS_DIR) / "cn-nfra"
SHIPPED = validate(LifecycleSection, load_yaml(PACK / "lifecycle.yaml"), "lifecycle.yaml")
KINDS = validate(EvidenceSection, load_yaml(PACK / "evidence.yaml"), "evidence.yaml").kinds
APPROVALS = validate(ApprovalsSection, load_yaml(PACK / "approvals.yaml"), "approvals.yaml")
WORDS = Label(zh="某项", en="something")
OTHERWISE = Alternative(zh="替代", en="otherwise")
LAW = (Source(ref="Mingce", tag="own_design"),)


def requirement(**changed: Any) -> Requirement:
    """Asked for at the exit of S1: mandatory for I, recommended for II, nothing for III and IV."""
    told: dict[str, Any] = {
        "key": "thing",
        "exit": "S1",
        "label": WORDS,
        "tiers": ByTier(I="M", II="R", III="-", IV="-"),
        "documents": ("model_card",),
        "who": ("owner",),
        "sources": LAW,
    }
    return Requirement(**(told | changed))


def item(facts: Facts, **changed: Any) -> rules.Item:
    """The one requirement as it stands at the gate to S2."""
    section = SHIPPED.model_copy(
        update={"requirements": (requirement(**changed),), "blocking_rules": ()}
    )
    found = rules.gate(section, facts, "S2")
    assert found.is_open is not found.items[0].is_missing
    return found.items[0]


def bare(tier: str = "I", **changed: Any) -> Facts:
    told: dict[str, Any] = {"readings": {}, "named": {}, "documents": frozenset()}
    return Facts(tier=tier, stage="S1", **(told | changed))


@pytest.mark.parametrize(
    ("name", "tier", "met", "mandatory", "missing"),
    [
        ("mandatory", "I", Met.MISSING, True, True),
        ("recommended", "II", Met.MISSING, False, False),
        ("not needed", "III", Met.NOT_NEEDED, False, False),
        ("prohibited counts as the strictest", "P", Met.MISSING, True, True),
        ("not graded counts as the strictest", "", Met.MISSING, True, True),
    ],
)
def test_a_requirement_is_as_strong_as_the_tier_says(
    name: str, tier: str, met: Met, mandatory: bool, missing: bool
) -> None:
    found = item(bare(tier))
    assert (found.met, found.is_mandatory, found.is_missing) == (met, mandatory, missing)


@pytest.mark.parametrize(
    ("name", "readings", "tiers", "met", "undecided"),
    [
        ("the condition holds", {"x": True}, ("I",), Met.MISSING, ()),
        ("it does not hold", {"x": False}, ("I",), Met.NOT_NEEDED, ()),
        ("it is not known: never by default", {}, ("I",), Met.MISSING, ("x",)),
        ("it is for other tiers: always asked", {"x": False}, ("II",), Met.MISSING, ()),
    ],
)
def test_a_condition_says_when_it_is_asked_for(
    name: str, readings: dict[str, object], tiers: tuple[str, ...], met: Met, undecided: object
) -> None:
    when = RuleSpec(all=("x",))
    found = item(bare(readings=readings), when=when, when_tiers=tiers)
    assert (found.met, found.undecided) == (met, undecided)


@pytest.mark.parametrize(
    ("name", "facts", "allowed", "met"),
    [
        ("the document", {"documents": frozenset({"model_card"})}, {}, Met.EVIDENCE),
        ("another document", {"documents": frozenset({"data_sheet"})}, {}, Met.MISSING),
        (
            "a confirmed alternative",
            {"alternatives": frozenset({"thing"})},
            {"alternative": OTHERWISE},
            Met.ALTERNATIVE,
        ),
        (
            "an alternative that the pack does not know",
            {"alternatives": frozenset({"thing"})},
            {},
            Met.MISSING,
        ),
        (
            "a confirmed alternative without the document that it names",
            {"alternatives": frozenset({"thing"})},
            {"alternative": OTHERWISE.model_copy(update={"documents": ("data_sheet",)})},
            Met.MISSING,
        ),
        (
            "a confirmed alternative with the document that it names",
            {"alternatives": frozenset({"thing"}), "documents": frozenset({"data_sheet"})},
            {"alternative": OTHERWISE.model_copy(update={"documents": ("data_sheet",)})},
            Met.ALTERNATIVE,
        ),
        (
            "confirmed as not applicable",
            {"not_applicable": frozenset({"thing"})},
            {"not_applicable": True},
            Met.NOT_APPLICABLE,
        ),
        (
            "not applicable where that is not possible",
            {"not_applicable": frozenset({"thing"})},
            {},
            Met.MISSING,
        ),
        ("waived", {"waived": frozenset({"thing"})}, {"waivable": True}, Met.WAIVED),
        ("waived where that is not possible", {"waived": frozenset({"thing"})}, {}, Met.MISSING),
        (
            "waived, something else",
            {"waived": frozenset({"other"})},
            {"waivable": True},
            Met.MISSING,
        ),
        (
            "evidence before a waiver",
            {"documents": frozenset({"model_card"}), "waived": frozenset({"thing"})},
            {"waivable": True},
            Met.EVIDENCE,
        ),
    ],
)
def test_a_requirement_is_met_by_evidence_alternative_inapplicability_or_waiver(
    name: str, facts: dict[str, Any], allowed: dict[str, Any], met: Met
) -> None:
    assert item(bare(**facts), **allowed).met is met


@pytest.mark.parametrize(
    ("name", "named", "met", "why"),
    [
        ("it holds", {"validated": FactValue(True)}, Met.FACT, ""),
        ("it does not hold", {"validated": FactValue(False, "没有", "none")}, Met.MISSING, "没有"),
        ("nobody knows it", {}, Met.MISSING, ""),
    ],
)
def test_a_requirement_can_be_met_by_a_fact(
    name: str, named: dict[str, FactValue], met: Met, why: str
) -> None:
    found = item(bare(named=named), fact="validated", documents=())
    assert (found.met, found.why_zh) == (met, why)


@pytest.mark.parametrize(
    ("exit_of", "counts"),
    [
        ("S0", {"S1", "S2", "S3", "S4", "S5"}),
        ("S1", {"S2", "S3", "S4", "S5"}),
        ("S2", {"S3", "S4", "S5"}),
        ("S3", {"S4", "S5"}),
        ("S4", {"S5"}),
        ("S5", {"S5"}),
        ("S8", {"S8"}),
    ],
)
def test_every_exit_before_the_stage_counts(exit_of: str, counts: set[str]) -> None:
    section = SHIPPED.model_copy(
        update={"requirements": (requirement(exit=exit_of),), "blocking_rules": ()}
    )
    assert {to for to in ORDER if rules.gate(section, bare(), to).missing} == counts


@pytest.mark.parametrize(("to", "shut"), [(to, to in ("S4", "S5")) for to in ORDER])
def test_a_stop_shuts_the_gates_to_pilot_and_production_alone(to: str, shut: bool) -> None:
    section = SHIPPED.model_copy(update={"requirements": (), "blocking_rules": ()})
    found = rules.gate(section, bare(stopped=("order",)), to)
    assert (found.is_open, found.stopped) == (not shut, ("order",) if shut else ())


# --- the shipped pack

READINGS: dict[str, object] = {
    "tier": "II",
    "explainability": "E1",
    "decision_role": ["automated_decision"],
    "customer_impact": ["major_rights"],
    "data_level": ["sensitive"],
    "any_person": True,
    "externally_sourced": False,
    "human_review_channel": True,
    "flag_nfra_high_risk": "yes",
    "flag_pia": "yes",
    "flag_fria": "yes",
    "flag_generative": "no",
    "flag_agent": "no",
    "flag_public_facing": "no",
    "flag_labelling": "no",
    "flag_eu_category": "minimal",
    "flag_algorithm_filing": "no",
    "flag_genai_filing": "no",
    "flag_opt_out": "no",
    "has_training_data_declaration": True,
    "has_cac_filing": True,
    "has_stop_switch_test": True,
    "has_fallback_test": True,
    "has_stop_operators": True,
    "stop_operator_in_office": True,
    "stop_switch_armed": True,
    "fallback_tested": True,
    "has_pia": True,
    "has_fria": True,
    "rmc_resolved": True,
    "duties_not_segregated": False,
    "production_digest_differs": False,
    "revalidation_overdue": False,
    "review_overdue": False,
    "review_blocks_new_use": False,
    "something_expired": False,
}
SOUND = Facts(
    tier="II",
    stage="S4",
    readings=READINGS,
    named={name: FactValue(True) for name in NAMED},
    documents=frozenset(KINDS),
)


def with_readings(**changed: object) -> Facts:
    tier = str(changed.get("tier", "II"))
    return replace(SOUND, tier=tier, readings=READINGS | changed)


def blocked(facts: Facts, to: str) -> list[str]:
    return [one.rule.id for one in rules.gate(SHIPPED, facts, to).blocked]


@pytest.mark.parametrize("tier", ["I", "II", "III", "IV"])
@pytest.mark.parametrize("to", ORDER)
def test_with_everything_in_place_every_gate_is_open(tier: str, to: str) -> None:
    assert rules.gate(SHIPPED, with_readings(tier=tier), to).is_open


TWINS: list[tuple[str, str, dict[str, object], str, object]] = [
    (
        "BR-01",
        "unexplainable, deciding in a high-risk use",
        {"explainability": "E4"},
        "explainability",
        "E3",
    ),
    (
        "BR-01",
        "its role lowered to a recommendation",
        {"explainability": "E4"},
        "decision_role",
        ["recommendation"],
    ),
    (
        "BR-01",
        "with confirmation by a person",
        {"explainability": "E4", "decision_role": ["decision_with_confirm"]},
        "explainability",
        "E2",
    ),
    (
        "BR-01",
        "not high-risk, yet of people at tier II",
        {"explainability": "E4", "flag_nfra_high_risk": "no"},
        "any_person",
        False,
    ),
    (
        "BR-01",
        "not high-risk, of people at tier I",
        {"explainability": "E4", "flag_nfra_high_risk": "no", "tier": "I"},
        "tier",
        "III",
    ),
    (
        "BR-02",
        "generative, training data not declared",
        {"flag_generative": "yes", "has_training_data_declaration": False},
        "has_training_data_declaration",
        True,
    ),
    (
        "BR-02",
        "not generative",
        {"flag_generative": "yes", "has_training_data_declaration": False},
        "flag_generative",
        "no",
    ),
    (
        "BR-03",
        "no human-review channel",
        {"human_review_channel": False},
        "human_review_channel",
        True,
    ),
    ("BR-03", "no major impact", {"human_review_channel": False}, "customer_impact", ["none"]),
    ("BR-03", "nobody affected", {"human_review_channel": False}, "any_person", False),
    (
        "BR-04",
        "external, generative, no filing",
        {"flag_generative": "yes", "externally_sourced": True, "has_cac_filing": False},
        "has_cac_filing",
        True,
    ),
    (
        "BR-04",
        "made in house",
        {"flag_generative": "yes", "externally_sourced": True, "has_cac_filing": False},
        "externally_sourced",
        False,
    ),
    (
        "BR-05",
        "high-risk without a resolution of the RMC",
        {"rmc_resolved": False},
        "rmc_resolved",
        True,
    ),
    ("BR-05", "not high-risk", {"rmc_resolved": False}, "flag_nfra_high_risk", "no"),
    (
        "BR-06",
        "duties not segregated",
        {"duties_not_segregated": True},
        "duties_not_segregated",
        False,
    ),
    ("BR-07", "no stop-switch test", {"has_stop_switch_test": False}, "has_stop_switch_test", True),
    ("BR-07", "no fallback test", {"has_fallback_test": False}, "has_fallback_test", True),
    ("BR-07", "no operators", {"has_stop_operators": False}, "has_stop_operators", True),
    ("BR-07", "nobody", {"stop_operator_in_office": False}, "stop_operator_in_office", True),
    ("BR-07", "nobody enforces it", {"stop_switch_armed": False}, "stop_switch_armed", True),
    ("BR-07", "no drill", {"fallback_tested": False}, "fallback_tested", True),
    ("BR-07", "tier III", {"has_stop_operators": False}, "tier", "III"),
    ("BR-08", "no PIA", {"has_pia": False}, "has_pia", True),
    ("BR-08", "no PIA needed", {"has_pia": False}, "flag_pia", "no"),
    ("BR-08", "no FRIA", {"has_fria": False}, "has_fria", True),
    (
        "BR-09",
        "another digest in production",
        {"production_digest_differs": True},
        "production_digest_differs",
        False,
    ),
    ("BR-10", "prohibited", {"tier": "P"}, "tier", "I"),
    (
        "BR-11",
        "revalidation overdue",
        {"revalidation_overdue": True},
        "revalidation_overdue",
        False,
    ),
    ("BR-11", "a review overdue", {"review_overdue": True}, "review_overdue", False),
    ("BR-12", "something has expired", {"something_expired": True}, "something_expired", False),
    (
        "BR-12",
        "a new use of a model with overdue reviews",
        {"review_blocks_new_use": True},
        "review_blocks_new_use",
        False,
    ),
]


@pytest.mark.parametrize(("rule", "name", "firing", "key", "twin"), TWINS)
def test_a_blocking_rule_fires_and_its_twin_does_not(
    rule: str, name: str, firing: dict[str, object], key: str, twin: object
) -> None:
    stages = next(one.blocks for one in SHIPPED.blocking_rules if one.id == rule)
    for to in ORDER:
        expected = [rule] if to in stages else []
        assert blocked(with_readings(**firing), to) == expected
        assert blocked(with_readings(**(firing | {key: twin})), to) == []


def test_every_blocking_rule_has_its_twins_here() -> None:
    known = [one.id for one in SHIPPED.blocking_rules]
    assert known == [f"BR-{number:02d}" for number in range(1, 13)]
    assert sorted({rule for rule, *_ in TWINS}) == known


@pytest.mark.parametrize(
    ("rule", "unread"),
    [
        ("BR-01", {"explainability"}),
        ("BR-03", {"human_review_channel"}),
        ("BR-05", {"rmc_resolved"}),
        ("BR-06", {"duties_not_segregated"}),
        ("BR-07", {"has_stop_operators"}),
        ("BR-07", {"stop_switch_armed"}),
        ("BR-07", {"fallback_tested"}),
        ("BR-09", {"production_digest_differs"}),
        ("BR-11", {"revalidation_overdue"}),
        ("BR-11", {"review_overdue"}),
        ("BR-12", {"something_expired"}),
    ],
)
def test_a_rule_that_can_not_be_decided_blocks_and_names_what_is_not_known(
    rule: str, unread: set[str]
) -> None:
    readings = {key: value for key, value in READINGS.items() if key not in unread}
    (found,) = rules.gate(SHIPPED, replace(SOUND, readings=readings), "S5").blocked
    assert (found.rule.id, set(found.undecided)) == (rule, unread)


def test_a_blocking_rule_is_never_waived() -> None:
    waived = frozenset({"BR-06", *(one.key for one in SHIPPED.requirements)})
    facts = replace(with_readings(duties_not_segregated=True), waived=waived)
    assert blocked(facts, "S5") == ["BR-06"]


def test_a_plain_tier_iv_model_needs_little() -> None:
    quiet = {key: "no" for key in READINGS if key.startswith("flag_")} | {
        "tier": "IV",
        "data_level": ["other_general"],
        "any_person": False,
    }
    facts = replace(with_readings(**quiet), named={}, documents=frozenset())
    assert [one.requirement.key for one in rules.gate(SHIPPED, facts, "S5").missing] == [
        "use_case_card",
        "grading_confirmed",
        "screening",
        "grading_complete",
        "version_registered",
        "model_card",
        "approval",
        "deployed_digest",
        "monitoring_live",
        "alert_routes",
    ]


@pytest.mark.parametrize(("tier", "count"), [("I", 40), ("II", 40), ("III", 32), ("IV", 19)])
def test_how_much_each_tier_must_show_at_the_most(tier: str, count: int) -> None:
    every = {key: "yes" for key in READINGS if key.startswith("flag_")} | {
        "tier": tier,
        "externally_sourced": True,
    }
    facts = replace(with_readings(**every), named={}, documents=frozenset())
    assert len(rules.gate(SHIPPED, facts, "S5").missing) == count


def test_every_kind_of_document_fact_and_role_of_the_pack_exists() -> None:
    roles = {role.value for role in Role}
    for one in SHIPPED.requirements:
        assert set(one.documents) <= set(KINDS), one.key
        assert one.fact is None or one.fact in NAMED, one.key
        assert set(one.who) <= roles, one.key
    signers = {
        role
        for route in APPROVALS.routes
        for step in route.steps
        if step.kind == "signatures"
        for signature in step.signatures
        for role in signature.roles
    }
    assert signers <= roles


def test_every_named_fact_is_asked_for_and_every_computed_one_is_read() -> None:
    asked = {one.fact for one in SHIPPED.requirements if one.fact}
    assert asked == set(NAMED)
    clauses = [one.rule for one in SHIPPED.blocking_rules]
    clauses += [one.when for one in SHIPPED.requirements if one.when is not None]
    read = {name for clause in clauses for name in clause.compiled.reads}
    assert set(COMPUTED) <= read


def test_every_stage_that_a_rule_blocks_can_be_reached() -> None:
    targets = {target for _, target in STAGES.pairs}
    for one in SHIPPED.blocking_rules:
        assert set(one.blocks) <= targets


def test_the_answer_names_each_thing_with_its_clause_and_who_can_supply_it() -> None:
    facts = replace(with_readings(duties_not_segregated=True), documents=frozenset(), named={})
    told = present(rules.gate(SHIPPED, facts, "S3"))
    assert (told["to"], told["open"], told["stopped_by"]) == ("S3", False, [])
    assert [one["id"] for one in told["blocked_by"]] == ["BR-06"]
    assert told["blocked_by"][0]["sources"][1] == {"ref": "SR 26-2", "tag": "verified"}
    card = next(one for one in told["requirements"] if one["key"] == "model_card")
    assert (card["who"], card["documents"], card["missing"], card["met"]) == (
        ["developer", "owner"],
        ["model_card"],
        True,
        "missing",
    )
    assert told["missing"] == [one["key"] for one in told["requirements"] if one["missing"]]

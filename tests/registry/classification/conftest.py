"""The shipped pack, and a model use on which no floor fires."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.classification.schema import FACTOR_KEYS, ClassificationSection, load_section

PACK = Path(__file__).resolve().parents[3] / "seeds" / "policy_packs" / "cn-nfra"


@pytest.fixture(scope="session")
def section() -> ClassificationSection:
    return load_section(PACK)


@pytest.fixture
def quiet() -> dict[str, str | list[str]]:
    """Every dimension answered, and nothing in it that a floor looks for."""
    return {
        "business_scenario": "document_processing",
        "technique": "rule_based",
        "decision_role": "processing",
        "autonomy": "A0",
        "customer_impact": "none",
        "affected_subject": "institution_only",
        "data_level": "other_general",
        "pi_flag": "none",
        "sourcing": "in_house",
        "genai_audience": "not_generative",
        "explainability_level": "E1",
        "update_mode": "static",
        "channel": "back_office",
        "algorithm_type": "not_applicable",
        "public_opinion_attribute": "no",
        "jurisdiction": ["CN", "EU"],
        "model_determination": "model",
        "deployment_location": "on_prem",
    }


@pytest.fixture
def zeros() -> dict[str, int]:
    return dict.fromkeys(FACTOR_KEYS, 0)

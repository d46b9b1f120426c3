"""What denies a permit, and what is signed, as tables."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from governance.lifecycle.rules import Blocked, Gate, Item, Met
from governance.lifecycle.schema import LifecycleSection
from governance.permits.rules import (
    Facts,
    Holding,
    Permitted,
    Policy,
    Revoked,
    against,
    but_for,
    moment,
    of_version,
    permit_statement,
    revocation_list,
)
from governance.permits.schema import EnvironmentPolicy, PermitsSection
from registry.core.policy.queries import read_pack
from registry.core.policy.rules import PolicyError
from registry.core.policy.schema import load_yaml, validate

PACK = Path(settings.POLICY_PACKS_DIR) / "cn-nfra"
LIFECYCLE = validate(LifecycleSection, load_yaml(PACK / "lifecycle.yaml"), "lifecycle.yaml")
SECTION = validate(PermitsSection, load_yaml(PACK / "permits.yaml"), "permits.yaml")
OURS, OTHER = "a" * 64, "b" * 64
STOP, LIMIT = Holding("stop-1", is_stop=True), Holding("limit-1", is_stop=False, limits="限额")


def requirement(key: str) -> Any:
    return next(one for one in LIFECYCLE.requirements if one.key == key)


def rule(key: str) -> Any:
    return next(one for one in LIFECYCLE.blocking_rules if one.id == key)


def gate(missing: tuple[str, ...] = (), blocked: tuple[str, ...] = (), to: str = "S5") -> Gate:
    """A gate with these things missing, and one that is not."""
    items = [Item(requirement(key), Met.MISSING, is_mandatory=True) for key in missing]
    items.append(Item(requirement("monitoring_live"), Met.FACT, is_mandatory=True))
    return Gate(to, tuple(items), tuple(Blocked(rule(key)) for key in blocked))


def facts(environment: str, stage: str, **told: Any) -> Facts:
    given: dict[str, Any] = {"asked_digest": OURS, "version_digest": OURS} | told
    return Facts(environment=environment, stage=stage, **given)


def denied(told: Facts) -> list[tuple[str, str]]:
    return [(one.code, one.key) for one in against(SECTION.of(told.environment), told)]


def test_what_no_document_meets_is_not_to_be_supplied() -> None:
    """Days have to pass."""
    told = facts("production", "S4", gate=gate(("pilot_length", "pilot_report")))
    found = against(SECTION.of("production"), told)
    ways = {one.key: one.way_out_en for one in found if one.code == "requirement_missing"}
    assert "exemption" in ways["pilot_length"]
    assert ways["pilot_report"] == "Supply it on the release's page"


@pytest.mark.parametrize("environment", ["development", "test", "pilot", "production"])
@pytest.mark.parametrize("stage", ["S0", "S1", "S2", "S3", "S4", "S5", "S8"])
def test_what_a_release_must_have_reached(environment: str, stage: str) -> None:
    if stage == "S8":
        expected = [("retired", "")]
    elif environment in ("pilot", "production") and stage < "S4":
        expected = [("stage_not_reached", "S4")]
    else:
        expected = []
    assert denied(facts(environment, stage)) == expected


@pytest.mark.parametrize(
    ("name", "told", "expected"),
    [
        ("nothing", {}, []),
        ("another digest", {"asked_digest": OTHER}, [("digest_differs", "")]),
        ("no version yet", {"version_digest": ""}, [("digest_differs", "")]),
        ("a stop", {"orders": (STOP,)}, [("stopped", "stop-1")]),
        ("a restriction", {"orders": (LIMIT,)}, [("restricted", "limit-1")]),
        ("both", {"orders": (STOP, LIMIT)}, [("stopped", "stop-1"), ("restricted", "limit-1")]),
        (
            "a requirement", {"gate": gate(("pilot_length",))},
            [("requirement_missing", "pilot_length")],
        ),
        ("a rule", {"gate": gate(blocked=("BR-07",))}, [("rule_blocks", "BR-07")]),
        (
            "all of it",
            {
                "asked_digest": OTHER, "orders": (STOP,),
                "gate": gate(("pilot_length",), ("BR-11",)),
            },
            [
                ("digest_differs", ""), ("stopped", "stop-1"),
                ("requirement_missing", "pilot_length"), ("rule_blocks", "BR-11"),
            ],
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_every_reason_is_told(name: str, told: dict[str, Any], expected: Any) -> None:
    assert denied(facts("production", "S5", **told)) == expected


@pytest.mark.parametrize("environment", ["development", "test"])
def test_a_restriction_denies_nothing_where_the_policy_does_not_say_so(environment: str) -> None:
    assert denied(facts(environment, "S5", orders=(LIMIT,))) == []
    assert denied(facts(environment, "S5", orders=(STOP,))) == [("stopped", "stop-1")]


def test_an_environment_without_a_policy_is_denied() -> None:
    assert [one.code for one in against(None, facts("moon", "S5"))] == [
        "environment_without_policy"
    ]


def test_every_reason_is_told_in_both_languages_with_its_way_out() -> None:
    told = facts(
        "production", "S3", asked_digest=OTHER, orders=(STOP, LIMIT),
        gate=gate(("pilot_length",), ("BR-07",)),
    )  # fmt: skip
    found = [*against(SECTION.of("production"), told), *against(None, told)]
    found += against(SECTION.of("production"), replace(told, stage="S8"))
    for one in found:
        assert all((one.zh, one.en, one.way_out_zh, one.way_out_en))
        assert one.en.isascii() or one.code in ("restricted", "rule_blocks", "digest_differs")


def test_what_the_deployment_mends_does_not_count() -> None:
    found = but_for(
        gate(("deployed_digest", "pilot_length"), ("BR-09", "BR-11")), ("deployed_digest", "BR-09")
    )
    assert [one.requirement.key for one in found.missing] == ["pilot_length"]
    assert [one.rule.id for one in found.blocked] == ["BR-11"]
    assert but_for(gate(("deployed_digest",)), ("deployed_digest",)).is_open


def test_a_name_in_a_statement_is_a_path_of_single_steps() -> None:
    assert of_version("AIM-2026-000001", "1.0.0") == "models/AIM-2026-000001/versions/1.0.0"
    assert of_version("AIM", "../a b/甲") == "models/AIM/versions/..%2Fa%20b%2F%E7%94%B2"


NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def test_moments_are_in_utc() -> None:
    assert moment(NOON) == "2026-11-23T04:00:00.000000Z"


def test_a_statement_is_the_same_bytes_for_the_same_permit() -> None:
    told = Permitted(
        registry="r", verifier="urn:r", subject="models/A/versions/1", digest=OURS, code="PMT-1",
        environment="test", use="u", use_code="USE-1", release="REL-1", stage="S1", tier="",
        gate="", policy=Policy("p", "1.0", OTHER), approval=None, requested_by="x",
        reference="构建 1", issued_at=NOON, expires_at=NOON + dt.timedelta(hours=1),
    )  # fmt: skip
    assert permit_statement(told) == permit_statement(told)
    said = json.loads(permit_statement(told))["predicate"]
    assert (said["tier"], said["approval"], said["gate"]["to"]) == (None, None, None)
    assert said["breakGlass"] is False
    broken = json.loads(permit_statement(replace(told, digest="")))
    assert broken["predicate"]["breakGlass"] is True
    assert broken["subject"][0]["digest"] == {"mingceUse": "u"}


def test_the_list_is_ordered_by_code() -> None:
    rows = [Revoked(code, NOON, NOON, "stopped") for code in ("PMT-2", "PMT-1")]
    told = json.loads(revocation_list("r", 7, NOON, NOON + dt.timedelta(minutes=15), rows))
    assert [one["permit"] for one in told["revoked"]] == ["PMT-1", "PMT-2"]
    assert (told["sequence"], told["registry"]) == (7, "r")


FINE = {
    "environment": "test", "label": {"zh": "测试", "en": "Test"}, "validity_minutes": 10,
    "restriction_denies": False, "sources": [{"ref": "x", "tag": "own_design"}],
}  # fmt: skip
GLASS = {
    "label": {"zh": "应急", "en": "Break glass"}, "longest_days": 7, "most_live": 1,
    "report_working_days": 2, "sources": [{"ref": "x", "tag": "own_design"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("unknown environment", {"environments": [FINE | {"environment": "moon"}]}, "environment"),
        ("twice", {"environments": [FINE, FINE]}, "the environment test stands twice"),
        ("no time", {"environments": [FINE | {"validity_minutes": 0}]}, "validity_minutes"),
        ("a month", {"environments": [FINE | {"validity_minutes": 43_200}]}, "validity_minutes"),
        ("mends nothing", {"environments": [FINE | {"mends": ["BR-09"]}]}, "nothing to mend"),
        ("no source", {"environments": [FINE | {"sources": []}]}, "sources"),
        ("stage S8", {"environments": [FINE | {"stage": "S8"}]}, "stage"),
        ("for ever", {"environments": [], "break_glass": GLASS | {"longest_days": 91}}, "longest"),
        ("no calendar", {"environments": [], "break_glass": GLASS | {"country": "XX"}}, "XX"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_faulty_section_is_refused(name: str, content: Any, told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        validate(PermitsSection, content, "permits.yaml")


def test_what_a_deployment_mends_exists() -> None:
    made = EnvironmentPolicy.model_validate(FINE | {"gate": "S5", "mends": ["BR-99"]})
    section = PermitsSection(environments=(made,))
    with pytest.raises(ValueError, match="production|test: no such requirement"):
        section.lint(["BR-09"])
    section.lint(["BR-99"])


def test_the_shipped_pack_has_all_four_environments() -> None:
    about, content = read_pack(PACK)
    assert about.version == "1.7"
    assert "permits" in content
    assert [one.environment for one in SECTION.environments] == [
        "development", "test", "pilot", "production",
    ]  # fmt: skip
    assert {source.tag for one in SECTION.environments for source in one.sources} == {"own_design"}

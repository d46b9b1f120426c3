"""One answer to “why can't it go live?”, for page, API and refusal."""

from __future__ import annotations

from typing import Any

from governance.lifecycle import rules
from governance.lifecycle.queries.facts import gather
from governance.lifecycle.rules import Gate
from governance.lifecycle.schema import LifecycleSection
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.releases.models import Release


def section_of(pack: PackRelease) -> LifecycleSection:
    """The pack's section on the lifecycle."""
    found = policy.section(pack, "lifecycle")
    assert isinstance(found, LifecycleSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def gate_of(release: Release, to: str) -> Gate:
    """What stands between the release and the stage, now."""
    section = section_of(policy.active_pack())
    return rules.gate(section, gather(release, section), to)


def present(gate: Gate) -> dict[str, Any]:  # Any: JSON
    """The gate as JSON: the same in the API's answer and in a refusal's details."""
    return {
        "to": gate.to,
        "open": gate.is_open,
        "missing": [item.requirement.key for item in gate.missing],
        "stopped_by": list(gate.stopped),
        "blocked_by": [
            {
                "id": blocked.rule.id,
                "label": blocked.rule.label.model_dump(),
                "way_out": blocked.rule.way_out.model_dump(),
                "undecided": list(blocked.undecided),
                "sources": [source.model_dump() for source in blocked.rule.sources],
            }
            for blocked in gate.blocked
        ],
        "requirements": [
            _requirement(item) for item in gate.items if item.met is not rules.Met.NOT_NEEDED
        ],
    }


def _requirement(item: rules.Item) -> dict[str, Any]:  # Any: JSON
    about = item.requirement
    return {
        "key": about.key,
        "exit": about.exit,
        "label": about.label.model_dump(),
        "met": item.met.value,
        "mandatory": item.is_mandatory,
        "missing": item.is_missing,
        "why": {"zh": item.why_zh, "en": item.why_en},
        "documents": list(about.documents),
        "lacks": list(item.lacks),
        "who": list(about.who),
        "alternative": about.alternative.model_dump() if about.alternative else None,
        "may_be_not_applicable": about.not_applicable,
        "waivable": about.waivable,
        "undecided": list(item.undecided),
        "sources": [source.model_dump() for source in about.sources],
    }

"""What a permit is decided on, gathered as it is now."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.lifecycle import queries as lifecycle
from governance.lifecycle.rules import Gate
from governance.permits import rules
from governance.permits.queries.ending import is_mended
from governance.permits.rules import Facts, Holding, Reason
from governance.permits.schema import EnvironmentPolicy, PermitsSection
from governance.suspensions import queries as suspensions
from governance.suspensions.models import OrderKind
from registry.core.errors import DomainError
from registry.core.people.models import ROLE_LABELS
from registry.core.people.rules import Role
from registry.core.policy import queries as policy
from registry.core.policy.models import PackRelease
from registry.releases.models import Release


@dataclass(frozen=True)
class Considered:
    """What the policy asks, the gate as far as it counts, and every reason against."""

    pack: PackRelease
    policy: EnvironmentPolicy | None
    gate: Gate | None
    reasons: tuple[Reason, ...]


def section_of(pack: PackRelease) -> PermitsSection:
    """The pack's section on permits; a pack from before there was one has none."""
    found = policy.section(pack, "permits")
    assert isinstance(found, PermitsSection)  # noqa: S101 (declared so in governance.wiring)
    return found


def release_of(version_id: uuid.UUID, use_id: uuid.UUID | None) -> Release:
    """The version's release for the use, which may be left out where there is one alone.

    Raises DomainError (`not_released`, `use_needed`).
    """
    rows = Release.objects.filter(version=version_id)
    found = list((rows.filter(model_use=use_id) if use_id else rows).order_by("pk")[:2])
    if not found:
        raise DomainError(
            "not_released", _("This version has no release for this use."), field="use",
            hint=_("Open a release of the version for the use, and take it through its gates."),
        )  # fmt: skip
    if len(found) > 1:
        raise DomainError(
            "use_needed", _("This version is released for more than one use."), field="use",
            hint=_("Name the use for which it is deployed."),
        )  # fmt: skip
    return found[0]


def consider(release: Release, environment: str, digest: str) -> Considered:
    """What stands against deploying these bytes there, now."""
    pack = policy.active_pack()
    asked = section_of(pack).of(environment)
    gate = None
    if asked is not None and asked.gate is not None:
        gate = rules.but_for(lifecycle.gate_of(release, asked.gate), asked.mends)
    facts = Facts(
        environment=environment,
        asked_digest=digest,
        version_digest=release.version.digest if release.version else "",
        stage=release.stage,
        gate=gate,
        orders=tuple(
            Holding(str(order.pk), order.kind == OrderKind.STOP, order.limits)
            for order in suspensions.in_force(release)
            if not is_mended(order, asked.mends if asked is not None else ())
        ),
    )
    return Considered(pack, asked, gate, rules.against(asked, facts))


def present_reasons(release: Release, reasons: tuple[Reason, ...]) -> list[dict[str, Any]]:
    """The reasons as JSON, each with its way out and the page where it is mended."""
    page = f"{settings.PUBLIC_URL}/releases/{release.pk}/"
    return [
        {
            "code": one.code,
            "key": one.key,
            "text": {"zh": one.zh, "en": one.en},
            "way_out": {"zh": _way_out(one, "zh-hans"), "en": _way_out(one, "en")},
            "address": page + ("#gate" if one.code in _OF_GATE else ""),
        }
        for one in reasons
    ]


_OF_GATE = ("requirement_missing", "rule_blocks", "stage_not_reached")


def _way_out(reason: Reason, language: str) -> str:
    """With those who can supply it, in words."""
    told = reason.way_out_en if language == "en" else reason.way_out_zh
    if not reason.who:
        return told
    with override(language):
        names = _(", ").join(str(ROLE_LABELS[Role(role)]) for role in reason.who)
        return _("%(way_out)s (%(names)s)") % {"way_out": told, "names": names}


def registry_host() -> str:
    """Under which statements name models: the host of the installation's address."""
    return urlsplit(settings.PUBLIC_URL).netloc or "mingce"

"""The gate on MLflow's door: a word that promotes is given to what may be where it leads.

Six calls can promote: an alias, a stage, a tag, a version under a protected name, a rename, and
taking a word away from what has it. A promotion is granted (what the release needs it has), pending
(an approval is under way) or refused with what is missing and the page that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from governance.approvals.models import Approval, ApprovalState
from governance.lifecycle import queries as lifecycle_queries
from governance.lifecycle import services as lifecycle
from governance.lifecycle.rules import Gate
from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredModel, RegisteredVersion
from governance.mlflow_compat.queries import telling
from governance.mlflow_compat.rules import naming
from governance.mlflow_compat.schema import MlflowSection, Protected
from governance.suspensions.queries import hold_still
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.ledger.services import Act
from registry.core.people.models import User
from registry.core.people.queries import require_scope, standing
from registry.core.people.rules import Capability
from registry.releases import queries as releases
from registry.releases import services as release_services
from registry.releases.models import ORDER, Release, Stage

MOST_TOLD = 5  # things that are missing, in a message


@dataclass(frozen=True)
class Grant:
    """The act in which a version gets its word, and what the entry tells of it.

    version: the one that was checked; none where nothing is protected.
    """

    act: Act
    facts: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    version: RegisteredVersion | None = None

    def check(self, row: RegisteredVersion) -> RegisteredVersion:
        """The locked row, which is the one that was checked. Raises Conflict for another."""
        if self.version is not None and (row.pk, row.version_id) != (
            self.version.pk,
            self.version.version_id,
        ):
            raise Conflict("try_again", _("The name leads to another version meanwhile."),
                           hint=_("Try once more."))  # fmt: skip
        return row


@contextmanager
def granted(actor: User, name: str, number: int, protected: Protected | None) -> Iterator[Grant]:
    """The act in which the version gets its word.

    Raises Forbidden (what is missing) or Conflict (an approval is pending); before a pending one
    the request for approval has been committed where the actor may ask for it.
    """
    if protected is None:
        with ledger.act(actor) as act:
            yield Grant(act)
        return
    version = _version(actor, name, number)
    _ask_for_approval(actor, version)
    with ledger.act(actor) as act:
        yield Grant(act, _check(actor, version, protected), version)


@contextmanager
def granted_copy(
    actor: User, name: str, origin: RegisteredVersion | None, protected: Protected | None
) -> Iterator[Grant]:
    """The same for a version that comes under a protected name, or with a tag that promotes: a copy
    of one that may be there.
    """
    if protected is None:
        with ledger.act(actor) as act:
            yield Grant(act)
        return
    if origin is None:
        raise Forbidden(
            "not_a_copy",
            _("“%(name)s” takes only copies of versions that may be in %(where)s.")
            % {"name": name, "where": _label(protected)},
            field="source",
            hint=_("Register it under another name and without protected tags, have it approved,"
                   " then copy it here (copy_model_version)."),
        )  # fmt: skip
    with granted(actor, origin.registered.name, origin.number, protected) as given:
        given.check(origin)
        yield given


def origin(actor: User, source: str) -> RegisteredVersion | None:
    """The version that the source names (`models:/name/number`). Raises NotFound."""
    named = naming.version_named(source)
    return _version(actor, *named) if named else None


def check_idle(row: RegisteredModel, new_name: str) -> None:
    """Raises Forbidden where something in service is called by the name, or would be."""
    section, names = queries.active_section(), (row.name, new_name)
    if any(section.by_name(name) for name in names):
        raise _in_service(_("the name itself is protected"))
    for alias in row.aliases.filter(version__isnull=False):
        if any(section.by_alias(name, alias.alias) for name in names):
            raise _in_service(alias.alias)
    for version in row.versions.filter(is_deleted=False):
        if any(_promoted(section, name, version) for name in names):
            raise _in_service(_("version %(number)s") % {"number": version.number})


def check_version_idle(row: RegisteredVersion) -> None:
    """Raises Forbidden where a protected word points to the version."""
    section, name = queries.active_section(), row.registered.name
    words = [one.alias for one in row.aliases.all() if section.by_alias(name, one.alias)]
    if words or _promoted(section, name, row):
        raise _in_service(words[0] if words else row.stage)


def _promoted(section: MlflowSection, name: str, row: RegisteredVersion) -> bool:
    """Whether the version's stage or a tag promotes under the name."""
    by_stage = section.by_stage(name, row.stage)
    return by_stage is not None or section.by_tags(name, row.tags) is not None


def check_demoter(actor: User, row: RegisteredModel, protected: Protected | None) -> None:
    """Raises Forbidden for whoever may not take a protected word away: it may be in service."""
    if protected is None or row.model is None:
        return
    may = standing(actor).may_at(Capability.PROMOTE, row.model.entity.path)
    own = row.model.owner_id == actor.pk and standing(actor).may(Capability.PROMOTE)
    if not may and not own:
        raise Forbidden(
            "not_a_mover",
            _("What is in %(where)s is taken away by the model's owner, IT operations or model"
              " risk management.") % {"where": _label(protected)},
            field="alias",
            hint=_("To change versions move the word to another approved version."),
        )  # fmt: skip


def page(path: str) -> str:
    """The address of one of our pages, as a person opens it."""
    return f"{settings.PUBLIC_URL}{path}"


def _version(actor: User, name: str, number: int) -> RegisteredVersion:
    rows = queries.visible_versions(actor).filter(registered__name=name, number=number)
    found = rows.select_related("registered", "version__model").first()
    if found is None:
        raise telling.unknown_version(name, number)
    return found


def _candidates(actor: User, version: RegisteredVersion) -> list[Release]:
    """The releases of the version, the farthest one first. Raises Forbidden for an experiment."""
    if version.version is None:
        raise Forbidden(
            "unclaimed",
            _("Version %(number)s of “%(name)s” is an experiment: nobody has claimed it for the"
              " inventory yet. Claim it at %(page)s.")
            % {"number": version.number, "name": version.registered.name,
               "page": page(f"/experiments/{version.registered_id}/")},
            field="version",
        )  # fmt: skip
    rows = releases.visible_to(actor).filter(version=version.version).exclude(stage=Stage.S8)
    found = sorted(rows, key=lambda one: (-ORDER.index(one.stage), one.code))
    if not found:
        raise Forbidden(
            "no_release",
            _("Version %(label)s of model %(code)s has no release for any use: open one at"
              " %(page)s.")
            % {"label": version.version.label, "code": version.version.model.code,
               "page": page(f"/models/{version.version.model_id}/")},
            field="version",
        )  # fmt: skip
    return found


def _ask_for_approval(actor: User, version: RegisteredVersion) -> None:
    """The owner's wish is a request for approval, where everything for one is there."""
    release = _candidates(actor, version)[0]
    if release.stage != Stage.S3 or _open_approval(release) is not None:
        return
    with suppress(DomainError):  # why it may not be there is told by the check
        require_scope(actor, Capability.REQUEST_APPROVAL)
        lifecycle.request_approval(actor=actor, release_id=release.pk)


def _open_approval(release: Release) -> Approval | None:
    return Approval.objects.filter(release=release, state=ApprovalState.OPEN).first()


def _check(
    actor: User, version: RegisteredVersion, protected: Protected
) -> dict[str, Any]:  # Any: JSON
    """What the grant rests on. No stop comes in between; the release holds still."""
    hold_still()
    found = _candidates(actor, version)
    locked = {key: release_services.lock(key) for key in sorted(one.pk for one in found)}
    first: tuple[Release, Gate] | None = None
    for candidate in found:
        release = locked[candidate.pk]
        gate = lifecycle_queries.gate_of(release, protected.needs)
        if gate.is_open and _is_there(actor, release, protected):
            return {"environment": protected.key, "release": release.code}
        first = first or (release, gate)
    assert first is not None  # noqa: S101 (there is a candidate)
    raise _refusal(*first, version, protected)


def _is_there(actor: User, release: Release, protected: Protected) -> bool:
    """Whether the release is where the word leads; it goes there where it may and the actor moves
    releases.
    """
    if ORDER.index(release.stage) >= ORDER.index(protected.needs):
        return True
    if ORDER.index(release.stage) + 1 < ORDER.index(protected.needs):
        return False
    try:
        require_scope(actor, Capability.PROMOTE)
        lifecycle.promote(actor=actor, release_id=release.pk, to=protected.needs)
    except DomainError:
        return False
    return True


def _refusal(
    release: Release, gate: Gate, version: RegisteredVersion, protected: Protected
) -> DomainError:
    told = {
        "name": version.registered.name,
        "number": version.number,
        "where": _label(protected),
        "release": release.code,
        "stage": release.stage,
        "needs": protected.needs,
    }
    pending = _open_approval(release)
    if pending is not None:
        return Conflict(
            "approval_pending",
            _("Version %(number)s of “%(name)s” waits for approval %(code)s of release"
              " %(release)s: %(page)s.")
            % {**told, "code": pending.code, "page": page(f"/approvals/{pending.pk}/")},
            field="version",
        )  # fmt: skip
    has_stage = ORDER.index(release.stage) >= ORDER.index(protected.needs)
    if has_stage:
        message = _("Version %(number)s of “%(name)s” may not be in %(where)s by release"
                    " %(release)s.")  # fmt: skip
    else:
        message = _("Version %(number)s of “%(name)s” may not be in %(where)s: release %(release)s"
                    " is in stage %(stage)s and needs %(needs)s.")  # fmt: skip
    message %= told
    missing = _missing(gate)
    if missing:
        message += " " + _("Missing: %(list)s.") % {"list": _("; ").join(missing)}
    elif not has_stage:
        message += " " + _("Nothing is missing; IT operations or model risk management moves it.")
    return Forbidden(
        "gate_closed",
        f"{message} {page(f'/releases/{release.pk}/')}",
        field="version",
        details={"gate": lifecycle_queries.present(gate), "release": str(release.pk)},
    )


def _missing(gate: Gate) -> list[str]:
    in_chinese = (get_language() or "").startswith("zh")
    labels = [item.requirement.label for item in gate.missing]
    labels += [blocked.rule.label for blocked in gate.blocked]
    told = [label.zh if in_chinese else label.en for label in labels]
    if gate.stopped:
        told.insert(0, _("an emergency stop holds"))
    if len(told) > MOST_TOLD:
        more = _("and %(count)s more") % {"count": len(told) - MOST_TOLD}
        return [*told[:MOST_TOLD], more]
    return told


def _label(protected: Protected) -> str:
    in_chinese = (get_language() or "").startswith("zh")
    return protected.label.zh if in_chinese else protected.label.en


def _in_service(word: str) -> Forbidden:
    return Forbidden(
        "in_service",
        _("Something in service is called by this name (%(word)s).") % {"word": word},
        field="name",
        hint=_("Take the protected alias or stage away first."),
    )

"""Tags of names and versions. A tag that promotes passes the gate first."""

from __future__ import annotations

from governance.mlflow_compat import queries
from governance.mlflow_compat.models import RegisteredModel, RegisteredVersion
from governance.mlflow_compat.rules import naming
from governance.mlflow_compat.services import promoting
from governance.mlflow_compat.services.holding import lock_name, lock_version
from registry.core import clock
from registry.core.ledger import services as ledger
from registry.core.people.models import User


def set_model_tag(*, actor: User, name: str, key: str, value: str) -> RegisteredModel:
    """The name has the tag."""
    naming.check_tag(key, value)
    with ledger.act(actor) as act:
        row = lock_name(actor, name)
        tags = {**row.tags, key: value}
        naming.check_tags(tags)
        changes = {"tags": tags, "touched_at": clock.now()}
        return act.update(row, "experiment.tagged", changes, key=key)


def delete_model_tag(*, actor: User, name: str, key: str) -> RegisteredModel:
    """The name does not have the tag (any more)."""
    naming.check_tag(key, "")
    with ledger.act(actor) as act:
        row = lock_name(actor, name)
        if key not in row.tags:
            return row
        tags = {one: value for one, value in row.tags.items() if one != key}
        changes = {"tags": tags, "touched_at": clock.now()}
        return act.update(row, "experiment.untagged", changes, key=key)


def set_version_tag(
    *, actor: User, name: str, number: int, key: str, value: str
) -> RegisteredVersion:
    """The version has the tag. Raises DomainError where the tag promotes and a gate is shut, or
    takes the place of one that does and the actor moves nothing.
    """
    naming.check_tag(key, value)
    section = queries.active_section()
    protected = section.by_tag(name, key, value)
    with promoting.granted(actor, name, number, protected) as grant:
        moving = protected is not None
        row = grant.check(lock_version(actor, name, number, moving=moving))
        was = section.by_tag(name, key, row.tags.get(key, ""))
        if was is not protected:
            promoting.check_demoter(actor, row.registered, was)
        tags = {**row.tags, key: value}
        naming.check_tags(tags)
        changes = {"tags": tags}
        return grant.act.update(row, "experiment_version.tagged", changes, key=key, **grant.facts)


def delete_version_tag(*, actor: User, name: str, number: int, key: str) -> RegisteredVersion:
    """The version does not have the tag (any more). One that promotes is taken away by movers."""
    naming.check_tag(key, "")
    with ledger.act(actor) as act:
        row = lock_version(actor, name, number)
        if key not in row.tags:
            return row
        was = queries.active_section().by_tag(name, key, row.tags[key])
        promoting.check_demoter(actor, row.registered, was)
        tags = {one: value for one, value in row.tags.items() if one != key}
        return act.update(row, "experiment_version.untagged", {"tags": tags}, key=key)

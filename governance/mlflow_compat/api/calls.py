"""The calls of MLflow's protocol: parameters in, one service or query, the answer out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from governance.mlflow_compat import services
from governance.mlflow_compat.api import hooks
from governance.mlflow_compat.queries import columns, searching, telling
from governance.mlflow_compat.rules import naming
from governance.mlflow_compat.rules.parameters import Parameters
from registry.core.people.models import User

Answer = dict[str, Any]  # Any: JSON
Call = Callable[[User, Parameters], Answer]


def create_model(user: User, told: Parameters) -> Answer:
    """A registered name."""
    row = services.register_model(
        actor=user,
        name=told.text("name"),
        tags=told.tags(),
        description=told.optional("description") or "",
    )
    return {"registered_model": columns.new_model(row)}


def get_model(user: User, told: Parameters) -> Answer:
    """One registered name."""
    return {"registered_model": telling.model(user, told.text("name"))}


def search_models(user: User, told: Parameters) -> Answer:
    """A page of registered names."""
    rows, token = searching.names(
        user,
        told.optional("filter") or "",
        told.texts("order_by"),
        told.count("max_results", 100, 1_000),
        told.optional("page_token") or "",
    )
    return _page("registered_models", rows, token)


def update_model(user: User, told: Parameters) -> Answer:
    """Another description."""
    description = told.optional("description") or ""
    row = services.describe_model(actor=user, name=told.text("name"), description=description)
    return {"registered_model": telling.model(user, row.name)}


def rename_model(user: User, told: Parameters) -> Answer:
    """Another name."""
    row = services.rename(actor=user, name=told.text("name"), new_name=told.text("new_name"))
    return {"registered_model": telling.model(user, row.name)}


def delete_model(user: User, told: Parameters) -> Answer:
    """The name is free again."""
    services.delete_model(actor=user, name=told.text("name"))
    return {}


def latest_versions(user: User, told: Parameters) -> Answer:
    """The highest version of each stage."""
    stages = [naming.stage_of(one) for one in told.texts("stages")]
    return _some("model_versions", telling.latest(user, told.text("name"), stages))


def set_model_tag(user: User, told: Parameters) -> Answer:
    """A tag of a name."""
    services.set_model_tag(
        actor=user,
        name=told.text("name"),
        key=told.text("key"),
        value=told.optional("value") or "",
    )
    return {}


def delete_model_tag(user: User, told: Parameters) -> Answer:
    """A name without the tag."""
    services.delete_model_tag(actor=user, name=told.text("name"), key=told.text("key"))
    return {}


def set_alias(user: User, told: Parameters) -> Answer:
    """An alias points to a version."""
    services.set_alias(
        actor=user,
        name=told.text("name"),
        alias=told.text("alias"),
        number=naming.number_of(told.text("version")),
    )
    return {}


def delete_alias(user: User, told: Parameters) -> Answer:
    """An alias points nowhere."""
    services.delete_alias(actor=user, name=told.text("name"), alias=told.text("alias"))
    return {}


def get_by_alias(user: User, told: Parameters) -> Answer:
    """The version to which an alias points."""
    return {"model_version": telling.by_alias(user, told.text("name"), told.text("alias"))}


def create_version(user: User, told: Parameters) -> Answer:
    """The next version of a name."""
    row = services.register_version(
        actor=user,
        name=told.text("name"),
        told=services.NewVersion(
            source=told.text("source"),
            run_id=told.optional("run_id") or "",
            run_link=told.optional("run_link") or "",
            logged_model=told.optional("model_id") or "",
            description=told.optional("description") or "",
            tags=told.tags(),
        ),
    )
    return {"model_version": columns.new_version(row)}


def get_version(user: User, told: Parameters) -> Answer:
    """One version."""
    return {"model_version": telling.version(user, *_named(told))}


def search_versions(user: User, told: Parameters) -> Answer:
    """A page of versions."""
    rows, token = searching.versions(
        user,
        told.optional("filter") or "",
        told.texts("order_by"),
        told.count("max_results", 200_000, 200_000),
        told.optional("page_token") or "",
    )
    return _page("model_versions", rows, token)


def update_version(user: User, told: Parameters) -> Answer:
    """Another description of a version."""
    name, number = _named(told)
    description = told.optional("description") or ""
    services.describe_version(actor=user, name=name, number=number, description=description)
    return {"model_version": telling.version(user, name, number)}


def transition(user: User, told: Parameters) -> Answer:
    """A version in another of MLflow's stages."""
    name, number = _named(told)
    services.transition(
        actor=user,
        name=name,
        number=number,
        stage=told.text("stage"),
        archive_existing=told.flag("archive_existing_versions"),
    )
    return {"model_version": telling.version(user, name, number)}


def delete_version(user: User, told: Parameters) -> Answer:
    """A version is gone."""
    name, number = _named(told)
    services.delete_version(actor=user, name=name, number=number)
    return {}


def download_uri(user: User, told: Parameters) -> Answer:
    """Where a version's files are."""
    name, number = _named(told)
    return {"artifact_uri": services.load(actor=user, name=name, number=number)}


def set_version_tag(user: User, told: Parameters) -> Answer:
    """A tag of a version."""
    name, number = _named(told)
    services.set_version_tag(
        actor=user,
        name=name,
        number=number,
        key=told.text("key"),
        value=told.optional("value") or "",
    )
    return {}


def delete_version_tag(user: User, told: Parameters) -> Answer:
    """A version without the tag."""
    name, number = _named(told)
    services.delete_version_tag(actor=user, name=name, number=number, key=told.text("key"))
    return {}


def _named(told: Parameters) -> tuple[str, int]:
    return told.text("name"), naming.number_of(told.text("version"))


def _some(name: str, rows: list[Answer]) -> Answer:
    """An empty list is left out, as proto2 does."""
    return {name: rows} if rows else {}


def _page(name: str, rows: list[Answer], token: str) -> Answer:
    return _some(name, rows) | ({"next_page_token": token} if token else {})


CALLS: dict[tuple[str, str], Call] = {
    ("POST", "registered-models/create"): create_model,
    ("GET", "registered-models/get"): get_model,
    ("GET", "registered-models/search"): search_models,
    ("PATCH", "registered-models/update"): update_model,
    ("POST", "registered-models/rename"): rename_model,
    ("DELETE", "registered-models/delete"): delete_model,
    ("POST", "registered-models/get-latest-versions"): latest_versions,
    ("GET", "registered-models/get-latest-versions"): latest_versions,
    ("POST", "registered-models/set-tag"): set_model_tag,
    ("DELETE", "registered-models/delete-tag"): delete_model_tag,
    ("POST", "registered-models/alias"): set_alias,
    ("DELETE", "registered-models/alias"): delete_alias,
    ("GET", "registered-models/alias"): get_by_alias,
    ("POST", "model-versions/create"): create_version,
    ("GET", "model-versions/get"): get_version,
    ("GET", "model-versions/search"): search_versions,
    ("PATCH", "model-versions/update"): update_version,
    ("POST", "model-versions/transition-stage"): transition,
    ("DELETE", "model-versions/delete"): delete_version,
    ("GET", "model-versions/get-download-uri"): download_uri,
    ("POST", "model-versions/set-tag"): set_version_tag,
    ("DELETE", "model-versions/delete-tag"): delete_version_tag,
    ("POST", "webhooks"): hooks.create,
    ("GET", "webhooks"): hooks.listed,
    ("GET", "webhooks/{webhook_id}"): hooks.get,
    ("PATCH", "webhooks/{webhook_id}"): hooks.update,
    ("DELETE", "webhooks/{webhook_id}"): hooks.delete,
    ("POST", "webhooks/{webhook_id}/test"): hooks.test,
}

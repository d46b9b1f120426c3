"""The verbs of the experiments pool. Each is one call of MLflow's protocol, or a button."""

from governance.mlflow_compat.services.aliasing import delete_alias, set_alias, transition
from governance.mlflow_compat.services.claiming import claim_name, claim_version, label_for
from governance.mlflow_compat.services.enriching import enrich
from governance.mlflow_compat.services.expiring import expire
from governance.mlflow_compat.services.hooking import (
    Hook,
    create_webhook,
    delete_webhook,
    key_of,
    update_webhook,
)
from governance.mlflow_compat.services.loading import load
from governance.mlflow_compat.services.registering import (
    NewVersion,
    delete_model,
    delete_version,
    describe_model,
    describe_version,
    register_model,
    register_version,
    rename,
)
from governance.mlflow_compat.services.tagging import (
    delete_model_tag,
    delete_version_tag,
    set_model_tag,
    set_version_tag,
)

__all__ = [
    "Hook",
    "claim_name",
    "claim_version",
    "create_webhook",
    "delete_alias",
    "delete_model",
    "delete_model_tag",
    "delete_version",
    "delete_version_tag",
    "delete_webhook",
    "describe_model",
    "NewVersion",
    "describe_version",
    "enrich",
    "expire",
    "key_of",
    "label_for",
    "load",
    "register_model",
    "register_version",
    "rename",
    "set_alias",
    "set_model_tag",
    "set_version_tag",
    "transition",
    "update_webhook",
]

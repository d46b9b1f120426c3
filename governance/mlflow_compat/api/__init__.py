"""MLflow's model-registry protocol over REST, and the experiments pool behind it."""

from governance.mlflow_compat.api.door import MlflowView, health, server_info, version
from governance.mlflow_compat.api.experiments import ExperimentDoor, ExperimentVersionDoor

__all__ = [
    "ExperimentDoor",
    "ExperimentVersionDoor",
    "MlflowView",
    "health",
    "server_info",
    "version",
]

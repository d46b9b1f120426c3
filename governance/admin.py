"""Lists the slices' admin pages."""

from governance.approvals import admin as approvals
from governance.checkpoints import admin as checkpoints
from governance.clocks import admin as clocks
from governance.committees import admin as committees
from governance.findings import admin as findings
from governance.mlflow_compat import admin as mlflow_compat
from governance.monitoring import admin as monitoring
from governance.permits import admin as permits
from governance.reviews import admin as reviews
from governance.suspensions import admin as suspensions
from governance.validations import admin as validations

__all__ = [
    "approvals", "checkpoints", "clocks", "committees", "findings", "mlflow_compat", "monitoring",
    "permits", "reviews", "suspensions", "validations",
]  # fmt: skip

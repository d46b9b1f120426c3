"""Every address."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from config.documentation import DocumentationView
from config.metrics import metrics
from governance.mlflow_compat import api as mlflow
from governance.permits.api import PermitKeysDoor
from registry.core.web.health import healthz, readyz

# Looked up on request: the collected files' names are not known before.
favicon = lazy(static, str)("mingce/favicon.svg")
api = [
    path("", include("registry.urls")),
    path("", include("governance.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", RedirectView.as_view(url=favicon), name="favicon"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path(
        ".well-known/mingce-permits.jwks.json",
        # Public keys: whoever verifies a permit needs no account here.
        PermitKeysDoor.as_view(
            {"get": "keys"}, schema=None, authentication_classes=(), permission_classes=()
        ),
        name="permit-jwks",
    ),
    path("api/v1/", include((api, "api"))),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs/", DocumentationView.as_view(url_name="schema"), name="docs"),
    path("api/2.0/mlflow/<path:call>", mlflow.MlflowView.as_view(), name="mlflow"),
    path("ajax-api/2.0/mlflow/<path:call>", mlflow.MlflowView.as_view(), name="mlflow-ajax"),
    path("api/3.0/mlflow/server-info", mlflow.server_info, name="mlflow-server-info"),
    path("health", mlflow.health, name="mlflow-health"),
    path("version", mlflow.version, name="mlflow-version"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("governance.desk.admin.urls")),
    path("admin/", admin.site.urls),
]

handler403 = "registry.core.web.admin_errors.forbidden"
handler404 = "registry.core.web.admin_errors.not_found"

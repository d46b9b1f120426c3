"""Settings that every environment shares. Safe by default; production only adds checks."""

import ipaddress
from pathlib import Path

import django_stubs_ext
import environ
from django.utils.translation import gettext_lazy as _

from config.about_api import DESCRIPTION
from config.theme import UNFOLD as UNFOLD

django_stubs_ext.monkeypatch()  # lets base classes carry their type arguments at run time

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.FileAwareEnv()

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", default="").strip()  # a file ends with a line break
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Documents, ledger anchors and keys live outside the database.
DATA_DIR = Path(env.str("MINGCE_DATA_DIR", default=str(BASE_DIR / "var" / "data")))
POLICY_PACKS_DIR = BASE_DIR / "seeds" / "policy_packs"
POLICY_PACK = env.str("MINGCE_POLICY_PACK", default="cn-nfra")
ANCHOR_KEY_FILE = Path(
    env.str("MINGCE_ANCHOR_KEY_FILE", default=str(DATA_DIR / "keys" / "anchor.pem"))
)
ANCHOR_SINK_DIR = Path(env.str("MINGCE_ANCHOR_SINK_DIR", default=str(DATA_DIR / "anchors")))
STOP_LIST_KEY_FILE = Path(
    env.str("MINGCE_STOP_LIST_KEY_FILE", default=str(DATA_DIR / "keys" / "stop_list.pem"))
)
PERMIT_KEY_FOLDER = Path(
    env.str("MINGCE_PERMIT_KEY_FOLDER", default=str(DATA_DIR / "keys" / "permits"))
)
DOCUMENT_MAX_BYTES = env.int("MINGCE_DOCUMENT_MAX_BYTES", default=50 * 1024 * 1024)
CLOCK_CAN_BE_SET = False
UNSAFE_START_REFUSED = False  # the database is looked at before the web server answers

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "registry",
    "governance",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "registry.core.web.security.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "registry.core.web.language.PersonLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "registry.core.web.admin_errors.DomainErrorsAsMessages",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "registry.User"
AUTHENTICATION_BACKENDS = ["registry.core.people.authentication.PersonBackend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Slices keep their templates beside their code.
SLICE_TEMPLATES = sorted(
    str(path)
    for app in ("registry", "governance")
    for path in (BASE_DIR / app).glob("**/templates")
)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(BASE_DIR / "config" / "templates"), *SLICE_TEMPLATES],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# "default" is the application's role, which owns nothing and cannot change append-only tables.
# "owner" is used by migrations alone.
_APPLICATION_URL = "postgresql://mingce_app@127.0.0.1/mingce"
_OWNER_URL = "postgresql://mingce_owner@127.0.0.1/mingce"
DATABASES = {
    "default": env.db_url("DATABASE_URL", default=_APPLICATION_URL),
    "owner": env.db_url("DATABASE_OWNER_URL", default=_OWNER_URL),
}
for _alias in DATABASES.values():
    _alias["ENGINE"] = "django.db.backends.postgresql"
    _alias["CONN_MAX_AGE"] = 60 if _alias is DATABASES["default"] else 0
    _alias["CONN_HEALTH_CHECKS"] = True
    _alias["ATOMIC_REQUESTS"] = False
    _alias.setdefault("OPTIONS", {})["server_side_binding"] = False
    # A server that is gone without a word holds nobody up for long. Questions are short: compiling
    # them (jit) costs more than it saves, on PostgreSQL 15 a tenth of the tests' time.
    _alias["OPTIONS"] = {
        "connect_timeout": 5, "tcp_user_timeout": 10_000, "options": "-c jit=off",
    } | _alias["OPTIONS"]  # fmt: skip

# The theme would keep what somebody has found for five minutes, also after they may not see it.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

# smtp+tls://user:password@host:587 and the like; without it nobody is written to.
EMAIL_IS_CONFIGURED = bool(env.str("EMAIL_URL", default=""))
vars().update(env.email_url("EMAIL_URL", default="dummymail://"))
DEFAULT_FROM_EMAIL = env.str("MINGCE_FROM_EMAIL", default="mingce@localhost")
EMAIL_TIMEOUT = 20
# Whose working days people are written to on: two letters by ISO 3166.
CALENDAR = env.str("MINGCE_CALENDAR", default="CN")
# What links in mails begin with: the address under which people open Mingce.
PUBLIC_URL = env.str("MINGCE_PUBLIC_URL", default="").rstrip("/")
# Where channels may lead: hosts (https), or whole origins such as http://10.0.0.5:8080.
OUTBOUND_HOSTS = env.list(
    "MINGCE_OUTBOUND_HOSTS",
    default=["qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn"],
)
_OUTBOUND_PROXY = env.str("MINGCE_OUTBOUND_PROXY", default="")
OUTBOUND_PROXIES = {"https": _OUTBOUND_PROXY, "http": _OUTBOUND_PROXY} if _OUTBOUND_PROXY else {}
# Where webhooks may lead besides the public Internet: hosts or whole origins as above, networks
# such as 10.2.0.0/16; with the last, nowhere else. They go directly, never over the proxy.
WEBHOOK_ALLOWED_HOSTS = env.list("MINGCE_WEBHOOK_ALLOWED_HOSTS", default=[])
WEBHOOK_ALLOWED_NETWORKS = [
    str(ipaddress.ip_network(one.strip(), strict=False))  # what is none stops the start
    for one in env.list("MINGCE_WEBHOOK_ALLOWED_NETWORKS", default=[])
]
WEBHOOK_ONLY_ALLOWED = env.bool("MINGCE_WEBHOOK_ONLY_ALLOWED", default=False)
WEBHOOK_CONNECT_SECONDS = 3.0
WEBHOOK_SECONDS = 15.0  # for the whole exchange
WEBHOOK_LOG_DAYS = env.int("MINGCE_WEBHOOK_LOG_DAYS", default=30)
# What seals the channels' secrets; the first seals, every one opens. Without any: SECRET_KEY.
VAULT_KEYS = env.list("MINGCE_VAULT_KEYS", default=[])

# MLflow's tracking server, where experiments are asked for their runs; without it nobody asks.
MLFLOW_TRACKING_URL = env.str("MINGCE_MLFLOW_TRACKING_URL", default="").rstrip("/")
MLFLOW_TRACKING_TOKEN = env.str("MINGCE_MLFLOW_TRACKING_TOKEN", default="")

# Prometheus, whose queries fill metrics of releases; without it nobody asks.
PROMETHEUS_URL = env.str("MINGCE_PROMETHEUS_URL", default="").rstrip("/")
PROMETHEUS_TOKEN = env.str("MINGCE_PROMETHEUS_TOKEN", default="")

# Whoever gathers the figures of /metrics shows it as a bearer token; without it there are none.
METRICS_TOKEN = env.str("MINGCE_METRICS_TOKEN", default="")

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "max_retries": 1}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "dispatch": {"task": "registry.dispatch", "schedule": 5.0},
    "anchor": {"task": "registry.anchor", "schedule": 60.0},
    "overrides": {"task": "registry.end_overrides", "schedule": 3600.0},
    "jobs": {"task": "registry.sweep_jobs", "schedule": 30.0},
    "digests": {"task": "registry.deliver", "schedule": 600.0},
    "sources": {"task": "registry.scan_sources", "schedule": 60.0},
    "scan_log": {"task": "registry.prune_scans", "schedule": 86400.0},
    "channels": {"task": "registry.post", "schedule": 60.0},
    "reviews": {"task": "governance.sweep_reviews", "schedule": 300.0},
    "listen": {"task": "governance.listen", "schedule": 300.0},
    "prometheus": {"task": "governance.ask_prometheus", "schedule": 60.0},
    "clocks": {"task": "governance.sweep_clocks", "schedule": 60.0},
    "seals": {"task": "governance.seal_decisions", "schedule": 5.0},
    "cases": {"task": "governance.sweep_cases", "schedule": 15.0},
    "webhooks": {"task": "governance.sweep_webhooks", "schedule": 5.0},
    "webhook_log": {"task": "governance.prune_webhooks", "schedule": 3600.0},
    "answers": {"task": "governance.answer_gateways", "schedule": 10.0},
    "trips": {"task": "governance.trip", "schedule": 15.0},
    "oversight": {"task": "governance.oversee", "schedule": 3600.0},
    "samples": {"task": "governance.sample", "schedule": 600.0},
    "partitions": {"task": "governance.make_partitions", "schedule": 86400.0},
    "permits": {"task": "governance.sweep_permits", "schedule": 3600.0},
    "stops": {"task": "governance.sweep_stops", "schedule": 15.0},
    "enrichments": {"task": "governance.enrich_experiments", "schedule": 15.0},
    "expiries": {"task": "governance.expire_experiments", "schedule": 86400.0},
    "review_plans": {"task": "governance.plan_reviews", "schedule": 3600.0},
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Every object has one page that tells its story (governance.desk).
ABSOLUTE_URL_OVERRIDES = {
    "registry.user": lambda row: f"/people/{row.pk}/",
    "registry.aimodel": lambda row: f"/models/{row.pk}/",
    "registry.release": lambda row: f"/releases/{row.pk}/",
    "registry.document": lambda row: f"/documents/{row.pk}/file/",
    "registry.job": lambda row: f"/jobs/{row.pk}/",
    "registry.sighting": lambda row: f"/discovery/{row.pk}/",
    "registry.source": lambda row: f"/discovery/?source={row.pk}",
    "governance.approval": lambda row: f"/approvals/{row.pk}/",
    "governance.case": lambda row: f"/cases/{row.pk}/",
    "governance.plan": lambda row: f"/plans/{row.pk}/",
    "governance.campaign": lambda row: f"/attestations/{row.pk}/",
    "governance.breach": lambda row: f"/metrics/{row.metric_id}/",
    "governance.metric": lambda row: f"/metrics/{row.pk}/",
    "governance.clock": lambda row: f"/clocks/{row.pk}/",
    "governance.permit": lambda row: (
        f"/releases/{row.release_id}/#permits"
        if row.release_id
        else f"/models/{row.model_use.model_id}/#permits"
    ),
    "governance.order": lambda row: f"/orders/{row.pk}/",
    "governance.package": lambda row: f"/reviews/{row.pk}/",
    "governance.registeredmodel": lambda row: f"/experiments/{row.pk}/",
    "governance.subscription": lambda row: f"/webhooks/{row.pk}/",
    "governance.validation": lambda row: f"/validations/{row.pk}/",
}
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "registry.core.web.admin_errors.form_expired"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [str(BASE_DIR / "config" / "locale")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
FORMAT_MODULE_PATH = "config.formats"  # dates are ISO 8601 in both languages

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [str(BASE_DIR / "config" / "static")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "registry.core.people.authentication.BearerAuthentication",
        "registry.core.people.authentication.BrowserSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["registry.core.people.authentication.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "registry.core.web.schema.MingceSchema",
    "DEFAULT_PAGINATION_CLASS": "registry.core.web.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "registry.core.web.problems.handle",
    "PAGE_SIZE": 50,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mingce 明册",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_PERMISSIONS": ["registry.core.people.authentication.SignedIn"],
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "registry.core.web.schema.add_problem_responses",
        "registry.core.web.schema.describe_choices",
    ],
    "ENUM_NAME_OVERRIDES": {
        "PackState": "registry.core.policy.models.PackState",
        "JobState": "registry.core.jobs.models.JobState",
        "UserKind": "registry.core.people.models.UserKind",
        "Tier": "registry.catalogue.models.Tier",
        "IdentityKind": "registry.catalogue.models.IdentityKind",
        "Stage": "registry.releases.models.Stage",
        "ExplainabilityLevel": "registry.releases.models.ExplainabilityLevel",
        "OpenState": "governance.reviews.models.OpenState",
        "WebhookState": "governance.webhooks.models.SubscriptionState",
        "WebhookProtocol": "governance.webhooks.models.ProtocolChoice",
        "ChannelWay": "registry.core.notices.models.WayChoice",
        "DeliveryState": "governance.webhooks.models.SendingState",
        "ExplanationMethod": "governance.reviews.models.Method",
        "ReviewTrigger": "governance.reviews.models.TriggerChoice",
        "CaseOutcome": "governance.checkpoints.models.cases.Outcome",
        "Environment": "registry.releases.models.Environment",
        "SourceKind": "registry.discovery.models.SourceKind",
        "ScanState": "registry.discovery.models.ScanState",
        "ScanReason": "registry.discovery.models.ScanReason",
        "SightingKind": "registry.discovery.models.SightingKind",
        "SightingState": "registry.discovery.models.SightingState",
        "DeploymentRole": "registry.releases.models.DeploymentRole",
        "ApprovalState": "governance.approvals.models.ApprovalState",
        "StepState": "governance.approvals.models.StepState",
        "VoteChoice": "governance.approvals.models.Choice",
        "ValidationState": "governance.validations.models.ValidationState",
        "MetricLevel": "governance.monitoring.models.Level",
        "PermitKind": "governance.permits.models.PermitKind",
        "OrderKind": "governance.suspensions.models.OrderKind",
        "TargetType": "governance.suspensions.models.TargetType",
        "TestOutcome": "governance.validations.models.TestOutcome",
        "OrderState": ["in_force", "lifted"],
        "AcknowledgedAction": "governance.suspensions.models.AcknowledgedAction",
        "FindingState": ["open", "planned", "closed"],
        "WaiverState": ["requested", "granted", "refused", "revoked"],
        "ExemptionState": ["asked", "confirmed", "refused"],
        "ExemptionKind": ["not_applicable", "alternative"],
        "OverrideTier": ["I", "II", "III", "IV"],
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # It writes whole addresses, and those of sources and channels may hold a key.
    "loggers": {"urllib3": {"level": "ERROR"}},
}

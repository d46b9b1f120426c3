"""The Celery application. Beat only wakes sweeps; what is due is a query."""

import os

from celery import Celery

from config import sweeps as sweeps  # it listens to the ends of sweeps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.demo")

app = Celery("mingce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["registry", "governance"])

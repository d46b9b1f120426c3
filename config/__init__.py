"""Wiring only: settings, URLs, Celery, WSGI, the admin theme."""

from config.celery import app as celery_app

__all__ = ["celery_app"]

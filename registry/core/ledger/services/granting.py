"""What the application's database role may do: the second lock behind the triggers."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.db import connections, models
from psycopg import sql

from registry.core.ledger.models import Governed


def is_append_only(model: type[models.Model]) -> bool:
    """Whether the table's triggers refuse every change."""
    return any(trigger.name == "append_only" for trigger in getattr(model._meta, "triggers", ()))


def privileges(model: type[models.Model]) -> str:
    """The least that the application needs on the model's table."""
    if is_append_only(model):
        return "SELECT, INSERT"
    if issubclass(model, Governed):
        return "SELECT, INSERT, UPDATE"
    return "SELECT, INSERT, UPDATE, DELETE"


def grant(using: str = "owner") -> int:
    """The application's role has these privileges and no others; returns the number of tables."""
    role = sql.Identifier(str(settings.DATABASES["default"]["USER"]))
    models_ = apps.get_models(include_auto_created=True)
    with connections[using].cursor() as cursor:
        everything = sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role)
        cursor.execute(everything)
        for model in models_:
            statement = sql.SQL("GRANT {} ON {} TO {}").format(
                sql.SQL(privileges(model)), sql.Identifier(model._meta.db_table), role
            )
            cursor.execute(statement)
        cursor.execute(sql.SQL("GRANT SELECT ON django_migrations TO {}").format(role))
        sequences = sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}")
        cursor.execute(sequences.format(role))
    return len(models_)

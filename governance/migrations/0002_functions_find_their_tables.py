from pathlib import Path

from django.db import migrations

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
UNDO = """
ALTER FUNCTION mingce_is_barred(uuid, uuid) RESET search_path;
ALTER FUNCTION mingce_vote_is_lawful() RESET search_path;
ALTER FUNCTION mingce_validator_is_independent() RESET search_path;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("governance", "0001_foundation"),
        ("registry", "0002_entries_say_what_rows_hold"),
    ]

    operations = [migrations.RunSQL(FUNCTIONS, UNDO)]

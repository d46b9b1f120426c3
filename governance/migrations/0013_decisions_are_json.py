from pathlib import Path

from django.db import migrations

CHANGES = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
# The function stays narrower: what it refuses nobody needs.
UNDO = "ALTER TABLE governance_decision DROP CONSTRAINT a_decision_says_what_was_told"


class Migration(migrations.Migration):

    dependencies = [("governance", "0012_samples")]

    operations = [migrations.RunSQL(CHANGES, UNDO)]

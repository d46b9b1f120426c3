from pathlib import Path

from django.db import migrations

CHANGES = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
UNDO = """
DROP INDEX governance_decision_release;
CREATE INDEX governance_decision_release ON governance_decision (release_id, received_at);
ALTER TABLE governance_decision DROP COLUMN output;
"""


class Migration(migrations.Migration):

    dependencies = [("governance", "0016_own_views_and_questions")]

    operations = [migrations.RunSQL(CHANGES, UNDO)]

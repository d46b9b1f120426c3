from pathlib import Path

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from registry.core.migrating import Together

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
_FORMER = (Path(__file__).parent / "0001_foundation.sql").read_text(encoding="utf-8")
_START = _FORMER.index("CREATE OR REPLACE FUNCTION mingce_second_person_confirms")
# The former function, with the search path that 0002 gave it.
UNDO = (
    _FORMER[_START : _FORMER.index("$$;", _START) + 3]
    + """
ALTER FUNCTION mingce_second_person_confirms() SET search_path = pg_catalog, public, pg_temp;
DROP FUNCTION IF EXISTS mingce_only_shortens();
DROP FUNCTION IF EXISTS mingce_owns(uuid, uuid, bigint);
DROP FUNCTION IF EXISTS mingce_first_entry(uuid);
DROP FUNCTION IF EXISTS mingce_has_owned(uuid, uuid, bigint);
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0004_entries_and_warrants_bind"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, UNDO),
        Together([
            migrations.AddField(
                model_name='delegation',
                name='accepted_at',
                field=models.DateTimeField(blank=True, null=True, verbose_name='accepted at'),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='postholding',
                trigger=pgtrigger.compiler.Trigger(name='only_shortens', sql=pgtrigger.compiler.UpsertTriggerSql(execute='mingce_only_shortens()', func='RETURN NULL;', hash='e96ab5ccbd724f973b7d8d1d9771786ee997edc7', operation='UPDATE', pgid='pgtrigger_only_shortens_4c9de', table='registry_postholding', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='roleassignment',
                trigger=pgtrigger.compiler.Trigger(name='only_shortens', sql=pgtrigger.compiler.UpsertTriggerSql(execute='mingce_only_shortens()', func='RETURN NULL;', hash='f2f2f43bf9401355d7d53d6b22abbf31a7212c40', operation='UPDATE', pgid='pgtrigger_only_shortens_5b04e', table='registry_roleassignment', when='BEFORE')),
            ),
        ]),
    ]

import pytest
from registry.core.ledger.models import Entry
from django.db import connection

@pytest.mark.django_db
def test_world():
    assert Entry.objects.count() > 10
    from registry.core.ledger import services as ledger
    r = ledger.verify()
    assert r.faults == [], r

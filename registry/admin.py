"""Lists the slices' admin pages."""

from django.contrib import admin
from django.contrib.auth.models import Group

from registry.catalogue import admin as catalogue
from registry.core.calendars import admin as calendars
from registry.core.jobs import admin as jobs
from registry.core.people import admin as people
from registry.core.policy import admin as policy
from registry.evidence import admin as evidence
from registry.releases import admin as releases
from registry.systems import admin as systems
from registry.usecases import admin as usecases

__all__ = [
    "calendars", "catalogue", "evidence", "jobs", "people", "policy", "releases", "systems",
    "usecases",
]  # fmt: skip

admin.site.unregister(Group)  # Django's groups are not used: roles are

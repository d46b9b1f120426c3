"""The ASGI door, for servers that want one; nothing here is asynchronous."""

import os

from django.core.asgi import get_asgi_application

from config.starting import refuse_unsafe

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

application = get_asgi_application()
refuse_unsafe()

"""The WSGI door. The heap is frozen after warm-up: a full collection every few
requests is what costs comparable systems their tail latency (design budget)."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from config.starting import refuse_unsafe

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

application = get_wsgi_application()
refuse_unsafe()
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 100)

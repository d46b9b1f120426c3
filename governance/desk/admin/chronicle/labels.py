"""How the ledger's names are told: labels of facts, what stands in a line's summary."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Names of facts, and of fields that have no label of their own.
LABELS: dict[str, Promise] = {
    "alias": _("alias"),
    "approval": _("approval"),
    "approved_digest": _("approved state"),
    "code": _("code"),
    "document_kind": _("kind"),
    "due_on": _("due on"),
    "effect": _("effect"),
    "dossier_digest": _("digest of the papers"),
    "fields": _("corrected fields"),
    "former_names": _("former names"),
    "founding": _("at the founding"),
    "from": _("from stage"),
    "grade_digest": _("digest of the grade"),
    "matches_version": _("same digest as the version's"),
    "material_digest": _("digest of the material facts"),
    "environment": _("environment"),
    "key": _("tag"),
    "known_before": _("digest before, as the register knew"),
    "model": _("model"),
    "number": _("version"),
    "outcome": _("outcome"),
    "policy_document": _("founding document"),
    "profile": _("profile"),
    "reason": _("reason"),
    "target": _("about"),
    "target_id": _("about"),
    "to": _("to stage"),
    "voter": _("named by"),
    "was": _("before"),
}

# Facts that are keys, and of what.
FACTS: dict[str, str] = {
    "approval": "governance.approval",
    "model": "registry.aimodel",
    "release": "registry.release",
    "target": "registry.release",
    "user": "registry.user",
    "voter": "registry.user",
}

# What of a row tells most, in one line: of a kind of entry, else of a kind of row.
TELLING: dict[str, tuple[str, ...]] = {
    "governance.registeredalias": ("alias",),
    "governance.registeredmodel": ("name",),
    "governance.registeredversion": ("number", "source"),
    "governance.ballotseat": ("name", "holder_id"),
    "governance.campaign": ("due_on",),
    "governance.clock": ("kind", "due_at", "receipt"),
    "governance.condition": ("text", "due_on"),
    "governance.explanation": ("level", "method", "decision"),
    "governance.exemption": ("requirement", "kind"),
    "governance.finding": ("severity", "title"),
    "governance.order": ("kind", "reason"),
    "governance.acknowledgement": ("action", "applied_at"),
    "governance.consumer": ("name", "host"),
    "governance.drillreport": ("scenario", "rto_minutes"),
    "governance.breakglass": ("environment", "days", "reason"),
    "governance.permit": ("environment", "expires_at", "revoked_because"),
    "governance.permituse": ("incident", "deployed_at"),
    "governance.package": ("due_on", "held_until"),
    "governance.resolution": ("outcome",),
    "governance.review": ("kind", "outcome"),
    "governance.seat": ("name", "user_id", "post_id"),
    "governance.step": ("body_code", "state"),
    "governance.validation": ("conclusion",),
    "governance.validationtest": ("name", "measure", "outcome"),
    "governance.vote": ("choice", "reason"),
    "governance.waiver": ("requirement", "expires_on"),
    "registry.arrangement": ("country", "year", "source"),
    "registry.channel": ("name", "way"),
    "registry.delegation": ("delegate_id", "valid_from", "valid_to"),
    "registry.deployment": ("environment", "role", "traffic_percent", "endpoint"),
    "registry.document": ("kind",),
    "registry.grade": ("tier", "score"),
    "registry.gradeconfirmation": ("reason",),
    "registry.needtoknow": ("user_id", "reason"),
    "registry.postholding": ("post_id", "user_id"),
    "registry.release": ("stage",),
    "release.approved": ("approved_until",),
    "release.validated": ("validation_conclusion", "explainability_level"),
    "release.version_attached": ("version_id",),
    "approval.granted": ("version_id",),
    "lifecycle.move_granted": (),
    "registry.roleassignment": ("role", "entity_id"),
    "registry.source": ("name", "kind", "environment"),
    "registry.sighting": ("kind", "name", "version", "reason"),
    "registry.knownname": ("name", "version", "model_id"),
    "registry.tieroverride": ("from_tier", "to_tier", "reason"),
    "registry.token": ("name",),
    "registry.versiondeveloper": ("user_id",),
}

# What of an entry's facts tells most, beside its row.
TELLING_FACTS: dict[str, tuple[str, ...]] = {
    "condition.attached": ("voter",),
    "exemption.confirmed": ("reason",),
    "exemption.refused": ("reason",),
    "lifecycle.move_granted": ("from", "to", "reason"),
}

"""Lists the slices' REST doors."""

from django.urls import path

from registry.catalogue.api import InitiationDoor, ModelDoor, VersionDoor
from registry.classification.api import GradeDoor, PreviewDoor, QuestionnaireDoor
from registry.core.calendars.api import ArrangementDoor
from registry.core.dispatch.api import ParkedDoor
from registry.core.jobs.api import JobDoor
from registry.core.notices.api import ChannelDoor, DeliveryDoor, NoticeDoor
from registry.core.people.api import (
    DelegationDoor,
    DepartmentDoor,
    EntityDoor,
    HoldingDoor,
    MyselfDoor,
    PersonDoor,
    PostDoor,
    RoleDoor,
    StepUpDoor,
    TokenDoor,
)
from registry.core.policy.api import PackDoor
from registry.core.web.routing import collection
from registry.discovery.api import ScanDoor, SightingDoor, SourceDoor, SourceEventDoor
from registry.evidence.api import DocumentDoor
from registry.lineage.api import LineageDoor
from registry.registration.api import AddedUseDoor, RegistrationDoor
from registry.releases.api import DeploymentDoor, ReleaseDoor
from registry.systems.api import SystemDoor
from registry.usecases.api import UseCaseDoor, UseDoor

urlpatterns = [
    *collection("models", ModelDoor, sub={"initiations": ("post", "initiations")}),
    *collection("initiations", InitiationDoor, sub={"endings": ("post", "endings")}),
    *collection("versions", VersionDoor),
    path("versions/bulk/", VersionDoor.as_view({"post": "bulk"}), name="versions-bulk"),
    *collection("lineage", LineageDoor),
    *collection("systems", SystemDoor),
    *collection("use-cases", UseCaseDoor),
    *collection("model-uses", UseDoor),
    path("model-uses/additions/", AddedUseDoor.as_view({"post": "create"}), name="added-uses"),
    *collection("releases", ReleaseDoor),
    *collection("deployments", DeploymentDoor),
    path("deployments/bulk/", DeploymentDoor.as_view({"post": "bulk"}), name="deployments-bulk"),
    *collection(
        "sources",
        SourceDoor,
        sub={
            "renewals": ("post", "renewals"),
            "endings": ("post", "endings"),
            "scans": ("post", "scans"),
        },
    ),
    path(
        "sources/<uuid:pk>/events/",
        SourceEventDoor.as_view({"post": "create"}),
        name="source-events",
    ),
    *collection("scans", ScanDoor),
    *collection(
        "sightings",
        SightingDoor,
        sub={"acceptances": ("post", "acceptances"), "dismissals": ("post", "dismissals")},
    ),
    *collection("documents", DocumentDoor, sub={"file": ("get", "file")}),
    *collection("grades", GradeDoor),
    path("grades/previews/", PreviewDoor.as_view({"post": "create"}), name="grade-previews"),
    path("questionnaire/", QuestionnaireDoor.as_view({"get": "retrieve"}), name="questionnaire"),
    path("registrations/", RegistrationDoor.as_view({"post": "create"}), name="registrations"),
    path(
        "registrations/near-duplicates/",
        RegistrationDoor.as_view({"get": "near_duplicates"}),
        name="near-duplicates",
    ),
    *collection(
        "people",
        PersonDoor,
        sub={"deactivations": ("post", "deactivations"), "passwords": ("post", "passwords")},
    ),
    *collection("entities", EntityDoor),
    *collection("departments", DepartmentDoor),
    *collection("posts", PostDoor, sub={"holdings": ("post", "holdings")}),
    *collection("holdings", HoldingDoor, sub={"endings": ("post", "endings")}),
    *collection("roles", RoleDoor, sub={"endings": ("post", "endings")}),
    *collection(
        "delegations",
        DelegationDoor,
        sub={
            "acceptances": ("post", "acceptances"),
            "revocations": ("post", "revocations"),
        },
    ),
    *collection("tokens", TokenDoor, sub={"revocations": ("post", "revocations")}),
    path("step-ups/", StepUpDoor.as_view({"post": "create"}), name="step-ups"),
    path("me/", MyselfDoor.as_view({"get": "retrieve"}), name="me"),
    path("me/password/", MyselfDoor.as_view({"post": "password"}), name="me-password"),
    path("me/preferences/", MyselfDoor.as_view({"post": "preferences"}), name="me-preferences"),
    *collection("policy-packs", PackDoor),
    *collection(
        "working-days",
        ArrangementDoor,
        sub={
            "confirmations": ("post", "confirmations"),
            "rejections": ("post", "rejections"),
        },
    ),
    *collection("jobs", JobDoor),
    *collection("parked-objects", ParkedDoor, sub={"releases": ("post", "releases")}),
    *collection(
        "channels",
        ChannelDoor,
        sub={
            "endings": ("post", "endings"),
            "tests": ("post", "tests"),
            "retries": ("post", "retries"),
        },
    ),
    path("deliveries/", DeliveryDoor.as_view({"get": "list"}), name="deliveries"),
    *collection("notices", NoticeDoor, sub={"readings": ("post", "readings")}),
]

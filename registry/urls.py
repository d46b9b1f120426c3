"""Lists the slices' REST doors."""

from django.urls import path

from registry.catalogue.api import ModelDoor, VersionDoor
from registry.classification.api import GradeDoor, PreviewDoor, QuestionnaireDoor
from registry.core.jobs.api import JobDoor
from registry.core.notices.api import NoticeDoor
from registry.core.people.api import (
    DelegationDoor,
    DepartmentDoor,
    EntityDoor,
    MyselfDoor,
    PersonDoor,
    RoleDoor,
    StepUpDoor,
    TokenDoor,
)
from registry.core.policy.api import PackDoor
from registry.core.web.routing import collection
from registry.evidence.api import DocumentDoor
from registry.registration.api import AddedUseDoor, RegistrationDoor
from registry.releases.api import DeploymentDoor, ReleaseDoor
from registry.systems.api import SystemDoor
from registry.usecases.api import UseCaseDoor, UseDoor

urlpatterns = [
    *collection("models", ModelDoor),
    *collection("versions", VersionDoor),
    path("versions/bulk/", VersionDoor.as_view({"post": "bulk"}), name="versions-bulk"),
    *collection("systems", SystemDoor),
    *collection("use-cases", UseCaseDoor),
    *collection("model-uses", UseDoor),
    path("model-uses/additions/", AddedUseDoor.as_view({"post": "create"}), name="added-uses"),
    *collection("releases", ReleaseDoor),
    *collection("deployments", DeploymentDoor),
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
    *collection("people", PersonDoor),
    *collection("entities", EntityDoor),
    *collection("departments", DepartmentDoor),
    *collection("roles", RoleDoor),
    *collection("delegations", DelegationDoor, sub={"revocations": ("post", "revocations")}),
    *collection("tokens", TokenDoor, sub={"revocations": ("post", "revocations")}),
    path("step-ups/", StepUpDoor.as_view({"post": "create"}), name="step-ups"),
    path("me/", MyselfDoor.as_view({"get": "retrieve"}), name="me"),
    *collection("policy-packs", PackDoor),
    *collection("jobs", JobDoor),
    *collection("notices", NoticeDoor, sub={"readings": ("post", "readings")}),
]

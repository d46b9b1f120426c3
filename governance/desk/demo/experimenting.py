"""The experiments pool of the demo story: a name that was claimed, and two that nobody claimed."""

from __future__ import annotations

from governance.desk.demo.institution import person
from governance.desk.demo.telling import Steps, Told
from governance.mlflow_compat import queries, services
from governance.mlflow_compat.services import NewVersion
from registry.releases.models import Release

NAME = "retail-scorecard"
RUN = "6f1d2c0b9a8e4f37b5d4c3e2a1908f76"  # as a tracking server would have named it
BUCKET = "s3://models.mingce.example"


def tell(told: Told) -> Steps:
    """The scorecard's name is registered in its pilot, claimed, and champion in production."""
    days = told.story.days
    yield told.at(days["S5"] + 6, "14:05")
    _register(NAME, "retail/17", "零售贷款申请评分卡，训练窗口 24 个月（演示）")
    yield told.at(days["S5"] + 6, "15:20")
    _claim(told)
    yield told.at(days["S5"] - 1, "15:10")
    services.set_alias(actor=person("developer"), name=NAME, alias="champion", number=1)
    yield told.at(9, "10:20")
    _register("churn-uplift", "churn/3", "客户流失挽留，提升模型试验（演示）")
    _register("churn-uplift", "churn/4")
    services.set_alias(actor=person("developer"), name="churn-uplift", alias="best", number=2)
    yield told.at(5, "16:45")
    _register("dev.chat-router", "router/1", "客服意图路由，开发环境（演示）")
    free = "dev.chat-router"  # where every word is free
    services.set_alias(actor=person("developer"), name=free, alias="champion", number=1)


def _register(name: str, source: str, description: str = "") -> None:
    """A version under the name, which is registered with its description."""
    developer = person("developer")
    if description:
        services.register_model(
            actor=developer, name=name, tags={"team": "retail-risk"}, description=description
        )
    told = NewVersion(source=f"{BUCKET}/{source}", run_id=RUN, tags={"framework": "sklearn"})
    services.register_version(actor=developer, name=name, told=told)


def _claim(told: Told) -> None:
    """The owner claims the name, and its version as the one that is in the pilot."""
    release = Release.objects.select_related("version__model__owner").get(
        pk=told.others[told.story.key].release_id
    )
    version = release.version
    assert version is not None  # noqa: S101 (it is in the pilot)
    owner = version.model.owner
    key = queries.visible_to(owner).get(name=NAME).pk
    name = services.claim_name(actor=owner, registered_id=key, model=version.model)
    first = name.versions.get(number=1)
    services.claim_version(
        actor=owner, version_id=first.pk, label=version.label, digest=version.digest
    )

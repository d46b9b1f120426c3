"""The desk's addresses."""

from django.urls import path, register_converter

from governance.desk.admin import (
    attesting,
    calendar_feed,
    calendars,
    cards,
    channels,
    clocks,
    directory,
    discovery,
    experiments,
    grading,
    home,
    institution,
    order_pages,
    oversight,
    packs,
    permits,
    registering,
    reviews,
    story,
    trail,
    verbs,
    voting,
    watching,
    webhooks,
)

app_name = "desk"


class LedgerJob:
    """The two long works on the ledger."""

    regex = "verify|export"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


register_converter(LedgerJob, "ledger_job")

urlpatterns = [
    path("admin/password_change/", directory.password, name="password"),
    path("admin/", home.home, name="home"),
    path("preferences/", home.preferences, name="preferences"),
    path("notices/read/", home.read_notices, name="read-notices"),
    path("register/", registering.register, name="register"),
    path("register/preview/", registering.preview, name="preview"),
    path("models/<uuid:pk>/", story.model, name="model"),
    path("releases/<uuid:pk>/", story.release, name="release"),
    path("releases/<uuid:pk>/card/", cards.card, name="card"),
    path("documents/<uuid:pk>/card/", cards.foreign, name="foreign-card"),
    path("uses/<uuid:pk>/grade/", grading.grade, name="grade"),
    path("documents/<uuid:pk>/file/", story.document, name="document"),
    path("validations/<uuid:pk>/", story.validation, name="validation"),
    path("reviews/", reviews.months, name="reviews"),
    path("reviews/reassign/", reviews.reassign, name="reassign"),
    path("reviews/<uuid:pk>/", reviews.package, name="package"),
    path("calendar/", calendar_feed.subscribe, name="calendar"),
    path("calendar/<str:key>.ics", calendar_feed.feed, name="calendar-feed"),
    path("approvals/<uuid:pk>/", voting.approval, name="approval"),
    path("do/<slug:verb>/<uuid:pk>/", verbs.do, name="do"),
    path("people/", directory.people, name="people"),
    path("people/<uuid:pk>/", directory.person, name="person"),
    path("institution/", institution.tree, name="institution"),
    path("committees/", institution.bodies, name="committees"),
    path("attestations/", attesting.campaigns, name="campaigns"),
    path("attestations/<uuid:pk>/", attesting.campaign, name="campaign"),
    path("clocks/", clocks.clocks, name="clocks"),
    path("clocks/<uuid:pk>/", clocks.one, name="clock"),
    path("orders/", order_pages.every, name="orders"),
    path("orders/<uuid:pk>/", order_pages.one, name="order"),
    path("experiments/<uuid:pk>/", experiments.one, name="experiment"),
    path("discovery/", discovery.every, name="discovery"),
    path("discovery/<uuid:pk>/", discovery.one, name="sighting"),
    path("permits/", permits.permits, name="permits"),
    path("monitoring/", watching.monitoring, name="monitoring"),
    path("metrics/<uuid:pk>/", watching.metric, name="metric"),
    path("channels/", channels.channels, name="channels"),
    path("webhooks/", webhooks.every, name="webhooks"),
    path("webhooks/<uuid:pk>/", webhooks.one, name="webhook"),
    path("cases/", oversight.cases, name="cases"),
    path("cases/<uuid:pk>/", oversight.case, name="case"),
    path("cases/<uuid:pk>/take-up/", oversight.take_up, name="take-up"),
    path("plans/<uuid:pk>/", oversight.plan, name="plan"),
    path("plans/<uuid:pk>/trial/", oversight.try_plan, name="try-plan"),
    path("working-days/", calendars.year, name="working-days"),
    path("policy/", institution.packs, name="policy"),
    path("policy/<uuid:pk>/workload/", packs.workload, name="workload"),
    path("policy/<uuid:pk>/", packs.pack, name="pack"),
    path("parked/<uuid:pk>/", home.release_parked, name="release-parked"),
    path("trail/", trail.trail, name="trail"),
    path("trail/<ledger_job:kind>/", trail.start, name="start"),
    path("jobs/<uuid:pk>/", trail.job, name="job"),
    path("jobs/<uuid:pk>/progress/", trail.progress, name="progress"),
]

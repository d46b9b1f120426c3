"""A second view is blind: neither the queue, nor a code, nor a search leads to the first."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from governance.checkpoints import queries, services
from governance.checkpoints.models import Case, Competence, Decision
from governance.checkpoints.models.cases import CaseKind
from governance.checkpoints.rules import naming
from governance.checkpoints.schema import NOTHING
from governance.checkpoints.services.opening import due_at
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden, SegregationRefused
from registry.core.people import services as people
from registry.core.people.models import LegalEntity
from registry.core.people.rules import Role
from registry.releases.models import Release
from tests.governance.checkpoints.asking import ONE, gateway, grey, nothing_left
from tests.governance.checkpoints.asking import refused as told_off
from tests.governance.checkpoints.test_deciding import decide, held, later
from tests.governance.checkpoints.world import decision
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import refused
from tests.rest.calling import caller
from tests.world import head_office, person

CODE = re.compile(r"^CAS(-[A-Z2-7]{4}){3}$")


class TestCodes:
    """What a case is called tells nothing."""

    def test_every_kind_looks_alike(self) -> None:
        codes = {naming.code_of(b"key", "12-3", kind) for kind in CaseKind.values}
        assert len(codes) == len(CaseKind.values)
        assert all(CODE.match(one) for one in codes)

    def test_the_key_makes_it(self) -> None:
        one, same = (naming.code_of(b"key", "12-3", "held") for _turn in range(2))
        assert one == same != naming.code_of(b"another", "12-3", "held")

    def test_a_thousand_differ(self) -> None:
        assert len({naming.code_of(b"key", f"1-{n}", "held") for n in range(1_000)}) == 1_000


class TestWhoReads:
    """Whoever is trained to decide reads of closed cases their own alone."""

    def test_others_closed_cases_are_not_found(self, live: Release) -> None:
        case = decide(held(live), "fu", "override")
        seen = {who: list(queries.visible_to(person(who))) for who in ("fu", "fei", "chen", "xu")}
        assert seen == {"fu": [case], "fei": [], "chen": [case], "xu": [case]}
        fei, found = caller("fei"), caller("chen")
        assert fei.get("/cases/", {"reference": case.reference}).json()["results"] == []
        assert fei.get(f"/cases/{case.pk}/").status_code == 404
        assert found.get(f"/cases/{case.pk}/").json()["outcome"] == "override"
        page = browser("fei", "zh-hans").get(f"/cases/{case.pk}/", follow=True)
        assert page.redirect_chain == [("/cases/", 302)]
        assert case.code in page.content.decode()
        assert "override" not in page.content.decode()

    def test_a_token_for_reading_alone_opens_no_more(self, live: Release) -> None:
        case = decide(held(live), "fu", "override")
        again = services.plant(actor=person("chen"), case_id=case.pk)
        fei, fu = caller("fei", "read"), caller("fu", "read")
        assert fei.get(f"/cases/{case.pk}/").status_code == 404
        assert fu.get(f"/cases/{again.pk}/").status_code == 404

    def test_who_has_dealt_with_the_decision_decides_no_twin(self, live: Release) -> None:
        first = held(live)
        services.claim(actor=person("fang"), case_id=first.pk)
        services.escalate(actor=person("fang"), case_id=first.pk, note="证据矛盾")
        decide(first, "fu", "override")
        twin = services.plant(actor=person("chen"), case_id=first.pk)
        for by in ("fu", "fang"):
            with refused(SegregationRefused, "own_view"):
                services.claim(actor=person(by), case_id=twin.pk)
        decide(twin, "fei", "override")
        third = services.plant(actor=person("chen"), case_id=twin.pk)
        for by in ("fu", "fang", "fei"):
            with refused(SegregationRefused, "own_view"):
                services.claim(actor=person(by), case_id=third.pk)

    def test_what_is_closed_is_still_refused_as_closed(self, live: Release) -> None:
        case = decide(held(live), "fu")
        fei = caller("fei")
        with nothing_left():
            told_off(fei.post(f"/cases/{case.pk}/claims/"), 409, "case_closed")

    def test_a_planted_case_leads_nowhere(self, live: Release) -> None:
        first = decide(held(live), "fu", "override")
        with later(days=20):
            again = services.plant(actor=person("chen"), case_id=first.pk)
            with refused(Conflict, "planted_already"):
                services.plant(actor=person("chen"), case_id=first.pk)
            row = caller("fei").get("/cases/", {"reference": first.reference}).json()["results"]
            assert [one["id"] for one in row] == [str(again.pk)]
            assert (row[0]["received_at"], row[0]["batch_id"], row[0]["position"]) == (None,) * 3
            assert list(queries.visible_to(person("fu"))) == [first]
            (shown,) = [one for one in caller("shen").get("/cases/").json()["results"]
                        if one["id"] == str(again.pk)]  # fmt: skip
            assert shown["batch_id"] == first.batch_id

    def test_who_took_it_up_is_told_no_more(self, live: Release) -> None:
        case = held(live)
        told = caller("fei").post(f"/cases/{case.pk}/claims/").json()
        assert (told["state"], told["batch_id"], told["received_at"]) == ("open", None, None)


class TestOneAtATime:
    """The seconds of looking cannot be waited out for many cases at once."""

    def test_another_is_laid_back(self, live: Release) -> None:
        first, second = held(live), held(live, reference="APP-2")
        services.claim(actor=person("fu"), case_id=first.pk)
        services.claim(actor=person("fu"), case_id=second.pk)
        rows = dict(Case.objects.values_list("pk", "viewed_by"))
        assert rows == {first.pk: None, second.pk: person("fu").pk}
        with refused(Conflict, "case_not_taken"):
            services.decide(
                actor=person("fu"), case_id=first.pk, outcome="accept",
                reason_code="facts_confirmed",
            )  # fmt: skip
        services.claim(actor=person("fang"), case_id=first.pk)

    def test_what_others_look_at_stays_theirs(self, live: Release) -> None:
        first, second = held(live), held(live, reference="APP-2")
        services.claim(actor=person("fang"), case_id=first.pk)
        services.claim(actor=person("fu"), case_id=second.pk)
        with refused(Conflict, "case_taken"):
            services.claim(actor=person("fu"), case_id=first.pk)
        assert Case.objects.get(pk=second.pk).viewed_by == person("fu")
        with refused(Conflict, "case_not_taken"):
            services.escalate(actor=person("fu"), case_id=first.pk, note="证据矛盾")


class TestCompetence:
    """The latest record counts, where it was given, until it is ended."""

    def record(self, **told: Any) -> Competence:
        given: dict[str, Any] = {
            "user": person("fu"), "key": "credit_review", "daily_limit": 50, "proof": "T-9",
            "valid_to": dt.date(2027, 1, 1),
        } | told  # fmt: skip
        return services.record_competence(actor=person("xu"), **given)

    def test_a_later_lower_limit_counts(self, live: Release) -> None:
        with later(minutes=1):
            self.record(daily_limit=1)
            decide(held(live), "fu")
            another = held(live, reference="APP-2")
            with refused(Forbidden, "daily_limit"):
                services.claim(actor=person("fu"), case_id=another.pk)

    def test_it_ends(self, live: Release) -> None:
        case, row = held(live), Competence.objects.get(user=person("fu"))
        people.assign_role(
            actor=person("admin"), user=person("fu"), role=Role.DEPARTMENT_HEAD,
            entity=head_office(),
        )  # fmt: skip
        with refused(SegregationRefused, "own_competence"):
            services.end_competence(actor=person("fu"), competence_id=row.pk, reason="自行终止")
        self.record()
        with refused(DomainError, "reason_needed"):
            services.end_competence(actor=person("xu"), competence_id=row.pk, reason=" ")
        with refused(Forbidden, "not_permitted"):
            services.end_competence(actor=person("wang"), competence_id=row.pk, reason="离岗")
        services.end_competence(actor=person("xu"), competence_id=row.pk, reason="离岗")
        with refused(Conflict, "ended_already"):
            services.end_competence(actor=person("xu"), competence_id=row.pk, reason="离岗")
        with refused(Forbidden, "not_competent"):
            services.claim(actor=person("fu"), case_id=case.pk)
        assert not Competence.objects.filter(user=person("fu"), ended_at=None).exists()
        assert queries.mine(person("fu")) == []

    def test_that_of_a_branch_does_not_reach_head_office(self, live: Release) -> None:
        branch = LegalEntity.objects.exclude(pk=head_office().pk).order_by("path").first()
        row = self.record(user=person("fan"), entity=branch)
        case = held(live)
        with refused(Forbidden, "not_competent"):
            services.claim(actor=person("fan"), case_id=case.pk)
        page = browser("xu", "en").get(f"/people/{person('fan').pk}/").content.decode()
        assert "Manual credit review" in page
        assert f"/do/end-competence/{row.pk}/" in page
        self.record(user=person("fan"))
        assert services.claim(actor=person("fan"), case_id=case.pk).viewed_by == person("fan")

    def test_over_rest(self, live: Release) -> None:
        row = Competence.objects.get(user=person("fu"))
        at, xu, fei = f"/competences/{row.pk}/endings/", caller("xu"), caller("fei")
        with nothing_left():
            refusal = fei.post(at, {"reason": "离岗"})
            told_off(refusal, 403, "not_permitted", "record_competence")
        assert xu.post(at, {"reason": "离岗"}).json()["end_reason"] == "离岗"


def test_a_policy_that_names_no_limit_any_more_leaves_the_one_of_the_plan(live: Release) -> None:
    case = held(live)
    checkpoint = queries.checkpoint_of(case)
    assert checkpoint.limit is None
    assert due_at(NOTHING, checkpoint, clock.now(), (), case.plan_id) == case.due_at


class TestLinks:
    """From the case to the business system's page, and from there to the case."""

    LINK = "https://los.bank.example/applications/1742"

    def test_both_ways(self, live: Release, settings: Any) -> None:
        settings.PUBLIC_URL = "https://models.bank.example"
        answer = gateway().post(ONE, grey(live) | {"link": self.LINK}).json()
        case = Case.objects.get()
        assert answer["page"] == f"https://models.bank.example/cases/{case.pk}/"
        assert (
            f'href="{self.LINK}"' in browser("fu", "en").get(f"/cases/{case.pk}/").content.decode()
        )
        told = gateway().get("/decisions/outcomes/", {"reference": case.reference}).json()
        assert told["case"]["page"] == answer["page"]

    @pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://x/y", "https://a b", "//x"])
    def test_what_is_no_link(self, live: Release, link: str) -> None:
        who = gateway()
        with nothing_left():
            told_off(who.post(ONE, grey(live) | {"link": link}), 400, "invalid", "link")

    def test_one_that_holds_personal_data_is_not_kept(self, live: Release) -> None:
        link = "https://los.bank.example/?id=110101199003077758"
        services.take(gateway=person("gateway"), told=[
            decision(live, 7, link=link, fields={"score": 0.5})])  # fmt: skip
        assert Case.objects.get().link == ""
        assert link not in Decision.objects.get().body

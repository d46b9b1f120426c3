"""The reviewer's own view before the model's, and questions to the business."""

from __future__ import annotations

from typing import Any

import pytest

from governance.checkpoints import services
from governance.checkpoints.models import Case
from governance.checkpoints.queries import oversight
from registry.core import clock
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger import services as ledger
from registry.core.notices.models import Notice
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.governance.checkpoints.asking import gateway, nothing_left
from tests.governance.checkpoints.asking import refused as told_off
from tests.governance.checkpoints.test_deciding import decide, held, later
from tests.governance.checkpoints.world import PLAN, planned
from tests.governance.desk.test_what_is_shown import browser
from tests.refusals import refused, refused_by_database
from tests.rest.calling import caller
from tests.world import person

LARGE = {"score": 0.5, "amount": 300_000}
HIDING = PLAN.replace("    authority:", "    advice: after_view\n    authority:")
QUESTION = "收入证明是否已核实？"


def hidden(live: Release, **told: Any) -> Case:
    """A case whose checkpoint shows the model's output after the reviewer's own view."""
    planned(live, HIDING)
    return held(live, **told)


def taken(case: Case, by: str = "fu") -> Case:
    return services.claim(actor=person(by), case_id=case.pk)


class TestOwnView:
    """The machine is heard after the person."""

    def test_the_output_is_shown_once_the_view_is_given(self, live: Release) -> None:
        case, fu = hidden(live, output="approve"), caller("fu")
        at = f"/cases/{case.pk}/"
        assert fu.post(f"{at}claims/").json()["output"] == ""
        assert fu.get(at).json()["output"] == ""
        page = browser("fu", "en").get(at).content.decode()
        assert "once you have given your own view" in page
        assert ">approve<" not in page
        assert f"/do/view-case/{case.pk}/" in page
        assert fu.post(f"{at}views/", {"view": "refuse"}).json()["output"] == "approve"
        page = browser("fu", "en").get(at).content.decode()
        assert ">approve<" in page
        assert ">refuse<" in page
        assert fu.get(at).json()["output"] == "approve"

    def test_nothing_is_decided_before(self, live: Release) -> None:
        case = taken(hidden(live))
        told = {"outcome": "accept", "reason_code": "facts_confirmed"}
        with refused(Conflict, "view_first"):
            services.decide(actor=person("fu"), case_id=case.pk, **told)
        services.give_view(actor=person("fu"), case_id=case.pk, view="approve")
        assert services.decide(actor=person("fu"), case_id=case.pk, **told).state == "decided"

    def test_the_database_knows_it(self, live: Release) -> None:
        case = taken(hidden(live))
        done = {
            "state": "decided", "outcome": "accept", "reason_code": "facts_confirmed",
            "decided_by": person("fu"), "decided_at": clock.now(),
        }  # fmt: skip
        with refused_by_database("23514"), ledger.act(person("fu")) as act:
            act.update(case, "case.decided", done)

    def test_it_is_given_once_and_by_who_looks(self, live: Release) -> None:
        case = hidden(live)
        with refused(Conflict, "case_not_taken"):
            services.give_view(actor=person("fu"), case_id=case.pk, view="approve")
        taken(case)
        with refused(DomainError, "words_missing"):
            services.give_view(actor=person("fu"), case_id=case.pk, view=" ")
        with refused(DomainError, "personal_data"):
            services.give_view(actor=person("fu"), case_id=case.pk, view="13812345678")
        services.give_view(actor=person("fu"), case_id=case.pk, view="approve")
        with refused(Conflict, "view_given"):
            services.give_view(actor=person("fu"), case_id=case.pk, view="refuse")

    def test_who_comes_next_gives_an_own_one(self, live: Release) -> None:
        case = taken(hidden(live))
        services.give_view(actor=person("fu"), case_id=case.pk, view="approve")
        with later(minutes=20):
            assert taken(case, "fang").own_view == ""

    def test_the_first_word_stays_whatever_was_read_since(self, live: Release) -> None:
        case = taken(hidden(live, output="approve"))
        services.give_view(actor=person("fu"), case_id=case.pk, view="refuse")
        taken(held(live, reference="APP-2"))
        assert taken(case).own_view == "refuse"
        with refused(Conflict, "view_given"):
            services.give_view(actor=person("fu"), case_id=case.pk, view="approve")
        decide(case, "fu")
        assert oversight.gave_way(live) == (1, 1)

    def test_where_nothing_is_hidden_none_is_given(self, live: Release) -> None:
        case = taken(held(live))
        with refused(Conflict, "nothing_hidden"):
            services.give_view(actor=person("fu"), case_id=case.pk, view="approve")

    def test_how_often_people_give_way_to_the_machine(self, live: Release) -> None:
        planned(live, HIDING)
        for number, view in enumerate(("refuse", "refuse", "approve")):
            case = taken(held(live, reference=f"APP-{number}", output="approve"))
            services.give_view(actor=person("fu"), case_id=case.pk, view=view)
            decide(case, "fu", "override" if number == 0 else "accept")
        assert oversight.gave_way(live) == (1, 2)


class TestQuestions:
    """The business is asked, and the limit goes on running."""

    def test_the_owner_answers(self, live: Release) -> None:
        case = taken(held(live))
        services.ask(actor=person("fu"), case_id=case.pk, question=QUESTION)
        told = Notice.objects.filter(kind="case.asked", settled_at=None)
        assert {row.user for row in told} == {person("wang")}
        page = browser("wang", "zh-hans").get(f"/cases/{case.pk}/").content.decode()
        assert QUESTION in page
        assert f"/do/reply-case/{case.pk}/" in page
        done = services.reply(actor=person("wang"), case_id=case.pk, text="已核实，见影像")
        assert (done.reply, done.due_at) == ("已核实，见影像", case.due_at)
        assert done.replied_by == person("wang")
        assert not told.all().exists()
        assert Notice.objects.get(kind="case.replied").user == person("fu")
        assert "已核实" in browser("fu", "zh-hans").get(f"/cases/{case.pk}/").content.decode()

    def test_the_business_system_answers(self, live: Release) -> None:
        case, who = taken(held(live)), gateway()
        caller("fu").post(f"/cases/{case.pk}/questions/", {"question": QUESTION})
        told = who.get("/decisions/outcomes/", {"reference": case.reference}).json()["case"]
        assert told["question"] == QUESTION
        assert (
            who.post(f"/cases/{case.pk}/replies/", {"text": "已核实"}).json()["reply"] == "已核实"
        )
        told = who.get("/decisions/outcomes/", {"reference": case.reference}).json()["case"]
        assert told["question"] == ""

    def test_what_is_refused(self, live: Release) -> None:
        case = held(live)
        with refused(Conflict, "case_not_taken"):
            services.ask(actor=person("fu"), case_id=case.pk, question=QUESTION)
        taken(case)
        with refused(Conflict, "nothing_asked"):
            services.reply(actor=person("wang"), case_id=case.pk, text="已核实")
        services.ask(actor=person("fu"), case_id=case.pk, question=QUESTION)
        with refused(Conflict, "asked_already"):
            services.ask(actor=person("fu"), case_id=case.pk, question="还有一问")
        for by in ("fu", "chen", "pipeline"):
            with refused(Forbidden, "not_yours_to_answer"):
                services.reply(actor=person(by), case_id=case.pk, text="已核实")
        services.reply(actor=person("gateway"), case_id=case.pk, text="已核实")
        services.ask(actor=person("fu"), case_id=case.pk, question="还有一问")
        assert Case.objects.get().reply == ""

    @pytest.mark.parametrize("ending", ["decided", "lapsed"])
    def test_nobody_has_to_answer_what_is_closed(self, live: Release, ending: str) -> None:
        case = taken(held(live))
        services.ask(actor=person("fu"), case_id=case.pk, question=QUESTION)
        with later(hours=5):
            if ending == "decided":
                decide(case, "fu")
            else:
                services.sweep(actor=system())
            assert Case.objects.get().state == ending
            assert not Notice.objects.filter(kind="case.asked", settled_at=None).exists()
            with refused(Conflict, "case_closed"):
                services.reply(actor=person("wang"), case_id=case.pk, text="已核实")

    def test_the_second_person_does_not_read_the_first_ones_question(self, live: Release) -> None:
        case = taken(held(live, fields=LARGE))
        services.ask(actor=person("fu"), case_id=case.pk, question="我拟拒绝，对吗？")
        services.reply(actor=person("wang"), case_id=case.pk, text="已核实")
        decide(case, "fu", "override")
        told = caller("fang").get(f"/cases/{case.pk}/").json()
        assert (told["state"], told["question"], told["reply"]) == ("second", "", "")

    def test_over_rest_by_whom(self, live: Release) -> None:
        case, wang, fei = held(live), caller("wang"), caller("fei")
        with nothing_left():
            told_off(fei.post(f"/cases/{case.pk}/questions/", {"question": QUESTION}), 409,
                     "case_not_taken")  # fmt: skip
            told_off(wang.post(f"/cases/{case.pk}/replies/", {"text": "已核实"}), 403,
                     "not_permitted", "post_decisions")  # fmt: skip


class TestNoOtherWay:
    """Nothing else says what the model said: no form, no heading, no list."""

    @pytest.mark.parametrize("verb", ["view-case", "ask-case", "escalate-case"])
    @pytest.mark.parametrize("who", ["fu", "fang"])
    def test_no_form_beside_the_case(self, live: Release, verb: str, who: str) -> None:
        case = taken(hidden(live, output="propose_decline"))
        page = browser(who, "en").get(f"/do/{verb}/{case.pk}/").content.decode()
        assert case.code in page
        assert "propose_decline" not in page

    def test_no_heading_and_no_list(self, live: Release) -> None:
        case = taken(hidden(live, output="propose_decline"))
        for path in (f"/cases/{case.pk}/", "/cases/", "/admin/governance/case/", "/admin/"):
            page = browser("fu", "en").get(path).content.decode()
            assert "propose_decline" not in page, path
            assert "Score near the cut-off" not in page.split("Intervention plans")[0], path
            assert ">RI-01" not in page.split("Intervention plans")[0], path

    def test_what_one_has_said_opens_it_to_nobody_else(self, live: Release) -> None:
        case, fu, fang = hidden(live, output="propose_decline"), caller("fu"), caller("fang")
        at = f"/cases/{case.pk}/"
        fu.post(f"{at}claims/")
        assert fu.post(f"{at}views/", {"view": "refuse"}).json()["own_view"] == "refuse"
        told = fang.get(at).json()
        assert (told["output"], told["checkpoint"], told["point"], told["own_view"]) == ("",) * 4
        assert fu.get(at).json()["point"] == "RI-01"
        assert caller("chen").get(at).json()["output"] == "propose_decline"
        assert "propose_decline" not in browser("fang", "en").get(at).content.decode()
        queue = browser("fang", "en").get("/cases/").content.decode()
        assert "Score near the cut-off" not in queue.split("Intervention plans")[0]
        assert "Score near the cut-off" in browser("fu", "en").get(at).content.decode()

"""Two administrators, keepers or signers at the same moment: one winner, nothing twice."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q

from governance.lifecycle import services as lifecycle
from registry.catalogue import services as catalogue
from registry.catalogue.models import NeedToKnow
from registry.catalogue.services import NewVersion
from registry.core import clock
from registry.core.people import services as people
from registry.core.people.models import Department, PostHolding, RoleAssignment
from registry.core.people.rules import Role
from registry.releases import services as releases
from registry.releases.models import Release
from tests import story
from tests.concurrency.conftest import codes, together
from tests.concurrency.test_deciding import ready, sound
from tests.world import head_office, person


def test_of_two_holders_of_a_post_at_once_one_holds_it(shared: str) -> None:
    post = people.create_post(
        actor=person("admin"), code="P", title_zh="岗位", title_en="",
        department=Department.objects.get(code="RISK"),
    )  # fmt: skip

    def hold(username: str) -> Callable[[], object]:
        return lambda: people.hold_post(
            actor=person("admin"), post=post, user=person(username), valid_from=clock.today()
        )

    assert codes(together(hold("sun"), hold("chen"))) == ["done", "post_held"]
    assert PostHolding.objects.filter(post=post).count() == 1
    sound()


def test_of_two_assignments_of_a_role_at_once_one_counts(shared: str) -> None:
    def assign(username: str) -> Callable[[], object]:
        return lambda: people.assign_role(
            actor=person(username), user=person("li"), role=Role.AUDIT, entity=head_office()
        )

    assert codes(together(assign("admin"), assign("admin2"))) == ["done", "role_held"]
    assert RoleAssignment.objects.filter(user=person("li"), role="audit").count() == 1
    sound()


def test_of_two_initiations_of_a_person_at_once_one_counts(shared: str) -> None:
    secret = story.register(name="保密模型", is_confidential=True).registered.model

    def initiate(username: str) -> Callable[[], object]:
        return lambda: catalogue.initiate(
            actor=person(username), model=secret, user=person("lin"), reason="需要知悉"
        )

    assert codes(together(initiate("wang"), initiate("sun"))) == ["already_initiated", "done"]
    assert NeedToKnow.objects.filter(model=secret).count() == 1
    sound()


def test_whoever_votes_does_not_come_to_own_the_model_at_the_same_moment(shared: str) -> None:
    people.assign_role(
        actor=person("admin"), user=person("lin"), role=Role.OWNER, entity=head_office()
    )
    model = Release.objects.get().model_use.model
    outcomes = together(
        ready("lin"),
        lambda: lifecycle.hand_over(
            actor=person("chen"), model_id=model.pk, owner=person("lin"), reason="调岗"
        ),
    )
    assert codes(outcomes) in (["done", "interested_person"], ["done", "vote_in_conflict"])
    sound()


def test_a_version_does_not_change_while_its_release_enters_validation(shared: str) -> None:
    told = story.register(name="另一个模型")
    story.hand_in(told.release, "ethics_review", *story.S1_DOCUMENTS)
    story.confirm_grade(told)
    lifecycle.promote(actor=person("wang"), release_id=told.release.pk, to="S1")
    other = catalogue.register_version(
        actor=person("li"), model=told.registered.model,
        version=NewVersion(label="9", identity_kind="artifact", digest="9" * 64),
    )  # fmt: skip
    outcomes = together(
        lambda: lifecycle.promote(actor=person("wang"), release_id=told.release.pk, to="S2"),
        lambda: releases.attach_version(
            actor=person("wang"), release_id=told.release.pk, version=other
        ),
    )
    assert codes(outcomes) in (["done", "done"], ["done", "version_fixed"])
    assert told.release.version_is_fixed
    sound()


def test_a_leaver_holds_no_role_that_is_given_at_the_same_moment(shared: str) -> None:
    outcomes = together(
        lambda: people.deactivate(actor=person("admin"), user_id=person("li").pk, reason="离职"),
        lambda: people.assign_role(
            actor=person("admin2"), user=person("li"), role=Role.AUDIT, entity=head_office()
        ),
    )
    assert codes(outcomes) in (["done", "done"], ["done", "inactive"])
    lasting = Q(valid_to=None) | Q(valid_to__gt=clock.today())
    assert not RoleAssignment.objects.filter(lasting, user=person("li")).exists()
    sound()

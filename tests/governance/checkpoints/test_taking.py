"""Decisions come in: answered, recorded whole, each reference once, without personal data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection, connections

from governance.checkpoints import services
from governance.checkpoints.models import Batch, Case, Decision, DecisionKey, Seal
from governance.checkpoints.queries import decisions
from governance.checkpoints.rules import merkle
from governance.suspensions import services as suspensions
from registry.core.errors import Conflict, DomainError, Forbidden
from registry.core.ledger.models import Entry
from registry.core.people.queries import system
from registry.releases.models import Release
from tests.governance.checkpoints.world import decision
from tests.refusals import refused, refused_by_database
from tests.world import person

ID_CARD = "11010519491231002X"  # the example of GB 11643


def take(*told: Any) -> list[services.Taken]:
    return services.take(gateway=person("gateway"), told=told)


def answers(*told: Any) -> list[str]:
    return [one.answer for one in take(*told)]


def bodies() -> list[dict[str, Any]]:
    rows = Decision.objects.order_by("batch_id", "position").values_list("body", flat=True)
    return [(found := json.loads(body))["told"] | found for body in rows]


def test_each_decision_is_answered_and_recorded_in_its_order(live: Release) -> None:
    found = answers(
        decision(live, 1),
        decision(live, 2, fields={"score": 0.5}),
        decision(live, 3, output="refuse", fields={"score": 0.3}),
        decision(live, 4, output="refuse", fields={"score": 0.1}),
    )
    assert found == ["proceed", "hold", "hold", "proceed"]
    assert [one["reference"] for one in bodies()] == [f"APP-{n:07}" for n in (1, 2, 3, 4)]
    cases = Case.objects.order_by("position")
    assert list(cases.values_list("position", "checkpoint", "point")) == [
        (1, "grey_zone", "RI-01"), (2, "refusal", "RI-02"),
    ]  # fmt: skip
    assert Entry.objects.filter(kind="case.opened").count() == 2
    batch = Batch.objects.get()
    leaves = [merkle.leaf(body.encode()) for body in
              Decision.objects.order_by("position").values_list("body", flat=True)]  # fmt: skip
    assert (batch.size, batch.root) == (4, merkle.root(leaves).hex())


def test_what_cannot_be_decided_waits_for_a_person(live: Release) -> None:
    missing = decision(live, 1).model_copy(update={"fields": {"amount": 1}})
    ill_typed = decision(live, 2, fields={"score": "high"})
    huge = decision(live, 3, fields={"score": 2**60})
    assert answers(missing, ill_typed, huge) == ["hold", "hold", "hold"]
    assert [one["fields"] for one in bodies()] == [{"amount": 1}] + [{"amount": 50_000}] * 2


def test_undeclared_fields_are_dropped_at_run_time(live: Release) -> None:
    assert answers(decision(live, 1, fields={"name_of_client": "王五"})) == ["proceed"]
    assert bodies()[0]["fields"] == {"score": 0.8, "amount": 50_000}


@pytest.mark.parametrize(
    ("told", "place", "answer"),
    [
        ({"fields": {"channel": f"客户 {ID_CARD}"}}, "fields.channel", "proceed"),
        ({"fields": {"channel": "13912345678"}}, "fields.channel", "proceed"),
        ({"fields": {"channel": "+86 139-1234-5678"}}, "fields.channel", "proceed"),
        ({"explanation_ref": "card 4111 1111 1111 1111"}, "explanation_ref", "proceed"),
        ({"output": "call 13912345678"}, "output", "hold"),  # refusal can no longer be decided
        ({"fields": {"secret": ID_CARD}}, "fields.secret", "proceed"),
    ],
)
def test_personal_data_is_not_kept_and_the_decision_is_answered(
    live: Release, told: dict[str, Any], place: str, answer: str
) -> None:
    assert answers(decision(live, 1, **told)) == [answer]
    (body,) = bodies()
    assert body["dropped"] == [place]
    text = json.dumps(body, ensure_ascii=False)
    assert not any(one in text for one in (ID_CARD, "13912345678", "139-1234", "4111"))
    entry = Entry.objects.get(kind="plan.personal_data_dropped")
    assert ID_CARD not in entry.body
    take(decision(live, 2, **told))
    assert Entry.objects.filter(kind="plan.personal_data_dropped").count() == 1


def test_a_reference_that_is_personal_is_hidden_and_still_told_once(live: Release) -> None:
    first = take(decision(live, 1, reference=ID_CARD))[0]
    again = take(decision(live, 1, reference=ID_CARD))[0]
    assert (first.reference, again.is_repeated) == (ID_CARD, True)
    assert DecisionKey.objects.get().reference.startswith("hidden:")
    with refused(Conflict, "reference_reused"):
        take(decision(live, 1, reference=ID_CARD, output="refuse"))


def test_a_repeated_reference_is_answered_as_before(live: Release) -> None:
    held = decision(live, 1, fields={"score": 0.5})
    first = take(held, decision(live, 2))
    again = take(decision(live, 3), held, held)
    assert [one.answer for one in again] == ["proceed", "hold", "hold"]
    assert again[1].case == again[2].case == first[0].case
    assert Decision.objects.count() == 3
    assert [batch.size for batch in Batch.objects.order_by("id")] == [2, 1]


def test_another_body_under_a_reference_refuses_the_whole_batch(live: Release) -> None:
    take(decision(live, 1))
    with refused(Conflict, "reference_reused") as seen:
        take(decision(live, 2), decision(live, 1, output="refuse"))
    assert seen.value.details["references"] == ["APP-0000001"]
    with refused(Conflict, "reference_reused"):
        take(decision(live, 5), decision(live, 5, output="refuse"))


def test_an_order_outranks_the_plan(live_committed: str) -> None:
    live = Release.objects.select_related("model_use").get()
    grey = decision(live, 2, fields={"score": 0.5})
    assert answers(decision(live, 1)) == ["proceed"]
    restriction = suspensions.order(
        actor=person("chen"), kind="restrict", target_type="model",
        target_id=live.model_use.model_id, reason="漂移", limits="仅作参考",
    )  # fmt: skip
    (found,) = take(grey)
    assert (found.answer, found.limits, found.case) == ("restricted", "仅作参考", None)
    stop = suspensions.order(
        actor=person("luo"), kind="stop", target_type="release", target_id=live.pk, reason="错误"
    )
    assert answers(decision(live, 3), decision(live, 1)) == ["stop", "stop"]  # a repeat as well
    assert Decision.objects.filter(answer="stop").count() == 1
    for by in ("chen", "sun"):
        suspensions.resume(actor=person(by), order_id=stop.pk, reason="根因已查明并修复。")
    suspensions.resume(actor=person("sun"), order_id=restriction.pk, reason="漂移已消除。")
    assert answers(decision(live, 3), decision(live, 4)) == ["stop", "proceed"]


@pytest.mark.parametrize(
    ("by", "told", "kind", "code"),
    [
        ("gateway", {"code": "REL-2020-000001"}, DomainError, "unknown_release"),
        ("pipeline", {}, Forbidden, "not_permitted"),
        ("wang", {}, Forbidden, "not_permitted"),
        ("admin", {}, Forbidden, "not_permitted"),
    ],
)
def test_what_is_refused(
    live: Release, by: str, told: dict[str, Any], kind: type[DomainError], code: str
) -> None:
    second = decision(live, 2)
    if told:
        second = second.model_copy(update={"release": told["code"]})
    with refused(kind, code):
        services.take(gateway=person(by), told=[decision(live, 1), second])


def test_no_batch_is_empty_or_larger_than_a_thousand(live: Release) -> None:
    for told in ([], [decision(live, number) for number in range(1_001)]):
        with refused(DomainError, "batch_size"):
            take(*told)


class TestSeals:
    """Batches lie under one root in the ledger."""

    def test_every_batch_is_sealed_once_and_each_decision_provable(self, live: Release) -> None:
        for number in range(5):
            take(*(decision(live, 10 * number + place) for place in range(number + 1)))
        (seal,) = services.seal(actor=system())
        assert (seal.batches, seal.decisions) == (5, 15)
        assert services.seal(actor=system()) == []
        take(decision(live, 99))
        (second,) = services.seal(actor=system())
        assert second.first_batch == seal.last_batch + 1
        for batch, position in Decision.objects.values_list("batch_id", "position"):
            proof = decisions.proof_of(decisions.visible_to(person("shen")), batch, position)
            assert proof is not None
            found = merkle.leaf(proof["decision"].encode())
            for part in ("batch", "seal"):
                steps = [(side, bytes.fromhex(one)) for side, one in proof[part]["path"]]
                found = merkle.climbed(found, steps)
                assert found.hex() == proof[part]["root"]
            entry = Entry.objects.get(seq=proof["seal"]["entry"]["seq"])
            assert f'"root":"{found.hex()}"' in entry.body
        assert decisions.unsound_seals(10) == []

    def test_what_is_not_sealed_yet_says_so(self, live: Release) -> None:
        take(decision(live, 1))
        batch = Batch.objects.get()
        proof = decisions.proof_of(decisions.visible_to(person("shen")), batch.pk, 0)
        assert proof is not None
        assert proof["seal"] is None
        assert decisions.proof_of(decisions.visible_to(person("shen")), batch.pk, 7) is None
        assert decisions.proof_of(decisions.visible_to(person("hai")), batch.pk, 0) is None

    @pytest.mark.parametrize("model", [Batch, Decision, DecisionKey, Seal])
    @pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
    def test_the_application_changes_no_decision(
        self, live: Release, model: Any, verb: str
    ) -> None:
        take(decision(live, 1))
        services.seal(actor=system())
        column = "root" if model in (Batch, Seal) else "batch_id"
        text = verb.format(model._meta.db_table, column, column)
        with refused_by_database("42501"), connection.cursor() as cursor:
            cursor.execute(text)

    def test_verification_finds_what_its_owner_changed(self, live_committed: str) -> None:
        release = Release.objects.get()
        take(decision(release, 1), decision(release, 2))
        services.seal(actor=system())
        assert decisions.unsound_seals(10) == []
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE governance_decision DISABLE TRIGGER USER")
            cursor.execute("UPDATE governance_decision SET body = replace(body, 'approve', 'deny')"
                           " WHERE position = 1")  # fmt: skip
        batch = Batch.objects.get()
        assert decisions.unsound_seals(10) == [
            (f"decisions: batch {batch.pk} is not what its root covers", 1)
        ]

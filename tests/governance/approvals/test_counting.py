"""How votes become a decision: quorum, majority, veto, and what is certain before the last vote."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.approvals import rules
from governance.approvals.models import Choice
from governance.approvals.rules import Outcome, SeatVote, Tally
from governance.approvals.schema import CommitteeVote, Quorum

APPROVED, REJECTED = Outcome.APPROVED, Outcome.REJECTED
DEFERRED, PENDING = Outcome.DEFERRED, Outcome.PENDING
WORDS = {
    "y": "approve",
    "c": "approve_with_conditions",
    "n": "reject",
    "a": "abstain",
    "r": "recuse",
    "d": "defer",
    "-": "",
}


def policy(**changed: Any) -> CommitteeVote:
    """More than half of those present, half of the members present, nothing else."""
    quorum = Quorum(share=changed.pop("share", "1/2"), **changed.pop("quorum", {}))
    return CommitteeVote(
        body="mrc", quorum=quorum, majority=changed.pop("majority", "1/2"), strict=True
    ).model_copy(update=changed)


def ballot(choices: str, names: Sequence[str] = (), lines: str = "") -> list[SeatVote]:
    """A seat for each letter; a capital letter is the choice on a barred seat."""
    return [
        SeatVote(
            name=name or f"s{index}",
            line=line or "2",
            choice=WORDS[letter.lower()],
            is_barred=letter.isupper(),
        )
        for index, (letter, name, line) in enumerate(
            itertools.zip_longest(choices, names, lines, fillvalue="")
        )
    ]


@pytest.mark.parametrize(
    ("name", "choices", "expected"),
    [
        ("all in favour", "yyy", APPROVED),
        ("conditions are in favour", "ccn", APPROVED),
        ("two of three", "yyn", APPROVED),
        ("one of three", "ynn", REJECTED),
        ("a tie is no majority", "yynn", REJECTED),
        ("abstention stays in the denominator", "yya", APPROVED),
        ("an abstention makes a tie", "ya", REJECTED),
        ("all abstain", "aaa", REJECTED),
        ("who recuses is out of the denominator", "yrn", REJECTED),
        ("a recusal lets a majority stand", "yr", APPROVED),
        ("all recuse: nobody decided", "rrr", DEFERRED),
        ("most defer", "ddy", DEFERRED),
        ("half defer: no deferral, no majority", "ddyy", REJECTED),
        ("a deferral is no favour", "ydn", REJECTED),
        ("nobody at all", "", DEFERRED),
        ("a barred seat does not count", "ynYY", REJECTED),
        ("every seat barred", "YYY", DEFERRED),
    ],
)
def test_more_than_half_of_those_present(name: str, choices: str, expected: Outcome) -> None:
    assert rules.committee(policy(), ballot(choices)).outcome is expected


@pytest.mark.parametrize(
    ("name", "changed", "choices", "expected"),
    [
        ("at least half: a tie is enough", {"strict": False}, "yynn", APPROVED),
        ("at least half: nobody in favour", {"strict": False}, "aa", REJECTED),
        ("at least two thirds: exactly", {"strict": False, "majority": "2/3"}, "yyn", APPROVED),
        ("at least two thirds: short", {"strict": False, "majority": "2/3"}, "yyynn", REJECTED),
        ("more than two thirds: exactly is short", {"majority": "2/3"}, "yyn", REJECTED),
        ("more than two thirds", {"majority": "2/3"}, "yyyn", APPROVED),
        ("of present: abstentions count", {"majority": "2/3", "strict": False}, "yyaa", REJECTED),
        (
            "of cast: they do not",
            {"majority": "2/3", "strict": False, "of": "cast"},
            "yyaa",
            APPROVED,
        ),
        ("of cast: all abstain", {"strict": False, "of": "cast"}, "aaa", REJECTED),
        ("of cast: deferrals count", {"of": "cast"}, "yda", REJECTED),
    ],
)
def test_the_majority_that_the_policy_asks_for(
    name: str, changed: dict[str, Any], choices: str, expected: Outcome
) -> None:
    assert rules.committee(policy(**changed), ballot(choices)).outcome is expected


@pytest.mark.parametrize(
    ("name", "share", "choices", "met"),
    [
        ("half of four", "1/2", "yy--", True),
        ("one of four", "1/2", "y---", False),
        ("two thirds of five are four", "2/3", "yyyy-", True),
        ("three of five are short of two thirds", "2/3", "yyy--", False),
        ("abstaining is presence", "1/2", "aa--", True),
        ("recusing is no presence and no membership", "1/2", "yrr-", True),
        ("recusing alone makes no quorum", "1/2", "rr--", False),
        ("barred seats are no members", "2/3", "yyYY-", True),
    ],
)
def test_the_quorum_is_a_share_of_the_members(
    name: str, share: str, choices: str, met: bool
) -> None:
    assert rules.committee(policy(share=share), ballot(choices)).quorum_met is met


def test_who_recuses_can_stay_a_member_for_the_quorum() -> None:
    strict = policy(share="2/3", quorum={"recused_count_as_members": True})
    assert rules.committee(strict, ballot("yyrr")).quorum_met is False
    assert rules.committee(policy(share="2/3"), ballot("yyrr")).quorum_met is True


@pytest.mark.parametrize(
    ("name", "choices", "absent", "expected"),
    [
        ("both there", "yyy", (), APPROVED),
        ("the head absent", "-yy", ("head",), PENDING),
        ("the head recused", "ryy", ("head",), DEFERRED),
        ("the head barred", "Yyy", ("head",), DEFERRED),
        ("the head abstains", "ayy", (), APPROVED),
    ],
)
def test_named_seats_must_be_present(
    name: str, choices: str, absent: tuple[str, ...], expected: Outcome
) -> None:
    needed = policy(quorum={"named_seats": ("head",)})
    tally = rules.committee(needed, ballot(choices, names=["head"]))
    assert (tally.absent_named_seats, tally.outcome) == (absent, expected)


@pytest.mark.parametrize(
    ("name", "lines", "choices", "short"),
    [
        ("one of each line", "12", "yy", ()),
        ("the first line missing", "22", "yy", ("1",)),
        ("the first line recused", "122", "ryy", ("1",)),
        ("both short", "33", "yy", ("1", "2")),
    ],
)
def test_each_line_of_defence_must_be_present(
    name: str, lines: str, choices: str, short: tuple[str, ...]
) -> None:
    needed = policy(quorum={"per_line": {"1": 1, "2": 1}})
    tally = rules.committee(needed, ballot(choices, lines=lines))
    assert (tally.short_lines, tally.quorum_met) == (short, not short)


@pytest.mark.parametrize(
    ("name", "choices", "expected"),
    [
        ("the veto rejects", "nyyyy", REJECTED),
        ("the veto rejects at once", "n----", REJECTED),
        ("another's refusal is no veto", "ynyyy", APPROVED),
        ("a waiting veto keeps it open", "-yyyy", PENDING),
        ("an abstaining veto seat does not veto", "ayyyy", APPROVED),
        ("a recused veto seat does not veto", "ryyyy", APPROVED),
        ("a barred veto seat does not veto", "Nyyyy", APPROVED),
    ],
)
def test_a_veto(name: str, choices: str, expected: Outcome) -> None:
    tally = rules.committee(policy(veto_seats=("cro",)), ballot(choices, names=["cro"]))
    assert tally.outcome is expected
    assert tally.vetoed_by == (("cro",) if choices[0] == "n" else ())


@pytest.mark.parametrize(
    ("name", "choices", "expected", "closed"),
    [
        ("nothing yet", "-----", PENDING, DEFERRED),
        ("a majority of those present, not of all", "yy---", PENDING, DEFERRED),
        ("a quorum, still open", "yyn--", PENDING, APPROVED),
        ("three of five can not be undone", "yyy--", APPROVED, APPROVED),
        ("three against can not be undone", "nnn--", REJECTED, REJECTED),
        ("against, and deferral still possible", "nnd--", PENDING, REJECTED),
        ("three of five defer", "ddd--", PENDING, DEFERRED),
        ("abstentions can bring it down", "yya--", PENDING, APPROVED),
    ],
)
def test_only_what_is_certain_is_decided_early_and_closing_counts_the_rest_as_absent(
    name: str, choices: str, expected: Outcome, closed: Outcome
) -> None:
    assert rules.committee(policy(), ballot(choices)).outcome is expected
    assert rules.committee(policy(), ballot(choices), closing=True).outcome is closed


def test_a_tally_says_what_was_counted() -> None:
    tally = rules.committee(policy(), ballot("yyycnard-Y"))
    assert tally == Tally(
        outcome=PENDING,
        members=8,
        present=7,
        in_favour=4,
        against=1,
        abstained=1,
        recused=1,
        deferring=1,
        waiting=1,
        quorum_met=True,
    )
    assert tally.as_json() == {
        "outcome": "pending",
        "members": 8,
        "present": 7,
        "in_favour": 4,
        "against": 1,
        "abstained": 1,
        "recused": 1,
        "deferring": 1,
        "waiting": 1,
        "quorum_met": True,
        "absent_named_seats": [],
        "short_lines": [],
        "vetoed_by": [],
    }


@pytest.mark.parametrize(
    ("name", "choices", "expected", "closed"),
    [
        ("all sign", "yy", APPROVED, APPROVED),
        ("conditions are a signature", "yc", APPROVED, APPROVED),
        ("one refuses", "yn", REJECTED, REJECTED),
        ("one refuses at once", "n-", REJECTED, REJECTED),
        ("one defers", "yd", DEFERRED, DEFERRED),
        ("one defers at once", "-d", DEFERRED, DEFERRED),
        ("a refusal weighs more than a deferral", "dn", REJECTED, REJECTED),
        ("one is missing", "y-", PENDING, DEFERRED),
        ("none yet", "--", PENDING, DEFERRED),
    ],
)
def test_every_signature_is_needed(
    name: str, choices: str, expected: Outcome, closed: Outcome
) -> None:
    assert rules.signatures(ballot(choices)).outcome is expected
    assert rules.signatures(ballot(choices), closing=True).outcome is closed


def test_the_letters_of_these_tables_are_all_the_choices() -> None:
    assert set(WORDS.values()) == {*Choice.values, ""}


SHARES = st.sampled_from(["1/2", "2/3", "3/4", "1/3"])
POLICIES = st.builds(
    CommitteeVote,
    body=st.just("mrc"),
    quorum=st.builds(
        Quorum,
        share=SHARES,
        named_seats=st.sampled_from([(), ("s0",), ("s0", "s1")]),
        per_line=st.sampled_from([{}, {"1": 1}, {"1": 1, "2": 1}]),
        recused_count_as_members=st.booleans(),
    ),
    majority=SHARES,
    strict=st.booleans(),
    of=st.sampled_from(["present", "cast"]),
    veto_seats=st.sampled_from([(), ("s0",), ("s1",)]),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    policy=POLICIES,
    choices=st.text(alphabet="ynard", max_size=5),
    waiting=st.integers(min_value=1, max_value=3),
    lines=st.text(alphabet="12", min_size=8, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_what_is_decided_early_no_completion_of_the_votes_can_change(
    policy: CommitteeVote, choices: str, waiting: int, lines: str, order: Any
) -> None:
    cast = [*choices, *"-" * waiting]
    order.shuffle(cast)
    lines = lines[: len(cast)]
    early = rules.committee(policy, ballot("".join(cast), lines=lines)).outcome
    if early is PENDING:
        return
    for rest in itertools.product("ynard-", repeat=waiting):
        left = iter(rest)
        done = "".join(next(left) if letter == "-" else letter for letter in cast)
        final = rules.committee(policy, ballot(done, lines=lines), closing=True).outcome
        assert final is early, (cast, done)

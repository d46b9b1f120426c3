"""Every text has a Chinese translation, and the compiled catalogue is the written one."""

from __future__ import annotations

import ast

from config import translating


def test_every_text_is_translated_and_compiled() -> None:
    assert translating.problems() == []


def test_the_plain_refusals_of_pure_rules_are_collected() -> None:
    source = """
def refuse(late: bool) -> Conflict:
    message = "Too late." if late else "Too early, by %(days)s days."
    return Conflict("wrong_time", message, field="day", hint="Wait a day.")

def act() -> None:
    raise errors.DomainError("no_reason", "Give a reason.")
"""
    assert set(translating.refusals(ast.parse(source))) == {
        (None, "Too late."),
        (None, "Too early, by %(days)s days."),
        (None, "Wait a day."),
        (None, "Give a reason."),
    }


def test_the_texts_of_a_template_are_collected() -> None:
    template = """{% load i18n %}
        {% translate "Open" %} {{ _("Closed")|upper }}
    {% blocktranslate trimmed count n=found %}one row{% plural %}{{ n }} rows{% endblocktranslate %}
    """
    assert set(translating.marked_in_template(template)) == {
        (None, "Open"),
        (None, "Closed"),
        (None, ("one row", "%(n)s rows")),
    }

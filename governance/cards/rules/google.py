"""Google's Model Card JSON, schema v0.0.2. Pure.

It has no place for the digest, roles, techniques, parameters, energy, fairness, what is prohibited,
who is affected, explainability and governance, nor for a data set's level, version and role: `held`
is the card without them.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from governance.cards.rules.card import (
    LICENCES,
    Card,
    Consideration,
    Dataset,
    Figure,
    Governance,
    Owner,
)
from governance.cards.rules.reading import Node

Json = dict[str, Any]  # Any: JSON
SCHEMA = "0.0.2"


def held(card: Card) -> Card:
    """What the format can hold of the card."""
    return Card(
        name=card.name,
        version=card.version,
        released_on=card.released_on,
        overview=card.overview,
        owners=tuple(Owner(one.name) for one in card.owners),
        architecture=card.architecture,
        licences=card.licences,
        links=card.links,
        users=card.users,
        use_cases=card.use_cases,
        limitations=card.limitations,
        tradeoffs=card.tradeoffs,
        datasets=tuple(
            dataclasses.replace(one, version="", level="", role="") for one in card.datasets
        ),
        inputs=card.inputs,
        outputs=card.outputs,
        figures=card.figures,
        ethics=card.ethics,
        governance=Governance(),
    )


def write(card: Card) -> Json:
    """The document."""
    return _kept(
        {
            "schema_version": SCHEMA,
            "model_details": _details(card),
            "model_parameters": _kept(
                {
                    "model_architecture": card.architecture,
                    "data": [_dataset(one) for one in card.datasets],
                    "input_format_map": _listed(card.inputs),
                    "output_format_map": _listed(card.outputs),
                }
            ),
            "quantitative_analysis": _kept(
                {"performance_metrics": [_figure(one) for one in card.figures]}
            ),
            "considerations": _kept(
                {
                    "users": _described(card.users),
                    "use_cases": _described(card.use_cases),
                    "limitations": _described(card.limitations),
                    "tradeoffs": _described(card.tradeoffs),
                    "ethical_considerations": [
                        _kept({"name": one.name, "mitigation_strategy": one.mitigation})
                        for one in card.ethics
                    ],
                }
            ),
        }
    )


def _details(card: Card) -> Json:
    return _kept(
        {
            "name": card.name,
            "overview": card.overview,
            "owners": [{"name": one.name} for one in card.owners],
            "version": _kept({"name": card.version, "date": card.released_on}),
            "licenses": [_licence(one) for one in card.licences],
            "references": [{"reference": one} for one in card.links],
        }
    )


def _licence(text: str) -> Json:
    return {"identifier": text} if text in LICENCES.values() else {"custom_text": text}


def _described(texts: tuple[str, ...]) -> list[Json]:
    return [{"description": one} for one in texts]


def _listed(texts: tuple[str, ...]) -> list[Json]:
    return [{"key": str(index), "value": one} for index, one in enumerate(texts, 1)]


def _dataset(one: Dataset) -> Json:
    return _kept(
        {
            "name": one.name,
            "link": one.link,
            "sensitive": _kept({"sensitive_data": list(one.personal)}),
            "description": one.description,
        }
    )


def _figure(one: Figure) -> Json:
    bounds = _kept({"lower_bound": one.lower, "upper_bound": one.upper})
    told = {"type": one.name, "value": one.value, "slice": one.slice, "confidence_interval": bounds}
    return _kept(told)


def _kept(told: Json) -> Json:
    return {name: value for name, value in told.items() if value}


def read(document: Node) -> Card:
    """The card that the document tells. Raises DomainError."""
    details, parameters = document.at("model_details"), document.at("model_parameters")
    considered = document.at("considerations")
    return Card(
        name=details.at("name").text(),
        version=details.at("version", "name").text(),
        released_on=details.at("version", "date").text(),
        overview=details.at("overview").text(),
        owners=tuple(Owner(name) for name in _each(details.at("owners"), "name")),
        architecture=parameters.at("model_architecture").text(),
        licences=_licences(details),
        links=_each(details.at("references"), "reference"),
        users=_each(considered.at("users"), "description"),
        use_cases=_each(considered.at("use_cases"), "description"),
        limitations=_each(considered.at("limitations"), "description"),
        tradeoffs=_each(considered.at("tradeoffs"), "description"),
        datasets=tuple(_datasets(parameters.at("data"))),
        inputs=_formats(parameters, "input_format"),
        outputs=_formats(parameters, "output_format"),
        figures=_figures(document.at("quantitative_analysis", "performance_metrics")),
        ethics=tuple(
            Consideration(name, one.at("mitigation_strategy").text())
            for one in considered.at("ethical_considerations").each()
            if (name := one.at("name").text())
        ),
    )


def _each(rows: Node, name: str) -> tuple[str, ...]:
    """The texts; the toolkit's own examples write some of them as plain texts."""
    told = [one if isinstance(one.value, str) else one.at(name) for one in rows.each()]
    return tuple(text for one in told if (text := one.text()))


def _licences(details: Node) -> tuple[str, ...]:
    told = (
        one.at("identifier").text() or one.at("custom_text").text()
        for one in details.at("licenses").each()
    )
    return tuple(text for text in told if text)


def _datasets(rows: Node) -> list[Dataset]:
    return [
        Dataset(
            name=name,
            link=one.at("link").text(),
            personal=one.at("sensitive", "sensitive_data").texts(),
            description=one.at("description").text(),
        )
        for one in rows.each()
        if (name := one.at("name").text())
    ]


def _formats(parameters: Node, name: str) -> tuple[str, ...]:
    one = parameters.at(name).text()
    return _each(parameters.at(f"{name}_map"), "value") or ((one,) if one else ())


def _figures(rows: Node) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            name=one.at("type").text(),
            value=one.at("value").text(),
            slice=one.at("slice").text(),
            lower=one.at("confidence_interval", "lower_bound").text(),
            upper=one.at("confidence_interval", "upper_bound").text(),
        )
        for one in rows.each()
    )

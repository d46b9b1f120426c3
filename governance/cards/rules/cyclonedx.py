"""CycloneDX 1.6 and 1.7: the ML-BOM with its `modelCard`. Holds every field of the card. Pure.

What the format has no place for stands in properties named `mingce:…` of its modelCard. The two
versions differ in nothing that is written here.
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from governance.cards.rules import beside
from governance.cards.rules.card import (
    ACTIVITIES,
    APPROACHES,
    LICENCES,
    Card,
    Consideration,
    Dataset,
    Energy,
    Fairness,
    Figure,
    Owner,
    Pair,
)
from governance.cards.rules.reading import Node, number, wrong_kind

VERSIONS = ("1.6", "1.7")
_NAMESPACE = uuid.UUID("5b4f1c35-27f6-4d3f-9a53-6f1d7c0d7a11")  # of our serial numbers
_BESIDE = (
    "language", "code", "identity", "released_on", "techniques", "library", "prohibited_uses",
    "affected", "parameters", "explainability", "explanation", "governance",
)  # fmt: skip
Json = dict[str, Any]  # Any: JSON


def write(card: Card, version: str = "1.6") -> Json:
    """The document. version: of the format, one of VERSIONS."""
    key = f"{card.code}/{card.version}/{card.digest}/{card.made_on}/{card.governance.release}"
    document: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, key)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "Mingce"}},
        "components": [_component(card)],
    }
    if card.made_on:
        document["metadata"]["timestamp"] = f"{card.made_on}T00:00:00Z"
    return document


def _component(card: Card) -> Json:
    return _kept(
        {
            "type": "machine-learning-model",
            "bom-ref": "model",
            "name": card.name,
            "version": card.version,
            "description": card.overview,
            "supplier": _kept({"name": card.institution}),
            "authors": [{"name": owner.name} for owner in card.owners],
            "hashes": [{"alg": "SHA-256", "content": card.digest}] if card.digest else [],
            "licenses": [{"license": _licence(one)} for one in card.licences],
            "externalReferences": [{"type": "documentation", "url": one} for one in card.links],
            "pedigree": _kept({"ancestors": [_ancestor(one) for one in card.base_models]}),
            "modelCard": _model_card(card),
        },
        "name",
    )


def _licence(text: str) -> Json:
    return {"id": text} if text in LICENCES.values() else {"name": text}


def _ancestor(name: str) -> Json:
    return {"type": "machine-learning-model", "name": name}


def _model_card(card: Card) -> Json:
    more = beside.written(card, _BESIDE)
    more += [Pair(f"mingce:role:{one.name}", one.role) for one in card.owners if one.role]
    approach = card.approach if card.approach in APPROACHES else ""
    if card.approach and not approach:
        more.append(Pair("mingce:approach", card.approach))
    if not _native(card.energy):
        more += beside.written(card, ("energy",))
    return _kept(
        {
            "modelParameters": _kept(
                {
                    "approach": _kept({"type": approach}),
                    "task": card.task,
                    "architectureFamily": card.architecture,
                    "datasets": [_dataset(one) for one in card.datasets],
                    "inputs": [{"format": one} for one in card.inputs],
                    "outputs": [{"format": one} for one in card.outputs],
                }
            ),
            "quantitativeAnalysis": _kept(
                {"performanceMetrics": [_figure(one) for one in card.figures]}
            ),
            "considerations": _considerations(card),
            "properties": [{"name": one.name, "value": one.value} for one in more],
        }
    )


def _considerations(card: Card) -> Json:
    return _kept(
        {
            "users": list(card.users),
            "useCases": list(card.use_cases),
            "technicalLimitations": list(card.limitations),
            "performanceTradeoffs": list(card.tradeoffs),
            "ethicalConsiderations": [
                _kept({"name": one.name, "mitigationStrategy": one.mitigation})
                for one in card.ethics
            ],
            "fairnessAssessments": [
                _kept(
                    {
                        "groupAtRisk": one.group,
                        "benefits": one.benefits,
                        "harms": one.harms,
                        "mitigationStrategy": one.mitigation,
                    }
                )
                for one in card.fairness
            ],
            "environmentalConsiderations": _kept(
                {"energyConsumptions": [_energy(one) for one in _native(card.energy)]}
            ),
        }
    )


def _dataset(one: Dataset) -> Json:
    more = beside.written(one, ("version", "role"))
    contents = {
        "url": one.link,
        "properties": [{"name": pair.name, "value": pair.value} for pair in more],
    }
    return _kept(
        {
            "type": "dataset",
            "name": one.name,
            "contents": _kept(contents),
            "classification": one.level,
            "sensitiveData": list(one.personal),
            "description": one.description,
        }
    )


def _figure(one: Figure) -> Json:
    bounds = _kept({"lowerBound": one.lower, "upperBound": one.upper})
    told = {"type": one.name, "value": one.value, "slice": one.slice, "confidenceInterval": bounds}
    return _kept(told)


def _native(every: tuple[Energy, ...]) -> tuple[Energy, ...]:
    """All of them where each has one of the format's activities, and numbers; else none."""
    fits = all(
        one.activity in ACTIVITIES and _is_number(one.kwh) and _is_number(one.tonnes or "0")
        for one in every
    )
    return every if fits else ()


def _is_number(text: str) -> bool:
    return not isinstance(number(text), str)


def _energy(one: Energy) -> Json:
    found: Json = {
        "activity": one.activity,
        "energyProviders": [],
        "activityEnergyCost": {"value": number(one.kwh), "unit": "kWh"},
    }
    if one.tonnes:
        found["co2CostEquivalent"] = {"value": number(one.tonnes), "unit": "tCO2eq"}
    return found


def _kept(told: Json, *always: str) -> Json:
    """Without what is empty."""
    return {name: value for name, value in told.items() if value or name in always}


def read(document: Node) -> Card:
    """The card of the first machine-learning model in the document. Raises DomainError."""
    models = [
        one
        for one in document.at("components").each()
        if one.at("type").text() == "machine-learning-model"
    ]
    if not models:
        raise wrong_kind("components", "machine-learning-model")
    component = models[0]
    card = component.at("modelCard")
    parameters = card.at("modelParameters")
    more = _pairs(card.at("properties"))
    roles = {one.name: one.value for one in more}
    native = Card(
        name=component.at("name").text(),
        made_on=document.at("metadata", "timestamp").text()[:10],
        version=component.at("version").text(),
        digest=_digest(component.at("hashes")),
        overview=component.at("description").text(),
        institution=component.at("supplier", "name").text(),
        owners=_owners(component, roles),
        approach=parameters.at("approach", "type").text() or roles.get("mingce:approach", ""),
        task=parameters.at("task").text(),
        architecture=parameters.at("architectureFamily").text(),
        base_models=_each(component.at("pedigree", "ancestors"), "name"),
        licences=tuple(_licences(component.at("licenses"))),
        links=_each(component.at("externalReferences"), "url"),
        datasets=tuple(_datasets(document, parameters.at("datasets"))),
        inputs=_each(parameters.at("inputs"), "format"),
        outputs=_each(parameters.at("outputs"), "format"),
        figures=_figures(card.at("quantitativeAnalysis", "performanceMetrics")),
        energy=beside.read(more, Card, ("energy",)).get("energy", ()),
    )
    native = _considered(native, card.at("considerations"))
    return beside.joined(native, beside.read(more, Card, _BESIDE))


def _owners(component: Node, roles: dict[str, str]) -> tuple[Owner, ...]:
    names = _each(component.at("authors"), "name")
    return tuple(Owner(name, roles.get(f"mingce:role:{name}", "")) for name in names)


def _considered(card: Card, told: Node) -> Card:
    return dataclasses.replace(
        card,
        users=told.at("users").texts(),
        use_cases=told.at("useCases").texts(),
        limitations=told.at("technicalLimitations").texts(),
        tradeoffs=told.at("performanceTradeoffs").texts(),
        ethics=_ethics(told.at("ethicalConsiderations")),
        fairness=_fairness(told.at("fairnessAssessments")),
        energy=_energies(told) + card.energy,
    )


def _each(rows: Node, name: str) -> tuple[str, ...]:
    return tuple(text for one in rows.each() if (text := one.at(name).text()))


def _pairs(rows: Node) -> list[Pair]:
    return [Pair(one.at("name").text(), one.at("value").text()) for one in rows.each()]


def _digest(hashes: Node) -> str:
    found = [
        one.at("content").text().lower()
        for one in hashes.each()
        if one.at("alg").text() == "SHA-256"
    ]
    return found[0] if found else ""


def _licences(rows: Node) -> list[str]:
    found = []
    for one in rows.each():
        licence = one.at("license")
        text = licence.at("id").text() or licence.at("name").text() or one.at("expression").text()
        if text:
            found.append(text)
    return found


def _datasets(document: Node, rows: Node) -> list[Dataset]:
    """Told in place; or as a reference to a component of the document, of which the name is."""
    known = {
        one.at("bom-ref").text(): one.at("name").text() for one in document.at("components").each()
    }
    found = []
    for one in rows.each():
        reference = one.at("ref").text()
        name = one.at("name").text() or known.get(reference, "") or reference
        more = beside.read(_pairs(one.at("contents", "properties")), Dataset, ("version", "role"))
        if name:
            found.append(
                Dataset(
                    name=name,
                    link=one.at("contents", "url").text(),
                    level=one.at("classification").text(),
                    personal=one.at("sensitiveData").texts(),
                    description=one.at("description").text(),
                    **more,
                )
            )
    return found


def _figures(rows: Node) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            name=one.at("type").text(),
            value=one.at("value").text(),
            slice=one.at("slice").text(),
            lower=one.at("confidenceInterval", "lowerBound").text(),
            upper=one.at("confidenceInterval", "upperBound").text(),
        )
        for one in rows.each()
    )


def _ethics(rows: Node) -> tuple[Consideration, ...]:
    return tuple(
        Consideration(one.at("name").text(), one.at("mitigationStrategy").text())
        for one in rows.each()
    )


def _fairness(rows: Node) -> tuple[Fairness, ...]:
    names = ("groupAtRisk", "benefits", "harms", "mitigationStrategy")
    return tuple(Fairness(*(one.at(name).text() for name in names)) for one in rows.each())


def _energies(considered: Node) -> tuple[Energy, ...]:
    rows = considered.at("environmentalConsiderations", "energyConsumptions")
    return tuple(
        Energy(
            activity=one.at("activity").text(),
            kwh=one.at("activityEnergyCost", "value").text(),
            tonnes=one.at("co2CostEquivalent", "value").text(),
        )
        for one in rows.each()
    )

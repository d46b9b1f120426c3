"""SPDX 3.0.1 with its AI and dataset profiles, as JSON-LD. Pure.

Holds every field of the card; limitations and use cases as the lines of one text (`held`: runs of
blanks become one). What the profile has no property for stands in an annotation of the package, as
JSON. What the profile needs and the card does not say reads NOASSERTION.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

from governance.cards.rules.card import HINTS, LICENCES, Card, Dataset, Energy, Figure, Pair
from governance.cards.rules.reading import Node, as_field, load, told, wrong_kind

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
OURS = "mingce:card"  # how our annotation begins
NOTHING = "NOASSERTION"
_LINES = ("use_cases", "limitations")
# What stands in properties of the package, whole.
_NATIVE = frozenset({"name", "version", "digest", "overview", "techniques", "parameters", *_LINES})
_COSTS = {
    "training": "ai_trainingEnergyConsumption",
    "fine-tuning": "ai_finetuningEnergyConsumption",
    "inference": "ai_inferenceEnergyConsumption",
}
_SENSITIVE = frozenset({"sensitive_pi", "minor_pi"})
Json = dict[str, Any]  # Any: JSON


def held(card: Card) -> Card:
    """The card as it comes back: the lines of a text with single blanks."""
    lines: Json = {name: tuple(_lines(getattr(card, name))) for name in _LINES}
    return dataclasses.replace(card, **lines)


def _lines(texts: Iterable[str]) -> list[str]:
    return [line for text in texts if (line := " ".join(text.split()))]


def write(card: Card) -> Json:
    """The document."""
    base = f"urn:mingce:{card.digest or 'model'}:{card.governance.release or 'version'}"
    elements: list[Json] = [
        {"type": "Organization", "spdxId": f"{base}#supplier",
         "name": card.institution or NOTHING},
        _package(card, base),
    ]  # fmt: skip
    elements += _datasets(card, base) + _ancestors(card, base) + _licences(card, base)
    elements.append(
        {
            "type": "Annotation",
            "spdxId": f"{base}#card",
            "annotationType": "other",
            "contentType": "application/json",
            "subject": f"{base}#model",
            "statement": json.dumps({OURS: _ours(card)}, ensure_ascii=False, sort_keys=True),
        }
    )
    for one in elements:
        one["creationInfo"] = "_:creation"
    graph = [_creation(card, base), _document(base, elements), *elements]
    return {"@context": CONTEXT, "@graph": graph}


def _creation(card: Card, base: str) -> Json:
    return {
        "type": "CreationInfo",
        "@id": "_:creation",
        "specVersion": "3.0.1",
        "created": f"{card.made_on or '1970-01-01'}T00:00:00Z",
        "createdBy": [f"{base}#supplier"],
    }


def _document(base: str, elements: list[Json]) -> Json:
    return {
        "type": "SpdxDocument",
        "spdxId": f"{base}#document",
        "creationInfo": "_:creation",
        "profileConformance": ["core", "software", "ai", "dataset", "simpleLicensing"],
        "rootElement": [f"{base}#model"],
        "element": [one["spdxId"] for one in elements],
    }


def _package(card: Card, base: str) -> Json:
    found: Json = {
        "type": "ai_AIPackage",
        "spdxId": f"{base}#model",
        "name": card.name or NOTHING,
        "suppliedBy": f"{base}#supplier",
        "releaseTime": f"{_day(card)}T00:00:00Z",
        "software_packageVersion": card.version or NOTHING,
        "software_downloadLocation": card.links[0] if card.links else NOTHING,
        "software_primaryPurpose": "model",
        "description": card.overview,
        "verifiedUsing": _hashes(card),
        "ai_typeOfModel": list(card.techniques),
        "ai_domain": [card.task] if card.task else [],
        "ai_informationAboutApplication": "\n".join(_lines(card.use_cases)),
        "ai_limitation": "\n".join(_lines(card.limitations)),
        "ai_modelExplainability": [card.explanation] if card.explanation else [],
        "ai_hyperparameter": [_entry(one.name, one.value) for one in card.parameters],
        "ai_metric": [_entry(one.name, one.value) for one in card.figures],
        "ai_energyConsumption": _energy(card),
        "ai_autonomyType": _autonomy(card.governance.autonomy),
        "ai_useSensitivePersonalInformation": _sensitive(card.governance.personal_data),
    }
    return {name: value for name, value in found.items() if value}


def _day(card: Card) -> str:
    return card.released_on or card.made_on or "1970-01-01"


def _hashes(card: Card) -> list[Json]:
    if not card.digest:
        return []
    return [{"type": "Hash", "algorithm": "sha256", "hashValue": card.digest}]


def _entry(name: str, value: str) -> Json:
    entry = {"type": "DictionaryEntry", "key": name}
    return entry | {"value": value} if value else entry


def _energy(card: Card) -> Json:
    found: Json = {}
    for one in card.energy:
        if one.activity in _COSTS and one.kwh.replace(".", "", 1).isdigit():
            found.setdefault(_COSTS[one.activity], []).append(
                {
                    "type": "ai_EnergyConsumptionDescription",
                    "ai_energyQuantity": one.kwh,
                    "ai_energyUnit": "kilowattHour",
                }
            )
    return {"type": "ai_EnergyConsumption", **found} if found else {}


def _autonomy(level: str) -> str:
    """自主程度 A3 and A4 decide by themselves."""
    return {"": "noAssertion", "A3": "yes", "A4": "yes"}.get(level, "no")


def _sensitive(kinds: tuple[str, ...]) -> str:
    if not kinds:
        return "noAssertion"
    return "yes" if _SENSITIVE & set(kinds) else "no"


def _datasets(card: Card, base: str) -> list[Json]:
    found: list[Json] = []
    for index, one in enumerate(card.datasets):
        package = {
            "type": "dataset_DatasetPackage",
            "spdxId": f"{base}#dataset-{index}",
            "name": one.name,
            "description": one.description,
            "software_packageVersion": one.version,
            "software_downloadLocation": one.link,
            "software_primaryPurpose": "data",
            "dataset_datasetType": ["noAssertion"],
            "dataset_hasSensitivePersonalInformation": _sensitive(one.personal),
        }
        kind = "testedOn" if one.role == "evaluation" else "trainedOn"
        found.append({name: value for name, value in package.items() if value})
        found.append(_relation(base, kind, f"dataset-{index}"))
    return found


def _ancestors(card: Card, base: str) -> list[Json]:
    found: list[Json] = []
    for index, name in enumerate(card.base_models):
        found.append(
            {
                "type": "ai_AIPackage",
                "spdxId": f"{base}#base-{index}",
                "name": name,
                "software_primaryPurpose": "model",
            }
        )
        found.append(_relation(base, "descendantOf", f"base-{index}"))
    return found


def _licences(card: Card, base: str) -> list[Json]:
    found: list[Json] = []
    for index, text in enumerate(card.licences):
        known = text in LICENCES.values()
        kind, name = (
            ("LicenseExpression", "licenseExpression")
            if known
            else ("SimpleLicensingText", "licenseText")
        )
        found.append(
            {
                "type": f"simplelicensing_{kind}",
                "spdxId": f"{base}#licence-{index}",
                f"simplelicensing_{name}": text,
            }
        )
        found.append(_relation(base, "hasDeclaredLicense", f"licence-{index}"))
    return found


def _relation(base: str, kind: str, to: str) -> Json:
    return {
        "type": "Relationship",
        "spdxId": f"{base}#has-{to}",
        "relationshipType": kind,
        "from": f"{base}#model",
        "to": [f"{base}#{to}"],
    }


def _ours(card: Card) -> Json:
    return {name: value for name, value in told(card).items() if name not in _NATIVE}


def read(document: Node) -> Card:
    """The card of the document's model. Raises DomainError."""
    graph = document.at("@graph").each()
    known = {_id(one): one for one in graph if _id(one)}
    model = _model(document, graph)
    links = [
        (one.at("relationshipType").text(), known[key])
        for one in graph
        if one.at("from").text() == _id(model)
        for key in one.at("to").texts()
        if key in known
    ]
    found: Json = {
        "name": _said(model.at("name")),
        "version": _said(model.at("software_packageVersion")),
        "released_on": model.at("releaseTime").text()[:10],
        "digest": _digest(model),
        "overview": model.at("description").text(),
        "institution": _supplier(model, known),
        "links": tuple(one for one in [_said(model.at("software_downloadLocation"))] if one),
        "techniques": model.at("ai_typeOfModel").texts(),
        "task": ", ".join(model.at("ai_domain").texts()),
        "use_cases": tuple(_lines(model.at("ai_informationAboutApplication").text().split("\n"))),
        "limitations": tuple(_lines(model.at("ai_limitation").text().split("\n"))),
        "explanation": "\n".join(model.at("ai_modelExplainability").texts()),
        "parameters": tuple(Pair(*one) for one in _entries(model.at("ai_hyperparameter"))),
        "figures": tuple(Figure(*one) for one in _entries(model.at("ai_metric"))),
        "energy": tuple(_energies(model.at("ai_energyConsumption"))),
        "datasets": tuple(_dataset(kind, one) for kind, one in links if _is_data(one)),
        "base_models": tuple(
            one.at("name").text() for kind, one in links if kind == "descendantOf"
        ),
        "licences": tuple(_licence(one) for kind, one in links if kind == "hasDeclaredLicense"),
    }
    ours = _annotated(graph, _id(model))
    if ours is None:
        return Card(**found)
    native = {name: value for name, value in found.items() if name in _NATIVE}
    return Card(**native, **{name: as_field(one, HINTS[name]) for name, one in ours})


def _model(document: Node, graph: list[Node]) -> Node:
    """The root if it is a model, else the first model."""
    models = [one for one in graph if one.at("type").text() == "ai_AIPackage"]
    roots = {key for one in graph for key in one.at("rootElement").texts()}
    chosen = [one for one in models if _id(one) in roots] or models
    if not chosen:
        raise wrong_kind(document.at("@graph").place, "ai_AIPackage")
    return chosen[0]


def _id(one: Node) -> str:
    return one.at("spdxId").text() or one.at("@id").text()


def _said(one: Node) -> str:
    text = one.text()
    return "" if text == NOTHING else text


def _digest(model: Node) -> str:
    found = [
        one.at("hashValue").text().lower()
        for one in model.at("verifiedUsing").each()
        if isinstance(one.value, dict) and one.at("algorithm").text() == "sha256"
    ]
    return found[0] if found else ""


def _supplier(model: Node, known: dict[str, Node]) -> str:
    told_by = model.at("suppliedBy")
    if isinstance(told_by.value, dict):
        return _said(told_by.at("name"))
    supplier = known.get(told_by.text())
    return _said(supplier.at("name")) if supplier else ""


def _entries(rows: Node) -> list[tuple[str, str]]:
    return [(one.at("key").text(), one.at("value").text()) for one in rows.one_or_many()]


def _energies(told_of: Node) -> list[Energy]:
    return [
        Energy(activity, one.at("ai_energyQuantity").text())
        for activity, name in _COSTS.items()
        for one in told_of.at(name).each()
    ]


def _is_data(one: Node) -> bool:
    return one.at("type").text() == "dataset_DatasetPackage"


def _dataset(kind: str, one: Node) -> Dataset:
    return Dataset(
        name=one.at("name").text(),
        version=_said(one.at("software_packageVersion")),
        link=_said(one.at("software_downloadLocation")),
        description=one.at("description").text(),
        role="evaluation" if kind == "testedOn" else "training",
    )


def _licence(one: Node) -> str:
    expression = one.at("simplelicensing_licenseExpression").text()
    return expression or one.at("simplelicensing_licenseText").text() or one.at("name").text()


def _annotated(graph: list[Node], model: str) -> list[tuple[str, Node]] | None:
    """The fields that our own annotation of the model tells; None without one."""
    for one in graph:
        if one.at("type").text() != "Annotation" or one.at("subject").text() != model:
            continue
        statement = one.at("statement").value
        if not isinstance(statement, str) or not statement.startswith(f'{{"{OURS}"'):
            continue
        ours = load(statement.encode()).at(OURS)
        told_of = [name for name in HINTS if name not in _NATIVE]
        return [(name, inner) for name in told_of if (inner := ours.at(name))]
    return None

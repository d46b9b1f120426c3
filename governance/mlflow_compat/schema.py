"""`mlflow.yaml`: which words of MLflow's protocol promote, and what may be loaded."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field, model_validator

from registry.core.policy.schema import Label, PolicyModel, Source

Word = Annotated[str, Field(min_length=1, max_length=255)]


class Protected(PolicyModel):
    """One environment: the words that promote into it, and the stage that a release needs there.

    names: registered names, with `*`, whose every version is in the environment; tags: `key` →
    the value that promotes.
    """

    key: Literal["pilot", "production"]
    label: Label
    needs: Literal["S4", "S5"]
    aliases: tuple[Word, ...] = ()
    stages: tuple[Literal["Staging", "Production"], ...] = ()
    names: tuple[Word, ...] = ()
    tags: dict[Word, Word] = Field(default_factory=dict)


class Downloads(PolicyModel):
    """Of which versions `get-download-uri` tells nothing.

    never_approved: `protected_names`: where the name itself is of an environment; `nowhere`.
    """

    stopped: bool
    retired: bool
    never_approved: Literal["nowhere", "protected_names", "everywhere"]


class MlflowSection(PolicyModel):
    """free_names: registered names, with `*`, in which nothing is protected.

    unused_days: an experiment that nobody has claimed, changed or loaded for so long expires.
    """

    free_names: tuple[Word, ...] = ()
    environments: tuple[Protected, ...] = ()
    downloads: Downloads
    unused_days: Annotated[int, Field(ge=1, le=3_650)]
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _tells_each_word_once(self) -> MlflowSection:
        every: tuple[list[str], ...] = (
            [plain(word) for one in self.environments for word in one.aliases],
            [word for one in self.environments for word in one.stages],
            [one.key for one in self.environments],
        )
        for told in every:
            twice = sorted({word for word in told if told.count(word) > 1})
            if twice:
                raise ValueError(f"{twice[0]} stands twice")
        return self

    def is_free(self, name: str) -> bool:
        """Whether nothing is protected under the name."""
        return self.by_name(name) is None and _fits(name, self.free_names)

    def by_alias(self, name: str, alias: str) -> Protected | None:
        """The environment into which the alias promotes."""
        return self._first(name, lambda one: plain(alias) in map(plain, one.aliases))

    def by_stage(self, name: str, stage: str) -> Protected | None:
        """The environment into which MLflow's stage promotes."""
        return self._first(name, lambda one: stage in one.stages)

    def by_name(self, name: str) -> Protected | None:
        """The environment to which every version under the name belongs."""
        return next((one for one in self.environments if _fits(name, one.names)), None)

    def by_tag(self, name: str, key: str, value: str) -> Protected | None:
        """The environment into which the tag promotes."""
        told = (plain(key), plain(value))
        return self._first(
            name, lambda one: told in [(plain(k), plain(v)) for k, v in one.tags.items()]
        )

    def by_tags(self, name: str, tags: Mapping[str, str]) -> Protected | None:
        """The environment into which one of the tags promotes; the one that needs most."""
        found = [one for key in tags if (one := self.by_tag(name, key, tags[key])) is not None]
        return max(found, key=lambda one: one.needs, default=None)

    def _first(self, name: str, fits: Callable[[Protected], bool]) -> Protected | None:
        if self.is_free(name):
            return None
        return next((one for one in self.environments if fits(one)), None)


def plain(word: str) -> str:
    """The word as it is compared: full and half width, case and blanks at its ends are the same."""
    return unicodedata.normalize("NFKC", word).casefold().strip()


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(plain(name), plain(pattern)) for pattern in patterns)


NOTHING = MlflowSection(
    downloads=Downloads(stopped=True, retired=True, never_approved="nowhere"), unused_days=90
)

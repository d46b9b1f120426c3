"""The Chinese catalogue, kept true to the code: `python -m config.translating [--check|--theme]`.

Texts are English in the code; config/locale/zh_Hans holds the Chinese. Without an option the tool
collects every text of config, registry and governance and of the theme (unfold.pot), brings the
catalogue up to date, compiles it and lists what has no translation yet. `--check` writes nothing
and fails on whatever is wrong. `--theme` collects unfold.pot anew from the installed theme.
Needs Babel, from the development requirements; no gettext programs.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import io
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import django
import unfold
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
OURS = ("config", "registry", "governance")
THEME_LIST = ROOT / "config" / "locale" / "unfold.pot"
CATALOGUE = ROOT / "config" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"

KEYWORDS = dict.fromkeys(
    ("_", "gettext_noop")
    + tuple(
        f"{name}{lazy}"
        for name in ("gettext", "ngettext", "pgettext", "npgettext")
        for lazy in ("", "_lazy")
    )
)
# Pure rules give their refusals plain texts, which the doors translate (registry.core.errors).
REFUSALS = {"DomainError", "NotFound", "Forbidden", "Conflict", "Stale", "SegregationRefused"}
# Django says these already; the theme repeats them.
DJANGO_APPS = ("conf", "contrib/admin", "contrib/auth", "contrib/contenttypes", "contrib/sessions")

HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: Mingce\\n"
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PLACE = re.compile(r"%\((\w+)\)[a-z]|%[sd]|\{\w*\}")

Id = str | tuple[str, ...]
Key = tuple[str | None, Id]
Text = str | tuple[str, ...] | list[str] | None


def main() -> int:
    parser = argparse.ArgumentParser(description="The Chinese catalogue.")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="only say what is wrong")
    choice.add_argument("--theme", action="store_true", help="collect the theme's texts anew")
    options = parser.parse_args()
    if options.theme:
        save(theme_texts(), THEME_LIST, header="")
    if not options.check:
        for line in update():
            print(line)
    found = problems()
    for line in found:
        print(line)
    return 1 if options.check and found else 0


# Collecting


def collected() -> set[Key]:
    """Every text that a reader of Mingce may see, the theme's included."""
    keys = {key for path in sources() for key in texts_of(path)}
    return keys | {key_of(message) for message in load(THEME_LIST) if message.id}


def sources() -> Iterator[Path]:
    """Our modules and templates."""
    for name in OURS:
        for path in sorted((ROOT / name).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path
        for path in sorted((ROOT / name).glob("**/templates/**/*")):
            if path.suffix in {".html", ".txt"}:
                yield path


def texts_of(path: Path) -> Iterator[Key]:
    """The texts that one file marks, and the refusals that it raises."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        tree = ast.parse(source)
        return chain(marked(tree), refusals(tree))
    return marked_in_template(source)


def marked(tree: ast.Module) -> Iterator[Key]:
    """What a module passes to gettext and its relatives."""
    for node in ast.walk(tree):
        function = name_of(node.func) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and function in KEYWORDS:
            given = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
            key = key_of_call(function, [str(text or "") for text in given])
            if key:
                yield key


def marked_in_template(source: str) -> Iterator[Key]:
    """What a template marks; Django turns its tags into calls first."""
    calls = "\n".join(line.strip() for line in templatize(source).splitlines())
    found = extract_python(io.BytesIO(calls.encode()), KEYWORDS, [], {"encoding": "utf-8"})
    for _line, function, arguments, _comments in found:
        key = key_of_call(str(function), forms(arguments))
        if key:
            yield key


def key_of_call(function: str, given: Iterable[str]) -> Key | None:
    """The catalogue's key for `function(*given)`; None if the text is not written out."""
    texts = list(given)
    context = texts.pop(0) if "pgettext" in function else None
    wanted = texts[: 2 if function.startswith("n") else 1]
    literal = [text for text in wanted if text]
    if not literal or len(literal) != len(wanted):
        return None
    return (context, literal[0] if len(literal) == 1 else tuple(literal))


def refusals(tree: ast.Module) -> Iterator[Key]:
    """The plain sentences of refusals: after the code, as `message=`, as `hint=`."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    makers = REFUSALS | {f.name for f in functions if name_of(f.returns) in REFUSALS}
    for scope in functions:
        named = assigned(scope)
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and name_of(node.func) in makers:
                yield from sentences(node, named)


def name_of(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def assigned(scope: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """What each local name may stand for."""
    named: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(node.value)
    return named


def sentences(call: ast.Call, named: dict[str, list[ast.expr]]) -> Iterator[Key]:
    """The literal sentences that one refusal is made of; codes and field names have no space."""
    given = [*call.args[1:], *(k.value for k in call.keywords if k.arg in {"message", "hint"})]
    while given:
        node = given.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield (None, node.value)
        elif isinstance(node, ast.IfExp):
            given += [node.body, node.orelse]
        elif isinstance(node, ast.Name):
            given += named.pop(node.id, [])


def theme_texts() -> Catalog:
    """What the installed theme says and Django's own Chinese catalogues do not."""
    known: set[str] = set()
    for app in DJANGO_APPS:
        path = Path(django.__file__).parent / app / "locale/zh_Hans/LC_MESSAGES/django.po"
        for message in load(path):
            known.add(first(message.id))
    catalogue = Catalog(locale="zh_Hans")
    folder = Path(unfold.__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".py", ".html"}:
            for context, id_ in texts_of(path):
                if first(id_) not in known:
                    catalogue.add(id_, context=context)
    return catalogue


# Comparing and writing


def update() -> list[str]:
    """The catalogue holds exactly the texts of today, with the translations it had."""
    wanted, old = collected(), load(CATALOGUE)
    fresh = Catalog(locale="zh_Hans")
    for context, id_ in wanted:
        kept = old.get(first(id_), context)
        fresh.add(id_, string=kept.string if kept and kept.id == id_ else "", context=context)
    save(fresh, CATALOGUE)
    compile_catalogue()
    gone = {key_of(message) for message in old if message.id} - wanted
    return [f"dropped: {shown(key)}" for key in sorted(gone, key=shown)]


def problems() -> list[str]:
    """What is wrong with the catalogue, one line each; none if all is well."""
    wanted = collected()
    catalogue = {key_of(message): message for message in load(CATALOGUE) if message.id}
    lines = [f"not in the catalogue: {shown(key)}" for key in wanted - catalogue.keys()]
    for key, message in catalogue.items():
        if key not in wanted:
            lines.append(f"obsolete: {shown(key)}")
        elif not all(forms(message.string)):
            lines.append(f"no translation: {shown(key)}")
        elif places(message.string) != places(message.id):
            lines.append(f"other places in the translation: {shown(key)}")
        elif message.fuzzy:
            lines.append(f"fuzzy: {shown(key)}")
    done = {key: forms(message.string) for key, message in catalogue.items() if message.string}
    if compiled() != done:
        lines.append("django.mo is not made from django.po: run python -m config.translating")
    return sorted(lines)


def compile_catalogue() -> None:
    """Writes the .mo beside the .po. Babel leaves out what has no translation."""
    catalogue = load(CATALOGUE)
    catalogue.creation_date = catalogue.revision_date = LONG_AGO
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def compiled() -> dict[Key, list[str]]:
    """What the .mo says."""
    path = CATALOGUE.with_suffix(".mo")
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {key_of(message): forms(message.string) for message in read_mo(file) if message.id}


def load(path: Path) -> Catalog:
    """A .po or .pot file; an empty catalogue where there is none."""
    if not path.exists():
        return Catalog(locale="zh_Hans")
    return read_po(io.BytesIO(path.read_bytes()), locale="zh_Hans")


def save(catalogue: Catalog, path: Path, header: str = HEADER) -> None:
    """Sorted, without dates and line numbers, so that a diff shows what has changed."""
    body = io.BytesIO()
    write_po(body, catalogue, width=100, no_location=True, omit_header=True, sort_output=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + body.getvalue().decode("utf-8").strip() + "\n", encoding="utf-8")


def key_of(message: Message) -> Key:
    return (message.context, message.id if isinstance(message.id, str) else tuple(message.id))


def first(id_: Text) -> str:
    return forms(id_)[0]


def forms(string: Text) -> list[str]:
    return [string or ""] if string is None or isinstance(string, str) else list(string)


def places(string: Text) -> set[str]:
    return {match[0] for text in forms(string) for match in PLACE.finditer(text)}


def shown(key: Key) -> str:
    context, id_ = key
    return repr(first(id_)) + (f" [{context}]" if context else "")


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Prints the digest by which the register knows a model: of a file, or of a folder.

One file, standard library only: copy it.

    python digest.py model.pkl           # a file: its own sha256
    python digest.py path/to/model/      # a folder (an MLflow model): one digest of its files

A folder's digest is the sha256 over `sha256sum`'s lines, in the order of the paths. The file
`registered_model_meta` at its top is left out: MLflow writes it beside what it downloads.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

LEFT_OUT = "registered_model_meta"


def of_file(path: Path) -> str:
    """The sha256 of the file's bytes."""
    summed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1_048_576):
            summed.update(piece)
    return summed.hexdigest()


def of_folder(folder: Path) -> str:
    """One digest of the files in the folder and below."""
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    files.pop(LEFT_OUT, None)
    lines = [f"{of_file(files[name])}  {name}\n" for name in sorted(files, key=str.encode)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def main() -> int:
    """The digest is printed; 2 where there is no such file or folder."""
    place = Path(sys.argv[1]) if len(sys.argv) == 2 else None
    if place is None or not place.exists():
        print("usage: digest.py FILE-OR-FOLDER", file=sys.stderr)
        return 2
    print(of_folder(place) if place.is_dir() else of_file(place))
    return 0


if __name__ == "__main__":
    sys.exit(main())

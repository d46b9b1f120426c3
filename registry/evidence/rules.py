"""What may be handed in: names, sizes and types of files. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath

# Extension → (media type, the bytes it must begin with; empty: text without NUL bytes).
ACCEPTED: dict[str, tuple[str, bytes]] = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",
              b"PK\x03\x04"),
    ".zip": ("application/zip", b"PK\x03\x04"),
    ".json": ("application/json", b""),
    ".yaml": ("application/yaml", b""),
    ".csv": ("text/csv", b""),
    ".md": ("text/markdown", b""),
    ".txt": ("text/plain", b""),
}  # fmt: skip


def media_type(file_name: str, beginning: bytes) -> str | None:
    """The file's type by its name, if its content begins accordingly; else None."""
    suffix = PurePosixPath(file_name.replace("\\", "/")).suffix.lower()
    if suffix not in ACCEPTED:
        return None
    kind, magic = ACCEPTED[suffix]
    if magic:
        return kind if beginning.startswith(magic) else None
    return None if b"\x00" in beginning else kind


def safe_name(file_name: str) -> str:
    """The last part of the name, without control characters, at most 255 long."""
    last = PurePosixPath(file_name.replace("\\", "/")).name
    kept = "".join(letter for letter in last if letter.isprintable())
    return kept[-255:] or "file"

"""The scan: secrets in everything that a notebook holds, told without repeating them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from jupyter_modelpack.notebook.cell import Cell
from jupyter_modelpack.notebook.constants import Constants
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.secrets.judgement import (
    assigned,
    entropy,
    has_digit,
    is_random,
    is_secret_name,
    is_secret_value,
    is_stand_in,
)
from jupyter_modelpack.notebook.secrets.patterns import possible
from jupyter_modelpack.notebook.secrets.texts import (
    Place,
    Text,
    attachment_texts,
    decoded,
    output_texts,
    source_texts,
    strings,
)
from jupyter_modelpack.notebook.snapshot import Snapshot

_ALLOW = re.compile(r"#\s{0,5}modelpack:\s{0,5}allow-secret\s{1,5}(\S[^\n]{2,300})")
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])")
_KNOWN_SAMPLE = "eyJzdWIiOiIxMjM0NTY3ODkw"  # the token that every tutorial on JWT shows
_MOST_IN_ONE_PLACE = 20
_WEAK_NAME = {"key", "auth", "apikey", "bearer"}


@dataclass(frozen=True)
class Secret:
    """A secret that was found: what kind it is, and the text itself, which is never shown."""

    kind: str
    text: str
    position: int = 0

    @property
    def hint(self) -> str:
        """At most the first four characters, enough to find it again."""
        head = self.text[:4]
        return f"{head}…" if len(self.text) >= 16 and self.kind not in _BARE else ""


_BARE = {"password", "password in an address", "private key", "password of a web server", "secret"}


def allowed(text: str) -> str:
    """Return the reason that a marker gives for a secret in this text, or nothing."""
    match = _ALLOW.search(text)
    return match.group(1).strip() if match else ""


def scan_text(text: str, name: str = "") -> Iterator[Secret]:
    """Yield the secrets in a text, such as a file's; ``name`` is what it is assigned to."""
    found: list[str] = []
    for secret in (*_shaped(text), *_encoded(text), *_named(text, name), *_in_words(text)):
        if not any(secret.text in old or old in secret.text for old in found):
            found.append(secret.text)
            yield secret


def _named(text: str, name: str) -> Iterator[Secret]:
    if is_secret_name(name) and is_secret_value(text, name):
        yield Secret(_kind(name), text)
    elif name.lower() in _WEAK_NAME and is_random(text) and not is_stand_in(text):
        yield Secret("key", text)


def _in_words(text: str) -> Iterator[Secret]:
    """Yield what a text assigns in words, as in ``password: abc`` or ``Token=abc``."""
    for name, value in assigned(text):
        if is_secret_value(value, name):
            yield Secret(_kind(name), value, max(text.find(value), 0))


def _encoded(text: str) -> Iterator[Secret]:
    for inner in decoded(text):
        for secret in (*_shaped(inner), *_in_words(inner)):
            yield Secret(secret.kind, secret.text, max(text.find(inner), 0))


def _shaped(text: str) -> Iterator[Secret]:
    taken: list[tuple[int, int]] = []
    for pattern in possible(text):
        for match in pattern.shape.finditer(text):
            group = 1 if pattern.shape.groups else 0
            start, end = match.span(group)
            value = match.group(group)
            if any(start < b and a < end for a, b in taken) or not _believable(pattern.name, value):
                continue
            taken.append((start, end))
            yield Secret(pattern.name, value, start)
    if "aws" in text.lower() or "AKIA" in text or "ASIA" in text:
        for match in _AWS_SECRET.finditer(text):
            value = match.group()
            start, end = match.span()
            if any(start < b and a < end for a, b in taken) or "EXAMPLE" in value.upper():
                continue
            mixed = not value.islower() and not value.isupper() and has_digit(value)
            if mixed and entropy(value) >= 4.1 and not is_stand_in(value):
                taken.append((start, end))
                yield Secret("AWS secret key", value, start)


def _believable(kind: str, value: str) -> bool:
    if kind == "private key":
        return len(set(value)) > 6 and not is_stand_in(value)
    if kind == "password in an address":
        return not is_stand_in(value) and not value.startswith(("$", "{", "%", "(", "\0"))
    if kind == "signed token (JWT)":
        return _KNOWN_SAMPLE not in value
    if kind == "access token":
        return has_digit(value) and not is_stand_in(value) and entropy(value) >= 3.0
    if kind == "Discord token":
        return has_digit(value) and entropy(value) >= 4.0
    return not is_stand_in(value, prefix=min(8, len(value) // 3)) and entropy(value) >= 2.4


def _kind(name: str) -> str:
    word = name.lower()
    if "pass" in word or "pwd" in word:
        return "password"
    return next((kind for kind in ("token", "key") if kind in word), "secret")


def find_secrets(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a blocking finding for each secret, or a note where the author allows it."""
    constants = Constants()
    for cell in snapshot.cells:
        yield from _in_cell(cell, constants)
    metadata = snapshot.notebook["metadata"]
    yield from _tell(strings(metadata, "metadata", None), {}, "")


def _in_cell(cell: Cell, constants: Constants) -> Iterator[Finding]:
    allowed = {
        cell.source.count("\n", 0, match.start()) + 1: match.group(1).strip()
        for match in _ALLOW.finditer(cell.source)
    }
    reason = next(iter(allowed.values()), "")
    yield from _tell(source_texts(cell, constants), allowed, "")
    yield from _tell(output_texts(cell), {}, reason)
    yield from _tell(strings(cell.metadata, "metadata", cell.number), {}, reason)
    yield from _tell(attachment_texts(cell), {}, reason)


def _tell(texts: Iterable[Text], allowed: dict[int, str], reason: str) -> Iterator[Finding]:
    told: set[str] = set()
    count = {True: 0, False: 0}
    for text in texts:
        for secret in _secrets(text):
            if any(secret.text in old or old in secret.text for old in told):
                continue
            told.add(secret.text)
            line = text.line
            if line is not None and not text.name:
                line += text.text.count("\n", 0, secret.position)
            why = reason or (allowed.get(line) or allowed.get(line - 1, "") if line else "")
            count[bool(why)] += 1
            if count[bool(why)] > _MOST_IN_ONE_PLACE:
                if why:
                    continue  # however many are marked, the next one may not be
                return
            yield _finding(secret, text.place, text.cell, line, why)


def _secrets(text: Text) -> Iterator[Secret]:
    if text.part:
        yield from _named(text.text, text.name)
        yield from _in_words(text.text)
        return
    if not text.code:
        yield from scan_text(text.text, text.name)
        return
    yield from _shaped(text.text)
    yield from _encoded(text.text)
    position = 0
    for row in text.text.split("\n"):
        words = row.lstrip()
        comment = words[1:] if words.startswith(("#", "%", "!")) else row.partition("  # ")[2]
        for secret in _in_words(comment):
            yield replace(secret, position=position + max(row.find(secret.text), 0))
        position += len(row) + 1


_WHERE = {
    "source": "This looks like {what}.",
    "output": "An output shows what looks like {what}.",
    "metadata": "The metadata hold what looks like {what}.",
    "attachment": "An attachment holds what looks like {what}.",
}
_ADVICE = {
    "source": 'Keep it out of the image: read it from a setting, as in `os.environ["NAME"]`.',
    "output": "Clear this output, and change the secret if others have seen the notebook.",
    "metadata": "Take it out of the metadata, in the property inspector (the gear on the right).",
    "attachment": "Take the attachment out.",
}


def _finding(secret: Secret, place: Place, cell: int | None, line: int | None, why: str) -> Finding:
    article = "an" if secret.kind[0] in "aeiouAEIOX1" and secret.kind[:2] != "US" else "a"
    hint = f" (`{secret.hint}`)" if secret.hint else ""
    message = _WHERE[place].format(what=f"{article} {secret.kind}{hint}")
    details = {"kind": secret.kind, "place": place}
    if why:
        return Finding(
            "secret-allowed",
            "note",
            message,
            cell=cell,
            line=line,
            advice=f"Allowed in the cell: {why}",
            details={**details, "reason": why},
        )
    return Finding(
        "secret", "blocking", message, cell=cell, line=line, advice=_ADVICE[place], details=details
    )

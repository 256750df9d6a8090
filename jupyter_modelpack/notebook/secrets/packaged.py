"""Secrets in the files that are packaged with a notebook: its data and its local modules."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.secrets.scan import allowed, scan_text

LARGEST = 1 << 20
_MOST = 3
_MOST_NOTES = 20


def secrets_in_file(path: str, content: bytes) -> Iterator[Finding]:
    """Yield a blocking finding for each line of a text file that holds a secret.

    A line whose author marks it as none is a note. ``content`` is at most ``LARGEST`` bytes of the
    file; what is not text has no lines to look at.
    """
    if b"\0" in content:
        return
    text = content.decode("utf-8", "replace")
    if next(scan_text(text), None) is None:
        return  # one look at the whole is much quicker than one at each line
    found = noted = 0
    for number, line in enumerate(text.splitlines(), 1):
        secret = next(scan_text(line), None)
        if secret is None:
            continue
        hint = f" (`{secret.hint}`)" if secret.hint else ""
        message = f"Line {number} of `{path}` holds what looks like a secret: {secret.kind}{hint}."
        details = {"path": path, "line": number, "kind": secret.kind}
        if reason := allowed(line):
            noted += 1  # however many there are, the next line may hold one that is not marked
            if noted <= _MOST_NOTES:
                yield Finding(
                    "secret-allowed",
                    "note",
                    message,
                    advice=f"Allowed in the file: {reason}",
                    details={**details, "reason": reason},
                )
            continue
        yield Finding(
            "secret-in-file",
            "blocking",
            message,
            advice="Take it out of the file, or read it from an environment variable instead.",
            details=details,
        )
        found += 1
        if found == _MOST:
            return

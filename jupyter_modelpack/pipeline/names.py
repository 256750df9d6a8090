"""Names that Kubernetes and Kubeflow accept, made from the names that people give."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LABEL_LIMIT = 63
_REFUSED = re.compile(r"[^a-z0-9]+")
_REFUSED_IN_VALUE = re.compile(r"[^A-Za-z0-9._-]+")


def dns_label(text: str, *, limit: int = LABEL_LIMIT) -> str:
    """Return the DNS-1123 label for a name; a name that is one already is returned unchanged.

    A name that is cut, or of which nothing is left, ends in eight digits of its hash, so that
    two long names do not become one.
    """
    plain = _ascii(text).lower()
    label = _REFUSED.sub("-", plain).strip("-")
    if label and len(label) <= limit:
        return label
    suffix = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    stem = (label or "notebook")[: limit - len(suffix) - 1].rstrip("-")
    return f"{stem}-{suffix}"


def label_value(text: str) -> str:
    """Return the value that a Kubernetes label may have for a text (63 characters at most)."""
    return _REFUSED_IN_VALUE.sub("-", _ascii(text))[:LABEL_LIMIT].strip("-._")


def _ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return decomposed.encode("ascii", "ignore").decode("ascii")

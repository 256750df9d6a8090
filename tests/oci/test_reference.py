"""References: a tag is not a digest, and what cannot be one is refused."""

from __future__ import annotations

import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.reference import Reference, Tag

D = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "host", "path", "tag", "digest"),
    [
        ("churn:1.0.0", "", "churn", "1.0.0", None),
        ("team/churn:1.0.0", "", "team/churn", "1.0.0", None),
        ("registry.example/a/b_c--d:x", "registry.example", "a/b_c--d", "x", None),
        ("a.example:1", "", "a.example", "1", None),  # without a slash no host, as for Docker
        ("localhost/churn:1", "localhost", "churn", "1", None),
        ("localhost:5000/churn:1", "localhost:5000", "churn", "1", None),
        ("[::1]:5000/churn:1", "[::1]:5000", "churn", "1", None),
        (f"h.example:443/churn@{D}", "h.example:443", "churn", None, D),
        (f"h.example/churn:1.0@{D}", "h.example", "churn", "1.0", D),
    ],
)
def test_a_reference_reads_and_writes(
    text: str, host: str, path: str, tag: str | None, digest: str | None
) -> None:
    found = Reference.parse(text)
    assert (found.repository.host, found.repository.path) == (host, path)
    assert (found.tag, found.digest) == (tag, digest)
    assert str(found) == text
    assert Reference.parse(str(found)) == found
    assert str(found.with_digest(Digest(D))).endswith("@" + D)


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "@", "churn", "Churn:1", "churn:", "churn:a b", "churn:" + "x" * 129, "a//b:1"),
        *("/a:1", "a/:1", "-a:1", "a@sha256:123", "a@", f"a@{D}@{D}", "h.example:99x/a:1", "a:.x"),
        *("..:1", "a/../b:1", "a\n:1", "churn:1\n", "_host.example/a:1", "a" * 256 + ":1"),
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Reference.parse(text)


def test_a_tag_is_not_a_digest() -> None:
    with pytest.raises(InvalidInput):
        Tag(D)
    with pytest.raises(InvalidInput):
        Digest("1.0.0")

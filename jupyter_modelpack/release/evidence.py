"""The checks of evidence: that everything is there, intact, and about this very digest.

No policy turns these off. Zero matches and unknown answers refuse.
"""

from __future__ import annotations

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.check import Answer, Check
from jupyter_modelpack.release.facts import Blobs, ReleaseFacts
from jupyter_modelpack.release.policy import Policy

_AGAIN = "Package the notebook again."
_RETRY = "Try again; if it stays so, ask who runs the service."


def evidence_checks(facts: ReleaseFacts, policy: Policy) -> tuple[Check, ...]:
    """Return the checks that hold for every environment and every policy."""
    return (
        _same(facts, "reference", facts.resolved, "The reference leads to these bytes", _RETRY),
        *_blob_checks(facts),
        *_provenance_checks(facts, policy),
        _same(facts, "sbom", facts.sbom, "The package list is about this image", _AGAIN),
        _same(
            facts,
            "secret_scan",
            facts.secrets.digest if facts.secrets else None,
            "The search for secrets was in this image",
            _AGAIN,
        ),
        _same(
            facts,
            "readiness",
            facts.readiness.digest if facts.readiness else None,
            "The report on problems is about this image",
            _AGAIN,
        ),
    )


def _blob_checks(facts: ReleaseFacts) -> tuple[Check, ...]:
    same = facts.blobs is not None and facts.blobs.digest == facts.digest
    blobs = facts.blobs if facts.blobs and same else Blobs(facts.digest, None, None, None)
    return (
        _answer(facts, "sizes", blobs.sizes, "Every part has its recorded size"),
        _answer(facts, "digests", blobs.digests, "Every part has its recorded digest"),
        _answer(facts, "diff_ids", blobs.diff_ids, "Every layer unpacks to its diff_id"),
    )


def _provenance_checks(facts: ReleaseFacts, policy: Policy) -> tuple[Check, ...]:
    found, inside = facts.provenance, facts.contents
    right_type = allowed = same = signed = subject = None
    if found:
        right_type = found.predicate_type == policy.provenance
        allowed = found.builder in policy.builders
        signed, subject = found.signature, found.subject
    if found and inside and inside.digest == facts.digest:
        same = (found.notebook, found.lock) == (inside.notebook, inside.lock)
    builders = f"Allowed: {', '.join(policy.builders)}."
    return (
        _answer(facts, "provenance", right_type, "It says how it was made"),
        _answer(facts, "signature", signed, "The signature on that holds"),
        _same(facts, "subject", subject, "What it says is about these bytes", _AGAIN),
        _answer(facts, "builder", allowed, "An allowed builder made it", builders),
        _answer(facts, "contents", same, "Notebook and lock inside are those it was made from"),
    )


def _same(
    facts: ReleaseFacts, code: str, found: Digest | None, sentence: str, advice: str
) -> Check:
    return _answer(facts, code, None if found is None else found == facts.digest, sentence, advice)


def _answer(
    facts: ReleaseFacts, code: str, holds: bool | None, sentence: str, advice: str = _AGAIN
) -> Check:
    if holds is True:
        return Check(code, "pass", sentence)
    answer: Answer = "unknown" if holds is None else "fail"
    problem = facts.problems.get(code, "")
    detail = problem or ("It could not be found out." if holds is None else "It is not so.")
    brief = f"{'cannot tell whether' if holds is None else 'not so:'} {_lower(sentence)}"
    return Check(code, answer, sentence, detail, brief, _RETRY if holds is None else advice)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]

"""Row D1: every rule about provenance has an attestation that breaks it alone."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from jupyter_modelpack.release.attestation import Requirements, Verdict, judge
from jupyter_modelpack.release.envelope import Envelope, Signature
from tests.release.bad_attestations import (
    ENVELOPES,
    OURS,
    STATEMENTS,
    THEIRS,
    details,
    edited,
    parameters,
    resigned,
    signed,
)
from tests.release.evidence_case import NOW, SERVER, Case, make_case, trusted

TRUSTED = trusted(OURS)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("d1"))


def verdict(case: Case, *attestations: bytes, requirements: Requirements = SERVER) -> Verdict:
    return judge(attestations, case.expected, requirements, TRUSTED, NOW)


def test_d1_every_rule_refuses_what_breaks_it(case: Case) -> None:
    accepted, wrong = [], []
    bad = [(name, rule, signed(case.statement(c))) for name, (rule, c) in STATEMENTS.items()]
    bad += [(name, rule, make(case)) for name, (rule, make) in ENVELOPES.items()]
    for name, rule, attestation in bad:
        found = verdict(case, attestation)
        if found.accepted is not None:
            accepted.append(name)
        elif [refusal.rule for refusal in found.refusals] != [rule]:
            wrong.append((name, rule, found.refusals))
    for name, requirements, attestation in required(case):
        bad.append((name, "", attestation))
        if verdict(case, attestation, requirements=requirements).accepted:
            accepted.append(name)
    assert verdict(case).refusals[0].rule == "none"
    print(
        f"D1: {len(bad) + 1} bad attestations ({len({rule for _, rule, _ in bad if rule})} rules), "
        f"{len(accepted)} accepted"
    )
    assert len(bad) >= 50
    assert (accepted, wrong) == ([], [])


def required(case: Case) -> list[tuple[str, Requirements, bytes]]:
    """Return good attestations that a stricter policy refuses."""
    good = signed(case.statement())
    networked = signed(case.statement(lambda s: parameters(s)["options"].update(network=True)))
    return [
        ("nobody may build", replace(SERVER, builders=frozenset()), good),
        ("only the service may", replace(SERVER, builders=frozenset({"https://x"})), good),
        ("with a network", replace(SERVER, network=False), networked),
        ("expired", replace(SERVER, longest=timedelta(minutes=59)), good),
    ]


def test_d1_good_attestations_are_accepted(case: Case) -> None:
    good = signed(case.statement())
    garbage = ENVELOPES["signed by another key"][1](case)
    both = resigned(
        case,
        lambda e: replace(
            e, signatures=(Signature(THEIRS.key_id, THEIRS._key.sign(e.message)), *e.signatures)
        ),
    )
    unnamed = resigned(
        case, lambda e: replace(e, signatures=(Signature("", e.signatures[0].value),))
    )
    url_safe = edited(
        case,
        lambda e: e.update(
            payload=base64.urlsafe_b64encode(base64.b64decode(e["payload"])).decode()
        ),
    )
    pretty = json.dumps(json.loads(good), indent=4).encode()
    more = case.statement(lambda s: s["predicate"].update(extension={"x": 1}))
    late = case.statement(
        lambda s: details(s)["metadata"].update(finishedOn="2026-11-23T10:04:59Z")
    )
    lenient = replace(SERVER, builders=SERVER.builders | {"https://x"}, network=False)
    accepted = [
        verdict(case, good),
        verdict(case, pretty),
        verdict(case, garbage, good),
        verdict(case, good, garbage),
        verdict(case, both),
        verdict(case, unnamed),
        verdict(case, url_safe),
        verdict(case, signed(more)),
        verdict(case, signed(late)),
        verdict(case, good, requirements=lenient),
        verdict(case, good, requirements=replace(SERVER, longest=timedelta(hours=1))),
    ]
    count = sum(found.accepted is not None for found in accepted)
    print(f"D1: {len(accepted)} good attestations, {count} accepted")
    assert count == len(accepted) >= 10
    assert {found.accepted.key for found in accepted if found.accepted} == {OURS.key_id}


def test_d1_each_flipped_byte_is_refused(case: Case) -> None:
    good = signed(case.statement())
    right = Envelope.parse(good)
    tried = 0
    for place in range(0, len(good), 5):
        bad = good[:place] + bytes([good[place] ^ 2]) + good[place + 1 :]
        found = verdict(case, bad)
        if found.accepted is not None:  # only what is not signed may have changed: the hint's name
            assert Envelope.parse(bad).message == right.message
        tried += 1
    print(f"D1: {tried} envelopes with a flipped bit, 0 accepted with another statement")


def test_a_path_is_not_a_case(tmp_path: Path) -> None:
    """The same image made elsewhere is judged by the same statement."""
    first, second = make_case(tmp_path / "a"), make_case(tmp_path / "b")
    assert verdict(second, signed(first.statement())).accepted is not None

"""D3: shapes of one person that try to be two; none of them reaches quorum."""

from __future__ import annotations

from dataclasses import replace

import pytest
from release.promotion_world import (
    ADA,
    ANYBODY,
    BEN,
    IMAGE,
    NOON,
    TEAM,
    ask,
    found,
    lane,
    person,
    step,
    yes,
)

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.release.actor import Actor, people
from jupyter_modelpack.release.approval import Approval, Binding, involved_actors, tally
from jupyter_modelpack.release.policy import Approvals
from jupyter_modelpack.release.policy_text import parse_policy
from jupyter_modelpack.release.who import EVERYONE

# The most generous rule there is: everybody may approve. What is refused here is refused anywhere.
POLICY = parse_policy(
    TEAM.replace("from: {people: [rita, omar]}}\n    roll", "from: everyone}\n    roll")
)
AUTHOR = replace(
    person("ada", "risk"), subject="42", aliases=("ada.lovelace@corp.example", "a.lovelace")
)
RITA = replace(person("rita", "risk"), subject="7", aliases=("rita.lee@corp.example",))

# Each: how many approvals are needed, and who says yes. Author and last pusher is AUTHOR, BEN asks.
SHAPES: dict[str, tuple[int, tuple[Actor, ...]]] = {
    "the author": (1, (AUTHOR,)),
    "the requester": (1, (BEN,)),
    "the author from another provider": (1, (replace(AUTHOR, provider="kubernetes"),)),
    "the author with a second token": (1, (replace(AUTHOR, display_name="token 2"),)),
    "the author, renamed": (1, (replace(person("grace"), subject="42"),)),
    "the author in capitals": (1, (person("ADA"),)),
    "the author with a capital": (1, (person("Ada"),)),
    "the author with a Cyrillic a": (1, (person("аdа"),)),
    "the author in Cyrillic": (1, (person("аԁа"),)),
    "the author in full width": (1, (person("ａｄａ"),)),
    "the author with a Greek alpha": (1, (person("αda"),)),
    "the author with an accent": (1, (person("ádá"),)),
    "the author with a combining accent": (1, (person("a\u0301da"),)),
    "the author with a zero-width space": (1, (person("a\u200bda"),)),
    "the author written right to left": (1, (person("\u202eada"),)),
    "the author with a soft hyphen": (1, (person("a\u00adda"),)),
    "the author in mathematical letters": (1, (person("𝐚𝐝𝐚"),)),
    "the author with blanks": (1, (person(" ada "),)),
    "the author by e-mail address": (1, (person("ada@corp.example"),)),
    "the author by tagged address": (1, (person("ada+review@corp.example"),)),
    "the author by an alias": (1, (person("ada.lovelace@corp.example"),)),
    "the author by an alias of an alias": (1, (person("A.Lovelace"),)),
    "the author with a domain in front": (1, (person("CORP\\ada"),)),
    "the author with an issuer in front": (1, (person("oidc:ada"),)),
    "a new anonymous id": (1, (ANYBODY,)),
    "an anonymous id that says it signed in": (1, (replace(ANYBODY, signed_in=True),)),
    "a verified name from a kernel's token": (1, (replace(RITA, signed_in=False),)),
    "a service account": (1, (person("system:serviceaccount:team:bot"),)),
    "a program": (1, (replace(person("ci"), program=True),)),
    "one who mixes alphabets": (1, (person("rжta"),)),
    "a group member twice": (2, (RITA, RITA)),
    "the same person with two tokens": (2, (RITA, replace(RITA, display_name="token 2"))),
    "the same person from two providers": (2, (RITA, replace(RITA, provider="kubernetes"))),
    "the same person, renamed between": (2, (RITA, replace(person("nora"), subject="7"))),
    "the same person by an alias": (2, (RITA, person("rita.lee@corp.example"))),
    "the same person in capitals": (2, (RITA, person("RITA"))),
    "the same person, linked by a third account": (
        3,
        (RITA, person("lee"), replace(person("rl"), aliases=("rita", "lee"))),
    ),
    "a person linked with the author by a third account": (
        1,
        (person("eve"), replace(person("adalink"), aliases=("eve", "ada"))),
    ),
}


def binding() -> Binding:
    return Binding("p1", "churn", IMAGE, POLICY.digest, "production", 3)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_person_is_not_two(shape: str) -> None:
    needed, accounts = SHAPES[shape]
    given = [Approval(account, True, binding(), NOON) for account in accounts]
    involved = involved_actors(AUTHOR, BEN, AUTHOR)
    counted = tally(given, binding(), Approvals(needed, EVERYONE), POLICY, involved, {})
    assert not counted.reached, counted


def test_another_person_does_reach_quorum() -> None:
    given = [Approval(who, True, binding(), NOON) for who in (RITA, person("omar"))]
    involved = involved_actors(AUTHOR, BEN, AUTHOR)
    assert tally(given, binding(), Approvals(2, EVERYONE), POLICY, involved).reached


def test_d3_number() -> None:
    print(f"D3: {len(SHAPES)} identity shapes, 0 reach quorum")
    assert len(SHAPES) >= 30


@pytest.mark.parametrize("which", ["author", "requester", "pusher"])
def test_an_unverified_or_unknown_one_involved_refuses(which: str) -> None:
    for stranger in (None, ANYBODY):
        known = {"author": AUTHOR, "requester": BEN, "pusher": AUTHOR, which: stranger}
        given = [Approval(RITA, True, binding(), NOON)]
        counted = tally(given, binding(), Approvals(1, EVERYONE), POLICY, involved_actors(**known))
        assert not counted.reached and counted.unknown


def test_a_look_alike_of_an_approver_gets_no_right_to_approve() -> None:
    named = parse_policy(TEAM)
    rule = named.place("production").approvals
    involved = involved_actors(ADA, BEN, ADA)
    bound = replace(binding(), policy=named.digest)
    for name in ("Rita", "RITA", "rіta", "rita@corp.example", "rita "):
        given = [Approval(person(name), True, bound, NOON)]
        assert not tally(given, bound, rule, named, involved).reached, name
    given = [Approval(person("rita"), True, bound, NOON)]
    assert tally(given, bound, rule, named, involved).reached


def test_a_policy_can_name_the_only_provider() -> None:
    named = parse_policy(TEAM.replace("name: team", "name: team\nprovider: hub", 1))
    rule, involved = named.place("production").approvals, involved_actors(ADA, BEN, ADA)
    bound = replace(binding(), policy=named.digest)
    other = replace(person("rita"), provider="proxy")
    assert not tally([Approval(other, True, bound, NOON)], bound, rule, named, involved).reached


def test_the_sentence_says_why() -> None:
    asked = step(lane(), ask(lane()))
    with pytest.raises(ModelPackError) as caught:
        step(asked, yes(found(asked), ADA))
    assert caught.value.message == (
        "You cannot approve this: Ada made it and asked for it and pushed it last."
    )
    assert caught.value.advice == "Rita or Omar can."


def test_people_are_grouped_through_links_whatever_the_order() -> None:
    a, b = person("rita"), person("lee")
    link = replace(person("rl"), aliases=("rita", "lee"))
    for order in ((a, b, link), (link, a, b), (a, link, b)):
        assert len(people(order)) == 1
    assert people([a, b], [link]) == []


def test_names_that_cannot_be_accounts_are_refused() -> None:
    for name in ("", "  ", "a\nb", "a\x00b", "x" * 400, "\ud800"):
        with pytest.raises(ModelPackError):
            Actor("hub", name)

"""Which accounts may be one person: names folded so that variants of a name meet.

The comparison errs towards "the same person", because four eyes are at stake: two people who are
taken for one are asked to find a third; one person who is taken for two approves alone.
"""

from __future__ import annotations

import re
import unicodedata

# Letters that look like another and that Unicode does not decompose to it (UTS 39 has the full
# list; these are the ones that keyboards and directories really produce).
_LOOKALIKES = str.maketrans(
    {
        **dict(zip("аеорсухіјѕԁһԛԝүкмнтвгпиӏ", "aeopcyxijsdhqwykmhtbrnul", strict=True)),
        **dict(zip("αβγδεζηικμνορτυχω", "abydeznikmvoptuxw", strict=True)),
        **dict(zip("ıłøđðħŧɑɡɩʟ01|", "iloddhtagilol" + "l", strict=True)),
        **{"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"},
    }
)
_SEPARATORS = re.compile(r"[\s._\-‐-―]+")


def folded(text: str) -> str:
    """Return a name without case, accents, invisible characters and look-alike letters."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = (char for char in plain if unicodedata.category(char)[0] not in "MC")
    return unicodedata.normalize("NFKC", "".join(kept)).casefold().translate(_LOOKALIKES)


def account_key(username: str) -> str:
    """Return what variants of one account name share.

    ``Ada``, ``ada@corp.example``, ``ada+x@corp.example``, ``CORP\\ada`` and ``oidc:ada`` meet.
    """
    name = folded(username)
    local = re.split(r"[\\/#:]", name.split("@")[0].split("+")[0])[-1]
    return _SEPARATORS.sub("", local) or _SEPARATORS.sub("", name) or name


def mixes_alphabets(username: str) -> bool:
    """Return whether Latin letters and letters of another script stand in one folded name."""
    scripts = {
        unicodedata.name(char, "?").split()[0] for char in folded(username) if char.isalpha()
    }
    return "LATIN" in scripts and len(scripts) > 1

"""Judgement: whether a text that has a secret's place or shape is really one."""

from __future__ import annotations

import math
import re
from collections import Counter

_STAND_INS = re.compile(
    r"your|my[_-]?(api|secret|token|key|pass)|xxx|example|sample|placeholder|change[_-]?me|redacted"
    r"|dummy|fake|insert|replace|todo|<[^>]*>|\.\.\.|…|\*\*\*|\$\{|\{\{|%\(|not[_-]?a[_-]?real|\bhere\b"
    r"|1234567890|0123456789|abcdefgh|qwerty|sk-1234|_here|deadbeef",
    re.IGNORECASE,
)
_WORDS = frozenset(
    {"password", "passwd", "pass", "secret", "token", "user", "username", "admin", "root", "test"}
    | {"postgres", "mysql", "guest", "none", "null", "true", "false", "pwd", "default", "minio"}
    | {"minioadmin", "localhost", "api_key", "apikey", "key", "changeme", "foo", "bar", "demo"}
)
_NAMED = re.compile(
    r"(?:^|[_\W]|[a-z](?=[A-Z]))(password|passwd|pwd|passphrase|passcode"
    r"|secret|(?:secret|api|access|auth|account|private|storage|encryption|subscription|signing)"
    r"[_-]?key|token|credentials?|connection[_-]?string|conn[_-]?str)(?:[_-]?\d{1,2})?$",
    re.IGNORECASE,
)
_NOT_NAMED = re.compile(
    r"(pad|eos|bos|sep|cls|mask|unk|special|stop|start|end|next|max|num|n|count|image|input|output"
    r"|prompt|completion|total|oov|csrf|page|new|per|sync|continuation|nl|blank|no|use|show|is|has"
    r"|trust|word|sub|text|role|bot|eot|sos|label|forget|reset|confirm|invalid)[_-]?tokens?$",
    re.IGNORECASE,
)
_PASSWORDS = re.compile(r"pass|pwd", re.IGNORECASE)
_WORD = re.compile(
    r"passw(?:or)?d|pwd|passphrase|secret|token|(?:api|access|account|secret|auth)[_-]?key"
    r"|credential|connection[_-]?string"
)
_MOST = 1000
_BEFORE = re.compile(r"[\w.-]{0,30}\Z")
_AFTER = re.compile(
    r"[\w.-]{0,12}?\\{0,6}[\"']?\s{0,3}(?:=>|[:=])\s{0,3}(?:b?\\{0,6}[\"'])?"
    r"([^\s\"'<>,;`(){}\[\]]{6,400})"
)


def entropy(text: str) -> float:
    """Return the bits per character that a text has by its own frequencies (Shannon)."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values()) if total else 0.0


def is_stand_in(text: str, *, prefix: int = 0) -> bool:
    """Tell whether a value only shows where a secret would go, as ``YOUR_API_KEY`` does."""
    body = text[prefix:]
    if _STAND_INS.search(text) or text.lower().strip("_-. ") in _WORDS:
        return True
    return len(body) >= 12 and len(set(body)) <= 4


def is_secret_name(name: str) -> bool:
    """Tell whether a variable, key or argument of this name is likely to hold a secret."""
    return bool(_NAMED.search(name)) and not _NOT_NAMED.search(name)


def is_secret_value(value: str, name: str) -> bool:
    """Tell whether a text given to a secret's name looks like the secret itself."""
    if len(value) > 4000 or any(sign.isspace() for sign in value) or is_stand_in(value):
        return False
    if value.startswith(("http://", "https://", "/", "./", "~", "%", "$", "{", "<", "[")):
        return False
    kinds = _kinds(value)
    if _PASSWORDS.search(name):
        return len(value) >= 6 and kinds >= 2 and not _is_plain_words(value)
    if _is_plain_words(value):
        return False
    if re.fullmatch(r"[0-9a-fA-F-]{20,}", value):
        return entropy(value) >= 2.8
    return len(value) >= 12 and kinds >= 2 and has_digit(value) and entropy(value) >= 3.0


def is_random(value: str) -> bool:
    """Tell whether a text without a telling name has to be random: long, mixed and unordered."""
    return len(value) >= 32 and _kinds(value) >= 2 and has_digit(value) and entropy(value) >= 3.4


def assigned(text: str) -> list[tuple[str, str]]:
    """Return names and values that a plain text, such as an output, assigns like ``token: abc``."""
    pairs = []
    lower = text.lower()
    if len(lower) != len(text):  # a few letters change their length; places must stay the same
        lower = text
    for word in _WORD.finditer(lower):
        value = _AFTER.match(text, word.end())
        if value is None:
            continue
        before = _BEFORE.search(text[max(word.start() - 30, 0) : word.start()])
        name = (before.group() if before else "") + text[word.start() : value.start(1)]
        name = re.split(r"[\"'\s:=\\]", name)[0]
        if is_secret_name(name):
            pairs.append((name, value.group(1).rstrip(".\\|")))
            if len(pairs) >= _MOST:
                break
    return pairs


def has_digit(text: str) -> bool:
    """Tell whether a text holds a digit."""
    return any(sign.isdigit() for sign in text)


def _kinds(text: str) -> int:
    tests = (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())
    return sum(any(test(sign) for sign in text) for test in tests)


def _is_plain_words(text: str) -> bool:
    """Tell whether a value is made of words: an identifier, a header's name, a dotted path."""
    parts = re.split(r"[_\-.:/ ]", text)
    return all(re.fullmatch(r"[A-Za-z]{0,20}\d{0,1}", part) for part in parts) and (
        len(parts) > 1 or text.isalpha()
    )

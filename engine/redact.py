"""Makes log text fit to keep and to show: no secrets, no terminal codes, no invisible characters, a bounded length."""

from __future__ import annotations

import re

LIMIT = 8_000
"""Characters of one text that are kept; more is never read on a card."""

HIDDEN = "[redacted]"

_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|(?:access|auth|refresh|id|session|bot|api)?[_-]?token"
    r"|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|client[_-]?secret|credential|fernet[_-]?key|sas[_-]?key"
)
_URL = r"\b([a-z][a-z0-9+.-]{1,30}://[^\s:/@\"']{0,100}):[^\s/@\"']{1,200}@"
_HEADER = r"\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|digest)\s+)?)[^\s\"',]+"
_BEARER = r"\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"
_COOKIE = r"\b((?:set-)?cookie[\"']?\s*[:=]\s*[\"']?)[^\"'\n]+"
_JWT = r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*"
_AWS = r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
_VENDOR = r"\b(?:gh[pousr]_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|sk-[\w-]{16,}|AIza[\w-]{30,})"
_PRIVATE_KEY = r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,8000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"
_NAMED = (
    rf"((?:^|[^A-Za-z])(?:\w{{0,40}}[_.-])?(?:{_NAMES})[\"']?\s*(?:=>|=|:)\s*)"
    r"(?:(\")[^\"]*\"|(')[^']*'|[^\s,;&}\])\"']+)"
)

_SECRETS: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = tuple(
    (re.compile(regex, re.IGNORECASE), instead, tuple(signs.split()))
    for regex, instead, signs in (
        (_PRIVATE_KEY, HIDDEN, "-----begin"),
        (_URL, rf"\1:{HIDDEN}@", "://"),
        (_HEADER, rf"\1{HIDDEN}", "authorization"),
        (_BEARER, rf"\1{HIDDEN}", "bearer"),
        (_COOKIE, rf"\1{HIDDEN}", "cookie"),
        (_JWT, HIDDEN, "eyj"),
        (_AWS, HIDDEN, "akia asia"),
        (_VENDOR, HIDDEN, "ghp_ gho_ ghu_ ghs_ ghr_ glpat- xox sk- aiza"),
        # A JSON line stays one: the quotes are kept.
        (_NAMED, rf"\1\2\3{HIDDEN}\2\3", "pass pwd secret token key credential"),
    )
)
"""How a secret looks, what is put in its place, and the signs of which it has at least one: without, none is sought."""

_ALIKE = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"})
"""Letters that a regex without regard to case takes for others: https://docs.python.org/3/library/re.html#re.IGNORECASE"""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def clean(text: str) -> str:
    """Without terminal codes, control characters and invisible marks that turn or hide text; line breaks stay."""
    return _INVISIBLE.sub("", _ANSI.sub("", text.replace("\r\n", "\n")))


def redact(text: str, limit: int = LIMIT) -> str:
    """Clean text without passwords, tokens and keys, at most ``limit`` characters; what was left out is said."""
    text = clean(shorten(text, 4 * limit))
    low = text.translate(_ALIKE).lower()
    for secret, instead, signs in _SECRETS:
        if any(sign in low for sign in signs):
            text = secret.sub(instead, text)
    return shorten(text, limit)


def shorten(text: str, limit: int) -> str:
    """The beginning and the end, since a stack trace says what happened first or last."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"

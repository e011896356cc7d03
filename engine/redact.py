"""Makes log text fit to keep and to show: no secrets, no terminal codes, no invisible characters, a bounded length."""

from __future__ import annotations

import re

LIMIT = 8_000
"""Characters of one text that are kept; more is never read on a card."""

HIDDEN = "[redacted]"

# Whatever a name begins with: AIRFLOW__SMTP__PASSWORD, PGPASSWORD, dbPassword, spark.ssl.keyPassword.
_NAMES = (
    r"passw(?:or)?d|pass(?:phrase|code)|secret(?:[_.-]?(?:access[_.-]?)?key)?|token|bindpw|(?:j|php)sess(?:ion)?id"
    r"|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|credential|fernet[_-]?key|sas[_-]?key|rediscli_auth"
    r"|(?:encryption|signing|master)[_.-]?key|account[_.-]?key(?:\.[a-z0-9.-]{1,80})?|webhook[_-]?url"
    r"|(?<![a-z])(?:pass|pwd|otp|_auth)"
)
# A password may hold an @ or a slash; what follows a port is none.
_URL = (
    r"\b([a-z][a-z0-9+.-]{1,30}://[^\s:/@\"']{0,100}):(?!\d{1,5}/)"
    r"(?:[^\s\"']{1,200}?@(?=[\w.\[\]:,%-]{1,300}(?:[^\w.\[\]:,%@-]|\Z))|[^\s/@\"']{1,200}@)"
)
_USER_ALONE = r"\b(https?://)[^\s:/@\"']{8,200}@"
_ORACLE = r"(\bthin:[^\s/:@]{1,64}/)[^\s@\"']{1,100}@"
_SIGNED = r"\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:digest|hawk|oauth|aws4-hmac-sha256)\s)[^\n]+"
_HEADER = (
    r"\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?"
    r"(?:(?:bearer|basic|token|digest|api-?key|negotiate|ntlm)\s+)?)[^\s\"',]+"
)
_BEARER = r"\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"
_COOKIE = r"\b((?:set-)?cookie[\"']?\s*[:=]\s*[\"']?)[^\"'\n]+"
_QUERY = r"([?&](?:sig|(?:x-(?:amz|goog)-)?signature)=)[^\s&\"'#]{6,}|([?&](?:key|code)=)[^\s&\"'#]{16,}"
_HOOK = (
    r"(\bhttps://(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/"
    r"|[\w.-]{1,200}\.webhook\.office\.com/webhookb2/))[^\s\"'<>]+"
)
_JWT = r"(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*"
_AWS = r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
_VENDOR = (
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|gl(?:pat|rt|dt|ptt|soat|cbt)-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}"
    r"|xapp-\d-[\w-]{10,}|sk-[\w-]{16,}|[rs]k_(?:live|test)_\w{10,}|SK[0-9a-f]{32}\b|whsec_\w{16,}|AIza[\w-]{30,}"
    r"|ya29\.[\w-]{10,}|GOCSPX-[\w-]{16,}|SG\.[\w-]{16,}\.[\w-]{16,}|npm_\w{30,}|pypi-[\w-]{16,}|hf_\w{20,}"
    r"|dapi[0-9a-f]{32}|hv[sbr]\.[\w-]{20,}|dp\.(?:st|pt|ct|sa)\.[\w.]{20,}|do[opr]_v1_[0-9a-f]{32,}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-f]{32}|NRAK-\w{20,}|AGE-SECRET-KEY-1\w{20,})"
)
# Where its end was cut off, what still looks like a key goes.
_PRIVATE_KEY = (
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:[^-]|-(?!----(?:BEGIN|END)))*+-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"|(?:\s|\\[nr])*[A-Za-z0-9+/=]*(?:(?:\s|\\[nr])+[A-Za-z0-9+/=]{20,})*)"
)
_QUOTED = (
    r"(?P<q>\\+[\"'])(?:(?!(?P=q))[^\n])*(?P=q)?|(?P<d>\")(?:\\.|[^\"\\])*+(?:\"|\Z)|(?P<s>')(?:\\.|[^'\\])*+(?:'|\Z)"
)
# After a comma or a bracket comes the next thing that is named, or the rest of the secret.
_PLAIN = r"(?!\[redacted\])[^\s,;&}\])\"']++(?:[,;}\])]++[^\s,;&}\])\"'=:]++(?![=:]))*+"
_NAMED = rf"((?:{_NAMES})(?:\\*[\"'])?\s*(?:=>|:=|=|:|%3d)\s*)(?:{_QUOTED}|{_PLAIN})"
_ELEMENT = rf"(<[\w:.-]{{0,40}}(?:{_NAMES})(?:\s[^<>]{{0,200}})?>)[^<>]+"
_OPTION = (
    rf"((?:^|\s)--[\w-]{{0,40}}(?:{_NAMES})\s+)[^\s-]\S*"
    r"|(\bcurl\b[^\n]{0,300}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,64}:)\S+"
    r"|(\bsshpass\s+-p\s*|\b(?:mysql|mariadb)(?:dump|admin)?\s[^\n]{0,200}?(?<=\s)-p|\blogin\s+\S{1,64}\s+password\s+)\S+"
)
_SQL = (
    r"(\b(?:password|identified\s{1,8}by(?:\s{1,8}password)?)(?:\s{1,8}\(?|\s{0,8}\()\s{0,8})"
    r"(?:'[^'\n]*'|\"[^\"\n]*\")"
)
_DOCKER = r"(\"auth\"\s*:\s*\")[A-Za-z0-9+/=]{8,}"

_SECRETS: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = tuple(
    (re.compile(regex, re.IGNORECASE), instead, tuple(signs.split()))
    for regex, instead, signs in (
        (_PRIVATE_KEY, HIDDEN, "-----begin"),
        (_URL, rf"\1:{HIDDEN}@", "://"),
        (_USER_ALONE, rf"\1{HIDDEN}@", "http"),
        (_ORACLE, rf"\1{HIDDEN}@", "thin:"),
        (_SIGNED, rf"\1{HIDDEN}", "authorization"),
        (_HEADER, rf"\1{HIDDEN}", "authorization"),
        (_BEARER, rf"\1{HIDDEN}", "bearer"),
        (_COOKIE, rf"\1{HIDDEN}", "cookie"),
        (_QUERY, rf"\1\2{HIDDEN}", "sig= signature= key= code="),
        (_HOOK, rf"\1{HIDDEN}", "https://"),
        (_JWT, HIDDEN, "eyj"),
        (_AWS, HIDDEN, "akia asia"),
        (
            _VENDOR,
            HIDDEN,
            (
                "ghp_ gho_ ghu_ ghs_ ghr_ github_pat gl xox xapp- sk whsec rk_ aiza ya29. gocspx sg. npm_ pypi- hf_"
                " dapi hvs. hvb. hvr. dp. doo_ dop_ dor_ shp nrak age-secret"
            ),
        ),
        # A JSON line stays one: the quotes are kept.
        (
            _NAMED,
            rf"\1\g<q>\g<d>\g<s>{HIDDEN}\g<q>\g<d>\g<s>",
            "pass pwd secret token key credential bindpw sess otp _auth webhook",
        ),
        (_ELEMENT, rf"\1{HIDDEN}", "pass pwd secret token key credential bindpw sess otp _auth webhook"),
        (_OPTION, rf"\1\2\3{HIDDEN}", "-- curl sshpass mysql mariadb login"),
        (_SQL, rf"\1'{HIDDEN}'", "password identified"),
        (_DOCKER, rf"\1{HIDDEN}", "auth"),
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

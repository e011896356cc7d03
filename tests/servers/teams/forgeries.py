"""Tokens that must be refused, each in one way not quite what Teams signs, and the few odd ones that must be let in.

@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_is_refused(name, microsoft):
    header = FORGERIES[name](microsoft, service_url)      # of Authorization; None: send none
    # must be answered 401 or 403, and no turn may run
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.servers.entra import ISSUER, Entra, published

Forge: TypeAlias = Callable[[Entra, str], str | None]
"""From the sign-in service and the activity's service URL to an Authorization header."""


def _says(header: str | None) -> Forge:
    return lambda _service, _url: header


def _claims(**changed: Any) -> Forge:
    return lambda service, url: f"Bearer {service.token(url, **changed)}"


def _for(other: str | None, **changed: Any) -> Forge:
    return lambda service, _url: f"Bearer {service.token(other, **changed)}"


def _unsigned(service: Entra, service_url: str) -> str:
    _, claims, _ = service.token(service_url).split(".")
    return f"Bearer {_part({'alg': 'none', 'typ': 'JWT', 'kid': service.kid})}.{claims}."


def _altered(service: Entra, service_url: str) -> str:
    """A token for another bot, made ours after it was signed."""
    head, claims, signature = service.token(service_url, audience="another bot").split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return f"Bearer {head}.{_part({**said, 'aud': service.app_id})}.{signature}"


def _signed_with_the_public_key(service: Entra, service_url: str) -> str:
    """HS256 with what everybody can read as its secret: fools who takes the token's word for the algorithm."""
    secret = service.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _, claims, _ = service.token(service_url).split(".")
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': service.kid})}.{claims}"
    return f"Bearer {signed}.{_plain(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _own_key_inside(service: Entra, service_url: str) -> str:
    """The forger's own key in the token's head: fools who uses it."""
    claims = jwt.decode(service.token(service_url), options={"verify_signature": False})
    own = published(service.stranger, "own", ["msteams"])
    return "Bearer " + jwt.encode(claims, service.stranger, algorithm="RS256", headers={"kid": "own", "jwk": own})


def _part(value: Mapping[str, object]) -> str:
    return _plain(json.dumps(value).encode())


def _plain(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


FORGERIES: Mapping[str, Forge] = MappingProxyType(
    {
        "no header": _says(None),
        "an empty header": _says(""),
        "no token": _says("Bearer "),
        "a word": _says("Bearer abc"),
        "three words": _says("Bearer a.b.c"),
        "a password": _says("Basic b25jYWxsOm9uY2FsbA=="),
        "no scheme": lambda service, url: service.token(url),
        "two tokens": lambda service, url: f"{service.header(url)} {service.token(url)}",
        "no signature": _unsigned,
        "a cut signature": lambda service, url: service.header(url)[:-20],
        "changed after signing": _altered,
        "a stranger's key": _claims(key="stranger"),
        "a key of its own": _own_key_inside,
        "an unknown key": _claims(key="stranger", kid="unknown"),
        "the public key as a secret": _signed_with_the_public_key,
        "another algorithm": _claims(algorithm="RS512"),
        "a key of another channel": _claims(key="of_webchat", kid="of-webchat"),
        "expired": _claims(starts=-7200, expires=-360),
        "not yet valid": _claims(starts=360),
        "another issuer": _claims(issuer="https://api.botframework.example"),
        "another audience": _claims(audience="33333333-0000-4000-8000-000000000003"),
        "another service URL": _for("https://smba.example/emea/"),
        "no service URL": _for(None),
        "the bot's own token": _for(None, audience=ISSUER),
    }
)

TRUE_TOKENS: Mapping[str, Forge] = MappingProxyType(
    {
        "as Teams signs": _claims(),
        "expired within the skew of five minutes": _claims(starts=-7200, expires=-240),
        "early within the skew of five minutes": _claims(starts=240),
    }
)

"""Where a cluster's API is and how we sign in to it: as a pod's service account, or by a kubeconfig."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from engine.errors import Misconfigured

IN_CLUSTER = "in-cluster"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts a pod's own token and authority."""


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """``config`` is ``in-cluster`` or the path of a kubeconfig. Nothing but what the patterns name may be acted on.

    ``steady_seconds``: how long a pod must be ready before an action has worked. ``settled_seconds``: how long after
    its last trouble a pod counts as well again, so that one that crashes every few minutes does not.
    """

    config: str
    namespaces: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    timeout_seconds: float = 10
    steady_seconds: float = 15
    settled_seconds: float = 600
    drain_seconds: float = 90
    service_account: Path = SERVICE_ACCOUNT
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """``token`` is read for each request, because Kubernetes replaces it every hour."""

    url: str
    who: str
    tls: ssl.SSLContext = field(repr=False)
    token: Callable[[], str] = field(repr=False)


def access(settings: KubernetesSettings) -> Access:
    """Raises Misconfigured."""
    if settings.config == IN_CLUSTER:
        return _in_cluster(settings.service_account, settings.environment)
    path = Path(settings.config).expanduser()
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        raise Misconfigured(f"The kubeconfig {path} cannot be read.") from None
    if not isinstance(content, dict):
        raise Misconfigured(f"{path} is not a kubeconfig.")
    return _Kubeconfig(path, content).access()


def _in_cluster(folder: Path, environment: Mapping[str, str]) -> Access:
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (folder / "token").exists():
        raise Misconfigured("This program does not run in a pod with a service account: name a kubeconfig instead.")
    address = f"[{host}]" if ":" in host else host
    tls = _tls(lambda context: context.load_verify_locations(cafile=folder / "ca.crt"))
    return Access(f"https://{address}:{port}", "the service account", tls, lambda: _word(folder / "token"))


@dataclass(frozen=True, slots=True)
class _Kubeconfig:
    """https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ , as far as it starts no other program."""

    path: Path
    content: Mapping[str, Any] = field(repr=False)

    def access(self) -> Access:
        context = self._named("contexts", "context", str(self.content.get("current-context", "")))
        cluster = self._named("clusters", "cluster", str(context.get("cluster", "")))
        user = self._named("users", "user", str(context.get("user", "")))
        url = str(cluster.get("server", ""))
        self._no_risk(url, cluster, user)
        tls = _tls(lambda tls: self._trust(tls, cluster, user))
        return Access(url, str(context.get("user", "")), tls, self._token(user))

    def _named(self, group: str, kind: str, name: str) -> Mapping[str, Any]:
        for one in self.content.get(group) or ():
            if isinstance(one, dict) and one.get("name") == name and isinstance(one.get(kind), dict):
                return dict(one[kind])
        raise Misconfigured(f"{self.path} has no {kind} {name[:80]!r}.")

    def _no_risk(self, url: str, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> None:
        address = urlsplit(url)
        if address.scheme != "https" and not (address.scheme == "http" and _is_here(address.hostname or "")):
            raise Misconfigured(f"{self.path}: the server's address must begin with https://.")
        if cluster.get("insecure-skip-tls-verify"):
            raise Misconfigured(f"{self.path} skips the check of the server's certificate; name its authority instead.")
        if "exec" in user or "auth-provider" in user:
            raise Misconfigured(
                f"{self.path} signs in by another program, which I do not start: use a service account's token."
            )

    def _trust(self, tls: ssl.SSLContext, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> None:
        if authority := self._bytes(cluster, "certificate-authority"):
            tls.load_verify_locations(cadata=authority.decode())
        else:
            tls.load_default_certs()
        if certificate := self._bytes(user, "client-certificate"):
            with tempfile.NamedTemporaryFile() as file:  # OpenSSL takes these from a file only
                file.write(certificate + b"\n" + self._bytes(user, "client-key"))
                file.flush()
                tls.load_cert_chain(file.name)

    def _bytes(self, part: Mapping[str, Any], name: str) -> bytes:
        if data := part.get(f"{name}-data"):
            return base64.b64decode(str(data), validate=True)
        return self._beside(str(part[name])).read_bytes() if part.get(name) else b""

    def _token(self, user: Mapping[str, Any]) -> Callable[[], str]:
        if user.get("tokenFile"):
            file = self._beside(str(user["tokenFile"]))
            return lambda: _word(file)
        token = str(user.get("token") or "")
        return lambda: token

    def _beside(self, name: str) -> Path:
        return self.path.parent / name


def _tls(trust: Callable[[ssl.SSLContext], None]) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        trust(tls)
    except (OSError, ValueError, binascii.Error):  # ssl's own error is an OSError
        raise Misconfigured("The certificates for Kubernetes cannot be read: is one of them missing or cut?") from None
    return tls


def _word(file: Path) -> str:
    """Empty where the file has gone; the server then says what it thinks of that."""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

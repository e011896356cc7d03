"""What may be acted on: the namespaces and nodes that the settings name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import Refused

NAMESPACES, NODES = "KUBERNETES_NAMESPACES", "KUBERNETES_NODES"
SYSTEM = "kube-"
"""The namespaces of Kubernetes itself begin so: a pattern reaches them only if it does, too."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Patterns may hold ``*``. None means that nothing may be acted on."""

    namespaces: tuple[str, ...]
    nodes: tuple[str, ...]

    def wrong(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        """By parameter name, why that is outside."""
        found = {}
        namespace, node = parameters.get("namespace", ""), parameters.get("node_name", "")
        if namespace and not self.holds_namespace(namespace):
            found["namespace"] = f"is not one that I may act in; {NAMESPACES} names those"
        if node and not any(_matches(pattern, node) for pattern in self.nodes):
            found["node_name"] = f"is not one that I may act on; {NODES} names those"
        return found

    def keep(self, parameters: Mapping[str, str]) -> None:
        """Raises Refused if it is outside."""
        for name, why in self.wrong(parameters).items():
            raise Refused(f"{parameters[name]} {why}.")

    def holds_namespace(self, name: str) -> bool:
        patterns = (one for one in self.namespaces if one.startswith(SYSTEM) or not name.startswith(SYSTEM))
        return any(_matches(pattern, name) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), name) is not None

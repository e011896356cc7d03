"""The Teams app of one installation, packed: the manifest with its ids in place, and both icons."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from uuid import UUID

from engine.errors import Invalid

TEMPLATE = Path(__file__).parents[1] / "manifests" / "teams"
FILES = ("color.png", "outline.png")
VERSION = "1.0.0"
HOST = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})+", re.IGNORECASE)
DATED = (1980, 1, 1, 0, 0, 0)
"""The same ids make the same bytes, whenever it is packed."""


def package(app_id: str, host: str, *, version: str = VERSION, template: Path = TEMPLATE) -> bytes:
    """Return the zip that Teams takes under Apps → Manage your apps → Upload an app.

    ``app_id`` is the bot's Microsoft app id, ``host`` the name under which Teams reaches this program over HTTPS,
    ``version`` three numbers that must grow when an installed app is to be replaced. Raises Invalid.
    """
    _check(app_id, host, version)
    manifest = (template / "manifest.json").read_text("utf-8")
    for name, value in (("APP_ID", app_id.lower()), ("HOST", host.lower()), ("VERSION", version)):
        manifest = manifest.replace(f"{{{{{name}}}}}", value)
    json.loads(manifest)
    icons = {name: (template / name).read_bytes() for name in FILES}
    return _zipped({"manifest.json": manifest.encode(), **icons})


def _check(app_id: str, host: str, version: str) -> None:
    wrong: dict[str, str] = {}
    if not _is_id(app_id):
        wrong["TEAMS_APP_ID"] = "must look like 00000000-0000-0000-0000-000000000000; Azure calls it Microsoft App ID."
    if not HOST.fullmatch(host):
        wrong["PUBLIC_URL"] = "must have a public name, such as https://oncall.example.com."
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}\.\d{1,4}", version):
        wrong["version"] = "must be three numbers such as 1.0.0."
    if wrong:
        raise Invalid(wrong)


def _is_id(text: str) -> bool:
    """A UUID as Microsoft writes it; Python alone would also take braces and no hyphens."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, DATED), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()

"""The Teams app that people upload: as Microsoft's own schema wants it, with commands that exist and icons that fit."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.commands import COMMANDS
from bot.teams_package import TEMPLATE, package
from engine.errors import Invalid
from tests.servers.entra import APP_ID
from tests.servers.node import node_packages

SCHEMAS = {"@microsoft/app-manifest": "1.1.2"}
HOST = "oncall.example.com"
NEWEST = "1.30"


@pytest.fixture(scope="module")
def schemas() -> Path:
    folder = node_packages("teams-manifest", SCHEMAS)
    return folder / "node_modules/@microsoft/app-manifest/build/json-schemas/teams"


@pytest.fixture
def packed() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(package(APP_ID, HOST)))


@pytest.fixture
def manifest(packed: zipfile.ZipFile) -> dict[str, Any]:
    return dict(json.loads(packed.read("manifest.json")))


def wrong(schemas: Path, manifest: dict[str, Any], version: str) -> list[str]:
    schema = json.loads((schemas / f"v{version}" / "MicrosoftTeams.schema.json").read_text("utf-8"))
    return [f"{error.json_path}: {error.message}" for error in jsonschema.Draft4Validator(schema).iter_errors(manifest)]


def test_it_is_what_microsofts_schema_of_its_version_wants(schemas: Path, manifest: dict[str, Any]) -> None:
    assert wrong(schemas, manifest, manifest["manifestVersion"]) == []
    assert f"/v{manifest['manifestVersion']}/" in manifest["$schema"]


def test_the_newest_schema_takes_it_too(schemas: Path, manifest: dict[str, Any]) -> None:
    newer = {**manifest, "manifestVersion": NEWEST, "$schema": manifest["$schema"].replace("1.19", NEWEST)}
    assert wrong(schemas, newer, NEWEST) == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": {"short": "x" * 31}},
        {"icons": {"color": "color.png"}},
        {"id": "no id"},
        {"accentColor": "green"},
        {"bots": [{"botId": APP_ID, "scopes": ["everywhere"]}]},
        {"surprise": True},
    ],
)
def test_the_schema_sees_what_is_wrong(schemas: Path, manifest: dict[str, Any], change: dict[str, Any]) -> None:
    assert wrong(schemas, {**manifest, **change}, "1.19") != []


def test_its_commands_exist_and_say_what_help_says(manifest: dict[str, Any]) -> None:
    listed = [one for commands in manifest["bots"][0]["commandLists"] for one in commands["commands"]]
    assert listed
    for one in listed:
        help_ = COMMANDS[one["title"]].help
        assert one["description"] == help_[0].upper() + help_[1:]


def test_teams_shows_at_most_ten_commands_in_a_list_and_each_scope_has_one(manifest: dict[str, Any]) -> None:
    lists = manifest["bots"][0]["commandLists"]
    assert all(len(one["commands"]) <= 10 for one in lists)
    assert sorted(scope for one in lists for scope in one["scopes"]) == ["groupChat", "personal", "team"]
    assert sorted(manifest["bots"][0]["scopes"]) == ["groupChat", "personal", "team"]


def test_any_message_can_be_reported(manifest: dict[str, Any]) -> None:
    (command,) = manifest["composeExtensions"][0]["commands"]
    assert (command["title"], command["context"], command["type"]) == ("Report as incident", ["message"], "action")
    assert command["fetchTask"] is True


def test_the_users_ids_are_everywhere_and_no_placeholder_is_left(manifest: dict[str, Any]) -> None:
    assert "{{" not in json.dumps(manifest)
    assert {manifest["id"], manifest["bots"][0]["botId"], manifest["composeExtensions"][0]["botId"]} == {APP_ID}
    assert manifest["validDomains"] == [HOST]


def test_the_zip_holds_three_files_at_its_top_and_is_the_same_each_time(packed: zipfile.ZipFile) -> None:
    assert sorted(packed.namelist()) == ["color.png", "manifest.json", "outline.png"]
    assert {one.date_time for one in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    lettered = APP_ID.replace("2", "b")
    assert package(lettered, HOST) == package(lettered.upper(), HOST.upper())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"app_id": "oncall"}, "TEAMS_APP_ID"),
        ({"app_id": "{" + APP_ID + "}"}, "TEAMS_APP_ID"),
        ({"app_id": APP_ID.replace("-", "")}, "TEAMS_APP_ID"),
        ({"host": "https://oncall.example.com"}, "PUBLIC_URL"),
        ({"host": "oncall.example.com:8000"}, "PUBLIC_URL"),
        ({"host": "localhost"}, "PUBLIC_URL"),
        ({"host": 'a.example", "x": "'}, "PUBLIC_URL"),
        ({"version": "1.0"}, "version"),
    ],
)
def test_what_teams_would_refuse_is_refused_with_what_to_do(given: dict[str, str], named: str) -> None:
    asked = {"app_id": APP_ID, "host": HOST, "version": "1.0.0", **given}
    with pytest.raises(Invalid) as refusal:
        package(asked["app_id"], asked["host"], version=asked["version"])
    assert list(refusal.value.fields) == [named]


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height, and every pixel: as bytes of red, green, blue, and alpha if the file has it."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert (depth, colour) in {(8, 2), (8, 6)}
    each = {2: 3, 6: 4}[colour]
    lines = zlib.decompress(b"".join(body for kind, body in chunks(png) if kind == b"IDAT"))
    rows: list[bytes] = [bytes(width * each)]
    for at in range(height):
        line = lines[at * (width * each + 1) : (at + 1) * (width * each + 1)]
        rows.append(unfiltered(line[0], line[1:], rows[-1], each))
    flat = b"".join(rows[1:])
    return width, height, [flat[at : at + each] for at in range(0, len(flat), each)]


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def unfiltered(kind: int, line: bytes, above: bytes, each: int) -> bytes:
    """One row as it was before PNG's filter: https://www.w3.org/TR/png-3/#9Filters."""
    row = bytearray(line)
    for at, value in enumerate(line):
        left = row[at - each] if at >= each else 0
        corner = above[at - each] if at >= each else 0
        guesses = (0, left, above[at], (left + above[at]) // 2, nearest(left, above[at], corner))
        row[at] = (value + guesses[kind]) & 255
    return bytes(row)


def nearest(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


def test_the_colour_icon_is_192_pixels_wide_and_filled_to_its_corners() -> None:
    width, height, all_ = pixels((TEMPLATE / "color.png").read_bytes())
    assert (width, height) == (192, 192)
    assert {one[3] for one in all_ if len(one) == 4} <= {255}
    assert all_[0] == all_[-1]
    assert len(set(all_)) > 2


def test_the_outline_icon_is_32_pixels_wide_white_and_otherwise_transparent() -> None:
    width, height, all_ = pixels((TEMPLATE / "outline.png").read_bytes())
    assert (width, height) == (32, 32)
    seen = [one for one in all_ if one[3]]
    assert {one[:3] for one in seen if one[3] == 255} == {b"\xff\xff\xff"}
    assert all(min(one[:3]) >= 250 for one in seen)
    assert 30 < len(seen) < 400


@pytest.mark.parametrize("name", ["color", "outline"])
def test_each_icon_comes_with_its_drawing(name: str) -> None:
    drawing = (TEMPLATE / f"{name}.svg").read_text("utf-8")
    assert drawing.startswith("<svg")
    assert "href" not in drawing

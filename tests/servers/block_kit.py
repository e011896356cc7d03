"""What Slack would refuse in a message, a view or an app manifest, and what a message looks like there.

    violations(payload)          # [] or sentences; payload: {"text", "blocks", "attachments"} or a view with "type"
    pings(payload)               # whom it would ping or which commands it holds: <!channel>, <@U123>, …
    manifest_violations(manifest)
    await picture(payload, png)  # draws it, in Chromium

Three judges, since each misses what another sees: the models of slack_sdk, a JSON schema made from Slack's official
types (cached, needs Node once), and the rules below. https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from tests.servers.chromium import chromium
from tests.servers.node import installed, node, node_environment, node_packages

Json = Mapping[str, Any]

TOO_LONG = "characters of blocks in all"
TOTAL = 13_200
"""Characters of a message's blocks, written as compact JSON. Slack does not say how it counts; this was seen to be
refused, and counting texts alone let through what was refused: https://github.com/slackapi/bolt-js/issues/2867"""
SOURCES = {"@slack/types": "3.2.0", "@slack/web-api": "8.2.0", "ts-json-schema-generator": "2.9.0"}
TYPES = "node_modules/@slack/types/dist/index.d.ts"
MANIFEST = "node_modules/@slack/web-api/dist/types/request/manifest.d.ts"
LONGEST = {
    ("section", "text"): 3000,
    ("header", "text"): 150,
    ("markdown", "text"): 12_000,
    ("button", "text"): 75,
    ("button", "value"): 2000,
    ("button", "url"): 3000,
    ("image", "image_url"): 3000,
    ("image", "alt_text"): 2000,
    ("image", "title"): 2000,
    ("input", "label"): 2000,
    ("input", "hint"): 2000,
    ("confirm", "title"): 100,
    ("confirm", "text"): 300,
    ("confirm", "confirm"): 30,
    ("confirm", "deny"): 30,
    ("option", "text"): 75,
    ("option", "value"): 150,
    ("option", "description"): 75,
    ("view", "title"): 24,
    ("view", "submit"): 24,
    ("view", "close"): 24,
    ("view", "private_metadata"): 3000,
    ("view", "callback_id"): 255,
    ("view", "external_id"): 255,
}
"""Characters, by what it is and its field; a text object counts by its text."""
MOST = {
    ("actions", "elements"): 25,
    ("context", "elements"): 10,
    ("section", "fields"): 10,
    ("static_select", "options"): 100,
    ("radio_buttons", "options"): 10,
    ("checkboxes", "options"): 10,
    ("overflow", "options"): 5,
}
CONFIRM = ("confirm", "deny", "text", "title")
PINGS = re.compile(r"<(?:!|@|#)[^<>]*>")


def violations(payload: Json) -> list[str]:
    """Return all that Slack would refuse in a message or a view, each as a sentence."""
    is_view = "type" in payload
    found = [*_by_models(payload), *_by_schema(payload), *_by_size(payload)]
    found += _of_view(payload) if is_view else _of_message(payload)
    return sorted(set(found))


def pings(payload: Json) -> list[str]:
    """Return what Slack would obey rather than show: mentions in mrkdwn, in the text, or as elements."""
    found = PINGS.findall(str(payload.get("text", "")))
    for thing in _things(payload):
        kind = thing.get("type")
        if kind == "mrkdwn":
            found += PINGS.findall(str(thing["text"]))
        elif kind in {"user", "usergroup", "broadcast", "channel"}:
            found.append(json.dumps(thing))
    for attachment in payload.get("attachments") or ():
        found += PINGS.findall(f"{attachment.get('text', '')} {attachment.get('pretext', '')}")
    return found


def manifest_violations(manifest: Json) -> list[str]:
    return _schema_errors("Manifest", manifest)


@functools.cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return the official types as JSON schemas, by name. Blocks while they are made, once on a machine."""
    folder = installed(f"slack-schemas-{SOURCES['@slack/types']}-{SOURCES['@slack/web-api']}", _make_schemas)
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.glob("*.json")):
        found |= json.loads(file.read_text("utf-8"))["definitions"]
    return found


def _make_schemas(folder: Path) -> None:
    packages = node_packages("slack-types", SOURCES)
    program = packages / "node_modules" / "ts-json-schema-generator" / "bin" / "ts-json-schema-generator.js"
    for name, path in (("*", TYPES), ("Manifest", MANIFEST)):
        out = folder / f"{name.strip('*') or 'types'}.json"
        line = [str(node()), str(program), "--path", path, "--type", name, "--no-type-check", "-o", str(out)]
        subprocess.run(line, check=True, capture_output=True, cwd=packages, env=node_environment(), timeout=120)


@functools.cache
def _judge(name: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": schemas()})


@functools.cache
def _definitions() -> dict[str, str]:
    """The type that describes a block, by the block's own ``type``."""
    known = [one["$ref"].rpartition("/")[2] for one in schemas()["KnownBlock"]["anyOf"]]
    return {_type(schemas()[name]): name for name in known}


def _type(schema: Json) -> str:
    """A section is described as any of two: with a text, or with fields."""
    either = schema.get("anyOf")
    return _type(either[0]) if either else str(schema["properties"]["type"]["const"])


def _schema_errors(name: str, value: object) -> list[str]:
    found = [_meant(error) or error for error in _judge(name).iter_errors(value)]
    return [f"{name} {error.json_path}: {error.message[:300]}" for error in found]


def _meant(error: jsonschema.ValidationError) -> jsonschema.ValidationError | None:
    """Of many alternatives, what the one whose ``type`` fits complains of; None if something else was meant."""
    if error.validator == "const" and list(error.path) == ["type"]:
        return None
    branches: dict[object, list[jsonschema.ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for branch in branches.values():
        found = [_meant(inner) for inner in branch]
        if all(found):
            return found[0]
    return None if branches else error


def _blocks(payload: Json) -> list[dict[str, Any]]:
    """All blocks, those in attachments too."""
    within = [block for one in payload.get("attachments") or () for block in one.get("blocks") or ()]
    return [*(payload.get("blocks") or ()), *within]


def _things(value: object) -> Iterator[dict[str, Any]]:
    """Every object in it, itself first."""
    if isinstance(value, Mapping):
        yield dict(value)
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _things(one)


def _by_models(payload: Json) -> Iterator[str]:
    for block in _blocks(payload):
        try:
            model = Block.parse(dict(block))
            if model is None:
                yield f"slack_sdk knows no block of type {block.get('type')!r}"
                continue
            _validate(model)
        except (SlackObjectFormationError, TypeError, ValueError, AttributeError, KeyError) as error:
            yield f"{block.get('type')}: {error}"  # the models fall over what is not there
    if payload.get("type") in {"modal", "home"}:
        try:
            View(**payload).validate_json()
        except (SlackObjectFormationError, TypeError) as error:
            yield f"view: {error}"


def _validate(model: Any) -> None:
    """The models look at themselves, not at what is in them."""
    if hasattr(model, "validate_json"):
        model.validate_json()
    for name in ("elements", "fields", "options", "accessory", "element", "confirm", "text"):
        inner = getattr(model, name, None)
        for one in inner if isinstance(inner, list | tuple) else [inner]:
            if one is not None and not isinstance(one, str | dict):
                _validate(one)


def _by_schema(payload: Json) -> Iterator[str]:
    for block in _blocks(payload):
        if name := _definitions().get(str(block.get("type"))):
            yield from _schema_errors(name, block)
        else:
            yield f"Slack's types know no block of type {block.get('type')!r}"
    for attachment in payload.get("attachments") or ():
        yield from _schema_errors("MessageAttachment", {**attachment, "blocks": []})
    if name := {"modal": "ModalView", "home": "HomeView"}.get(str(payload.get("type"))):
        yield from _schema_errors(name, {**payload, "blocks": []})


def _by_size(payload: Json) -> Iterator[str]:
    for thing in _things(payload):
        yield from _empty(thing)
        yield from _sizes(_kind(thing, is_view=thing == payload and "type" in payload), thing)
        yield from _addresses(thing)
    yield from _same_names(payload)
    yield from _unwritable(json.dumps(payload, ensure_ascii=False))


def _kind(thing: Json, *, is_view: bool) -> str:
    if is_view:
        return "view"
    if "type" not in thing and set(CONFIRM) <= set(thing):
        return "confirm"
    return str(thing.get("type", "option" if "value" in thing else ""))


def _empty(thing: Json) -> Iterator[str]:
    if thing.get("type") in {"plain_text", "mrkdwn", "text", "markdown"} and not thing.get("text"):
        yield f"an empty text: {dict(thing)}"
    for name in ("elements", "fields", "options"):
        if name in thing and not thing[name]:
            yield f"{thing.get('type')} has no {name}"


def _sizes(kind: str, thing: Json) -> Iterator[str]:
    for name in ("action_id", "block_id"):
        if len(str(thing.get(name) or "")) > 255:
            yield f"{name} has more than 255 characters"
        if name in thing and not thing[name]:
            yield f"an empty {name}"
    for name, value in thing.items():
        text = value.get("text") if isinstance(value, Mapping) else value
        longest = LONGEST.get((kind, name))
        if longest and isinstance(text, str) and len(text) > longest:
            yield f"{kind}.{name} has {len(text)} characters, more than {longest}"
        most = MOST.get((kind, name))
        if most and isinstance(value, list) and len(value) > most:
            yield f"{kind} has {len(value)} {name}, more than {most}"
    yield from _special_sizes(kind, thing)


def _special_sizes(kind: str, thing: Json) -> Iterator[str]:
    for number, field in enumerate(thing.get("fields") or () if kind == "section" else ()):
        if len(field["text"]) > 2000:
            yield f"section.fields[{number}] has {len(field['text'])} characters, more than 2000"
    if kind == "header" and thing.get("text", {}).get("type") != "plain_text":
        yield "a header is plain_text"
    placeholder = thing.get("placeholder")
    if isinstance(placeholder, Mapping) and len(placeholder["text"]) > 150:
        yield "placeholder has more than 150 characters"
    if kind == "plain_text_input" and len(str(thing.get("initial_value") or "")) > 3000:
        yield "initial_value has more than 3000 characters"
    chosen = thing.get("initial_option")
    if chosen and chosen not in thing.get("options", ()):
        yield "initial_option is none of the options"


def _addresses(thing: Json) -> Iterator[str]:
    url = thing.get("url")
    if isinstance(url, str) and not re.match(r"(https?://|mailto:|slack://)\S+$", url):
        yield f"{url[:80]!r} is no address that a button or link can open"
    picture = thing.get("image_url")
    if isinstance(picture, str) and not picture.startswith("https://"):
        yield f"{picture[:80]!r}: Slack fetches pictures over https only"


def _same_names(payload: Json) -> Iterator[str]:
    names = Counter(str(block["block_id"]) for block in _blocks(payload) if "block_id" in block)
    yield from (f"block_id {name!r} stands there {count} times" for name, count in names.items() if count > 1)
    for block in _blocks(payload):
        inside = [*(block.get("elements") or ()), block.get("accessory") or {}, block.get("element") or {}]
        actions = Counter(str(one["action_id"]) for one in inside if isinstance(one, Mapping) and "action_id" in one)
        yield from (f"action_id {name!r} stands there {count} times" for name, count in actions.items() if count > 1)


def _unwritable(text: str) -> Iterator[str]:
    """Control characters that JSON lets through as escapes, and halves of characters that UTF-8 cannot hold."""
    if found := re.findall(r"\\u00[01][0-9a-f]|[\x7f-\x9f]|[\ud800-\udfff]", text):
        yield f"characters that Slack drops or refuses: {sorted({ascii(one) for one in found})}"


def _of_message(payload: Json) -> Iterator[str]:
    blocks = _blocks(payload)
    text = str(payload.get("text") or "")
    attachments = payload.get("attachments") or ()
    if not text and not blocks and not attachments:
        yield "no_text: neither text nor blocks nor attachments"
    if not text and (blocks or attachments):
        yield "a message with blocks needs a text, for notifications and for screen readers"
    if len(text) > 40_000:
        yield f"text has {len(text)} characters, more than 40000"
    if len(blocks) > 50:
        yield f"{len(blocks)} blocks, more than 50"
    yield from _of_attachments(attachments)
    size = len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    if size > TOTAL:
        yield f"{size} {TOO_LONG}, more than {TOTAL}"


def _of_attachments(attachments: Sequence[Json]) -> Iterator[str]:
    if len(attachments) > 20:
        yield f"{len(attachments)} attachments, more than 20"
    for one in attachments:
        if not re.fullmatch(r"#?[0-9a-fA-F]{6}|good|warning|danger", str(one.get("color", "good"))):
            yield f"{one['color']!r} is no colour"


def _of_view(payload: Json) -> Iterator[str]:
    blocks = payload.get("blocks") or ()
    if len(blocks) > 100:
        yield f"{len(blocks)} blocks in a view, more than 100"
    if len(json.dumps(payload)) > 250_000:
        yield "a view of more than 250 kB"
    if payload.get("type") == "modal":
        if not payload.get("title"):
            yield "a modal needs a title"
        if any(block.get("type") == "input" for block in blocks) and not payload.get("submit"):
            yield "a modal with inputs needs a submit"
    elif extra := {"title", "submit", "close"} & set(payload):
        yield f"a home tab has no {sorted(extra)}"


async def picture(payload: Json, png: Path, width: int = 760) -> None:
    """Draw a message, a modal or a home tab as Slack's web client roughly does, light, and save it as ``png``."""
    page_html = _page(payload)
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": 300}, device_scale_factor=2)
        await page.route(re.compile("^https?:"), lambda route: route.abort())
        await page.set_content(page_html)
        await page.screenshot(path=png, full_page=True)


def _page(payload: Json) -> str:
    packages = node_packages("slack-picture", PICTURE)
    program = Path(__file__).parent / "slack" / "picture.mjs"
    line = [str(node()), str(program), str(packages)]
    drawn = subprocess.run(
        line, input=json.dumps(payload).encode(), check=True, capture_output=True, env=node_environment(), timeout=60
    )
    return drawn.stdout.decode()


PICTURE = {"react": "18.3.1", "react-dom": "18.3.1", "slack-blocks-to-jsx": "1.1.1"}

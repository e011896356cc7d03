"""From an ask to a card: find the command, ask whether this person may, run it, put errors into words."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from adapters.chat.ask import Ask
from adapters.chat.card import Button, Card, Facts, Form, Part, Text, Tone
from bot.access import may, must
from bot.commands import COMMANDS, offered, usage
from bot.log import get_logger
from bot.office import Asked, Office
from engine.errors import Forbidden, Invalid, OnCallError
from engine.model import Account

MENTIONED = frozenset({"teams"})
"""Platforms without commands that begin with a slash."""

PASTED = 4
"""Words behind an unknown one from which on it may be a log line, and no command."""

log = get_logger("answer")


async def answer(ask: Ask, office: Office) -> Card:
    """Never raises: whatever goes wrong is a sentence to the person and a line in the log."""
    command = COMMANDS.get(ask.verb)
    if command is None:
        return help_card(ask, office) if ask.verb in ("", "help") else unknown(ask, office)
    try:
        ask = await office.placed(ask)
        account = await office.recognised(ask)
        must(account, command.needs, f"{ask.platform} {ask.identity}")
        return suited(await command.run(Asked(ask, account, office)), account)
    except OnCallError as error:
        log.info("refused", verb=ask.verb, person=ask.identity, reason=str(error))
        title = "You may not do that" if isinstance(error, Forbidden) else "Not done"
        wrong = error.fields if isinstance(error, Invalid) else {}
        return Card(title, (Text(str(error)),), tone=Tone.BAD, private=True, wrong=wrong)
    except Exception:
        log.exception("a command failed", verb=ask.verb, person=ask.identity)
        text = "That was my mistake, and it is in my log. Nothing was decided. Please try again."
        return Card("Something went wrong", (Text(text),), tone=Tone.BAD, private=True)


def suited(card: Card, account: Account | None) -> Card:
    """The card without what this person may not press."""
    return replace(card, parts=tuple(part for part in card.parts if _may_press(part, account)))


def _may_press(part: Part, account: Account | None) -> bool:
    if not isinstance(part, Button | Form):
        return True
    command = COMMANDS.get(part.ask.partition(" ")[0])
    return command is None or may(account, command.needs)


def unknown(ask: Ask, office: Office) -> Card:
    """The nearest right word, as a button that says it."""
    near = get_close_matches(ask.verb, [*COMMANDS, "help"], n=1, cutoff=0.7)
    if not near:
        pasted = " If this is from a log, say report and paste it behind that." if len(ask.words) >= PASTED else ""
        return help_card(ask, office, f"I do not know the word “{ask.verb[:40]}”.{pasted}")
    meant = " ".join([near[0], *ask.words])
    parts: tuple[Part, ...] = (Text(f"Did you mean “{near[0]}”?"), Button(f"Yes: {meant[:60]}", meant, primary=True))
    return Card(f"I do not know “{ask.verb[:40]}”", parts, private=True)


def help_card(ask: Ask, office: Office, first: str = "") -> Card:
    known = offered(in_example=office.example is not None)
    slash = "" if ask.platform in MENTIONED else "/oncall "
    rows = (*((usage(name), command.help) for name, command in known.items()), ("help", "this list"))
    how = "" if slash else "Where others are, mention me first; in our own chat the words are enough."
    intro = tuple(Text(text) for text in (first, how) if text)
    facts = Facts(tuple((f"{slash}{words}", meaning) for words, meaning in rows))
    return Card("What you can say", (*intro, facts), private=True)

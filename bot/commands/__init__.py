"""What people can ask. A new command: one file here, one line below."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from adapters.chat.card import Card
from bot.access import Permission
from bot.commands.ack import ack
from bot.commands.approve import approve
from bot.commands.example import example
from bot.commands.freeze import freeze
from bot.commands.home import home
from bot.commands.kb import kb
from bot.commands.link import link
from bot.commands.list import list
from bot.commands.note import note
from bot.commands.reject import reject
from bot.commands.report import report
from bot.commands.resolve import resolve
from bot.commands.show import show
from bot.commands.stats import stats
from bot.commands.status import status
from bot.commands.thaw import thaw
from bot.commands.timeline import timeline
from bot.commands.why import why
from bot.office import Asked


@dataclass(frozen=True, slots=True)
class Command:
    """``run``'s docstring is its help; ``words`` are what follows its name."""

    run: Callable[[Asked], Awaitable[Card]]
    words: str
    needs: Permission
    only_in_example: bool = False

    @property
    def help(self) -> str:
        return self.run.__doc__ or ""


COMMANDS: Mapping[str, Command] = {
    "list": Command(list, "", Permission.READ),
    "show": Command(show, "N", Permission.READ),
    "approve": Command(approve, "N", Permission.DECIDE),
    "reject": Command(reject, "N why", Permission.DECIDE),
    "ack": Command(ack, "N", Permission.RESPOND),
    "resolve": Command(resolve, "N how", Permission.RESPOND),
    "note": Command(note, "N text", Permission.RESPOND),
    "timeline": Command(timeline, "N", Permission.READ),
    "why": Command(why, "N", Permission.READ),
    "report": Command(report, "<text>", Permission.RESPOND),
    "freeze": Command(freeze, "why", Permission.RESPOND),
    "thaw": Command(thaw, "", Permission.DECIDE),
    "home": Command(home, "", Permission.READ),
    "link": Command(link, "[code]", Permission.READ),
    "kb": Command(kb, "[verb …]", Permission.READ),
    "stats": Command(stats, "", Permission.READ),
    "status": Command(status, "", Permission.READ),
    "example": Command(example, "[name]", Permission.RESPOND, only_in_example=True),
}


def offered(*, in_example: bool) -> Mapping[str, Command]:
    """The commands that are of use here."""
    return {name: one for name, one in COMMANDS.items() if in_example or not one.only_in_example}


def usage(name: str) -> str:
    """How a command is typed."""
    return f"{name} {COMMANDS[name].words}".strip()

"""The sessions of a database that an approval is bound to, and what has become of them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from engine.model import Judgement, Outcome, Result, Verdict

SHOWN = 5
WAITS = "waiting for a lock"
ENDING = "being ended"
"""Told to end, and not gone yet: it rolls back what it had not committed, and holds its locks until then."""

_BETWEEN = " · "


@dataclass(frozen=True, slots=True)
class Session:
    """``number`` is used again by later sessions, ``identity`` never; ``work`` is another as soon as it does another.

    ``seconds``: for how long it has been doing that.
    """

    number: int
    identity: str
    work: str
    database: str
    user: str
    application: str
    doing: str
    seconds: int

    @property
    def idle(self) -> bool:
        return self.doing.startswith("idle")

    def __str__(self) -> str:
        program = f" ({self.application})" if self.application else ""
        return f"{self.number} {self.user}@{self.database or '-'}{program} {self.doing} for {self.seconds} s"


S = TypeVar("S", bound=Session)


@dataclass(frozen=True, slots=True)
class Behind:
    """As ``Evidence`` has them; all empty where nothing is to blame."""

    cause: str = ""
    shows: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """A sentence with a space before it."""
        return f" {self.shows[:1].upper()}{self.shows[1:]}." if self.shows else ""


@dataclass(frozen=True, slots=True)
class Seen(Generic[S]):
    """What one look found. ``chosen``: the sessions that an approval is for; ``behind``: what is to blame."""

    summary: str
    state: Mapping[str, str]
    healthy: bool | None = None
    chosen: Sequence[S] = ()
    behind: Behind = field(default_factory=Behind)


@dataclass(frozen=True, slots=True)
class Room:
    """For how many sessions there is room; ``reserved`` of them are kept for administrators."""

    taken: int
    allowed: int
    reserved: int = 0

    @property
    def full(self) -> bool:
        """Also where so few are left that the next few clients take them."""
        return self.allowed - self.reserved - self.taken < max(1, self.allowed // 20)

    def __str__(self) -> str:
        kept = f", {self.reserved} are kept for administrators" if self.reserved else ""
        return f"{self.taken} of {self.allowed} connections are taken{kept}"


def bound(sessions: Sequence[Session], *, whatever_they_do: bool = False) -> dict[str, str]:
    """The state of these sessions; an approval for them ends as soon as one is replaced or does something else."""
    return {
        f"session {one.number}": one.identity if whatever_they_do else f"{one.identity}{_BETWEEN}{one.work}"
        for one in sessions
    } or {"sessions": "none"}


def numbers(seen: Mapping[str, str]) -> list[int]:
    named = (name.removeprefix("session ") for name in seen if name.startswith("session "))
    return [int(number) for number in named if number.isdecimal()]


@dataclass(frozen=True, slots=True)
class Fate:
    """Numbers of the sessions that were seen: as they were, at other work, ended, about to end."""

    same: Sequence[int]
    moved: Sequence[int]
    gone: Sequence[int]
    going: Sequence[int]

    def __str__(self) -> str:
        rest = ((self.moved, "at other work"), (self.same, "as before"))
        parts = ((self.gone, "ended"), (self.going, f"{ENDING}, its locks still held"), *rest)
        return f"{', '.join(f'{len(some)} {word}' for some, word in parts if some)}."


def fate(seen: Mapping[str, str], now: Mapping[int, Session]) -> Fate:
    same, moved, gone, going = [], [], [], []
    for number in numbers(seen):
        identity, _, work = seen[f"session {number}"].partition(_BETWEEN)
        one = now.get(number)
        if one is None or one.identity != identity:
            gone.append(number)
        elif one.doing == ENDING:
            going.append(number)
        elif work in ("", one.work):
            same.append(number)
        else:
            moved.append(number)
    return Fate(same, moved, gone, going)


def ended(was: Fate, *, full: bool, told: bool) -> Verdict:
    """Of sessions that were to end. They leave no trace of who ended them, but one that works again was not by us.

    ``told``: that the server took it is certain. It only tells them so, and they end when they come to hear of it.
    """
    if was.going or (told and was.same):
        return Verdict(Judgement.NOT_YET, f"They were told to end: {was}")
    if not was.gone:
        return _none_ended(was)
    if was.same:
        return Verdict(Judgement.FAILED, f"Not all have ended: {was}")
    if full:
        return Verdict(Judgement.NOT_YET, f"{was} But all connections are taken again.")
    return Verdict(Judgement.WORKED, str(was))


def _none_ended(was: Fate) -> Verdict:
    if was.moved:
        return Verdict(Judgement.RECOVERED, f"They work again by themselves: {was}")
    if was.same:
        return Verdict(Judgement.UNKNOWN, f"The request did not arrive: {was}")
    return Verdict(Judgement.UNKNOWN, "There were no sessions to end, so nothing can be compared.")


def reset(was: Fate, *, full: bool, told: bool) -> Verdict:
    """Of a pool whose idle sessions were to end; those at work were to stay."""
    if was.going or (told and not was.gone):
        return Verdict(Judgement.NOT_YET, f"Those that are idle were told to end: {was}")
    if was.gone and full:
        return Verdict(Judgement.NOT_YET, f"{was} But all connections are taken.")
    if was.gone:
        return Verdict(Judgement.WORKED, str(was))
    return Verdict(Judgement.UNKNOWN, f"Nothing shows that any has ended. {was}")


def judged(was: Fate, room: Room, *, of_a_pool: bool, told: bool) -> Verdict:
    found = (reset if of_a_pool else ended)(was, full=room.full, told=told)
    return Verdict(found.judgement, f"{found.detail} {room}.")


def cancelled(was: Fate, *, told: bool) -> Verdict:
    if was.moved:
        return Verdict(Judgement.WORKED, "The query has ended; its session lives.")
    if was.gone:
        return Verdict(Judgement.RECOVERED, "The whole session has ended, which no cancelled query does.")
    if was.same and told:
        return Verdict(Judgement.NOT_YET, "The query was told to end, and runs still.")
    if was.same:
        return Verdict(Judgement.UNKNOWN, "The query runs as before: the request did not arrive, or it is deaf to it.")
    return Verdict(Judgement.UNKNOWN, "No query was seen, so nothing can be compared.")


def outcome(verb: str, done: Sequence[Session], left: Sequence[Session], refused: Collection[str]) -> Outcome:
    """What became of a call that went from session to session. ``refused``: what the server said."""
    words = f"{verb} {_named(done)}." if done else f"{verb} none."
    if left:
        words += f" Left alone, because at other work or gone by then: {_named(left)}."
    if refused:
        words += f" {'; '.join(sorted(refused))}."
    if done:
        return Outcome(Result.DONE, words)
    return Outcome(Result.FAILED if refused else Result.CHANGED, words)


def listed(sessions: Sequence[Session]) -> str:
    more = f" and {len(sessions) - SHOWN} more" if len(sessions) > SHOWN else ""
    return f"{'; '.join(map(str, sessions[:SHOWN]))}{more}"


def _named(sessions: Sequence[Session]) -> str:
    return f"{len(sessions)} ({', '.join(str(one.number) for one in sessions)})"

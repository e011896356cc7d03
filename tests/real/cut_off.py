"""What a target must say of a call that was cut off on its way, and of one that could never be sent."""

from __future__ import annotations

from engine.model import Action, Judgement, Result
from engine.ports import Target
from tests.approved import filled
from tests.servers.wire import Wire
from tests.waiting import until


async def bound(target: Target, name: str, **given: str) -> Action:
    """The action, as soon as there is a session that it may end."""

    async def somebody() -> bool:
        return "sessions" not in (await filled(target, name, **given)).seen

    await until(somebody, "somebody is old enough")
    return await filled(target, name, **given)


async def is_unknown(target: Target, action: Action, line: Wire, word: bytes, *, after: bool = False) -> None:
    """The line breaks before the server has seen ``word``, or right after it."""
    line.block(word, after=after)
    outcome = await target.act(action)
    assert outcome.result is Result.UNKNOWN, outcome
    line.mend()
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN, "it did not arrive"


async def is_never_sent(target: Target, action: Action, line: Wire, word: bytes) -> None:
    """The server stops answering at ``word``, which is asked before anything is done."""
    line.silence(word)
    late = await target.act(action)
    assert (late.result, "Nothing was done" in late.detail) == (Result.FAILED, True)

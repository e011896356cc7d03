"""``link``: the same person on another platform."""

from __future__ import annotations

from adapters.chat.card import Card, Text
from bot.cards import said
from bot.log import get_logger
from bot.office import Asked
from engine.errors import Refused

log = get_logger("people")


async def link(asked: Asked) -> Card:
    """be known on another chat platform: say it here, and the code there"""
    codes, ask = asked.office.codes, asked.ask
    if codes is None:
        raise Refused("There is no other platform here.")
    if not ask.words:
        return await _offer(asked)
    account = await codes.redeem(ask.words[0])
    if asked.account:  # the code is used up all the same: a whole room may have read it
        raise Refused(f"You are {asked.account.username} here already. An admin can change that.")
    await asked.office.people.link(ask.platform, ask.identity, account)
    log.info("linked", account=account, platform=ask.platform, identity=ask.identity, by="code")
    known = await asked.office.people.who(ask.platform, ask.identity)
    return said(f"You are {known.username if known else 'known'} here from now on.")


async def _offer(asked: Asked) -> Card:
    codes, account = asked.office.codes, asked.account
    if account is None or codes is None:
        raise Refused(
            "Say link in the web chat, where you are signed in, and send me the code it gives; or ask an admin:"
            f" oncall people link <account> {asked.ask.platform} {asked.ask.identity}"
        )
    code = await codes.new(account.id)
    text = f"Within ten minutes, once, and only by you: whoever says it becomes {account.username} there."
    return Card(f"Say on the other platform: /oncall link {code}", (Text(text),), private=True)

"""A Slack workspace on this machine: an API emulator made as strict as Slack is, and the people who use the bot.

    async with slack() as acme:                       # workspace "Acme"; people: alice bob cleo mallory, bot: oncall
        acme.api_url                                  # "http://127.0.0.1:…/api/", for AsyncWebClient(base_url=…)
        acme.bot_token, acme.signing_secret, acme.app_token
        acme.serves("http://127.0.0.1:…/slack/events")   # where Slack sends what people do, as long as no socket is open
        acme.users["alice"], acme.channels["incidents"]  # ids; the bot is in incidents and data-oncall, not in random

People, ``alice = acme.person("alice")``. Each call returns ``Delivered(status, body, seconds)`` of the bot's own answer
(also ``.json``, ``.ts`` of the message that was written); a channel is given by name or id, a message as a reader
below returned it, a button by its label or action_id:

    await alice.slash("/oncall", "list", "incidents")
    await alice.mention("status 17", "incidents", thread=ts)     # writes "<@bot> status 17", then app_mention
    await alice.direct("list", thread="")                        # writes to the bot, then message.im
    await alice.press(message, "Approve")                        # in blocks or attachments, public or ephemeral
    await alice.press_home("Approve"), await alice.press_in_view(view, "Help")
    await alice.submit(view, {"Reason": "the disk is full"})     # by label, block_id or action_id; as Slack's own
                                                                 # window does, raises WindowRefuses on invalid input
    await alice.shortcut(message, "report_as_incident")
    await alice.opens_home()
    await alice.again(delivered, retry=1)                        # the same request once more, signed anew
    await acme.event({"type": "message", …})                     # any other event

Each takes ``forge=True`` (wrong secret), ``unsigned=True``, ``age=360`` (seconds), ``retry=1`` (X-Slack-Retry-Num),
``times=3`` (the same request so many times at once; the answer with the highest status is returned).

What people see, oldest first:

    await acme.messages("incidents")         # roots of a channel, with metadata, block_ids, reply_count and "channel"
    await acme.thread("incidents", ts)       # replies to it, without the root
    await acme.direct_messages("alice")      # between her and the bot, all of them
    acme.ephemerals("alice")                 # "via" says how: chat.postEphemeral, response_url or acknowledgement
    acme.modals("alice")                     # open ones, the last is on top
    acme.home("alice")                       # her home tab, None before it was published
    words(message)                           # all that can be read in it
    await acme.until(lambda: acme.ephemerals("alice"))    # waits until something (or what it awaits to) is truthy

    acme.api.files.shared                    # files that were shared: content, alt, channel, thread and the message's ts

The API, ``acme.api``: ``.calls`` (each a Call: method, arguments, answer, time, status), ``.violations`` (what real
Slack would have refused; the call was answered ``invalid_blocks``), and faults:

    acme.api.fail("chat.postMessage", Fault.BUSY, times=3, after=1, channel="incidents")   # 429, Retry-After
    acme.api.fail("chat.postMessage", Fault.BUSY, seconds=30)
    Fault.BROKEN 500 · Fault.LOST no answer, no effect · Fault.SWALLOWED no answer, but it took effect
    Fault.SLOW answers after ``after`` seconds · acme.api.fail("chat.update", "internal_error") any error by its name
    acme.api.limit("chat.postMessage", calls=1, seconds=1)    # Slack's own rate, in each channel: 429 above it
    await acme.invite("random"), await acme.kick("incidents"), await acme.create("war-room", private=True)

``slack(scopes=[…])`` gives the bot other scopes than the manifest's; ``slack(echo=False)`` keeps Slack from sending the
bot its own direct messages as events, as Slack does. With ``acme.socket`` see tests/servers/slack_socket.py: once
the bot has connected there, everything is delivered through it.
"""

from __future__ import annotations

from tests.servers.slack.delivery import Delivered
from tests.servers.slack.faults import Fault
from tests.servers.slack.filling import WindowRefuses
from tests.servers.slack.person import Person
from tests.servers.slack.shapes import words
from tests.servers.slack.workspace import Slack, slack

__all__ = ["Delivered", "Fault", "Person", "Slack", "WindowRefuses", "slack", "words"]

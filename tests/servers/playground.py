"""Microsoft Teams on this machine: the Microsoft 365 Agents Playground, made as strict as Teams, and the people who use it.

    with entra() as microsoft:                                    # tests/servers/entra.py
        async with playground(microsoft) as teams:                # company "Acme"; needs no network and no browser
            teams.serves("http://127.0.0.1:…/api/messages")       # the bot's endpoint; may be said later
            teams.service_url, teams.tenant, teams.app_id, teams.bot_id
            teams.personal("alice"), teams.group, teams.channel("incidents"), teams.team       # conversation ids

``connector(microsoft)`` (tests/servers/teams_connector.py) gives the same object without the Playground behind it: starts
in milliseconds, needs no Node. Both sign what they deliver as Teams does and want the bot's own token for what it sends.

People: alice, bob, cleo, dave, mallory, and gina, who is a guest from another tenant (userRole "guest").
Each call returns ``Delivered(status, body, seconds, activity)``, the bot's own answer:

    bob = teams.person("bob")                                     # .id "29:bob", .aad, .email, .name
    await bob.says("list", scope="personal")                      # or "group", "channel", or a conversation id
    await bob.says("status 17", scope="channel", thread=root_id)  # mention=True by default outside personal; without a
                                                                  # mention Teams delivers nothing: returns None
    await bob.presses(message, "Approve")                         # by title, verb or id, also inside ShowCard and
                                                                  # ToggleVisibility'd parts; adaptiveCard/action
    await bob.presses(message, "Approve", {"reason": "…"})        # with inputs, by id; raises WindowRefuses as the
                                                                  # client does if a required one is missing
    await bob.submits(message, {"ask": "approve 17"})             # what a client without Action.Execute sends; or a title
    await bob.refreshes(message)                                  # his client asks for his own view (refresh.userIds)
    await bob.message_action(message_or_text, "report", data)     # data None: fetchTask, else submitAction
    await bob.installs(), await bob.uninstalls()                  # personal; teams.installs("group" | "channel") for the others
    await teams.deliver(activity, header="Bearer …")              # any activity, signed or as given (None: no header)

What people see, oldest first; a Message has .id .conversation .thread .text .card .activity .updates .deleted:

    teams.messages("channel")                 # roots of a conversation, by scope or id, with what people said (.by)
    teams.thread("channel", root_id)          # replies, without the root
    teams.direct_messages("alice")
    teams.seen_by("bob", message)             # the card in his own view: the last update, or his own invoke's answer if newer
    teams.private("bob")                      # texts and cards that only he was answered with
    words(card_or_message)                    # all that can be read in it
    buttons(card)                             # titles of its actions, nested ones too
    await teams.until(lambda: teams.direct_messages("cleo"))

What went over the wire: ``teams.calls`` (what the bot sent: Call method path body status answer at) and
``teams.deliveries``. ``teams.violations`` is what real Teams would refuse or draw wrong; a test wants it empty.

Faults, for what the bot sends:

    teams.fails(429, times=2, retry_after=1)         # also 412, 403, 502, 504, 500; times=None: until teams.heals()
    teams.fails(502, method="PUT", within="incidents")
    teams.swallows(times=1)                          # takes effect, then the connection drops without an answer
    teams.blocks("bob")                              # 403 MessageWritesBlocked from now on; unblocks("bob")

In a browser (Chromium; the page shows alice's Teams, and what is pressed there is said by whom ``teams.sits("bob")`` names):

    async with teams.page() as page:
        await page.opens("incidents"); await page.says("status"); await page.presses("Approve"); await page.picture("approved")
"""

"""One person on several platforms: linked by e-mail address, by a code said on both, or by an admin; else a stranger."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from adapters.chat import plain
from adapters.chat.ask import Ask, Room
from bot.answer import answer
from bot.link_codes import VALID, LinkCodes
from bot.office import Office
from engine import group
from engine.model import Account, Role, WaitsFor
from engine.respond import advance
from storage.memory import MemoryCursors, MemoryInbox, MemoryPeople
from tests.clock import FakeClock
from tests.engine.desks import Machine, desk, entry


class Two:
    """A web chat and Slack, with one incident that waits for approval."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.people = MemoryPeople()
        self.desk = desk(Machine(), self.clock)
        codes = LinkCodes(MemoryCursors(), MemoryInbox(), self.clock)
        self.office = Office(self.desk, self.people, tuple, codes=codes)

    async def open(self) -> None:
        await self.people.save(Account("1", "bob", "Bob", "bob@example.com", Role.APPROVER))
        await self.people.link("web", "bob", "1")
        [incident] = await group.hear(self.desk, [entry()])
        while incident.waits_for is WaitsFor.MACHINE:
            incident = await advance(self.desk, incident)

    async def web(self, text: str) -> str:
        return plain.render(await answer(Ask(text, "web", "bob", "Bob", Room("incidents")), self.office))

    async def slack(self, text: str, identity: str = "U1", email: str = "") -> str:
        ask = Ask(text, "slack", identity, "bobby", Room("C1"), email=email)
        return plain.render(await answer(ask, self.office))

    async def code(self) -> str:
        found = re.search(r"/oncall link ([A-Z2-9]{8})", await self.web("link"))
        assert found
        return found[1]


@pytest.fixture
async def two() -> Two:
    two = Two()
    await two.open()
    return two


async def test_a_stranger_may_read_and_decide_nothing_and_is_told_how_to_be_known(two: Two) -> None:
    assert "Airflow task" in await two.slack("show 1")
    refused = await two.slack("approve 1")
    assert "I do not know you yet" in refused
    assert "oncall people link <account> slack U1" in refused


async def test_a_code_said_on_both_links_them(two: Two) -> None:
    assert "You are bob here from now on" in await two.slack(f"link {(await two.code()).lower()}")
    assert "Approved" in await two.slack("approve 1")


async def test_a_code_works_once(two: Two) -> None:
    code = await two.code()
    await two.slack(f"link {code}")
    assert "used already" in await two.slack(f"link {code}", "U2")
    assert "I do not know you yet" in await two.slack("approve 1", "U2")


async def test_a_code_does_not_last(two: Two) -> None:
    code = await two.code()
    two.clock.pass_time(seconds=(VALID + timedelta(seconds=1)).total_seconds())
    assert "not valid" in await two.slack(f"link {code}")


async def test_a_guessed_code_links_nobody(two: Two) -> None:
    assert "not valid" in await two.slack("link AAAAAAAA")
    assert "I do not know you yet" in await two.slack("approve 1")


async def test_who_is_known_is_not_linked_anew_by_a_code(two: Two) -> None:
    await two.people.save(Account("2", "eve", "Eve", "", Role.VIEWER))
    await two.people.link("slack", "U1", "2")
    assert "You are eve here already" in await two.slack(f"link {await two.code()}")


async def test_a_code_that_somebody_known_has_said_aloud_makes_nobody_else_known(two: Two) -> None:
    await two.people.link("slack", "U1", "1")
    code = await two.code()
    assert "You are bob here already" in await two.slack(f"link {code}")
    assert "used already" in await two.slack(f"link {code}", "U2")
    assert "I do not know you yet" in await two.slack("approve 1", "U2")


async def test_an_address_the_platform_vouches_for_links(two: Two) -> None:
    assert "Approved" in await two.slack("approve 1", email="BOB@example.com")
    assert await two.people.identity("slack", "1") == "U1"


async def test_an_address_of_two_accounts_links_nobody(two: Two) -> None:
    await two.people.save(Account("2", "bob2", "Bob", "bob@example.com", Role.ADMIN))
    assert "I do not know you yet" in await two.slack("approve 1", email="bob@example.com")


async def test_an_empty_address_is_no_address(two: Two) -> None:
    await two.people.save(Account("2", "root", "Root", "", Role.ADMIN))
    assert "I do not know you yet" in await two.slack("approve 1", email="")


async def test_who_is_switched_off_stays_so_on_every_platform(two: Two) -> None:
    await two.people.save(Account("1", "bob", "Bob", "bob@example.com", Role.APPROVER, is_active=False))
    assert "switched off" in await two.slack("approve 1", email="bob@example.com")


async def test_home_says_what_waits_for_whom(two: Two) -> None:
    assert "0 with you, 1 with nobody yet" in await two.web("home")
    assert "approve 1" in await two.web("home")
    stranger = await two.slack("home")
    assert "approve 1" not in stranger
    assert "show 1" in stranger
    await two.web("ack 1")
    assert "1 with you, 0 with nobody yet" in await two.web("home")
    await two.web("resolve 1 done by hand")
    assert "Nothing waits for you" in await two.web("home")

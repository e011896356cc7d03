"""The web chat in a real browser: by keyboard alone, live in two windows, on a phone, and without a single complaint."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from adapters.chat.card import Card
from adapters.chat.platform import Ref
from tests.adapters.web_office import HERE, ROOM, Office, mended, opened, timed_out
from tests.servers.chromium import MILLISECONDS, chromium

pytestmark = pytest.mark.real

UNLABELLED = """() => [...document.querySelectorAll("input:not([type=hidden]), textarea, select, button, a, summary")]
    .filter((one) => !(one.labels?.length || one.ariaLabel || one.textContent.trim()))
    .map((one) => one.outerHTML)"""
SMALL = """() => [...document.querySelectorAll(".button, .send, .rooms a, .close, summary, .composer input, .replies")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 43.9)
    .map((one) => one.outerHTML)"""
DOUBLE_IDS = """() => [...document.querySelectorAll("[id]")].map((one) => one.id)
    .filter((id, at, all) => all.indexOf(id) !== at)"""


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with opened(Office()) as office:
        yield office


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@asynccontextmanager
async def window(
    browser: Browser, office: Office, username: str = "alice", lost: str = "", **kind: Any
) -> AsyncIterator[Page]:
    """A window of its own, signed in by link. Whatever the browser complains about fails the test, but for ``lost``."""
    context = await browser.new_context(**kind)
    context.set_default_timeout(MILLISECONDS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(office.link(username))
    await page.wait_for_url(f"**{HERE}")
    yield page
    assert await page.evaluate(UNLABELLED) == []
    assert await page.evaluate(DOUBLE_IDS) == []
    assert [complaint for complaint in complaints if not lost or lost not in complaint] == []
    await context.close()


async def test_an_incident_by_keyboard_alone(browser: Browser, office: Office) -> None:
    await office.chat.post(ROOM, timed_out(), key="INC-1")
    async with window(browser, office) as alice, window(browser, office, "bob") as bob:
        await expect(alice.locator("#room-text")).to_be_focused()
        await alice.keyboard.type("/oncall he")
        await expect(alice.get_by_role("option", name="help")).to_be_visible()
        await alice.keyboard.press("Tab")
        await expect(alice.locator("#room-text")).to_have_value("/oncall help")
        await alice.keyboard.press("Enter")
        await expect(alice.locator("#room-posts")).to_contain_text("Let me run the proposed action")
        await expect(bob.locator("#room-posts")).to_contain_text("/oncall help")

        await walk_to(alice, "#replies-INC-1", "Shift+Tab")
        await alice.keyboard.press("Enter")
        await alice.wait_for_url(f"**{HERE}/thread/INC-1")
        await walk_to(alice, "#thread-posts button.primary", "Shift+Tab")
        await alice.keyboard.press("Enter")
        await expect(alice.locator("dialog")).to_be_visible()
        await expect(alice.locator("dialog button.primary")).to_be_focused()
        await alice.keyboard.press("Escape")
        await expect(alice.locator("dialog")).to_be_hidden()
        assert [ask.text for ask in office.asked] == ["help"]
        await expect(alice.locator("#thread-posts button.primary").first).to_be_focused()

        await alice.keyboard.press("Enter")
        await alice.keyboard.press("Enter")
        await expect(alice.locator("#thread-posts .card.good")).to_contain_text("The task ran again and succeeded.")
        await expect(bob.locator("#room-1 .card.good")).to_be_visible()
        await expect(bob.locator("#replies-INC-1")).to_contain_text("1 reply")
        assert [ask.text for ask in office.asked] == ["help", "approve 1"]

        await alice.keyboard.press("Escape")
        await alice.wait_for_url(f"**{HERE}")


async def test_completion_reminds_of_what_must_follow(browser: Browser, office: Office) -> None:
    async with window(browser, office) as page:
        await page.keyboard.type("/ap")
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("option", selected=True)).to_contain_text("apply")
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("Enter")
        await expect(page.locator("#room-text")).to_have_value("/oncall approve ")
        await expect(page.get_by_role("option")).to_have_text(["approve <number>Let me run the proposed action"])
        await page.keyboard.type("17")
        await expect(page.get_by_role("option")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("option")).to_be_hidden()
        assert office.asked == []
        await office.chat.post(ROOM, timed_out(), key="INC-1")
        await page.keyboard.press("Enter")
        await expect(page.locator("#room-posts")).to_contain_text("Approved. I clear the task now.")
        assert [ask.text for ask in office.asked] == ["approve 17"]


async def walk_to(page: Page, selector: str, key: str) -> None:
    """Press the key until the focus is there."""
    for _ in range(40):
        await page.keyboard.press(key)
        if await page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
            return
    pytest.fail(f"The keyboard does not reach {selector}.")


async def test_a_form_keeps_what_is_typed_while_its_card_changes(browser: Browser, office: Office) -> None:
    ref = await office.chat.post(ROOM, timed_out(), key="INC-1")
    async with window(browser, office) as page:
        await page.get_by_text("Reject …").click()
        await page.get_by_label("Why not?").fill("It is Black Friday")
        await page.evaluate("window.before = document.querySelector('#room-1')")
        await office.chat.update(ref, timed_out())
        while await page.evaluate("window.before === document.querySelector('#room-1')"):
            await asyncio.sleep(0.02)  # waiting inside the page would need eval, which the page rightly forbids
        await expect(page.get_by_label("Why not?")).to_have_value("It is Black Friday")
        await expect(page.get_by_label("Why not?")).to_be_focused()
        await page.get_by_role("button", name="Send").first.click()
        await expect(page.locator("#room-posts")).to_contain_text("You said: reject 1 It is Black Friday")


async def test_a_reader_of_old_posts_is_left_in_peace(browser: Browser, office: Office) -> None:
    for number in range(30):
        await office.chat.post(ROOM, Card(f"Card {number}"), key=str(number))
    async with window(browser, office) as page:
        scroll = page.locator(".room [data-scroll]")
        await expect(page.locator("#room-30")).to_be_in_viewport()
        await scroll.evaluate("(box) => { box.scrollTop = 0; }")
        await office.chat.post(ROOM, Card("News"), key="news")
        await expect(page.get_by_role("button", name="New posts")).to_be_visible()
        assert await scroll.evaluate("(box) => box.scrollTop") == 0
        await page.get_by_role("button", name="New posts").click()
        await expect(page.locator("#room-31")).to_be_in_viewport()
        await expect(page.get_by_role("button", name="New posts")).to_be_hidden()
        await office.chat.post(ROOM, Card("More news"), key="more")
        await expect(page.locator("#room-32")).to_be_in_viewport()


async def test_a_double_click_says_it_once(browser: Browser, office: Office) -> None:
    office.patience.set()
    await office.chat.post(ROOM, timed_out(), key="INC-1")
    async with window(browser, office) as page:
        await page.get_by_role("button", name="Acknowledge").dblclick()
        await expect(page.locator("#room-posts")).to_contain_text("You said: ack 1")
        assert [ask.text for ask in office.asked] == ["ack 1"]


async def test_a_question_is_answered_by_its_own_answer(browser: Browser, office: Office) -> None:
    """The browser tells of a dialog's closing late: by then the next question may be open."""
    await office.chat.post(ROOM, timed_out(), key="INC-1")
    async with window(browser, office) as page:
        await page.evaluate("""() => {
            const [press, dialog] = ["form.press button", "dialog"].map((one) => document.querySelector(one));
            press.click(); dialog.close("no"); press.click();
        }""")
        await page.locator("dialog button.primary").click()
        await expect(page.locator("#room-1 .card.good")).to_be_visible()
        assert [ask.text for ask in office.asked] == ["approve 1"]


async def test_on_a_phone_a_thread_is_a_page(browser: Browser, office: Office) -> None:
    ref = await office.chat.post(ROOM, timed_out(), key="INC-1")
    await office.chat.post(ROOM, Card("I looked"), key="L", thread=Ref(ROOM, ref.message))
    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
    async with window(browser, office, **phone) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        assert await page.evaluate(SMALL) == []
        await page.locator("#replies-INC-1").tap()
        await expect(page.locator("#thread-posts")).to_contain_text("I looked")
        await expect(page.locator("#room-posts")).to_be_hidden()
        assert await page.evaluate(SMALL) == []
        await page.get_by_label("Close the thread").tap()
        await expect(page.locator("#room-posts")).to_be_visible()


async def test_it_all_works_without_script(browser: Browser, office: Office) -> None:
    await office.chat.post(ROOM, timed_out(), key="INC-1")
    async with window(browser, office, java_script_enabled=False) as page:
        await page.get_by_label("Say something in").fill("/oncall hello")
        await page.get_by_role("button", name="Send").first.click()
        await expect(page.locator("#room-posts")).to_contain_text("You said: hello")
        await page.get_by_role("button", name="Approve").click()
        await expect(page.locator("main")).to_contain_text("Clear the task transform of daily_sales")
        await page.get_by_role("button", name="Approve").click()
        await expect(page.locator("#room-1 .card.good")).to_be_visible()
        await page.locator(".person summary").click()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.locator("main")).to_contain_text("You have signed out")


async def test_a_pasted_log_keeps_its_lines(browser: Browser, office: Office) -> None:
    async with window(browser, office) as page:
        await page.keyboard.type("/oncall report")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.insert_text("Traceback:\n  File x, line 1")
        box = await page.locator("#room-text").bounding_box()
        assert box
        assert box["height"] > 60, "it has grown with what it holds"
        await page.keyboard.press("Enter")
        await expect(page.locator("#room-posts")).to_contain_text("You said: report")
        assert [ask.text for ask in office.asked] == ["report\nTraceback:\n  File x, line 1"]
        await expect(page.locator("#room-text")).to_have_value("")


async def test_hostile_text_runs_nothing(browser: Browser, office: Office) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    await office.chat.post(ROOM, Card(hostile), key="1")
    async with window(browser, office) as page:
        await page.locator("#room-text").fill(hostile)
        await page.keyboard.press("Enter")
        await expect(page.locator("#room-posts")).to_contain_text(re.compile("You said: <img"))
        assert await page.title() == "#incidents · on call"
        assert await page.locator(".post img, .post script").count() == 0


async def test_a_lost_line_comes_back_by_itself(browser: Browser, office: Office) -> None:
    await office.chat.post(ROOM, timed_out(), key="INC-1")
    async with window(browser, office, lost="ERR_INCOMPLETE_CHUNKED_ENCODING") as page:
        await expect(page.locator("#room-1")).to_be_visible()
        office.drop_lines()
        await office.chat.update(Ref(ROOM, "INC-1"), mended())
        await expect(page.locator("#room-1 .card.good")).to_be_visible()

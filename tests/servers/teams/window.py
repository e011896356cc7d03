"""The Playground's page in a real Chromium: a person's window on Teams, pressed and looked at."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Locator, Page

from tests.servers.chromium import MILLISECONDS, chromium
from tests.servers.teams.company import BOT_NAME
from tests.servers.teams_connector import Teams


@dataclass(frozen=True)
class Window:
    page: Page
    pictures: Path

    async def opens(self, name: str) -> None:
        """A conversation by its name on the left: "Personal Chat", "Ops chat", "incidents"."""
        await self.page.get_by_role("treeitem", name=name).last.click()

    async def says(self, text: str, *, mention: bool = False, new_post: bool = False) -> None:
        """Type as a person does, in a channel into the newest thread; a mention is chosen from the list behind @."""
        boxes = self.page.get_by_role("textbox")
        await (boxes.first if new_post else boxes.last).click()
        if mention:
            await self.page.keyboard.type("@")
            await self.page.get_by_role("menuitem", name=BOT_NAME).last.click()
        await self.page.keyboard.type(f" {text}" if mention else text)
        send = self.page.get_by_label("Send Message").or_(self.page.get_by_role("button", name="Post", exact=True))
        await (send.first if new_post else send.last).click()

    async def presses(self, button: str) -> None:
        """The newest button of this name."""
        await self.page.get_by_role("button", name=button, exact=True).last.click()

    async def fills(self, label: str, text: str) -> None:
        await self.page.get_by_label(label).last.fill(text)

    async def reads(self, text: str | re.Pattern[str]) -> Locator:
        """Wait until this can be read."""
        found = self.page.get_by_text(text).last
        await found.wait_for()
        return found

    async def picture(self, name: str) -> Path:
        file = self.pictures / f"teams-{name}.png"
        await self.page.screenshot(path=file)
        return file


@asynccontextmanager
async def window(teams: Teams, pictures: Path, *, width: int = 1280, height: int = 900) -> AsyncIterator[Window]:
    """Fonts and everything else from elsewhere stay away."""
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(MILLISECONDS)
        await page.route(lambda url: not url.startswith(teams.browser_url), lambda route: route.abort())
        await page.goto(teams.browser_url, wait_until="domcontentloaded")
        await page.get_by_role("treeitem", name="Personal Chat").wait_for()
        await page.get_by_text("Log Panel").locator("xpath=..").get_by_role("button").last.click()
        yield Window(page, pictures)

"""A real Chromium, driven as a person would: it opens pages, presses buttons, and takes pictures."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.servers import missing
from tests.waiting import PATIENCE

MILLISECONDS = 1000 * PATIENCE
"""For anything to appear. A page is told so, and ``expect`` knows it."""

expect.set_options(timeout=MILLISECONDS)

QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: ONCALL_PICTURES keeps them for people to look at."""
    folder = Path(os.environ.get("ONCALL_PICTURES") or tmp_path / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if program is None:
        missing("Chromium", "apt-get install -y --no-install-recommends chromium libatomic1 fonts-dejavu-core")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has none to offer
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*QUIET, *sandbox], timeout=MILLISECONDS
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(address: str, *, width: int = 1280, height: int = 900) -> AsyncIterator[Page]:
    """A page of the web chat, opened by a sign-in link. Fails at its end if the page complained in its console."""
    complaints: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(MILLISECONDS)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(address)
        await page.wait_for_url("**/chat/**")
        yield page
    assert complaints == []

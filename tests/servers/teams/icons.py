"""Makes the Teams icons anew from their drawings; run by hand when a drawing changes.

python -m tests.servers.teams.icons
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.servers.chromium import chromium

FOLDER = Path(__file__).parents[3] / "manifests" / "teams"
SIZES = {"color": 192, "outline": 32}


async def draw() -> None:
    async with chromium() as browser:
        for name, size in SIZES.items():
            page = await browser.new_page(viewport={"width": size, "height": size})
            drawing = (FOLDER / f"{name}.svg").read_text("utf-8")
            await page.set_content(f"<body style='margin:0;line-height:0'>{drawing}")
            await page.screenshot(path=FOLDER / f"{name}.png", omit_background=True)


if __name__ == "__main__":
    asyncio.run(draw())

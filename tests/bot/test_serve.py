"""How the program takes requests, whatever they are for."""

from __future__ import annotations

import zlib

import aiohttp
from aiohttp import web

from bot.serve import runner_of


async def test_what_somebody_has_compressed_is_never_unpacked() -> None:
    bomb = zlib.compress(bytes(20_000_000))

    async def taken(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app = web.Application()
    app.router.add_post("/", taken)
    runner = runner_of(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        headers = {"Content-Encoding": "deflate"}
        async with (
            aiohttp.ClientSession() as stranger,
            stranger.post(f"http://{host}:{port}/", data=bomb, headers=headers) as answer,
        ):
            assert (answer.status, await answer.read()) == (200, bomb)
    finally:
        await runner.cleanup()

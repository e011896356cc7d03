"""Health checks against a local web server: what it answers is told, and nowhere else is ever asked."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from adapters.targets.http_health import CATALOGUE, HttpHealth, HttpHealthSettings
from engine.errors import Misconfigured
from engine.model import Action, Judgement, Result
from tests.servers import free_port
from tests.waiting import PATIENCE

pytestmark = pytest.mark.real


@dataclass
class Site:
    """A web server on this machine that remembers what it was asked."""

    port: int
    answers: dict[str, web.Response | float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/health"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.host}{request.path_qs}")
        match self.answers.get(request.path, 200):
            case web.Response() as response:
                return web.Response(status=response.status, headers=response.headers)
            case 0.0:
                assert request.transport is not None
                request.transport.close()
            case float() as seconds:
                await asyncio.sleep(seconds)
        return web.Response()


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    site = Site(free_port())
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", site.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", site.port, ssl_context=tls).start()
    try:
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as site:
        yield site


class Names:
    """Looks names up in a table; of several answers each is given once, the last for ever."""

    def __init__(self, **table: Sequence[Sequence[str]]) -> None:
        self.table = {name.replace("_", "."): list(answers) for name, answers in table.items()}
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        answers = self.table[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@asynccontextmanager
async def connected(*hosts: str, names: Names | None = None, seconds: float = PATIENCE) -> AsyncIterator[HttpHealth]:
    settings = HttpHealthSettings(hosts, seconds)
    target = HttpHealth(settings, names) if names else HttpHealth(settings)
    try:
        yield target
    finally:
        await target.close()


def action(url: str, seen: Mapping[str, str] | None = None) -> Action:
    spec = CATALOGUE["health_check"]
    bound = {"url": url} if seen is None else seen
    return Action("a1", "http_health", spec.name, {"url": url}, spec.risk, "", "", spec.request({"url": url}), bound)


async def test_one_that_is_well_has_recovered_and_not_by_us(site: Site) -> None:
    async with connected(f"127.0.0.1:{site.port}") as target:
        evidence = await target.look({"url": site.url, "host": "elsewhere"})
        assert (evidence.state, evidence.healthy) == ({"url": site.url}, True)
        outcome = await target.act(action(site.url))
        assert outcome.result is Result.DONE
        assert "answers 200 after" in outcome.detail
        assert (await target.verify(action(site.url))).judgement is Judgement.RECOVERED
        assert (await target.act(action(site.url))).result is Result.DONE, "twice does no harm"
    assert site.asked == [f"GET 127.0.0.1:{site.port}/health"] * 4


@pytest.mark.parametrize(
    ("status", "healthy", "judgement"),
    [
        (204, True, Judgement.RECOVERED),
        (503, False, Judgement.FAILED),
        (500, False, Judgement.FAILED),
        (404, None, Judgement.UNKNOWN),
        (401, None, Judgement.UNKNOWN),
    ],
)
async def test_what_it_answers(site: Site, status: int, healthy: bool | None, judgement: Judgement) -> None:
    site.answers["/health"] = web.Response(status=status)
    async with connected(f"127.0.0.1:{site.port}") as target:
        evidence = await target.look({"url": site.url})
        assert (evidence.healthy, f"answers {status}" in evidence.summary) == (healthy, True)
        verdict = await target.verify(action(site.url))
        assert verdict.judgement is judgement


async def test_slow_down_or_cut_off(site: Site) -> None:
    site.answers |= {"/slow": 30.0, "/cut": 0.0}
    async with connected(f"127.0.0.1:{site.port}", seconds=0.5) as hasty:
        slow = await hasty.look({"url": f"http://127.0.0.1:{site.port}/slow"})
        assert (slow.healthy, "does not answer within 0.5 seconds" in slow.summary) == (False, True)
    async with connected(f"127.0.0.1:{site.port}", "127.0.0.1:1") as target:
        cut = await target.look({"url": f"http://127.0.0.1:{site.port}/cut"})
        assert (cut.healthy, "broke the connection off" in cut.summary) == (False, True)
        refused = await target.look({"url": "http://127.0.0.1:1/"})
        assert (refused.healthy, "cannot be connected to" in refused.summary) == (False, True)
    async with connected("unknown.test", names=Names(unknown_test=[[]])) as target:
        nowhere = await target.look({"url": "http://unknown.test/"})
        assert (nowhere.healthy, "cannot be found" in nowhere.summary) == (False, True)


async def test_one_that_never_stops_talking_is_not_listened_to() -> None:
    """Its status is all we want."""
    hung_up = asyncio.Event()

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(OSError):
            while True:
                writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        hung_up.set()

    port = free_port()
    async with await asyncio.start_server(talk, "127.0.0.1", port), connected(f"127.0.0.1:{port}") as target:
        assert (await target.look({"url": f"http://127.0.0.1:{port}/"})).healthy is True
        await asyncio.wait_for(hung_up.wait(), PATIENCE)


async def test_a_redirect_is_followed_on_the_spot_and_never_elsewhere(site: Site) -> None:
    async with serving() as other, connected(f"127.0.0.1:{site.port}", f"127.0.0.1:{other.port}") as target:
        site.answers["/health"] = web.Response(status=302, headers={"Location": "/health/live?x=1"})
        assert (await target.look({"url": site.url})).healthy is True
        assert site.asked[-1].endswith("/health/live?x=1")
        for location in (other.url, "//169.254.169.254/", "file:///etc/passwd", "http://a@127.0.0.1/", "gopher://x"):
            site.answers["/health"] = web.Response(status=301, headers={"Location": location})
            evidence = await target.look({"url": site.url})
            assert evidence.healthy is None
            assert "not follow" in evidence.summary
        site.answers["/health"] = web.Response(status=307, headers={"Location": "/health"})
        assert "for ever" in (await target.look({"url": site.url})).summary
    assert other.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://127.0.0.1:{port}@elsewhere/",
        "http://elsewhere#@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@elsewhere/",
        "http://user:word@127.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://127.0.0.1:22/",
        "http://127.0.0.1/",
        "http:/127.0.0.1:{port}/",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/",
        "unix:///var/run/docker.sock",
        "http://127.0.0.1:{port}/\r\nX: y",
        "http://127.0.0.1:{port}/ x",
        "http://127.0.0.1:99999/",
        "http://①②⑦.0.0.1:{port}/",
        "http://[::1/",
        "//127.0.0.1:{port}/",
        "$(reboot)",
    ],
)
async def test_a_hostile_url_is_asked_nothing(site: Site, url: str) -> None:
    url = url.format(port=site.port)
    async with connected(f"127.0.0.1:{site.port}", "*.example.com") as target:
        evidence = await target.look({"url": url})
        assert (evidence.state, evidence.healthy) == ({}, None)
        outcome = await target.act(action(url))
        assert outcome.result is Result.FAILED
        assert outcome.detail.endswith("Nothing was sent.")
        assert (await target.verify(action(url))).judgement is Judgement.UNKNOWN
        assert "url" in target.catalogue()["health_check"].wrong({"url": url})
    assert site.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "fec0::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
    ],
)
async def test_a_private_address_needs_its_host_on_the_list(address: str) -> None:
    port = free_port()
    url = f"http://a.corp.test:{port}/"
    async with connected(f"*.corp.test:{port}", names=Names(a_corp_test=[[address]])) as target:
        evidence = await target.look({"url": url})
        assert evidence.state == {}
        assert "a private address, and HTTP_HEALTH_HOSTS does not name a.corp.test itself" in evidence.summary
    async with connected(f"a.corp.test:{port}", names=Names(a_corp_test=[[address]]), seconds=0.3) as target:
        assert (await target.look({"url": url})).state == {"url": url}


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "fe80::1%eth0", "100.100.100.200", "::"])
async def test_no_name_leads_to_a_clouds_keys(address: str) -> None:
    """Not even one that is on the list, for whoever owns the name could let it lead there."""
    async with connected("a.corp.test", names=Names(a_corp_test=[[address]])) as target:
        assert (await target.look({"url": "http://a.corp.test/"})).state == {}


async def test_a_name_is_looked_up_once_and_what_was_judged_is_asked(site: Site) -> None:
    """A name that answers with an innocent address first and another a moment later gains nothing by it."""
    names = Names(a_corp_test=[["127.0.0.1"], ["169.254.169.254"]])
    url = f"http://a.corp.test:{site.port}/health"
    async with connected(f"a.corp.test:{site.port}", names=names) as target:
        assert (await target.look({"url": url})).healthy is True
        assert (names.asked, site.asked) == (1, [f"GET a.corp.test:{site.port}/health"])
        assert (await target.act(action(url))).result is Result.FAILED
        site.answers["/health"] = web.Response(status=302, headers={"Location": "/other"})
        names.table["a.corp.test"] = [["127.0.0.1"], ["10.0.0.1", "169.254.169.254"]]
        assert (await target.look({"url": url})).state == {}, "nor is a redirect a second chance"
    assert site.asked[1:] == [f"GET a.corp.test:{site.port}/health"]


async def test_a_certificate_is_for_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    line = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2 -subj /CN=a.corp.test"
    subprocess.run([*line.split(), "-addext", "subjectAltName=DNS:a.corp.test"], check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    names = Names(a_corp_test=[["127.0.0.1"]], b_corp_test=[["127.0.0.1"]])
    async with serving(tls) as site:
        hosts = (f"a.corp.test:{site.port}", f"b.corp.test:{site.port}")
        async with connected(*hosts, names=names) as target:
            assert (await target.look({"url": f"https://{hosts[0]}/"})).healthy is True
            other = await target.look({"url": f"https://{hosts[1]}/"})
    assert (other.healthy, "certificate" in other.summary.lower() or "mismatch" in other.summary) == (False, True)


async def test_another_url_than_the_one_seen_is_not_asked(site: Site) -> None:
    async with connected(f"127.0.0.1:{site.port}") as target:
        assert (await target.act(action(site.url, {"url": f"{site.url}/x"}))).result is Result.CHANGED
        assert (await target.act(action(site.url, {}))).result is Result.CHANGED
    assert site.asked == []


async def test_nobody_is_asked_without_a_list(site: Site) -> None:
    async with connected() as target:
        assert (await target.look({"url": site.url})).state == {}
        assert (await target.act(action(site.url))).result is Result.FAILED
        with pytest.raises(Misconfigured):
            await target.check()
    assert site.asked == []


@pytest.mark.parametrize("host", ["*", "*.", "http://x", "a b", "x:y", "*x*", ""])
def test_an_entry_that_would_let_too_much_through(host: str) -> None:
    with pytest.raises(Misconfigured, match="HTTP_HEALTH_HOSTS"):
        HttpHealthSettings((host,))


async def test_check() -> None:
    names = Names(a_corp_test=[["10.0.0.1"]], b_corp_test=[["169.254.1.1"]])
    async with connected("a.corp.test", "*.corp.test", "b.corp.test", names=names) as target:
        assert await target.check() == (
            "may ask a.corp.test, *.corp.test, b.corp.test; not known here or not fit to be asked: b.corp.test"
        )

"""The web chat's door: who comes in, with what link, for how long, and what other web sites cannot do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import jwt
import pytest
from aiohttp import ClientSession

from adapters.chat.web.sign_in import USED, OneTimeLinks, SignIn
from tests.adapters.web_office import ALICE, DEMO, GONE, HERE, OURS, Office, listen, opened, read, say, visit
from tests.clock import FakeClock


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with opened(Office()) as office:
        yield office


# Coming in


@pytest.mark.parametrize("path", [HERE, f"{HERE}/thread/INC-1", "/chat/stream?room=incidents"])
async def test_a_stranger_is_told_where_the_link_is(office: Office, path: str) -> None:
    async with visit(office) as browser, browser.get(path) as answer:
        assert answer.status == 401
        assert "oncall sign-in" in await answer.text()


async def test_a_link_works_once(office: Office) -> None:
    link = office.link()
    async with visit(office) as first, visit(office) as second:
        async with first.head(link) as looked:
            assert looked.status == 405
        async with first.get(link, headers={"Sec-Purpose": "prefetch"}) as guessed:
            assert guessed.status == 503
        async with first.get(link) as answer:
            assert answer.status == 200
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        assert "Secure" not in cookie
        assert "Alice Kim" in await read(first)
        assert office.people.came == {ALICE.id: office.clock.now()}
        async with second.get(link) as again:
            assert again.status == 403
            assert USED.split("`")[0] in await again.text()
        async with second.get(HERE) as answer:
            assert answer.status == 401


async def test_over_https_the_cookie_is_secure(office: Office) -> None:
    async with (
        visit(office) as browser,
        browser.get(office.link(), headers={"X-Forwarded-Proto": "https"}) as answer,
    ):
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_behind_a_proxy_that_says_nothing_the_cookie_of_an_https_address_is_secure() -> None:
    office = Office(address="https://oncall.example.com")
    async with opened(office), visit(office) as browser, browser.get(office.link()) as answer:
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_links_and_sessions_end(office: Office) -> None:
    link = office.link()
    async with visit(office, "alice") as browser:
        office.clock.time += timedelta(hours=11, minutes=59)
        await read(browser)
        office.clock.time += timedelta(minutes=2)
        async with browser.get(HERE) as answer:
            assert answer.status == 401
        office.clock.time += timedelta(hours=12)
        async with browser.get(link) as answer:
            assert answer.status == 403


async def test_signing_out_ends_the_session_and_its_streams(office: Office) -> None:
    async with visit(office, "alice") as browser, listen(browser) as stream:
        cookies = {cookie.key: cookie.value for cookie in browser.cookie_jar}
        async with browser.post("/sign-out", headers=OURS) as answer:
            assert "You have signed out" in await answer.text()
        with pytest.raises(EOFError):
            await stream.news()
        async with ClientSession(office.url, cookies=cookies) as thief, thief.get(HERE) as answer:
            assert answer.status == 401


async def test_an_inactive_account_stays_out(office: Office) -> None:
    async with visit(office, GONE.username) as browser, browser.get(HERE) as answer:
        assert answer.status == 401


async def test_an_account_that_is_switched_off_hears_nothing_more(office: Office) -> None:
    async with visit(office, "alice") as alice, visit(office, "bob") as bob, listen(alice) as stream:
        office.people.switched_off.add("alice")
        await say(bob, "a word among us")
        with pytest.raises(EOFError):
            await stream.news()


@pytest.mark.parametrize(
    ("key", "algorithm"), [("", "none"), ("a secret of this office, which is not the derived key", "HS256")]
)
async def test_a_forged_session_is_nobody(office: Office, key: str, algorithm: str) -> None:
    claims = {"sub": "alice", "sid": "x", "exp": office.clock.now() + timedelta(hours=1), "aud": "web chat"}
    token = jwt.encode(claims, key, algorithm=algorithm)
    async with ClientSession(office.url, cookies={"oncall_session": token}) as forger, forger.get(HERE) as answer:
        assert answer.status == 401


async def test_a_link_on_another_site_leads_in_by_one_step(office: Office) -> None:
    async with (
        visit(office) as browser,
        browser.get(f"{HERE}/thread/a", headers={"Sec-Fetch-Site": "cross-site"}) as answer,
    ):
        assert answer.status == 200
        assert f"0;url={HERE}/thread/a" in await answer.text()


# Other sites


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
@pytest.mark.parametrize("path", [HERE, "/sign-out", "/chat/person"])
async def test_what_another_site_sends_is_refused(office: Office, path: str, headers: dict[str, str]) -> None:
    async with visit(office, "alice") as browser:
        async with browser.post(path, data={"text": "approve 1"}, headers=headers) as answer:
            assert answer.status == 403
        assert office.asked == []
        await read(browser)


async def test_our_own_origin_is_enough(office: Office) -> None:
    async with (
        visit(office, "alice") as browser,
        browser.post(HERE, data={"text": "help"}, headers={"Origin": office.url}) as answer,
    ):
        assert answer.status == 200
    assert len(office.asked) == 1


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "evil.example:80"])
async def test_another_name_is_refused(office: Office, host: str) -> None:
    async with visit(office, "alice") as browser:
        async with browser.get(HERE, headers={"Host": host}) as answer:
            assert answer.status in (400, 421)
        async with browser.post(HERE, data={"text": "help"}, headers={"Host": host, **OURS}) as answer:
            assert answer.status in (400, 421)
    assert office.asked == []


async def test_every_page_forbids_what_it_does_not_need(office: Office) -> None:
    async with visit(office, "alice") as browser:
        for path in (HERE, "/chat/nowhere", "/sign-in?token=x", "/chat/stream?room=incidents"):
            async with browser.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'; script-src 'self'" in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cache-Control"] == "no-store"


async def test_outside_demo_mode_nobody_can_be_played(office: Office) -> None:
    async with visit(office, "alice") as browser:
        assert "/chat/person" not in await read(browser)
        async with browser.post("/chat/person", data={"username": "bob"}, headers=OURS) as answer:
            assert answer.status == 404
        assert "Bob" not in await read(browser)


async def test_in_demo_mode_one_plays_both() -> None:
    async with opened(Office(demo_people=DEMO)) as office, visit(office, "alice") as browser:
        assert "approves them" in await read(browser)
        async with browser.post("/chat/person", data={"username": "bob"}, headers=OURS) as answer:
            assert answer.status == 200
        await say(browser, "hello")
        assert office.asked[0].identity == "bob"
        async with browser.post("/chat/person", data={"username": "gone"}, headers=OURS) as answer:
            assert answer.status == 404
        async with (
            visit(office) as stranger,
            stranger.post("/chat/person", data={"username": "bob"}, headers=OURS) as answer,
        ):
            assert answer.status == 401


@pytest.mark.parametrize(
    "made", [lambda link: link[:-3] + "abc", lambda link: link.replace("alice", "bob"), lambda link: link[:50]]
)
async def test_a_link_that_was_changed_is_none(office: Office, made: Callable[[str], str]) -> None:
    async with visit(office) as browser, browser.get(made(office.link("alice"))) as answer:
        assert answer.status == 403


async def test_a_link_made_before_this_start_is_none(office: Office) -> None:
    earlier = OneTimeLinks("a secret of this office", FakeClock(office.clock.now() - timedelta(minutes=1)))
    async with visit(office) as browser, browser.get(earlier.new_link(office.url, "alice")) as answer:
        assert answer.status == 403


async def test_another_process_with_the_same_secret_can_make_a_link(office: Office) -> None:
    other = OneTimeLinks("a secret of this office", office.clock)
    async with visit(office) as browser, browser.get(other.new_link(office.url, "alice")) as answer:
        assert answer.status == 200


async def test_who_signed_out_stays_out_after_a_restart(office: Office) -> None:
    token = office.sign_in.sessions.begin("alice")
    session = office.sign_in.sessions.read(token)
    assert session
    await office.sign_in.end(session)
    restarted = SignIn(office.people, office.clock, office.kept, secret="a secret of this office")
    assert restarted.sessions.read(token) is not None
    await restarted.open()
    assert restarted.sessions.read(token) is None


async def test_a_secret_that_somebody_pastes_is_not_kept(office: Office) -> None:
    async with visit(office, "alice") as alice:
        await say(alice, "help me with password=hunter2")
        assert "hunter2" not in await read(alice)
    assert all("hunter2" not in post.body for post in await office.posts.room("incidents") if post.author)
    assert office.asked[-1].text == "help me with password=hunter2"

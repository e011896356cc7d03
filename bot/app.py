"""Puts the program together. The only file that knows every part."""

from __future__ import annotations

import asyncio
import re
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from adapters.chat.ask import Room
from adapters.chat.platform import Platform
from adapters.chat.web.lines import Completion
from adapters.chat.web.platform import WebChat
from adapters.chat.web.routes import DemoPerson
from adapters.chat.web.sign_in import SignIn
from adapters.logs import LOG_SOURCES
from adapters.logs.files import DEFAULT_PATHS
from bot import example, health, people, schedule
from bot.answer import answer
from bot.clock import SystemClock
from bot.commands import offered, usage
from bot.log import get_logger
from bot.office import Office
from bot.settings import Settings
from bot.signing_key import signing_key
from bot.targets import connected
from bot.tell import Teller, welcome
from bot.watch import Watch
from engine import identify, knowledge
from engine.desk import Desk, Policy
from engine.detect import Detector
from engine.errors import OnCallError, Refused, Unreachable
from engine.events import Event
from engine.model import Incident, IncidentId
from engine.ports import Incidents, People
from engine.respond import Responder
from engine.rounds import Rounds
from storage.conversations import SqlConversations
from storage.cursors import SqlCursors
from storage.database import Database, connect
from storage.hold import Hold, hold
from storage.incidents import SqlIncidents
from storage.people import SqlPeople
from storage.posts import SqlPosts
from storage.upgrade import upgrade

log = get_logger("oncall")

GRACE = 20.0
"""Seconds that a call which was sent to a target has to come back when the program is told to stop."""

LAST_WORDS = 3.0
"""Seconds in which chat is told, before the program ends, what has just come back."""

TICK = 30.0
"""Seconds between two looks at what time does to incidents."""

MEETING = 5.0
"""Seconds that the first look at the logs may take before the program says that it is ready all the same."""

HOLD = 60.0
"""Seconds between two looks whether this database is still ours alone."""

EXAMPLE = Path("example")
"""Folder of the guided example, below the one in which the program was started."""

EXAMPLE_INTERVAL = 1.0
"""Seconds between two scans in the guided example: a newcomer waits for nothing."""


_SECOND_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(slots=True)
class Bell:
    """Rung after every event; who has something to do then listens."""

    listeners: list[Callable[[], None]] = field(default_factory=list)

    def ring(self, incident: Incident, event: Event) -> None:
        log.info(
            _SECOND_WORD.sub("_", type(event).__name__).lower(),
            incident=incident.id,
            number=incident.number,
            status=str(incident.status),
        )
        for listener in self.listeners:
            listener()


@dataclass(frozen=True, slots=True)
class Program:
    """The program, ready to be served. ``link`` signs the first person in, once."""

    app: web.Application
    desk: Desk
    link: str


def detector() -> Detector:
    return Detector(knowledge.load(), identify.load())


@asynccontextmanager
async def program(settings: Settings, memory: Callable[[Database], Incidents] = SqlIncidents) -> AsyncIterator[Program]:
    """Open the database, hold it, bring it up to date and put the program together. Raises OnCallError."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect(settings.database_url.get_secret_value()))
        held = await stack.enter_async_context(hold(database))
        await upgrade(database)
        accounts = SqlPeople(database, SystemClock())
        first = await people.first(accounts, settings)
        bell = Bell()
        desk = Desk(
            incidents=memory(database),
            detector=detector(),
            targets=await stack.enter_async_context(connected(settings)),
            clock=SystemClock(),
            new_id=lambda: uuid.uuid4().hex,
            policy=policy(settings, await people.on_call(accounts, settings)),
            publish=bell.ring,
        )
        sign_in = SignIn(accounts, desk.clock, SqlCursors(database, desk.clock), secret=signing_key(settings))
        chat = WebChat(
            SqlPosts(database, desk.clock),
            sign_in,
            hosts=hosts(settings),
            main_room=Room(settings.incident_room),
            commands=[Completion(usage(name), one.help) for name, one in offered(in_example=settings.demo).items()],
            demo_people=_players() if settings.demo else (),
        )
        app = assemble(settings, database, held, desk, accounts, chat, bell)
        yield Program(app, desk, sign_in.new_link(settings.address, first.username))


def assemble(  # noqa: PLR0913, PLR0917 - the one place where all parts meet
    settings: Settings, database: Database, held: Hold, desk: Desk, accounts: People, chat: Platform, bell: Bell
) -> web.Application:
    """The web application and what runs beside it: the responder, the teller and the clock."""
    platforms = {Room(settings.incident_room): chat}
    stage = example.Example(EXAMPLE) if settings.demo else None
    paths = (str(stage.logs),) if stage else settings.log_paths or DEFAULT_PATHS
    source = LOG_SOURCES["files"](paths, SqlCursors(database, desk.clock), clock=desk.clock)
    watch = Watch(desk, (source,))
    responder = Responder(desk, _responder_trouble)
    teller = Teller(desk.incidents, SqlConversations(database), platforms)
    telling = Rounds(teller.tell_all, _teller_trouble)
    bell.listeners += [responder.rounds.wake, telling.wake]
    targets = tuple(
        (name.capitalize(), "dry run" if one.dry_run else "connected") for name, one in desk.targets.items()
    )
    office = Office(desk, accounts, lambda: (*targets, *watch.facts()), stage)
    jobs: dict[str, tuple[schedule.Job, float]] = {
        "scan": (watch.scan, EXAMPLE_INTERVAL if stage else settings.monitoring_interval),
        "tick": (watch.tick, TICK),
        "hold": (partial(_keep_hold, held), HOLD),
    }

    async def beside(app: web.Application) -> AsyncIterator[None]:
        if stage:
            stage.logs.mkdir(parents=True, exist_ok=True)
            await welcome(platforms, example.card())
        async with _task(responder.rounds.run()), _task(telling.run()), schedule.running(jobs) as scheduler:
            app[health.SCHEDULER] = scheduler
            await watch.met(MEETING)
            yield
            await responder.stop(GRACE)
            with suppress(OnCallError, TimeoutError):  # what cannot be told now is told at the next start
                async with asyncio.timeout(LAST_WORDS):
                    await teller.tell_all()

    app = web.Application()
    app[health.DATABASE] = database
    health.mount(app)
    chat.mount(app, partial(answer, office=office))
    app.cleanup_ctx.append(beside)
    return app


def policy(settings: Settings, on_call: tuple[str, ...]) -> Policy:
    return Policy(
        confidence_threshold=settings.confidence_threshold,
        max_actions=settings.max_automation_actions,
        assess_risk=settings.enable_risk_assessment,
        quiet_time=timedelta(minutes=settings.quiet_minutes),
        approval_valid=timedelta(minutes=settings.approval_minutes),
        escalate_after=timedelta(minutes=settings.escalate_minutes),
        on_call=on_call,
        environment=settings.environment,
    )


def hosts(settings: Settings) -> set[str]:
    """The names under which the pages may be asked for: a page of another name is an attack by DNS."""
    own = urlsplit(settings.address).hostname or settings.host
    return {own, settings.host, *(("localhost", "127.0.0.1", "::1") if not settings.exposed else ())}


def _players() -> tuple[DemoPerson, ...]:
    return tuple(DemoPerson(one.username, one.full_name, str(one.role)) for one in people.PLAYERS)


async def _keep_hold(held: Hold) -> None:
    """If another program has taken the database, two would act on the same incidents: stop."""
    try:
        await held.check()
    except Refused as error:
        log.critical("the database was taken over: this program stops", reason=str(error))
        signal.raise_signal(signal.SIGTERM)
    except Unreachable as error:
        log.warning("the database does not answer", reason=str(error))


@asynccontextmanager
async def _task(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _responder_trouble(id: IncidentId, error: Exception) -> None:
    log.warning("an incident waits", incident=id, reason=str(error), exc_info=None if _expected(error) else error)


def _teller_trouble(error: Exception) -> None:
    log.warning("chat could not be told", reason=str(error), exc_info=None if _expected(error) else error)


def _expected(error: Exception) -> bool:
    return isinstance(error, OnCallError)

"""Puts the program together. The only file that knows every part."""

from __future__ import annotations

import re
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from adapters.chat.teams.workflows import Webhook
from adapters.chat.web.sign_in import SignIn
from adapters.logs import LOG_SOURCES
from adapters.logs.files import DEFAULT_PATHS
from bot import example, health, people, platforms, schedule
from bot.answer import answer
from bot.clock import SystemClock
from bot.findings import Findings, teaches
from bot.link_codes import LinkCodes
from bot.log import get_logger
from bot.office import Office
from bot.platforms import Supplies
from bot.rota import Rota
from bot.service_catalogue import services
from bot.settings import Settings
from bot.signing_key import signing_key
from bot.targets import connected
from bot.tell import Where
from bot.telling import Telling, described, trouble, welcome
from bot.under_way import under_way
from bot.watch import Watch
from bot.webhook import LISTENER, WebhookTeller
from engine import identify, knowledge
from engine.desk import Desk, Policy
from engine.detect import Detector
from engine.errors import OnCallError, Refused, Unreachable
from engine.events import Event
from engine.knowledge_base import Library
from engine.model import Incident, IncidentId, Risk, titled
from engine.ports import Clock, Incidents, People, RoomOf
from engine.respond import Responder
from engine.rounds import Rounds
from engine.similar import Past
from storage.brake import KeptBrake
from storage.conversations import SqlConversations
from storage.cursors import SqlCursors
from storage.database import Database, connect
from storage.deliveries import SqlDeliveries
from storage.hold import Hold, hold
from storage.inbox import SqlInbox
from storage.incidents import SqlIncidents
from storage.knowledge_entries import SqlKnowledgeEntries
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
    """Rung after every event; who has something to do then listens, and learners to what teaches something."""

    listeners: list[Callable[[], None]] = field(default_factory=list)
    learners: list[Callable[[], None]] = field(default_factory=list)

    def ring(self, incident: Incident, event: Event) -> None:
        log.info(
            _SECOND_WORD.sub("_", type(event).__name__).lower(),
            incident=incident.id,
            number=incident.number,
            status=str(incident.status),
        )
        for listener in (*self.listeners, *(self.learners if teaches(event) else ())):
            listener()


@dataclass(frozen=True, slots=True)
class Program:
    """The program, ready to be served. ``link`` signs the first person in, once."""

    app: web.Application
    desk: Desk
    link: str


def detector() -> Detector:
    return Detector(knowledge.load(), identify.load())


Memory = Callable[[Database, Sequence[str], RoomOf], Incidents]
"""Incidents in a database, and who is told of each event where."""


@asynccontextmanager
async def program(settings: Settings, memory: Memory = SqlIncidents) -> AsyncIterator[Program]:
    """Open the database, hold it, bring it up to date and put the program together. Raises OnCallError."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(connect(settings.database_url.get_secret_value()))
        held = await stack.enter_async_context(hold(database))
        await upgrade(database)
        clock = SystemClock()
        accounts = SqlPeople(database, clock)
        first = await people.first(accounts, settings)
        supplies = supplied(settings, database, clock, accounts)
        places = platforms.connected(supplies)
        bell = Bell()
        rota = Rota(settings.service_catalogue, people.on_call(settings), accounts)
        await rota.read()
        desk = Desk(
            incidents=memory(database, listeners(settings, places), rooms(places)),
            detector=detector(),
            targets=await stack.enter_async_context(connected(settings)),
            clock=clock,
            new_id=lambda: uuid.uuid4().hex,
            policy=replace(policy(settings, rota.on_call), services=rota.services),
            publish=bell.ring,
            brake=KeptBrake(supplies.cursors, clock),
            library=Library(SqlKnowledgeEntries(database, clock), knowledge.load()),
        )
        app = assemble(Parts(supplies, database, held, desk, accounts, places, bell, rota))
        yield Program(app, desk, supplies.sign_in.new_link(settings.address, first.username))


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the program is put together from."""

    supplies: Supplies
    database: Database
    held: Hold
    desk: Desk
    accounts: People
    places: Sequence[Where]
    bell: Bell
    rota: Rota

    @property
    def settings(self) -> Settings:
        return self.supplies.settings


def supplied(settings: Settings, database: Database, clock: Clock, accounts: People) -> Supplies:
    cursors = SqlCursors(database, clock)
    return Supplies(
        settings=settings,
        hosts=hosts(settings),
        clock=clock,
        cursors=cursors,
        posts=SqlPosts(database, clock),
        sign_in=SignIn(accounts, clock, cursors, secret=signing_key(settings)),
        deliveries=SqlDeliveries(database, clock),
        inbox=SqlInbox(database, clock),
    )


def assemble(parts: Parts) -> web.Application:
    """The web application and what runs beside it: the responder, the tellers and the clock."""
    settings, desk, supplies = parts.settings, parts.desk, parts.supplies
    stage = example.Example(EXAMPLE) if settings.demo else None
    paths = (str(stage.logs),) if stage else settings.log_paths or DEFAULT_PATHS
    watch = Watch(desk, (LOG_SOURCES["files"](paths, supplies.cursors, clock=desk.clock),))
    responder = Responder(desk, _responder_trouble)
    conversations = SqlConversations(parts.database)
    telling = Telling(desk, parts.accounts, parts.places, conversations, supplies.cursors, settings.storm_cards)
    parts.bell.listeners += [responder.rounds.wake, telling.wake]
    targets = tuple((titled(name), "dry run" if one.dry_run else "connected") for name, one in desk.targets.items())
    codes = LinkCodes(supplies.cursors, supplies.inbox, desk.clock)
    escalating = webhook(settings, desk)
    if escalating:
        parts.bell.listeners.append(escalating.wake)
    learning = _learning(desk, telling)
    parts.bell.learners += [learning.wake]
    office = Office(
        desk,
        parts.accounts,
        lambda: (*targets, *watch.facts(), *parts.rota.facts()),
        example=stage,
        conversations=conversations,
        codes=codes,
        described=telling.card,
        announce=telling.announce,
        decided=learning.wake,
        library=desk.library,
        past=Past(desk.incidents, desk.library),
    )
    jobs: dict[str, tuple[schedule.Job, float]] = {
        "rota": (parts.rota.look, settings.monitoring_interval),
        "scan": (watch.scan, EXAMPLE_INTERVAL if stage else settings.monitoring_interval),
        "tick": (watch.tick, TICK),
        "hold": (partial(_keep_hold, parts.held), HOLD),
    }

    async def beside(app: web.Application) -> AsyncIterator[None]:
        if stage:
            stage.logs.mkdir(parents=True, exist_ok=True)
            await welcome(parts.places[0], example.card())
        async with AsyncExitStack() as stack:
            for work in (responder.rounds, learning, *([escalating] if escalating else [])):
                await stack.enter_async_context(under_way(work.run()))
            await stack.enter_async_context(telling.running())
            scheduler = await stack.enter_async_context(schedule.running(jobs))
            app[health.SCHEDULER] = scheduler
            await watch.met(MEETING)
            yield
            await responder.stop(GRACE)
            await telling.last_words(LAST_WORDS)

    app = web.Application()
    app[health.DATABASE] = parts.database
    health.mount(app)
    for where in parts.places:
        where.platform.mount(app, partial(answer, office=office))
    app.cleanup_ctx.append(beside)
    return app


def _learning(desk: Desk, telling: Telling) -> Rounds:
    """What was found to work is told of as soon as it is known."""
    findings = Findings(desk, telling.retell)
    return Rounds(findings.look, lambda error: log.warning("what was learned could not be told", reason=str(error)))


def listeners(settings: Settings, places: Sequence[Where]) -> list[str]:
    """Whom every event is told: the platforms, and a webhook if there is one."""
    names = [where.platform.name for where in places]
    return [*names, LISTENER] if settings.teams_webhook_url.get_secret_value() else names


def rooms(places: Sequence[Where]) -> RoomOf:
    """A webhook has one room only."""
    known = {where.platform.name: where.room for where in places}
    return lambda listener, incident: known[listener](incident) if listener in known else ""


def webhook(settings: Settings, desk: Desk) -> Rounds | None:
    url = settings.teams_webhook_url.get_secret_value()
    if not url:
        return None
    page = f"{settings.address}/chat/{settings.incident_room}/thread/incident-{{}}".format
    teller = WebhookTeller(
        desk.incidents,
        Webhook(url).post,
        partial(described, desk),
        lambda incident: page(incident.number),
        settings.storm_cards,
    )
    return Rounds(teller.tell, lambda error: trouble("the webhook", error))


def policy(settings: Settings, on_call: Sequence[str]) -> Policy:
    return Policy(
        confidence_threshold=settings.confidence_threshold,
        wrong_at_most=settings.wrong_at_most,
        max_actions=settings.max_automation_actions,
        assess_risk=settings.enable_risk_assessment,
        quiet_time=timedelta(minutes=settings.quiet_minutes),
        approval_valid=timedelta(minutes=settings.approval_minutes),
        escalate_after=timedelta(minutes=settings.escalate_minutes),
        on_call=on_call,
        environment=settings.environment,
        max_actions_per_hour=settings.max_actions_per_hour,
        change_windows=settings.change_windows,
        risks={name: Risk(risk) for name, _, risk in (one.partition("=") for one in settings.risks)},
        services=services(settings.service_catalogue),
    )


def hosts(settings: Settings) -> set[str]:
    """The names under which the pages may be asked for: a page of another name is an attack by DNS."""
    own = urlsplit(settings.address).hostname or settings.host
    return {own, settings.host, *(("localhost", "127.0.0.1", "::1") if not settings.exposed else ())}


async def _keep_hold(held: Hold) -> None:
    """If another program has taken the database, two would act on the same incidents: stop."""
    try:
        await held.check()
    except Refused as error:
        log.critical("the database was taken over: this program stops", reason=str(error))
        signal.raise_signal(signal.SIGTERM)
    except Unreachable as error:
        log.warning("the database does not answer", reason=str(error))


def _responder_trouble(id: IncidentId, error: Exception) -> None:
    log.warning("an incident waits", incident=id, reason=str(error), exc_info=None if _expected(error) else error)


def _expected(error: Exception) -> bool:
    return isinstance(error, OnCallError)

"""``oncall people``: who has an account, and what they may do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.clock import SystemClock
from bot.people import give, linked, switch_off
from bot.settings import load
from bot.terminal import plainly
from engine.errors import NotFound
from engine.model import Account, Role
from engine.ports import People
from storage.database import connect
from storage.people import SqlPeople
from storage.upgrade import upgrade

app = typer.Typer(no_args_is_help=True, help="Say who may do what. It counts at once, also in a running program.")
out = Console()

_USERNAME = re.compile(r"[\w.@+-]{1,64}")


@asynccontextmanager
async def opened() -> AsyncIterator[People]:
    async with connect(load().database_url.get_secret_value()) as database:
        await upgrade(database)
        yield SqlPeople(database, SystemClock())


async def known(username: str) -> Account:
    """Whose account it is. Raises NotFound where there is none, or it is switched off."""
    async with opened() as people:
        account = await people.named(username)
    if account is None or not account.is_active:
        raise NotFound(f"There is no account {username}. Add one: oncall people add {username} --role viewer")
    return account


@app.command("list")
def everybody() -> None:
    """Tell who has an account."""

    async def work() -> list[Account]:
        async with opened() as people:
            return list(await people.all())

    with plainly():
        accounts = asyncio.run(work())
        out.print(_table(accounts) if accounts else "Nobody yet. Add one: oncall people add NAME --role admin")


@app.command()
def add(
    username: str,
    role: Annotated[Role, typer.Option(help="What this person may do; each role may do what those before it may.")],
    name: Annotated[str, typer.Option(help="Full name.")] = "",
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
) -> None:
    """Give a person an account, or another role."""
    if not _USERNAME.fullmatch(username):
        raise typer.BadParameter(
            "a user name is of letters, digits and . _ - @ +, without spaces", param_hint="username"
        )

    async def work() -> Account:
        async with opened() as people:
            return await give(people, username, role, name, email)

    with plainly():
        account = asyncio.run(work())
        out.print(f"{account.username} is {account.role}. A link to sign in: oncall sign-in {username}", markup=False)


@app.command()
def link(username: str, platform: str, identity: str) -> None:
    """Say that somebody on a chat platform is this person, such as: link bob slack U012AB3CD."""

    async def work() -> None:
        async with opened() as people:
            await linked(people, username, platform, identity)

    with plainly():
        asyncio.run(work())
        out.print(f"{identity} on {platform} is {username} from now on.", markup=False)


@app.command()
def off(username: str) -> None:
    """Switch an account off: from now on this person may do nothing."""

    async def work() -> None:
        async with opened() as people:
            await switch_off(people, username)

    with plainly():
        asyncio.run(work())
        out.print(f"{username} may do nothing from now on.", markup=False)


def _table(accounts: list[Account]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("Account", "Role", "Name", "E-mail"):
        table.add_column(column, overflow="fold")
    for one in sorted(accounts, key=lambda account: account.username):
        role = str(one.role) if one.is_active else "switched off"
        table.add_row(*(Text(text) for text in (one.username, role, one.full_name, one.email)))
    return table

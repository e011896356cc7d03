"""The catalogue of services: what may stand in the file, what is said where it is wrong, and who of it can be woken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from bot.app import policy, program
from bot.check import Systems, check
from bot.check.report import Level, Line
from bot.people import owned, wakeable
from bot.rota import Rota
from bot.service_catalogue import identifiers, read, services
from bot.settings import Settings, load
from engine.desk import Policy
from engine.errors import Misconfigured, Unreachable
from engine.model import Account, Criticality, Role
from engine.services import Service, Services
from engine.windows import Window
from storage.memory import MemoryPeople
from tests.test_house import ROOT
from tests.waiting import PATIENCE

EXAMPLE = ROOT / "docs" / "services.toml"


def test_the_example_can_be_read_and_says_what_it_promises() -> None:
    known = services(str(EXAMPLE))
    impact = known.impact({"database_host": "a.db.example.com", "database_name": "orders"})
    assert impact
    assert impact.owners == ("dora@example.com", "ada")
    depends = [(one.name, str(one.criticality), one.distance) for one in impact.depends_on_it]
    assert depends == [("checkout", "critical", 1), ("orders-etl", "medium", 1), ("reporting", "low", 2)]
    etl = known.holding({"dag_id": "orders_daily"})
    assert etl
    assert [str(one) for one in etl.change_windows] == ["mon-fri 09:00-17:00 Europe/Berlin"]
    reporting = known.holding({"dag_id": "report_weekly"})
    assert reporting
    assert reporting.environment == "staging"


def test_a_service_may_be_told_in_one_line_and_lists_in_one_text() -> None:
    known = read('service.a = {}\n[service.b]\nowners = "ada, bob"\nchange_windows = "mon 09:00-17:00 UTC"\n', "s.toml")
    assert known.all[0] == Service("a", Criticality.MEDIUM)
    assert known.all[1].owners == ("ada", "bob")
    assert isinstance(known.all[1].change_windows[0], Window)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("service.a = ", "s.toml is not TOML: Invalid value (at end of document)."),
        ("[service.a]\n[service.a]", "s.toml is not TOML: Cannot declare ('service', 'a') twice (at line 2, column 11)."),
        ("[services.a]", "services: there is no such key. Did you mean service?"),
        ("service = 3", "service: is no table. Write a table [service.name] for each service."),
        ("[service.a]\nowner = 'ada'", "service.a.owner: there is no such key. Did you mean owners?"),
        ("[service.a]\nname = 'a'", "service.a.name: there is no such key. The keys are criticality, depends_on, owners,"),
        ("[service.a]\ncriticality = 'huge'", "service.a.criticality: is none of 'low', 'medium', 'high' or 'critical'."),
        ("[service.a]\nenvironment = 'a b'", "service.a.environment: is not one word of letters, digits,"),
        ("[service.a]\nchange_windows = ['mon 9-17']", "service.a.change_windows.#1: is no time of the week such as"),
        ("[service.a]\nchange_windows = ['mon 09:00-17:00 Mars/X']", "change_windows.#1: names no time or time zone: Mars/X"),
        ("[service.a]\ndepends_on = ['b']", "service.a.depends_on: 'b' is no service of this catalogue. Add a table"),
        ("[service.a]\ndepends_on = ['orders_db']\n[service.orders-db]", "'orders_db' is no service of this catalogue. Did you mean orders-db?"),
        ("[service.a]\ndepends_on = ['a']", "service.a.depends_on: a → a is a circle."),
        (
            "[service.a]\ndepends_on=['b']\n[service.b]\ndepends_on=['c']\n[service.c]\ndepends_on=['a']",
            "service.a.depends_on: a → b → c → a is a circle. Leave out the weakest of these dependencies.",
        ),
        ("[service.a]\nholds = [{ dagid = 'x' }]", "service.a.holds, rule 1: no failure is named by 'dagid'. Did you mean dag_id?"),
        ("[service.a]\nholds = [{ dag_id = 'a*b' }]", "service.a.holds.#1.dag_id.#1: is no name, nor one with a single *"),
        ("[service.a]\nholds = [{ dag_id = '.*x*' }]", "service.a.holds.#1.dag_id.#1: is no name, nor one with a single *"),
        ("[service.a]\nholds = [{}]", "service.a.holds.#1: is empty. Write for example [{ dag_id"),
        ("[service.a]\nholds = [{ dag_id = [] }]", "service.a.holds.#1.dag_id: is empty."),
        ("[service.a.holds]\ndag_id = 'x'", "service.a.holds: is no list. Write for example [{ dag_id"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_file_and_key_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read(text, "s.toml")
    lines = str(caught.value).splitlines()
    assert any(said in line for line in lines), lines
    assert "s.toml" in lines[0]
    assert len(lines) <= 2, "one mistake is told once"


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Misconfigured, match="3 things are wrong"):
        read("[service.a]\ncriticality = 1\nholds = [{}]\nenvironment = ''", "s.toml")


def test_names_of_logs_and_of_actions_may_be_held() -> None:
    assert {
        "dag_id",
        "namespace",
        "pod_name",
        "host",
        "application_name",
        "deployment",
        "unit",
        "source",
    } <= identifiers()


def test_a_file_that_is_not_there_is_told_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"cannot be read: No such file.*SERVICE_CATALOGUE"):
        services(str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match="not UTF-8"):
        services(str(tmp_path / "bad.toml"))
    assert services("") == Services()


def test_the_setting_reaches_the_policy() -> None:
    assert len(policy(configured(EXAMPLE), ()).services.all) == 5
    assert policy(load({}), ()).services == Services()


def test_owners_are_woken_by_their_accounts_and_strangers_are_not() -> None:
    names = wakeable(
        [
            Account("1", "ada", "Ada", "ada@example.com", Role.RESPONDER),
            Account("2", "bob", "Bob", "Bob@Example.com", Role.RESPONDER),
            Account("3", "eve", "Eve", "eve@example.com", Role.RESPONDER, is_active=False),
        ]
    )
    known = Services((Service("a", owners=("bob@example.com", "ada", "eve", "mallory")),))
    assert owned(known, names).all[0].owners == ("bob", "ada")


async def test_the_program_wakes_owners_by_their_accounts(tmp_path: Path) -> None:
    settings = load(
        {
            "DATABASE_URL": f"sqlite:///{tmp_path}/x.db",
            "ADMINS": "ada",
            "ONCALL_EMAILS": "bob@example.com",
            "SERVICE_CATALOGUE": str(EXAMPLE),
        }
    )
    async with program(settings) as ready:
        owners = {one.name: one.owners for one in ready.desk.policy.services.all}
        assert (owners["checkout"], owners["payments"], owners["orders-etl"]) == (("ada", "bob"), ("bob",), ())
        assert list(ready.desk.policy.on_call) == ["bob"]


async def test_a_changed_file_is_read_again_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    people = MemoryPeople()
    await people.save(Account("1", "ada", "Ada", "ada@example.com", Role.RESPONDER))
    file = tmp_path / "services.toml"
    file.write_text("[service.shop]\nowners = ['ada@example.com']\nholds = [{ dag_id = ['shop_*'] }]\n")
    current = Rota(str(file), (), people)
    await current.read()
    known = current.services
    assert known.all[0].owners == ("ada",)
    file.write_text("[service.till]\ncriticality = 'critical'\nholds = [{ dag_id = ['shop_*'] }]\n")
    await current.look()
    impact = known.impact({"dag_id": "shop_daily"})
    assert impact
    assert (impact.service, impact.worst, current.facts()) == ("till", Criticality.CRITICAL, ())
    file.write_text("[service.till]\ncriticality = 'huge'\n")
    await current.look()
    assert known.named("till")
    assert "service.till.criticality: " in str(current.facts())
    file.unlink()
    await current.look()
    assert known.named("till")
    assert "No such file" in str(current.facts())
    file.write_text("")
    await current.look()
    assert (len(known.all), current.facts()) == (0, ())


async def test_who_comes_and_goes_while_the_program_runs_is_woken_or_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also while the file is broken."""
    people, file = MemoryPeople(), tmp_path / "services.toml"
    bob = Account("2", "bob", "Bob", "Bob@example.com", Role.RESPONDER)
    await people.save(bob)
    file.write_text("[service.shop]\nowners = ['ada', 'bob@example.com']\n")
    rota = Rota(str(file), ("ada@example.com", "bob@example.com"), people)
    await rota.read()
    policy = Policy(on_call=rota.on_call, services=rota.services)
    assert (policy.services.all[0].owners, list(policy.on_call)) == (("bob",), ["bob"])
    file.write_text("[service.shop\n")
    await people.save(Account("1", "ada", "Ada", "ada@example.com", Role.RESPONDER))
    await rota.look()
    assert (policy.services.all[0].owners, list(policy.on_call)) == (("ada", "bob"), ["ada", "bob"])
    await people.save(replace(bob, is_active=False))
    for _ in range(3):
        await rota.look()
    assert (policy.services.all[0].owners, list(policy.on_call)) == (("ada",), ["ada"])
    told = capsys.readouterr().out
    assert told.count("an owner has no account and cannot be woken") == 2, "ada at first, bob at last"


async def test_a_broken_file_is_told_of_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "services.toml"
    file.write_text("[service.shop]\n")
    current = Rota(str(file), (), MemoryPeople())
    await current.read()
    file.write_text("[service.shop\n")
    for _ in range(3):
        await current.look()
    assert capsys.readouterr().out.count("the catalogue of services stays as it was") == 1


async def test_people_who_cannot_be_asked_now_are_asked_at_the_next_look(tmp_path: Path) -> None:
    class Away(MemoryPeople):
        away = True

        async def all(self) -> Sequence[Account]:
            if self.away:
                raise Unreachable("The database does not answer.")
            return await super().all()

    people, file = Away(), tmp_path / "services.toml"
    file.write_text("[service.shop]\n")
    current = Rota(str(file), (), people)
    await current.look()
    assert (len(current.services.all), "does not answer" in str(current.facts())) == (0, True)
    people.away = False
    await current.look()
    assert (len(current.services.all), current.facts()) == (1, ())


async def test_the_program_reads_a_changed_file_while_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text("[service.shop]\n")
    address = f"sqlite:///{tmp_path}/x.db"
    settings = load(
        {
            "DATABASE_URL": address,
            "SERVICE_CATALOGUE": str(file),
            "MONITORING_INTERVAL": "1",
            "LOG_PATHS": str(tmp_path / "none.log"),
        }
    )
    async with program(settings) as ready:
        runner = web.AppRunner(ready.app)
        await runner.setup()
        file.write_text("[service.till]\n")
        async with asyncio.timeout(PATIENCE):
            while not ready.desk.policy.services.named("till"):
                await asyncio.sleep(0.05)
        await runner.cleanup()


def configured(file: Path) -> Settings:
    return load({"SERVICE_CATALOGUE": str(file), "ELASTICSEARCH_URL": "", "ADMINS": "ada@example.com"})


async def found(file: Path, *names: str, silent: bool = False) -> list[Line]:
    async def accounts() -> tuple[str, ...]:
        if silent:
            raise Unreachable("The database does not answer.")
        return names

    report = await check(configured(file), Systems(accounts=accounts))
    return [line for line in report.lines if line.subject == "SERVICE_CATALOGUE"]


async def test_the_check_warns_of_owners_whom_nobody_knows() -> None:
    lines = await found(EXAMPLE, "cleo", "bob@example.com")
    assert [line.level for line in lines] == [Level.OK, Level.OK, Level.WARNING]
    assert lines[1].text == "5 services, 1 of them critical"
    assert lines[2].text == "nobody is known as dora@example.com, who owns orders-db: they cannot be woken"
    assert lines[2].advice == "Give an account: oncall people add dora --role responder --email dora@example.com"
    assert len(await found(EXAMPLE, silent=True)) == 5, "without a database only those whom the settings name are known"


async def test_the_check_has_an_error_for_each_mistake(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(
        "[service.a]\ndepends_on = ['b']\nowner = 'x'\n[service.b]\ncriticality = 'huge'\n"
    )
    errors = [line for line in await found(tmp_path / "s.toml") if line.level is Level.ERROR]
    assert [line.text.partition(":")[0] for line in errors] == ["service.a.owner", "service.b.criticality"]
    assert all("docs/services.toml" in line.advice and "good last" in line.advice for line in errors)

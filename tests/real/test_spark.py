"""The Spark target against a real master and worker: every action, and each trap as it really is."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import pytest

from adapters.targets.spark import CATALOGUE, Spark
from engine import group
from engine.errors import Unreachable
from engine.model import Action, Judgement, Result
from tests.approved import proposed
from tests.engine.desks import desk, entry, settle
from tests.servers import free_port
from tests.servers.spark import SparkCluster, faulty, master, running, started
from tests.servers.spark_jobs import connected, ended, ends, stuck, told
from tests.waiting import PATIENCE

JWS = "org.apache.spark.ui.JWSFilter"

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]  # the first run on a machine installs what it needs


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    with running(tmp_path_factory.mktemp("spark")) as cluster:
        yield cluster


@dataclass(frozen=True)
class Scene:
    """Two applications that several tests look at and none changes: one has failed, one runs."""

    failed: str
    running: str
    submission: str


@pytest.fixture(scope="module")
def scene(spark: SparkCluster) -> Scene:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _scene(spark)).result()


async def _scene(spark: SparkCluster) -> Scene:
    submission = await spark.submit("oncall-runs", "stuck")
    failed = await ended(spark, "oncall-failed")
    running = await spark.app_is_there("oncall-runs")
    async with connected(spark) as target:
        await told(target, running)
    return Scene(failed, running, submission)


@pytest.fixture
async def target(spark: SparkCluster) -> AsyncIterator[Spark]:
    async with connected(spark) as target:
        yield target


async def test_check_says_what_is_there_and_what_is_too_much(spark: SparkCluster, target: Spark) -> None:
    said = await target.check()
    assert said.startswith(f"Spark 4.3.0 at {spark.master_url}: 1 worker alive; ")
    assert "anybody who reaches it may submit" in said
    async with connected(spark, requests="", applications=()) as bare:
        assert "nothing can be submitted again; SPARK_APPLICATIONS is empty" in await bare.check()


async def test_an_executor_that_ran_out_of_memory_gets_more_and_works(spark: SparkCluster, target: Spark) -> None:
    application = await ended(spark, "oncall-oom", "oom")
    shown = (await spark.apps("oncall-oom"))[0]
    assert shown["state"] == "FINISHED", "the application's own state says nothing: only the driver's is true"
    evidence = await target.look({"application_id": application})
    assert evidence.healthy is False
    assert evidence.state["executor_memory"] == "512m"
    assert (evidence.cause, evidence.shows) == (
        "spark/out-of-memory",
        "executor 0 on 127.0.0.1 was lost (Command exited with code 52, which means memory)",
    )
    assert evidence.names == {"application_id": application, "executor_id": "0", "host": "127.0.0.1"}
    office = desk(target)
    [incident] = await group.hear(
        office, [entry(f"26/11/21 20:59:43 ERROR FileFormatWriter: Aborting job of {application}")]
    )
    incident = await settle(office, incident)
    assert incident.signal.pattern == "spark/job-failed"
    assert incident.action
    assert incident.action.name == "increase_executor_memory"

    huge = await target.act(
        await proposed(target, "increase_executor_memory", "e0", application_id=application, memory="64g")
    )
    assert huge.result is Result.FAILED
    assert "the largest that is alive has 4096 MiB. Nothing was sent." in huge.detail
    increase = await proposed(target, "increase_executor_memory", "e1", application_id=application, memory="2g")
    before = await target.verify(increase)
    assert before.judgement is Judgement.UNKNOWN
    assert "did not arrive" in before.detail
    outcome = await target.act(increase)
    assert outcome.result is Result.DONE, outcome
    assert (await ends(target, increase)).judgement is Judgement.WORKED
    assert [one["memoryperexecutor"] for one in await spark.apps("oncall-oom")] == [512, 2048]

    count = len(await spark.drivers())
    again = await target.act(increase)
    assert again.result is Result.DONE
    assert "was not once more" in again.detail
    async with connected(spark) as reborn:
        again = await reborn.act(increase)
        assert "was not once more" in again.detail, "after a crash it is known by the mark in the driver's log"
        assert (await reborn.verify(increase)).judgement is Judgement.WORKED
    assert len(await spark.drivers()) == count


async def test_a_driver_without_memory_and_one_whose_worker_is_lost_are_named(tmp_path: Path) -> None:
    with running(tmp_path / "alone") as alone:
        application = await ended(alone, "oncall-collects", "collects")
        async with connected(alone) as target:
            full = await target.look({"application_id": application})
            assert (full.cause, full.names) == ("spark/driver-out-of-memory", {"application_id": application})
            application, submission = await stuck(alone, "oncall-orphan")
            try:
                await told(target, application)
                alone.processes[-1].kill()
                await alone.driver_is(submission, "ERROR")
            finally:
                alone.mend("oncall-orphan")  # nobody else ends it now
            lost = await target.look({"application_id": application})
    assert (lost.cause, lost.names) == ("spark/executor-lost", {"application_id": application, "host": "127.0.0.1"})
    assert lost.shows == f"worker 127.0.0.1, which ran the driver of {submission}, was lost"


async def test_a_failed_application_is_restarted_in_vain_and_then_not(spark: SparkCluster, target: Spark) -> None:
    first = await ended(spark, "oncall-broken")
    restart = await proposed(target, "restart_spark_app", "r1", application_id=first)
    assert (await target.act(restart)).result is Result.DONE
    verdict = await ends(target, restart)
    assert verdict.judgement is Judgement.FAILED
    assert "in vain" in verdict.detail
    late = await target.act(await _as_seen(restart, "r2"))
    assert late.result is Result.CHANGED, "somebody has run it again since it was seen"
    assert "Later app-" in late.detail

    spark.mend("oncall-broken")
    second = (await spark.apps("oncall-broken"))[-1]["id"]
    restart = await proposed(target, "restart_spark_app", "r3", application_id=second, memory="600m")
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    newest = (await spark.apps("oncall-broken"))[-1]
    assert newest["memoryperexecutor"] == 600
    well = await target.look({"application_id": newest["id"]})
    assert well.healthy is True
    useless = await target.act(await proposed(target, "restart_spark_app", "r4", application_id=newest["id"]))
    assert useless.result is Result.NOTHING_DONE
    assert "has finished well" in useless.detail


async def _as_seen(action: Action, id: str) -> Action:
    return Action(id, "spark", action.name, action.parameters, action.risk, "", "", action.request, action.seen)


async def test_a_stuck_application_is_stopped_and_submitted_with_more_memory_for_its_driver(
    spark: SparkCluster, target: Spark
) -> None:
    application, submission = await stuck(spark, "oncall-stuck")
    await told(target, application)
    increase = await proposed(target, "increase_driver_memory", "d1", application_id=application)
    assert increase.seen["state"] == "RUNNING"
    assert (await target.verify(increase)).judgement is Judgement.UNKNOWN
    stream = spark.request("oncall-stuck", "stuck", "640m", **{"spark.oncall.steady": "0"})
    spark.keep(stream, "oncall-stuck")
    changed = await target.act(increase)
    assert changed.result is Result.CHANGED, "the request that was approved is not the one kept now"
    assert (await spark.drivers())[submission]["state"] == "RUNNING"

    increase = await proposed(target, "increase_driver_memory", "d2", application_id=application)
    outcome = await target.act(increase)
    assert outcome.result is Result.DONE
    assert f"Submission {submission} was killed. It was submitted again as driver-" in outcome.detail
    assert (await spark.drivers())[submission]["state"] == "KILLED"
    assert (await target.verify(increase)).judgement is Judgement.NOT_YET
    verdict = await ends(target, increase)
    assert verdict.judgement is Judgement.WORKED
    assert "runs: for 0 minutes" in verdict.detail, "its request says that it never ends"
    newest = (await spark.drivers())[max(await spark.drivers())]
    assert (newest["state"], newest["memory"]) == ("RUNNING", 1024)
    await spark.kill(newest["id"])


async def test_a_running_application_is_killed_once(spark: SparkCluster, target: Spark) -> None:
    application, submission = await stuck(spark, "oncall-kill")
    await told(target, application)
    kill = await proposed(target, "kill_spark_app", "k1", application_id=application)
    by_submission = await proposed(target, "kill_spark_app", "k2", application_id=submission)
    assert by_submission.seen == kill.seen
    assert (await target.verify(kill)).judgement is Judgement.UNKNOWN
    assert (await target.act(kill)).result is Result.DONE
    assert (await target.verify(kill)).judgement is Judgement.WORKED
    for action in (kill, by_submission):
        twice = await target.act(action)
        assert twice.result is Result.NOTHING_DONE
        assert "has ended already" in twice.detail


async def test_what_was_started_again_meanwhile_is_left_alone(spark: SparkCluster, target: Spark) -> None:
    first = await ended(spark, "oncall-replaced")
    actions = [
        await proposed(target, name, f"p-{name}", application_id=first)
        for name in ("restart_spark_app", "increase_executor_memory", "increase_driver_memory")
    ]
    other = await spark.send(spark.request("oncall-replaced", "stuck"))
    newer = await spark.app_is_there("oncall-replaced", 2)
    count = len(await spark.drivers())
    for action in actions:
        outcome = await target.act(action)
        assert outcome.result is Result.NOTHING_DONE
        assert f"{newer} of the same name is there already" in outcome.detail
    evidence = await target.look({"application_id": first})
    assert evidence.healthy is None, "it is run again already: that will tell"
    assert evidence.cause == ""
    assert evidence.state != actions[0].seen
    assert len(await spark.drivers()) == count
    assert (await spark.drivers())[other]["state"] == "RUNNING"
    await spark.kill(other)


async def test_a_client_that_has_no_submission_cannot_be_acted_on(spark: SparkCluster, target: Spark) -> None:
    program = spark.program("oncall-client", "stuck")
    conf = ["--conf", "spark.ui.enabled=false", "--conf", "spark.cores.max=1", "--executor-memory", "512m"]
    line = ["--master", spark.address, "--name", "oncall-client", *conf, *program]
    with started(["org.apache.spark.deploy.SparkSubmit", *line], spark.spark_home, spark.home / "client.out"):
        application = await spark.app_is_there("oncall-client")
        for name in CATALOGUE:
            action = await proposed(target, name, f"c-{name}", application_id=application)
            outcome = await target.act(action)
            assert outcome.result is Result.FAILED
            assert "it was started by a client" in outcome.detail
        assert (await spark.apps("oncall-client"))[-1]["state"] == "RUNNING"
        spark.mend("oncall-client")


async def test_the_fence_and_what_is_not_kept(spark: SparkCluster, scene: Scene, target: Spark, tmp_path: Path) -> None:
    count = len(await spark.drivers())
    for patterns in ((), ("other-*",)):
        async with connected(spark, applications=patterns) as fenced:
            for name in CATALOGUE:
                outcome = await fenced.act(await proposed(fenced, name, "f1", application_id=scene.running))
                assert outcome.result is Result.FAILED
                assert "SPARK_APPLICATIONS does not allow me to act on 'oncall-runs'." in outcome.detail
    async with connected(spark, requests=str(tmp_path)) as forgetful:
        outcome = await forgetful.act(await proposed(forgetful, "restart_spark_app", "f2", application_id=scene.failed))
        assert outcome.result is Result.FAILED
        assert "no request is kept for it" in outcome.detail
    assert (await target.look({"application_id": "application_1764000000000_0007"})).state == {"exists": "no"}
    gone = await target.act(await proposed(target, "kill_spark_app", "f3", application_id="driver-nope"))
    assert gone.result is Result.FAILED
    assert len(await spark.drivers()) == count


async def test_an_answer_that_is_lost_is_unknown_and_found_again(spark: SparkCluster, target: Spark) -> None:
    application, submission = await stuck(spark, "oncall-lost")
    for count, silent in enumerate((True, False), 2):
        await told(target, application)
        async with (
            faulty(spark.rest_url, silent=silent) as address,
            connected(spark, address, timeout_seconds=10 if silent else PATIENCE) as unlucky,
        ):
            restart = await proposed(unlucky, "restart_spark_app", f"l{count}", application_id=application)
            outcome = await unlucky.act(restart)
        assert outcome.result is Result.UNKNOWN
        assert outcome.detail.startswith(f"Submission {submission} was killed. Spark at ")
        assert "Whether it was submitted again is not known." in outcome.detail
        assert (await spark.drivers())[submission]["state"] == "KILLED", "the kill's answer was lost, its effect seen"
        application = await spark.app_is_there("oncall-lost", count)
        submission = max(await spark.drivers())
        assert (await target.verify(restart)).judgement is Judgement.NOT_YET, "it had arrived"
    spark.mend("oncall-lost")
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert len(await spark.apps("oncall-lost")) == 3


async def test_a_spark_that_is_not_there(spark: SparkCluster, scene: Scene, target: Spark) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    restart = await proposed(target, "restart_spark_app", "n1", application_id=scene.failed)
    kill = await proposed(target, "kill_spark_app", "n2", application_id=scene.running)
    count = len(await spark.drivers())
    async with connected(spark, nowhere) as down:
        for action in (restart, kill):
            outcome = await down.act(action)
            assert outcome.result is Result.FAILED
            assert "cannot be reached" in outcome.detail
    async with connected(spark, nowhere, master_url=nowhere) as down:
        with pytest.raises(Unreachable):
            await down.look({"application_id": scene.failed})
        with pytest.raises(Unreachable):
            await down.verify(restart)
        assert "Nothing was sent" in (await down.act(restart)).detail
    assert len(await spark.drivers()) == count
    assert (await spark.drivers())[scene.submission]["state"] == "RUNNING"


async def test_a_spark_that_wants_a_token(spark: SparkCluster, scene: Scene, target: Spark, tmp_path: Path) -> None:
    secret = b"only-for-tests-0123456789abcdef0123456789abcdef"
    filters = {
        "spark.master.rest.filters": JWS,
        f"spark.{JWS}.param.secretKey": urlsafe_b64encode(secret).decode(),
    }
    restart = await proposed(target, "restart_spark_app", "t1", application_id=scene.failed)
    kill = await proposed(target, "kill_spark_app", "t2", application_id=scene.running)
    with master(tmp_path / "locked", filters) as locked:
        for token in ("", "eyJhbGciOiJIUzI1NiJ9.e30.invalid-and-secret"):
            async with connected(spark, locked.rest_url, token=token) as forbidden:
                with pytest.raises(Unreachable, match="SPARK_TOKEN") as caught:
                    await forbidden.check()
                outcomes = [await forbidden.act(action) for action in (restart, kill)]
            for outcome in outcomes:
                assert outcome.result is Result.FAILED
                assert "was forbidden: the master " in outcome.detail
                assert "SPARK_TOKEN" in outcome.detail
            assert not token or token not in f"{caught.value} {outcomes}"
        async with connected(locked, token=jwt.encode({}, secret, algorithm="HS256")) as known:
            said = await known.check()
            assert "0 workers alive" in said
            assert "anybody" not in said
    assert (await spark.drivers())[scene.submission]["state"] == "RUNNING"


async def test_hostile_parameters_send_nothing(spark: SparkCluster, target: Spark) -> None:
    count = len(await spark.drivers())
    hostile = (
        "../../kill/x",
        "driver-1;reboot",
        "$(reboot)",
        "a b",
        "a\nb",
        "x" * 500,
        "%2e%2e",
        "http://169.254.169.254/",
    )
    for name, spec in CATALOGUE.items():
        for value in hostile:
            for parameter in spec.parameters:
                given = {"application_id": "app-20241201083045-0001", parameter.name: value}
                assert parameter.name in spec.wrong(given)
                action = await proposed(target, name, "h1", **given)
                outcome = await target.act(action)
                assert outcome.result is Result.FAILED
                assert "Nothing was sent" in outcome.detail
    assert len(await spark.drivers()) == count


async def test_a_new_submission_that_finds_no_room_waits(spark: SparkCluster, scene: Scene, target: Spark) -> None:
    increase = await proposed(target, "increase_driver_memory", "w1", application_id=scene.failed, memory="4g")
    assert (await target.act(increase)).result is Result.DONE
    waiting = await target.verify(increase)
    assert waiting.judgement is Judgement.NOT_YET
    assert "waits for a worker with room for it" in waiting.detail
    async with connected(spark) as reborn:
        unsure = await reborn.verify(increase)
        assert unsure.judgement is Judgement.NOT_YET
        assert "its log will tell" in unsure.detail
    [new] = [one for one in (await spark.drivers()).values() if one["state"] == "SUBMITTED"]
    await spark.kill(new["id"])
    assert (await target.verify(increase)).judgement is Judgement.FAILED


async def test_traps_are_still_there(spark: SparkCluster) -> None:
    """Where one of these changes, a comment in the adapter has become untrue."""
    async with httpx.AsyncClient(base_url=spark.rest_url, trust_env=False, timeout=60) as client:
        for answer in (
            await client.get("/v1/submissions/status/driver-nope"),
            await client.post("/v1/submissions/kill/driver-nope"),
        ):
            assert (answer.status_code, answer.json()["success"]) == (200, False)
        malformed = await client.post("/v1/submissions/create", json={"action": "CreateSubmissionRequest"})
        assert malformed.status_code == 400
        assert "\n\tat " in malformed.json()["message"] or ".scala:" in malformed.json()["message"]

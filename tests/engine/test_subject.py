"""Of a long text the names of what failed are told, not those of its neighbours."""

from __future__ import annotations

import pytest

from tests.engine.desks import DETECTOR

NIGHT = """\
Feb 29 04:00:23 web-2 systemd[1]: Starting fwupd-refresh.service - Refresh fwupd metadata...
Feb 29 04:00:23 web-2 systemd[1]: fwupd-refresh.service: Deactivated successfully.
Feb 29 04:00:42 web-2 systemd[1]: motd-news.service: Deactivated successfully.
Feb 29 04:00:43 web-2 nginx[30190]: nginx: [emerg] cannot load certificate key "/etc/tls/pay.pem": no start line
"""
FAILED = "Feb 29 04:00:43 web-2 systemd[1]: nginx.service: Control process exited, code=exited, status=1/FAILURE\n"
STARTED = 'I1112 09:40:22.1 1731 kubelet.go:2440] "SyncLoop (PLEG): event for pod" pod="web/front-2f1df" event="ContainerStarted"\n'
PROBED = (
    'I1112 09:40:24.1 1731 prober.go:107] "Probe failed" pod="monitoring/prometheus-0" containerName="prometheus"\n'
)
PULL = (
    '09:40:56 level=error msg="PullImage \\"reg.lan/p/engine:4.18\\" failed" error="failed to pull: 401 Unauthorized"\n'
)
BACKED_OFF = (
    'E1112 09:41:25.1 1731 pod_workers.go:1298] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"engine\\"'
    ' with ErrImagePull: \\"failed to pull\\"" pod="pricing/engine-6c8d7f9b5d-4n2xw"\n'
)
OTHER_POD = (
    'E1112 09:40:57.1 1731 pod_workers.go:1298] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"api\\"'
    ' with CrashLoopBackOff: \\"back-off\\"" pod="shop/cart-5f6d7c8b9-xp7vn"\n'
)
REFUSED = 'E1112 09:41:26.1 1731 pod_workers.go:1298] "Error syncing pod" err="401 Unauthorized" pod="pricing/engine-6c8d7f9b5d-4n2xw"\n'
SPARK = """\
24/03/19 02:14:19 INFO TaskSetManager: Starting task 0.0 in stage 4.0 (TID 812) (node11.dc2, executor 3)
24/03/19 02:14:40 ERROR YarnScheduler: Lost executor 3 on node11.dc2: Container killed by YARN for exceeding memory limits.
24/03/19 02:14:43 WARN TaskSetManager: Lost task 19.0 in stage 4.0 (TID 831) (node11.dc2 executor 3): ExecutorLostFailure
"""
RUN = "[2025-05-05 22:31:10] INFO - Running <TaskInstance: media.frames manual__2025-05-05T22:00:00+00:00 [running]>\n"
BROKE = "[2025-05-05 22:32:39] ERROR - Task failed with exception\nKeyError: 'size'\n"


def named(text: str) -> dict[str, str]:
    text = text.rstrip("\n")
    found = DETECTOR.find_in(text)
    assert found is not None
    return DETECTOR.names_around(found, text, text, "")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (NIGHT + FAILED, {"unit": "nginx.service", "path": "/etc/tls/pay.pem"}),
        (STARTED + PROBED + PULL + BACKED_OFF, {"pod_name": "engine-6c8d7f9b5d-4n2xw", "container_name": "engine"}),
        (BACKED_OFF + OTHER_POD, {"namespace": "pricing", "container_name": "engine"}),
        (SPARK, {"spark_task_id": "831", "executor_id": "3"}),
        (RUN + BROKE, {"dag_id": "media", "task_id": "frames", "dag_run_id": "manual__2025-05-05T22:00:00+00:00"}),
    ],
)
def test_what_failed_is_named(text: str, names: dict[str, str]) -> None:
    found = named(text)
    assert {name: found.get(name) for name in names} == names


def test_what_calm_lines_tell_of_several_is_nobodys() -> None:
    found = named(STARTED + STARTED.replace("web/front", "jobs/sync") + PULL)
    assert not {"pod_name", "namespace"} & found.keys()


def test_a_unit_that_ended_well_is_nobodys() -> None:
    assert "unit" not in named(NIGHT)


def test_what_another_failing_line_tells_of_another_thing_is_not_told() -> None:
    assert "container_name" not in named(REFUSED + OTHER_POD)

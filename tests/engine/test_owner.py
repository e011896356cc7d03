"""Whose failure it is that a log tells of: its own work's, or the other's that it has only called."""

import pytest

from tests.engine.desks import DETECTOR

SCHEDULER = "[2024-05-04T22:17:51.034+0000] {scheduler_job.py:759} ERROR - Exception when executing the loop"
SYSLOG = 'May 06 06:06:06 app1 audit[2211]: AVC avc:  denied  { write } for  pid=2211 comm="nginx" name="a.sock"'
TASK = "[2024-05-05, 01:00:00 UTC] {taskinstance.py:1824} ERROR - Task failed with exception"


@pytest.mark.parametrize(
    ("text", "service"),
    [
        (f"{SCHEDULER}\npsycopg2.errors.DeadlockDetected: deadlock detected", "airflow"),
        ("psycopg2.errors.DeadlockDetected: deadlock detected", "postgresql"),
        (
            f'{TASK}\n  File "/opt/airflow/dags/a.py", line 3\npsycopg2.OperationalError: deadlock detected',
            "postgresql",
        ),
        (f"{TASK}\nPod docker image cannot be pulled, unable to start: ErrImagePull", "airflow"),
        ("Warning  Failed  3m  kubelet  Error: ErrImagePull for apache/airflow:2.9", "kubernetes"),
        ("24/10/02 21:07:36 ERROR Inbox: Ignoring error\njava.net.ConnectException: Connection refused: pg-1", "spark"),
        (SYSLOG, "host"),
        ("1255:M 14 Oct 03:00:46.069 # fork: Cannot allocate memory", "redis"),
        ("[1255] 14 Oct 03:00:46.069 # fork: Cannot allocate memory", "redis"),
        (
            "2024-05-05 10:00:00.100 UTC [1] WARNING C-0x55d0f2b7a0: a/b@10.9.2.31:40310 pooler error: timed out waiting for x",
            "postgresql",
        ),
    ],
)
def test_a_failure_belongs_to_whose_log_it_is_unless_users_code_called_another(text: str, service: str) -> None:
    found = DETECTOR.find_in(text)
    assert found is not None
    assert found.service == service

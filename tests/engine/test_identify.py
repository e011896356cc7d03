"""The forms in which systems write the names of what broke, and the words that look like a name and are none."""

from __future__ import annotations

import pytest

from engine import identify

RULES = identify.load()

CSVLOG = (
    '2025-01-02 03:04:05.678 UTC,"bi","dwh",4711,"10.0.0.9:4242",6774f1c0.70,3,"SELECT",2025-01-02 03:00:00 UTC,'
    '9/12,0,ERROR,42P01,"relation ""daily_sums"" does not exist",,,,,,"SELECT 1",,,"psql","client backend",,0'
)
JSONLOG = (
    '{"timestamp":"2025-01-02 03:04:05.678 UTC","user":"bi","dbname":"dwh","pid":4711,"error_severity":"ERROR",'
    '"state_code":"23505","message":"duplicate key","context":"while updating tuple (0,1) in relation \\"sums\\""}'
)
KUBELET = (
    'E0102 03:04:05.678901    1188 pod_workers.go:1300] "Error syncing pod, skipping" err="failed to '
    '\\"StartContainer\\" for \\"web\\" with ErrImagePull: \\"failed to pull and unpack image '
    '\\\\\\"reg.lan/shop/web:7\\\\\\": not found\\"" pod="shop/web-6d5f8c9b7d-kp2xv"'
)
EVENT = (
    '{"metadata":{"namespace":"ml"},"involvedObject":{"kind":"Pod","name":"rank-0","namespace":"ml"},'
    '"source":{"component":"kubelet","host":"gpu-1"}}'
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            CSVLOG,
            {"database_user": "bi", "database_name": "dwh", "pid": "4711", "sqlstate": "42P01", "table": "daily_sums"},
        ),
        (JSONLOG, {"database_user": "bi", "database_name": "dwh", "pid": "4711", "sqlstate": "23505", "table": "sums"}),
        (f"{JSONLOG}\n{JSONLOG}", {"sqlstate": "23505", "database_user": "bi"}),
        (f"2025-01-02T03:04:05.6Z stderr F {JSONLOG}", {"sqlstate": "23505"}),
        ("2025-01-02 03:04:05 UTC:10.0.0.9(4242):bi@dwh:[4711]:ERROR:  x", {"database_user": "bi", "pid": "4711"}),
        ("[77]: [1-1] user=bi,db=dwh,app=psql FATAL:  x", {"database_user": "bi", "database_name": "dwh"}),
        ("ERROR:  42501: permission denied for table invoices", {"sqlstate": "42501", "table": "invoices"}),
        ("SQL Error: 0, SQLState: 57014", {"sqlstate": "57014"}),
        ("SQL state [72000]; error code [1843]", {"sqlstate": "72000"}),
        ("SQL State  : 08001", {"sqlstate": "08001"}),
        ("Npgsql.PostgresException (0x80004005): 40P01: deadlock detected", {"sqlstate": "40P01"}),
        ("pq: deadlock detected (40P01)", {"sqlstate": "40P01"}),
        ("Waiting for table metadata lock | ALTER TABLE orders ADD x int", {"table": "orders"}),
        ("Table 'shop.orders' doesn't exist", {"database_name": "shop", "table": "orders"}),
        ("foreign key constraint fails (`shop`.`items`, CONSTRAINT", {"database_name": "shop", "table": "items"}),
        ("line 1:15: Table 'hive.sales.orders' does not exist", {"table": "hive.sales.orders"}),
        ("*Task*: copy\n*Dag*: load_sales", {"dag_id": "load_sales", "task_id": "copy"}),
        ("dag_id=etl, task_id=start", {"dag_id": "etl", "task_id": "start"}),
        ("Duplicate entry '7' for key 'orders.PRIMARY'", {"table": "orders"}),
        ('detail={"detail":{"reason":"not_running","current_state":"failed"}}: source="task"', {"state": "failed"}),
        ("Write to file ./ibtmp1 failed at offset 1048576", {"path": "./ibtmp1"}),
        ('SSL_CTX_use_PrivateKey("/etc/ssl/a.key") failed (SSL: error', {"path": "/etc/ssl/a.key"}),
        ('BIO_new_file("/etc/ssl/a.pem") failed (SSL: error', {"path": "/etc/ssl/a.pem"}),
        ("Control process exited, code=exited status=1", {"exit_code": "1"}),
        ("PodLaunchTimeoutException: Pod took too long to start. More than 300s. Check", {"timeout_seconds": "300"}),
        ("2024-05-30T03:18:15.204417+00:00 gis-5 kernel: [3449257.924178] oom", {"host": "gis-5"}),
        ("[Fri Jan 16 10:40:07 2026] ci-14 kernel: cgroup: fork rejected", {"host": "ci-14"}),
        ("Mär 03 05:01:33 media-03 systemd[1]: srv.mount: Failed", {"host": "media-03"}),
        ("févr. 03 05:01:33 media-04 systemd[1]: srv.mount: Failed", {"host": "media-04"}),
        (
            "Mounting arguments: -t nfs 10.0.0.1:/export /var/lib/kubelet/pods/x/scans",
            {"path": "/var/lib/kubelet/pods/x/scans"},
        ),
        ('"Event occurred" object="risk/calc-6f9d" kind="ReplicaSet" reason="FailedCreate"', {"namespace": "risk"}),
        ('"Event occurred" object="risk/calc-1" fieldPath="" kind="Pod"', {"namespace": "risk", "pod_name": "calc-1"}),
        ('"err":{"message":"no","code":"ER_CON_COUNT_ERROR","errno":1040}', {"error_code": "1040"}),
        (
            "CEST [6120] batch@claims XX001 ERROR:  invalid page",
            {"pid": "6120", "database_name": "claims", "sqlstate": "XX001"},
        ),
        ("ERROR Writer: error while reverting partial writes to file /mnt1/temp_77\n", {"path": "/mnt1/temp_77"}),
        ("Failed to resolve 'rates.internal' ([Errno -3] Temporary failure", {"host": "rates.internal"}),
        ("failed to reach primary view: 110 (Connection timed out)", {"error_code": "110"}),
        ("Access Denied: Table acme:dwh.orders: User does not have", {"table": "acme:dwh.orders"}),
        ('ERROR: relation "users" does not exist', {"table": "users"}),
        ("CONTEXT:  COPY prices, line 3, column price", {"table": "prices"}),
        (KUBELET, {"container_name": "web", "image": "reg.lan/shop/web:7", "namespace": "shop"}),
        (EVENT, {"pod_name": "rank-0", "namespace": "ml", "node_name": "gpu-1"}),
        ('up{namespace="shop",pod="web-0",container="web",node="n-7"} 0', {"namespace": "shop", "pod_name": "web-0"}),
        (
            '{"resource":{"labels":{"pod_name":"web-0","namespace_name":"shop"}}}',
            {"pod_name": "web-0", "namespace": "shop"},
        ),
        ("$ kubectl -n shop get events", {"namespace": "shop"}),
        ("shop   5m12s   Warning   BackOff   pod/web-0   Back-off", {"namespace": "shop", "pod_name": "web-0"}),
        ("gate-0  2/2  Running  0  2d\nweb-0  0/1  CrashLoopBackOff  7 (2m ago)  2d", {"pod_name": "web-0"}),
        ("stat /var/log/pods/shop_web-0_1f0b-1a/web/0.log", {"namespace": "shop", "container_name": "web"}),
        ("GET /api/v1/namespaces/shop/pods/web-0", {"namespace": "shop", "pod_name": "web-0"}),
        ("pull access denied for acme/web, repository does not exist", {"image": "acme/web"}),
        (
            "Executing <Task(BashOperator): load> on 2025-01-02 00:00:00+00:00",
            {"operator": "BashOperator", "task_id": "load"},
        ),
        ("{:status=>400, :action=>[]}", {"http_status": "400"}),
        ("403 POST https://bigquery.googleapis.com/x: Access Denied", {"http_status": "403"}),
        ("payments returned 502", {"http_status": "502"}),
        ('{"msg":"done","status":503,"path":"/x"}', {"http_status": "503"}),
        ("HTTP Error 403: Forbidden", {"http_status": "403"}),
        ("Too many connections (152 > 151)", {"current_connections": "152", "max_connections": "151"}),
        (
            "| max_connections | 151 |\n| Threads_connected | 152 |",
            {"current_connections": "152", "max_connections": "151"},
        ),
        ("[alert] 584270#584270: 768 worker_connections are not enough", {"pid": "584270"}),
        ("INFO: task java:4321 blocked for more than 120 seconds", {"pid": "4321"}),
        ("App [api:0] exited with code [1] via signal [SIGINT]", {"exit_code": "1"}),
        ("Write to file ./shop/orders.ibd failed at offset 8", {"path": "./shop/orders.ibd"}),
        ("a failed read of file './crm/contacts.ibd' page", {"path": "./crm/contacts.ibd"}),
        ('Permission denied: user=etl, access=WRITE, inode="/wh/gold":hive:hadoop', {"path": "/wh/gold"}),
        ("cp: /srv/out/a.bin: No space left on device", {"path": "/srv/out/a.bin"}),
        ("Error: EACCES: permission denied, open '/srv/app/x.json'", {"path": "/srv/app/x.json"}),
        ("/dev/sda1   50G   50G     0 100% /var", {"path": "/var"}),
        ("Connecting to MASTER 10.7.3.5:6379", {"host": "10.7.3.5"}),
        ("x509: certificate is valid for a.lan, not b.lan", {"host": "b.lan"}),
        ("Feb 11 00:02:31 node7 app[88]: GET https://reg.lan/v2: 500", {"host": "node7"}),
        ("● shop.service - Shop", {"unit": "shop.service"}),
        ("Error 1045 (28000): Access denied", {"error_code": "1045", "sqlstate": "28000"}),
        ("Operating system error number 28.", {"error_code": "28"}),
        ("WARNING - Pod not yet started: load-x9k2m1aa", {"pod_name": "load-x9k2m1aa"}),
        ("Deleting pod: load-abc", {"pod_name": "load-abc"}),
        ("Building pod load-a1b2c3 with labels: {}", {"pod_name": "load-a1b2c3"}),
        ("Event: load-7d2f had an event of type Pending", {"pod_name": "load-7d2f"}),
        ("\t container name: main\n\t container image: reg.lan/etl:3", {"container_name": "main"}),
        ("Pod took longer than 600 seconds to start", {"timeout_seconds": "600"}),
        ("exceeds the specified timeout of 60.0.", {"timeout_seconds": "60.0"}),
        ("Deadline of 90.0s exceeded", {"timeout_seconds": "90.0"}),
        ("Hard time limit (300s) exceeded", {"timeout_seconds": "300"}),
        ("the job did not complete within 900 seconds", {"timeout_seconds": "900"}),
        ("InnoDB: Unable to lock ./ibdata1, error: 11", {"error_code": "11", "path": "./ibdata1"}),
        ("[MY-012574] [InnoDB] Unable to lock ./ibdata2 error: 35", {"error_code": "35", "path": "./ibdata2"}),
        ("Can't find file: './shop/a.frm' (errno: 13)", {"error_code": "13", "path": "./shop/a.frm"}),
        ("Disk is full writing './relay.000017' (OS errno 28 - x)", {"error_code": "28", "path": "./relay.000017"}),
        ("DatabaseError: 1205 (HY000): Lock wait timeout", {"error_code": "1205"}),
        ("MySQL error 1213: Deadlock", {"error_code": "1213"}),
        ("mysqli_connect(): (08004/1040): Too many", {"error_code": "1040", "sqlstate": "08004"}),
        ("SQLSTATE[HY000]: General error: 2006 gone away", {"error_code": "2006"}),
        ("ProgrammingError: 000606 (57P03): No warehouse", {"error_code": "000606", "sqlstate": "57P03"}),
        ("DB2 SQL Error: SQLCODE=-911, SQLSTATE=40001", {"error_code": "-911", "sqlstate": "40001"}),
        ("Msg 1205, Level 13, State 51", {"error_code": "1205"}),
        ("Code: 241. DB::Exception: Memory limit", {"error_code": "241"}),
        ("Permission denied (os error 13)", {"error_code": "13"}),
        ("(Connection: mysql, SQL: update `stock` set `n` = 4)", {"table": "stock"}),
        ("SQL: insert into ledger (a) values (1)", {"table": "ledger"}),
        ('{"query":"select a from orders","x":1}', {"table": "orders"}),
        (
            "error connecting to master 'repl@db-1.lan:3306' - retry-time: 60",
            {"database_user": "repl", "database_host": "db-1.lan", "database_port": "3306"},
        ),
        ('role "etl" is not permitted to log in', {"database_user": "etl"}),
        ("Client error '403 FORBIDDEN' for url 'http://a.lan/x'", {"http_status": "403"}),
        ("ClientResponseError: 502, message='Bad Gateway'", {"http_status": "502"}),
        ('{Addr: "etcd-0.lan:2379", ServerName: "x"}', {"host": "etcd-0.lan"}),
        ("'msg': \"{'Run Id': 'x', 'Hostname': '10.0.0.8'}\"", {"host": "10.0.0.8"}),
        ("[running]> on host worker-3", {"host": "worker-3"}),
        ("externally set to skipped. Terminating instance.", {"state": "skipped"}),
        ("externally set to failed.\nMarking task as FAILED.", {"state": "FAILED"}),
        ("externally set to failed.\nReceived SIGTERM", {"state": "failed"}),
        ("{'reason': 'not_running', 'current_state': 'failed'}", {"state": "failed"}),
        ("Sending Signals.SIGTERM to group 812.", {"pid": "812"}),
        ("certificate is not valid for 'api.lan'. (_ssl.c:1006)", {"host": "api.lan"}),
        ('connect(2) for "10.0.0.9" port 6379', {"host": "10.0.0.9"}),
        ("code: 'P2024', clientVersion: '5.1'", {"error_code": "P2024"}),
        ("scheduled__2024-05-05T00:00:00+00:00, state:failed, queued_at: x", {"state": "failed"}),
        ("Host '10.0.0.5' is not allowed to connect to this MySQL server", {"host": "10.0.0.5"}),
        ('rsync: write failed on "/srv/a/b.tar": No space left', {"path": "/srv/a/b.tar"}),
        ("tar: /backup/x.tar: Wrote only 4096 of 10240 bytes", {"path": "/backup/x.tar"}),
        ("task sum_up of DAG sales_daily failed", {"task_id": "sum_up", "dag_id": "sales_daily"}),
        ("DAG sales_daily: task sum_up timed out", {"task_id": "sum_up", "dag_id": "sales_daily"}),
        ("DAG sales_daily failed", {"dag_id": "sales_daily"}),
        (
            (
                "remote_pod: {'status': {'container_statuses': [{'name': 'istio-proxy', 'ready': False, 'restart_count': 0, "
                "'state': {'running': None, 'terminated': {'exit_code': 0, 'reason': 'Completed'}}}, {'name': 'base',\n"
                "    'ready': False, 'restart_count': 0, 'started': False,\n    'state': {'running': None,\n"
                "  'terminated': {'container_id': 'containerd://4f0', 'exit_code': 137}}}]}}"
            ),
            {"container_name": "base"},
        ),
        ("  Failure in test not_null_id (models/marts/schema.yml)", {"path": "models/marts/schema.yml"}),
        (
            "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 (Background",
            {"timeout_seconds": "30.00", "pool_size": "5", "max_overflow": "10"},
        ),
        ("INFO - Dag name:returns_daily: chan", {"dag_id": "returns_daily"}),
        ("INFO - Current task name:clean_up: chan", {"task_id": "clean_up"}),
        ("task:<Task(X): a> dag:<DAG: returns_daily> dagrun", {"dag_id": "returns_daily"}),
        ("oom-kill:constraint=X,task_memcg=/system.slice/pg@15-main.service,task=pg", {"unit": "pg@15-main.service"}),
        ('{"alerts":[{"labels":{"container":"web","pod":"a-0"}}]}', {"container_name": "web", "pod_name": "a-0"}),
        ("Read timed out. (read timeout=7.5)", {"timeout_seconds": "7.5"}),
        ("wsrep::connect(gcomm://db.web.svc) failed: 7", {"url": "gcomm://db.web.svc"}),
        ("Cannot connect to the Docker daemon at tcp://10.0.0.4:2376. Is", {"url": "tcp://10.0.0.4:2376"}),
        ("STATEMENT:  ALTER TABLE public.order_line ADD COLUMN a text;", {"table": "order_line"}),
        ('STATEMENT:  UPDATE "public"."order_line" SET qty = 1', {"table": "order_line"}),
        ("STATEMENT:  ALTER TABLE sales.order_line ADD COLUMN a text;", {"table": "sales.order_line"}),
        ("Apr 22 06:28:14 edge-3 kubelet[1426]: I0422 06:28:14.7 1 x.go:3] a", {"node_name": "edge-3"}),
        ("2024-05-05T10:00:00.123456+00:00 n7 k3s[901]: I0505 10:00:00.1 1 x.go:3] a", {"node_name": "n7"}),
    ],
)
def test_a_name_is_found_in_the_form_its_system_writes(text: str, names: dict[str, str]) -> None:
    found = identify.identify(RULES, text)
    assert {name: found.get(name) for name in names} == names
    assert all(value in text for value in found.values())


@pytest.mark.parametrize(
    "text",
    [
        "ts=2024-05-05T10:00:00Z level=warn source=event-exporter ns=studio kind=Pod name=farm count=31",
        "name=farm kind=Pod action=Scheduling objectAPIversion=v1 namespace=studio type=Warning",
        '{"level":"warn","reason":"FailedScheduling","kind":"Pod","ns":"studio","name":"farm"}',
        '{"name":"farm","namespace":"studio","kind":"Pod"}',
        '{"involvedObject":{"apiVersion":"v1","kind":"Pod","name":"farm","namespace":"studio","uid":"1"}}',
        '{"regarding":{"kind":"Pod","namespace":"studio","name":"farm"},"note":"x"}',
        "ts=2024-05-05T10:00:00Z object_kind=Pod object_namespace=studio object_name=farm",
        '{"k8s.namespace.name":"studio","k8s.object.kind":"Pod","k8s.object.name":"farm"}',
        '{"objectKind":"Pod","objectNamespace":"studio","objectName":"farm"}',
        '{"resource":{"labels":{"namespace_name":"studio","pod_name":"farm","cluster_name":"c"}}}',
        '{"kubernetes":{"pod_name":"farm","pod_namespace":"studio","pod_node_name":"n7"}}',
        '{"PodName":"farm","PodNamespace":"studio","ContainerName":"app","NodeName":"n7"}',
        "level=error k8s_namespace_name=studio k8s_pod_name=farm k8s_node_name=n7",
        "level=error pod_ns=studio pod=farm",
        '{"ns":1234567,"namespace":"studio","pod":"farm"}',
    ],
)
def test_exporters_spell_pod_and_namespace_in_many_ways(text: str) -> None:
    found = identify.identify(RULES, text)
    assert (found["pod_name"], found["namespace"]) == ("farm", "studio")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ns=studio kind=Deployment name=cart", {"deployment": "cart", "namespace": "studio"}),
        ("kind=Node name=n7 reason=NodeNotReady", {"node_name": "n7"}),
        ("kind=StatefulSet name=db", {}),
        ("kind=Pod", {}),
    ],
)
def test_a_name_belongs_to_the_kind_beside_it(text: str, names: dict[str, str]) -> None:
    assert identify.identify(RULES, text) == names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Waiting for table metadata lock", "table"),
        ("SELECT the best items from the list", "table"),
        ("final status: UNDEFINED", "state"),
        ("reader state=connecting", "state"),
        ("the deployment exceeded its progress deadline", "deployment"),
        ("deployment failed", "deployment"),
        ("dag = current_app.dag_bag.get_dag(dag_id)", "dag_id"),
        ("see /docs/concepts/workloads/pods/pod-lifecycle#x", "pod_name"),
        ("system usage: CPU: user: 0.31 s", "database_user"),
        ("Permission denied: user=etl, access=WRITE", "database_user"),
        ("in the namespace. Try again", "namespace"),
        ("container: failed", "container_name"),
        ("Killing container: container of a pod", "container_name"),
        ("operator: In", "operator"),
        ("liveness http-get http://:8080/healthz", "url"),
        ("Successful completion, SQLSTATE 00000", "sqlstate"),
        ("SQL state ERROR", "sqlstate"),
        ("2025-02-02 12:00:00.795 UTC [20617] LOG:  connection received: host=10.9.1.40", "sqlstate"),
        ("Feb 29 04:00:23 web-2 systemd[1]: motd-news.service: Deactivated successfully.", "unit"),
        ("systemd[1]: Starting a.service - A...\nsystemd[1]: a.service: Deactivated successfully.", "unit"),
        ("the query returned 500 rows", "http_status"),
        ("started with 500 retries", "http_status"),
        ("took 503 ms, status: ok", "http_status"),
        ("gate-0  2/2  Running  0  2d", "pod_name"),
        ("/usr/lib/node/bin-2/x", "node_name"),
        ('host="/10.8.4.33:7079"', "host"),
        ("Creating pod disruption-budget", "pod_name"),
        ("waiting for pod to start", "pod_name"),
        ("Some of the external tasks ['load_raw'] in DAG ingest_erp failed.", "dag_id"),
        ("The external task load_raw in DAG ingest_erp failed.", "task_id"),
        ("completed within 3 seconds", "timeout_seconds"),
        ("retry in 30 seconds", "timeout_seconds"),
        ("InnoDB: Error: log file is of different size 0 5242880 bytes", "error_code"),
        ("ValueError: 500 rows were refused", "http_status"),
        ("query: update statistics", "table"),
        ("sql: delete from here on", "table"),
        ('SQL: select * from "users" inner join "x" on 1', "table"),
        ("opening the 'http://a/x' page", "path"),
        ("Access denied, unable to open / as root", "path"),
        ('"Addr": "/run/containerd.sock"', "host"),
        ("state set to running_late", "state"),
        ("code: 'P2024', clientVersion: '5.1'", "sqlstate"),
        ("line 1:15: Table 'hive.sales.orders' does not exist", "database_name"),
        ('{"msg":"listening","addr":"0.0.0.0:8080"}', "host"),
        ("INFO serving on http://0.0.0.0:8080", "host"),
        ("INFO serving on http://0.0.0.0:8080", "url"),
        ("host=0.0.0.0:8080 is taken", "host"),
        ("could not serialize access, retry within 5s", "timeout_seconds"),
        ("a bad node: container_1699_0001_01_000002", "node_name"),
        ("InnoDB: the loop took 5000ms, no error 0.", "error_code"),
        ("tar: Error is not recoverable: exiting now", "path"),
        ('  File "/srv/pod.py", line 551, in run\n    self.wait(pod=self.pod)\nError: slow', "pod_name"),
        ("took 110 (seconds)", "error_code"),
        ("'labels': {'run_id': 'scheduled__2025-05-05T2200000000-1b7a2c'}", "dag_run_id"),
    ],
)
def test_a_word_is_no_name(text: str, name: str) -> None:
    assert name not in identify.identify(RULES, text)

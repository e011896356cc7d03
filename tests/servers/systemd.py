"""A systemd of its own with a bus of its own: a user instance that sees neither the machine's units nor another's."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import missing
from tests.waiting import PATIENCE

SYSTEMD = Path("/lib/systemd/systemd")

# systemd wants a /run/systemd of its own, and a place of its own in each tree of control groups, so that the units of
# two test runs at once are not in one group; both end with it.
START = """
mount -t tmpfs tmpfs /run/systemd && mkdir -p /run/systemd/system
for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  [ -w $tree/cgroup.procs ] && mkdir -p $tree/oncall-test-$$ && echo $$ > $tree/oncall-test-$$/cgroup.procs
done
exec "$0" --user --log-target=console
"""

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><include>/usr/share/dbus-1/session.conf</include><includedir>{rules}</includedir></busconfig>
"""

DENY = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><policy context="mandatory"><deny send_destination="org.freedesktop.systemd1"
 send_interface="org.freedesktop.systemd1.Manager" send_member="{member}"/></policy></busconfig>
"""


@dataclass
class SystemdServer:
    """``home`` holds its units, ``socket`` is its bus."""

    home: Path
    runtime: Path

    @property
    def socket(self) -> str:
        return str(self.runtime / "bus")

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime)}

    def unit(self, name: str, head: str = "StartLimitIntervalSec=0", **service: str) -> str:
        """Write a service and make it known. Returns its name. ``head`` is what its section Unit says."""
        lines = "\n".join(f"{key}={value}" for key, value in service.items())
        (self.home / ".config/systemd/user" / name).write_text(f"[Unit]\n{head}\n[Service]\n{lines}\n")
        self.control("daemon-reload")
        return name

    def control(self, *line: str) -> str:
        command = ["systemctl", "--user", "--no-pager", *line]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return done.stdout.strip()

    def shows(self, name: str, property: str) -> str:
        return self.control("show", name, "-p", property, "--value")

    @contextmanager
    def forbidding(self, member: str) -> Iterator[None]:
        """Meanwhile the bus lets nobody call this method of anything."""
        rule = self.home / "rules" / "deny.conf"
        rule.write_text(DENY.format(member=member))
        self._reload()
        try:
            yield
        finally:
            rule.unlink()
            self._reload()

    def _reload(self) -> None:
        bus = ["busctl", "--user", "call", "org.freedesktop.DBus"]
        call = [*bus, "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig"]
        subprocess.run(call, env=self.environment, check=True, capture_output=True, timeout=PATIENCE)


@contextmanager
def running(folder: Path) -> Iterator[SystemdServer]:
    server = SystemdServer(folder / "home", folder / "run")
    _prepare(server)
    line = ["unshare", "-m", "bash", "-c", START, str(SYSTEMD)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            line, env=server.environment, cwd=server.home, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _await(server, process, folder / "log")
        yield server
    finally:
        _end(process)


def _prepare(server: SystemdServer) -> None:
    units = server.home / ".config/systemd/user"
    (units / "dbus.service.d").mkdir(parents=True)
    (server.home / "rules").mkdir()
    server.runtime.mkdir(mode=0o700)
    config = server.home / "bus.conf"
    config.write_text(BUS.format(rules=server.home / "rules"))
    daemon = f"/usr/bin/dbus-daemon --config-file={config} --address=systemd: --nofork --nopidfile --syslog-only"
    (units / "dbus.service.d/own.conf").write_text(f"[Service]\nExecStart=\nExecStart={daemon} --systemd-activation\n")


def _await(server: SystemdServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not Path(server.socket).exists() or "dbus.socket" not in server.control("list-units", "--state=active"):
        if process.poll() is not None or time.monotonic() > deadline:
            _cannot(log.read_text(errors="replace")[-500:])
        time.sleep(0.1)
    for tool in ("gpg-agent.socket", "dirmngr.socket"):  # nobody's business here
        server.control("stop", tool)


def _cannot(said: str) -> None:
    missing(f"A systemd that starts beside another ({said.strip()})", "run the tests as root on a Debian with systemd")


def _end(process: subprocess.Popen[bytes]) -> None:
    """A user's systemd stops its units before it goes."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)
    for tree in Path("/sys/fs/cgroup").glob(f"**/oncall-test-{process.pid}"):
        _remove(tree)


def _remove(tree: Path) -> None:
    """A control group goes when its last process has gone."""
    for folder in sorted([tree, *(path for path in tree.rglob("*") if path.is_dir())], reverse=True):
        with suppress(OSError):
            folder.rmdir()


@pytest.fixture(scope="session")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdServer]:
    lacking = [tool for tool in ("systemctl", "busctl", "unshare", "dbus-daemon") if shutil.which(tool) is None]
    if lacking or not SYSTEMD.exists() or not Path("/usr/lib/systemd/user/dbus.socket").exists():
        missing("systemd with a bus for users", "apt-get install -y systemd dbus-user-session")
    if os.geteuid() != 0:
        missing("The right to start a systemd beside another", "run the tests as root")
    with running(tmp_path_factory.mktemp("systemd")) as server:
        yield server

"""The world of one plan: server, endpoint, a proxy before each, bridges, and a network and mounts of its own.

Made inside the namespaces that run.py entered, so it may mount, filter packets and answer on port 53 without anybody else
noticing. Everything is stopped when the world is closed; the namespaces take the rest with them.
"""
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import PIPELINE, ROOT, Endpoint, NatsServer, Stage, nats_wire, wait_until  # noqa: E402
from oracle import Oracle  # noqa: E402
from load import EventMaker, Load  # noqa: E402
from names import NameServer  # noqa: E402
from proxy import Proxy  # noqa: E402
from watch import ResultCounter, descriptors, peak_mib  # noqa: E402
import certificates  # noqa: E402

KEY = "canary-key-8f2b1c"  # of the endpoint: to be seen nowhere but in requests to it
LIBFAKETIME = "/usr/lib/{machine}-linux-gnu/faketime/libfaketimeMT.so.1"


def current_server():
    """The path of the current nats-server, which `.ci/go install` put there."""
    path = subprocess.run([ROOT / ".ci" / "go", "path"], check=True, capture_output=True, text=True).stdout.strip()
    return pathlib.Path(path) / "nats-server"


class World(Stage):
    """A Stage whose parts can be broken one by one."""

    def __init__(self, plan):
        self.plan, self._wants = plan, plan.world
        self.counted = {}  # by actions, for checks
        super().__init__(**{name: self._wants[name] for name in ("partitions", "parallel", "batch", "ack_wait", "duplicate_window",
                                                                 "drain_timeout", "timeout")})
        self.server_proxy = self._proxy(self.server.port)
        self.first_proxy = self._proxy(self.server.port) if self._wants["apart"] else self.server_proxy
        self.endpoint_proxy = self._proxy(self.endpoint.port)
        self.names = self.enter_context(NameServer(self.folder)) if self._wants["name_server"] else None
        self.results = ResultCounter(self.server.url, "RESULTS")
        self.callback(self.results.stop)
        self.bridges, self.ended, self.starts = [], [], 0
        self.peak, self._descriptors = 0.0, {}
        self._configure()
        self.endpoint.script(bearer=KEY, **self._wants["script"])
        self.results.start()

    # parts

    def make_server(self):
        if self._wants["store_mib"]:
            self._mount(self.folder / "jetstream", self._wants["store_mib"])
        if self._wants["log_mib"]:
            self._mount(self.folder / "logs", self._wants["log_mib"])
            (self.folder / "millrace-1.log").symlink_to(self.folder / "logs" / "millrace-1.log")
        binary = current_server() if self.plan.server == "current" else "nats-server"
        return NatsServer(self._children, self.folder, binary=binary)

    def make_endpoint(self):
        if not self._wants["tls"]:
            return Endpoint(self._children, self.folder)
        certificates.make(self.folder / "certificates")
        return Endpoint(self._children, self.folder, self.folder / "certificates")

    def _mount(self, folder, mebibytes):
        """A disk of its own at `folder`."""
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder], check=True)
        self.callback(subprocess.run, ["umount", "--lazy", folder], check=True)

    def _proxy(self, port):
        proxy = Proxy(("127.0.0.1", port))
        self.callback(proxy.close)
        return proxy

    def _configure(self):
        wants, fields = self._wants, dict(self._wants["endpoint"])
        (self.folder / "key").write_text(KEY, encoding="ascii")
        fields["key_file"] = str(self.folder / "key")
        if wants["tls"]:
            fields["ca_file"] = str(self.folder / "certificates" / "ca.pem")
        scheme = "https" if wants["tls"] else "http"
        self.settings.update(endpoint_url=f"{scheme}://{wants['host']}:{self.endpoint_proxy.port}/score",
                             more_endpoint="\n      ".join(f"{name}: {value}" for name, value in fields.items()))
        if wants["clock"]:
            self.set_clock(0)
            self.bridge_environment = {
                "LD_PRELOAD": LIBFAKETIME.format(machine=os.uname().machine), "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_RESET": "1"}

    def set_clock(self, seconds):
        """How far the bridge's wall clock is off, from now on."""
        (self.folder / "clock.new").write_text(f"{seconds:+d}\n", encoding="ascii")
        (self.folder / "clock.new").rename(self.folder / "clock")

    # bridges

    def start(self):
        """Starts the bridges and waits until they work."""
        for _ in range(self._wants["replicas"]):
            self.bridges.append(self.start_one(wait=True))

    def start_one(self, wait=False):
        """One more bridge."""
        self.starts += 1
        proxy = self.first_proxy if self.starts == 1 else self.server_proxy
        self.settings["url"] = f"nats://127.0.0.1:{proxy.port}"
        return self.start_bridge(wait)

    def replace(self, bridge):
        """A new bridge in the place of one that is gone."""
        self.bridges[self.bridges.index(bridge)] = self.start_one()

    def tick(self):
        """Looks after the processes; RuntimeError for one that ended and should not have."""
        for bridge in list(self.bridges):
            if bridge.running():
                self.peak = max(self.peak, peak_mib(bridge.pid))
                continue
            code = bridge.process.returncode
            self.ended.append(code)
            if not self._wants["supervised"] or code not in self.plan.judge["ends"]:
                raise RuntimeError(f"a bridge ended by itself with {code}\n{bridge.tail()}")
            self.replace(bridge)

    def wait_for(self, condition, what, within):
        """Waits as wait_until does, looking after the processes meanwhile."""
        def looked():
            self.tick()
            return condition()
        return wait_until(looked, what, within, every=0.05)

    def sleep_until(self, moment):
        """Looks after the processes until a time of the monotonic clock."""
        while (left := moment - time.monotonic()) > 0:
            self.tick()
            time.sleep(min(0.05, left))

    def signal(self, number):
        """To every bridge."""
        for bridge in self.bridges:
            bridge.signal(number)

    def note_descriptors(self):
        """What is open in each bridge now, to compare with later."""
        self._descriptors = {bridge.pid: descriptors(bridge.pid) for bridge in self.bridges}

    def leaked(self):
        """Descriptors more than noted, over the bridges that lived through; None when none did."""
        grown = [descriptors(bridge.pid) - self._descriptors[bridge.pid] for bridge in self.bridges
                 if self._descriptors.get(bridge.pid) and bridge.running()]
        return max(grown) if grown else None

    def _page(self, bridge, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{bridge.admin}{path}", timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    def words(self):
        """All that the bridges say: logs and health."""
        logs = [log.read_text(encoding="utf-8", errors="replace") for log in self.logs()]
        return "\n".join(logs + [self._page(bridge, "/readyz?verbose") for bridge in self.bridges])

    def logs(self):
        """The bridges' log files."""
        return sorted(self.folder.glob("millrace-*.log"))

    def ready(self):
        """Whether every bridge says it can work."""
        return all(self._page(bridge, "/readyz").strip() == "ready" for bridge in self.bridges)

    # load and end

    def publish(self):
        """The plan's load, started."""
        wants = self.plan.load
        maker = EventMaker(1_000_003, wants["poison"], wants["bad"])
        tenants = [f"t{number}" for number in range(self._wants["tenants"])] or wants["tenants"]
        load = Load(self.server.url, self.journal, maker, self.subject, tenants, wants["rate"], wants["shapes"])
        load.start()
        return load

    def settled(self):
        """Whether the server has nothing left for the bridges."""
        try:
            return len(self.jetstream.consumers("EVENTS")) >= self.partitions and self.pending() == (0, 0)
        except nats_wire.ApiError:
            return False
        except nats_wire.NatsError:
            self.connection.reconnect(5.0)
            return False

    def ask_oracle(self):
        """The oracle's report on all streams."""
        oracle = Oracle(self.journal, PIPELINE)
        oracle.read_input(self.jetstream.read("EVENTS"), self.plan.judge["trimmed"])
        for stream, stored in self.counted.get("kept_outputs", []):
            oracle.read_output(stream, stored)
        for name in self.jetstream.streams():
            if name != "EVENTS":
                oracle.read_output(name, self.jetstream.read(name))
        return oracle.verdict()

    def values(self, source):
        """The numbers a check may ask for, by name: endpoint (its stats), server_proxy, first_proxy, endpoint_proxy (counters), bridge
        (peak_mib, ended, starts, leaked), metric (summed over labels and bridges), fault (what actions counted), names."""
        if source == "endpoint":
            return self.endpoint.stats()
        if source.endswith("_proxy"):
            proxy = getattr(self, source)
            return {name: proxy.count(name) for counter in proxy.counters.values() for name in counter}
        if source == "bridge":
            return {"peak_mib": self.peak, "ended": len(self.ended), "starts": self.starts, "leaked": self.leaked() or 0}
        if source == "names":
            return dict(self.names.counters)
        if source == "fault":
            return {name: value for name, value in self.counted.items() if isinstance(value, (int, float))}
        if source == "metric":
            return self._metrics()
        raise ValueError(f"no such source: {source}")

    def _metrics(self):
        sums = {}
        for bridge in self.bridges:
            for line in self._page(bridge, "/metrics").splitlines():
                if line and not line.startswith("#"):
                    name, value = line.split("{")[0].split(" ")[0], float(line.rsplit(" ", 1)[1])
                    sums[name] = sums.get(name, 0.0) + value
        return sums

    def leak_of_the_key(self):
        """Where the endpoint's key was seen that it must not be in: logs, health, metrics and outputs."""
        places = {log.name: log.read_text(encoding="utf-8", errors="replace") for log in self.logs()}
        for number, bridge in enumerate(self.bridges):
            places.update({f"{path} of bridge {number}": self._page(bridge, path) for path in ("/readyz?verbose", "/metrics")})
        found = [place for place, text in places.items() if KEY in text]
        for stored in self.jetstream.read("RESULTS"):
            if KEY.encode() in stored.head or KEY.encode() in stored.payload:
                found.append(f"RESULTS {stored.sequence}")
        return found

    def leave(self):
        """SIGTERM to every bridge; their exit codes."""
        codes = [bridge.stop(30.0) for bridge in self.bridges]
        self.bridges = []
        return codes

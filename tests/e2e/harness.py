"""The stage of an end-to-end test: a private nats-server, a scripted endpoint, bridge processes, load, and the oracle.

Needs the environment variable MILLRACE (the binary). E2E_SECONDS makes the runs under load longer than their default.
Everything is stopped by its own process group when the stage ends, and the logs are shown when the test failed.
"""
import contextlib
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "examples"))

import nats_wire  # noqa: E402
from children import Children, NatsServer, free_port, start_endpoint, wait_until  # noqa: E402
from load import EventMaker, Journal, Load  # noqa: E402
from oracle import Oracle  # noqa: E402

BINARY = os.environ.get("MILLRACE", str(ROOT / "build" / "release" / "bin" / "millrace"))
SECOND = 1_000_000_000
PIPELINE = "scores"
TENANTS = ("alpha", "beta", "gamma")

CONFIG = """\
version: 1
nats:
  urls: ["{url}"]
{more_nats}admin:
  listen: 127.0.0.1:{admin}
drain_timeout: {drain_timeout}
pipelines:
  - name: scores
    partitions: {partitions}
    input:
      stream: EVENTS
      subject: {subject}
      ack_wait: {ack_wait}
    event:
      features: [n, tenant, x]
    endpoint:
      url: {endpoint_url}
      protocol: azureml
      max_batch_count: {batch}
      parallel_requests_per_partition: {parallel}
      timeout: {timeout}
      {more_endpoint}
    results:
      subject: results.{{tenant}}.scores
      include: [n, canary]
    dead_letter:
      subject: dead.{{tenant}}.scores
"""


def seconds(default):
    """How long a run under load lasts: E2E_SECONDS, or the test's own default."""
    return float(os.environ.get("E2E_SECONDS", default))


def partition_of(key, partitions):
    """FNV-1a, 32 bits, as nats-server's partition() mapping computes it."""
    value = 2166136261
    for byte in key.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value % partitions


class Endpoint:
    """The scripted endpoint, from the outside."""

    def __init__(self, children, folder, certificates=None):
        options = ["--certificates", certificates] if certificates else []
        self.child, self._control = start_endpoint(children, HERE / "scripted_endpoint.py", folder, *options)
        self.port = int(self.child.log_text().split("scoring on ", 1)[1].split()[0])

    def _call(self, path, content=None):
        body = None if content is None else json.dumps(content).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self._control}{path}", body, timeout=10) as answer:
            return json.load(answer)

    def script(self, **changes):
        """Changes how it behaves; see scripted_endpoint.py."""
        self._call("/script", changes)

    def stats(self):
        """What it has seen so far."""
        return self._call("/stats")

    def tokens(self):
        """The bearer tokens it has seen."""
        return list(self._call("/tokens"))

    def log(self):
        """Each request answered: (wall clock seconds, status, rows)."""
        return self._call("/log")


class Stage(contextlib.ExitStack):
    """Everything a test needs, with one pipeline named `scores` on streams EVENTS and RESULTS. `settings` is what the
    bridge's next configuration file is made of."""

    REPLICAS = 1  # of the streams
    events = EventMaker  # of its load
    whole_tenants = False  # all of a tenant is in one partition

    config = CONFIG

    def __init__(self, partitions=1, parallel=4, batch=200, ack_wait="3s", duplicate_window=120.0, drain_timeout="10s",
                 timeout="5s"):
        super().__init__()
        self.folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="millrace-e2e-")))
        self.callback(self._show_logs_on_failure)
        self._children = self.enter_context(Children())
        self.partitions = partitions
        self.server = self.make_server().start()
        self.endpoint = self.make_endpoint()
        self.connection = self.enter_context(nats_wire.Connection(self.server.url, "e2e"))
        self.jetstream = nats_wire.JetStream(self.connection)
        shape = "events.{partition}.{tenant}.raw" if partitions > 1 else "events.{tenant}.raw"
        self.jetstream.add_stream("EVENTS", ["events.>"], duplicate_window=600 * SECOND, num_replicas=self.REPLICAS)
        self.make_outputs(int(duplicate_window * SECOND))
        self.settings = {"url": self.server.url, "more_nats": "", "drain_timeout": drain_timeout, "batch": batch,
                         "partitions": partitions, "subject": shape, "ack_wait": ack_wait, "parallel": parallel, "timeout": timeout,
                         "endpoint_url": self.endpoint and f"http://127.0.0.1:{self.endpoint.port}/score", "more_endpoint": ""}
        self.journal = Journal()
        self.bridge = self.admin = None  # the process started last, and the port it tells about itself on
        self.bridge_command, self.bridge_environment = [BINARY], {}
        self._bridges = 0
        self._loads = 0
        self.failed = True  # until verify() says otherwise

    # processes

    def make_server(self):
        """The server, not started."""
        return NatsServer(self._children, self.folder)

    def make_endpoint(self):
        """The endpoint, started; None where there is none."""
        return Endpoint(self._children, self.folder)

    def make_outputs(self, duplicate_window):
        """The streams of what the pipeline publishes."""
        self.jetstream.add_stream("RESULTS", [f"results.*.{PIPELINE}", f"bypass.*.{PIPELINE}", f"dead.*.{PIPELINE}",
                                              f"dead-unroutable.{PIPELINE}"],
                                  duplicate_window=duplicate_window, num_replicas=self.REPLICAS)

    def start_bridge(self, wait=True):
        """Starts `millrace run`; with `wait` until its consumers exist."""
        self._bridges += 1
        config = self.folder / f"millrace-{self._bridges}.yaml"
        self.admin = free_port()
        config.write_text(self.config.format(admin=self.admin, **self.settings), encoding="utf-8")
        self.bridge = self._children.start("millrace", [*self.bridge_command, "run", "-c", config], config.with_suffix(".log"),
                                           self.bridge_environment)
        self.bridge.admin = self.admin
        if wait:
            wait_until(lambda: len(self.jetstream.consumers("EVENTS")) >= self.partitions, "the bridge's consumers exist", 15.0,
                       self.bridge)
        return self.bridge

    def restart_server(self, down=0.0):
        """kill -9 of nats-server, `down` seconds without one, and a start on the same port and store."""
        self.server.kill()
        time.sleep(down)
        self.server.start()
        self.connection.reconnect()
        self.jetstream.wait_ready()

    # load

    def subject(self, tenant, number):
        """The subject an event is published on; the publisher adds the partition."""
        key = tenant if self.whole_tenants else str(number)
        middle = f"{partition_of(key, self.partitions)}." if self.partitions > 1 else ""
        return f"events.{middle}{tenant}.raw"

    def load(self, rate=2000, tenants=TENANTS, shapes=("object",), count=None, poison=0.0, bad=0.0):
        """A started Load that writes this stage's journal."""
        self._loads += 1
        maker = self.events(self._loads * 1_000_003, poison, bad)
        started = Load(self.server.url, self.journal, maker, self.subject, tenants, rate, shapes, count)
        started.start()
        return started

    # the end

    def pending(self):
        """(messages not yet delivered, delivered and not acked) over all partitions."""
        try:
            states = [self.jetstream.consumer("EVENTS", name) for name in self.jetstream.consumers("EVENTS")]
        except nats_wire.ApiError as error:
            if error.code != 404:
                raise
            return 1, 1  # an owner has just put another consumer in the place of this one
        return sum(state["num_pending"] for state in states), sum(state["num_ack_pending"] for state in states)

    def settle(self, within=60.0):
        """Waits until everything is read and acked; RuntimeError with the bridge's last words otherwise."""
        wait_until(lambda: self.pending() == (0, 0), "everything is settled", within, self.bridge, 0.1)

    def verify(self, test, wire_doubles_allowed=False):
        """Asks the oracle; returns its report. Reads while the bridge runs or not, as the test left it."""
        oracle = Oracle(self.journal, PIPELINE)
        oracle.read_input(self.jetstream.read("EVENTS"))
        for name in self.jetstream.streams():
            if name not in ("EVENTS", "AUDIT"):
                oracle.read_output(name, self.jetstream.read(name))
        report = oracle.verdict()
        test.assertGreater(report.events, 0, "nothing was published")
        test.assertEqual(report.violations(wire_doubles_allowed), [], f"\n{report}")
        mixed = self.endpoint.stats().get("mixed", 0)
        test.assertEqual(mixed, 0, "requests held rows of several tenants")
        self.failed = False
        print(report, file=sys.stderr)
        return report

    def stop_bridge(self, test):
        """SIGTERM, and the exit code that says drained."""
        test.assertEqual(self.bridge.stop(30.0), 0, f"exit code after SIGTERM\n{self.bridge.tail()}")

    def _show_logs_on_failure(self):
        if self.failed:
            for log in sorted(self.folder.glob("millrace-*.log")):
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                print(f"--- {log.name}, {len(lines)} lines", *lines[-25:], sep="\n", file=sys.stderr)


class EndToEnd(unittest.TestCase):
    """Makes a stage per test; it is torn down with the test, failed or not."""

    def stage(self, **options):
        """A Stage with `options`; see there."""
        return self.put_on(Stage, **options)

    def put_on(self, kind, **options):
        """A stage of this kind."""
        if not os.access(BINARY, os.X_OK):
            self.fail(f"no millrace binary at {BINARY}: build it, or set MILLRACE")
        stage = kind(**options)
        self.addCleanup(stage.close)
        return stage

    def wait(self, condition, what, within=20.0):
        """Waits for a condition of the test."""
        try:
            return wait_until(condition, what, within)
        except RuntimeError as error:
            self.fail(str(error))


def stop_on_sigterm():
    """Turns SIGTERM (a test's timeout) into an exception, so that the stage is torn down."""
    def leave(_number, _frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, leave)


stop_on_sigterm()

"""make bench-growth: what an event costs as one thing grows and the others stay: partitions, tenants, size, requests in flight,
the endpoint's latency, groups.

Each row is a run of its own over a stream of its own, checked as those of run.py are. CPU is what the operating system says of
bridge and server for an event, memory the most the bridge had. Exits 1 when a run did not produce exactly what it should.
"""
import argparse
import dataclasses
import os
import pathlib
import re
import sys
import urllib.request

from aggregates import Counting, fill_widgets
from throughput import Clock
from world import FIRST, Wrong, check_results, in_private_folder, memory, say_versions, start_endpoint

import nats_wire
from children import NatsServer, free_port
from show import Screen

MOST_BYTES = 64 << 20  # of a stream
CONFIG = """\
version: 1
nats: {{urls: ["{url}"]}}
admin: {{listen: "127.0.0.1:{admin}"}}
pipelines:
  - name: {name}
    partitions: {case.partitions}
    input: {{stream: {stream}, subject: "{stream}.{subject}.trips"}}
    event: {{features: [trip, x]}}
    endpoint:
      url: http://127.0.0.1:{endpoint}/score
      protocol: azureml
      max_batch_count: {case.rows}
      parallel_requests_per_partition: {case.parallel}
      mix_tenants: {mixed}
    results: {{subject: "{name}.{{tenant}}.results"}}
    dead_letter: {{subject: "{name}.{{tenant}}.dead", unroutable_subject: {name}.unroutable}}
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """One row: what is unusual about it."""
    label: str
    events: float = 1  # times what is asked for
    partitions: int = 1
    tenants: int = 1
    mixed: bool = False
    size: int = 200
    rows: int = 500
    parallel: int = 4
    delay_ms: int = 0


SWEEPS = {
    "partitions": [Case(str(n), partitions=n, tenants=16) for n in (1, 2, 4, 8, 16)],
    "tenants": [*(Case(f"{n:,}", tenants=n) for n in (1, 10, 100, 1000, 10_000)),
                Case("10,000, mixed", tenants=10_000, mixed=True)],
    "event size": [Case(name, size=size) for name, size in
                   (("100 B", 100), ("1 kB", 1000), ("10 kB", 10_000), ("100 kB", 100_000), ("900 kB", 900_000))],
    "requests in flight, 50 rows each, 20 ms": [Case(str(n), parallel=n, rows=50, delay_ms=20) for n in (1, 4, 16, 64)],
    "endpoint latency": [Case(f"{n:,} ms", delay_ms=n, events=1 if n < 1000 else 0.5) for n in (1, 10, 100, 1000, 2000)],
}
GROUPS = (1, 1000, 100_000, 1_000_000)


def event(number, size):
    """An event of `size` bytes; numbers follow sequences."""
    text = b'{"trip":%d,"x":%d.5,"note":"' % (FIRST + number, number % 90)
    return text + b"." * (size - len(text) - 2) + b'"}'


class Growth:
    """The server and the programs of all rows."""

    def __init__(self, screen, options, children, folder):
        self._screen, self._options, self._children, self._folder = screen, options, children, folder
        self._server = NatsServer(children, folder).start()
        self._jetstream = nats_wire.JetStream(nats_wire.Connection(self._server.url))
        self._endpoints = {}  # by delay
        self._runs = 0

    def run(self):
        """Everything that was asked for."""
        say_versions(self._screen, self._server, self._options.programs)
        for what, cases in SWEEPS.items():
            if self._options.only in what:
                self._sweep(what, cases)
        if self._options.only in "groups":
            self._groups()

    def _sweep(self, what, cases):
        rows = []
        for case in cases:
            rows.append(self._measure(case, max(64, min(int(self._options.events * case.events), MOST_BYTES // case.size))))
        self._table(what, ["events", "events/s", "bridge µs", "server µs", "rows a request", "peak MiB"], rows)

    def _groups(self):
        rows, counting = [], Counting(self._children, self._folder, self._server, self._options.programs)
        for groups in (groups for groups in GROUPS if groups <= self._options.groups):
            count, stream = max(self._options.events, groups), f"W{groups}"
            fill_widgets(self._jetstream, stream, count, groups)
            run = counting.bridge(stream, f"groups-{groups}", count, groups)
            self._jetstream.api(f"STREAM.DELETE.{stream}")
            rows.append([f"{groups:,}", f"{count:,}", f"{run.rate:,.0f}", f"{run.client:.1f}", f"{run.server:.1f}",
                         f"{run.commits:,.0f}", f"{run.commit_bytes:,.0f}", f"{run.peak / (1 << 20):.0f}"])
        self._table("groups", ["events", "events/s", "bridge µs", "server µs", "commits", "bytes each", "peak MiB"], rows)

    def _table(self, what, names, rows):
        self._screen.heading(f"{what} (load average {os.getloadavg()[0]:.1f})")
        self._screen.table([what.partition(",")[0], *names], rows)

    def _measure(self, case, count):
        self._runs += 1
        name, stream, admin = f"grow{self._runs}", f"G{self._runs}", free_port()
        endpoint, port = self._endpoint(case.delay_ms)
        self._fill(stream, case, count)
        self._jetstream.add_stream(name, [name + ".>"])
        config = self._folder / f"{name}.yaml"
        config.write_text(CONFIG.format(url=self._server.url, admin=admin, name=name, stream=stream, endpoint=port, case=case,
                                        mixed=str(case.mixed).lower(),
                                        subject="{partition}.{tenant}" if case.partitions > 1 else "{tenant}"), encoding="utf-8")
        clock = Clock(self._jetstream, stream, [f"{name}-p{n}" for n in range(case.partitions)], name, count)
        client = self._children.start(name, [self._options.programs / "millrace", "run", "-c", config], self._folder / f"{name}.log")
        run = clock.measure(client, self._server.child.pid, endpoint.pid)
        rows, peak = self._rows_a_request(admin), memory(client.pid)[1]
        if client.stop() != 0:
            raise Wrong(f"{name}: exit code {client.process.returncode}\n{client.tail()}")
        check_results(self._jetstream, name, count, scored=True)
        for gone in (stream, name):
            self._jetstream.api(f"STREAM.DELETE.{gone}")
        return [case.label, f"{count:,}", f"{run.rate:,.0f}", f"{run.client:.1f}", f"{run.server:.1f}", f"{rows:.1f}",
                f"{peak / (1 << 20):.0f}"]

    def _endpoint(self, delay_ms):
        if delay_ms not in self._endpoints:
            self._endpoints[delay_ms] = start_endpoint(self._children, self._options.programs, self._folder, delay_ms)
        return self._endpoints[delay_ms]

    def _fill(self, stream, case, count):
        # A tenant's events are all in one partition.
        self._jetstream.add_stream(stream, [stream + ".>"])
        publisher = nats_wire.AckedPublisher(self._jetstream.connection, window=max(16, min(4000, MOST_BYTES // 16 // case.size)))
        for number in range(count):
            tenant = number % case.tenants
            partition = f"{tenant % case.partitions}." if case.partitions > 1 else ""
            publisher.send(f"{stream}.{partition}t{tenant}.trips", event(number, case.size), f"{stream}-{number}")
            if number % 256 == 255:
                self._jetstream.connection.pump()
        publisher.drain()

    @staticmethod
    def _rows_a_request(admin):
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10.0) as answer:
            text = answer.read().decode()
        total, count = (float(re.search(rf"^millrace_batch_size_rows_{what}\{{.*\}} (\S+)$", text, re.MULTILINE)[1])
                        for what in ("sum", "count"))
        return total / max(1.0, count)


def main():
    parser = argparse.ArgumentParser(description="What an event costs as one thing grows.")
    parser.add_argument("programs", type=pathlib.Path, help="the folder with millrace and bench_endpoint")
    parser.add_argument("--events", type=int, default=20_000, help="of a run, about (20000)")
    parser.add_argument("--groups", type=int, default=100_000, help=f"at most; there is a row for {GROUPS[-1]:,} (100000)")
    parser.add_argument("--only", default="", metavar="WORDS", help="the sweeps whose names contain this")
    parser.add_argument("--smoke", action="store_true", help="few events: does it work at all")
    options, screen = parser.parse_args(), Screen()
    options.programs = options.programs.resolve()
    if options.smoke:
        options.events, options.groups = 1000, 1000
    return in_private_folder(screen, lambda children, folder: Growth(screen, options, children, folder).run())


if __name__ == "__main__":
    sys.exit(main())

"""make bench: Millrace beside a plain loop that only consumes, publishes and acks, in one run, told as a ratio.

bench/README.md says what is measured and why the comparison is fair. Everything runs on a private nats-server and the
loopback address, and is gone afterwards. Exits 1 when a run did not produce exactly what it should; never because it
was slow.
"""
import argparse
import collections
import pathlib
import statistics
import subprocess
import sys

from aggregates import EVENT_BYTES, OPEN_GROUPS, Counting, fill_widgets
from latency import Paced
from state import CHANGED, LEASE, State
from state import OPEN_GROUPS as GROWN_GROUPS
from throughput import Clock
from world import (BATCH, PARALLEL, TENANTS, TRIP_BYTES, Wrong, check_results, fill, in_private_folder, say_versions,
                   start_endpoint, write_config)

import nats_wire
from children import NatsServer, wait_until
from show import Screen, milliseconds, percentile

PROGRAMS = pathlib.Path(__file__).resolve().parent / "peers"
# How each peer is started, given the folder that holds them (bench/peers/README.md).
PEERS = {
    "go": lambda folder: [folder / "tuned"],
    "connect": lambda folder: [folder / "connect", "run", PROGRAMS / "connect" / "pull.yaml"],
    "connectpush": lambda folder: [folder / "connect", "run", PROGRAMS / "connect" / "push.yaml"],
    "python": lambda folder: [folder / "python" / "bin" / "python", PROGRAMS / "careful.py"],
}
END_BY_THEMSELVES = ("loop", "go", "python")
RATES = (200, 500)
WARM_UP = 2000
ROWS_PER_SECOND = 100_000  # of which the share of a core is told


class Bench:
    """The server, the endpoint and the programs of one bench."""

    def __init__(self, screen, options, children, folder):
        self._screen, self._options, self._children, self._folder = screen, options, children, folder
        self._server = NatsServer(children, folder).start()
        self._endpoint, self._port = start_endpoint(children, options.programs, folder, options.delay_ms)
        self._jetstream = nats_wire.JetStream(nats_wire.Connection(self._server.url))
        self._consumer_config = None  # as the bridge makes its own, and then the loop's
        self._result_size = None

    def run(self):
        """Everything."""
        say_versions(self._screen, self._server, self._options.programs, ("millrace", "bench_loop"))
        self._codec()
        self._warm_up()
        self._throughput()
        self._latency()
        self._aggregates()
        self._state()

    # protocols

    def _codec(self):
        options, rows = self._options, []
        said = subprocess.run([self._program("bench_codec"), f"{options.codec_seconds:g}"], capture_output=True, text=True, check=True)
        for line in said.stdout.splitlines():
            name, sent, received, encoding, decoding = line.split("\t")
            encoding, decoding = float(encoding), float(decoding)
            rows.append([name, sent, received, f"{1e9 / encoding:,.0f}", f"{1e9 / decoding:,.0f}",
                         f"{(encoding + decoding) * ROWS_PER_SECOND / 1e9:.1%}"])
        self._screen.heading(f"Protocols: rows of one core, requests of {BATCH} rows, no network")
        self._screen.table(["", "bytes sent", "received", "encoded/s", "decoded/s", f"core at {ROWS_PER_SECOND:,}/s"], rows)

    # aggregates

    def _aggregates(self):
        options, rows = self._options, []
        counting = Counting(self._children, self._folder, self._server, options.programs)
        self._screen.heading(f"{options.events:,} events of {EVENT_BYTES} bytes counted per widget in one open window")
        for groups in (groups for groups in OPEN_GROUPS if groups <= options.events):
            pairs = []
            for number in range(options.rounds):
                stream = f"W{groups}-{number}"  # the bridge's run adds the event that closes the window
                fill_widgets(self._jetstream, stream, options.events, groups)
                loop = counting.loop(stream, f"loop-w{groups}-{number}", options.events)
                pairs.append((loop, counting.bridge(stream, f"millrace-w{groups}-{number}", options.events, groups)))
                self._screen.line(f"  {groups:,} groups, round {number + 1}: loop {loop.rate:,.0f}, "
                                  f"millrace {pairs[-1][1].rate:,.0f} events/s")
                self._jetstream.api(f"STREAM.DELETE.{stream}")
            loop, bridge = (self._middle(runs) for runs in zip(*pairs))
            ratios = sorted(b.rate / one.rate for one, b in pairs)
            rows.append([f"{groups:,}", f"{loop.rate:,.0f}", f"{bridge.rate:,.0f}", f"{statistics.median(ratios):.2f}",
                         f"{loop.client:.1f}", f"{bridge.client:.1f}", f"{loop.server:.1f}", f"{bridge.server:.1f}",
                         f"{bridge.commits:,.0f}", f"{bridge.commit_bytes:,.0f}", milliseconds(bridge.closing * 1e9)])
        self._screen.line()
        self._screen.table(["open groups", "loop/s", "millrace/s", "ratio", "loop µs", "millrace µs", "server µs", "server µs",
                            "commits", "bytes each", "closing"], rows)

    def _state(self):
        options, rows = self._options, []
        state = State(self._children, self._folder, self._server, options.programs)
        self._screen.heading(f"State: {CHANGED} groups change in each of {options.commits} commits; then the process is ended")
        for groups in (groups for groups in GROWN_GROUPS if groups <= options.events):
            grown = state.measure(groups, options.commits)
            rows.append([f"{groups:,}", f"{grown.middle:,.0f}", f"{grown.largest:,}",
                         *(milliseconds(1e9 * took) for took in (grown.commit, grown.slowest, grown.left, grown.killed))])
        self._screen.table(["open groups", "bytes p50", "largest", "commit p50", "slowest", "after SIGTERM",
                            f"kill -9, lease {LEASE:g} s"], rows)

    @staticmethod
    def _middle(runs):
        return type(runs[0])(*(statistics.median(values) for values in zip(*runs)))

    # throughput

    def _throughput(self):
        options, runs = self._options, collections.defaultdict(list)
        self._jetstream.add_stream("STATE", ["millrace.state.>"], discard="new")
        fewer = max(1000, options.events // 10)  # one at a time of a tenant takes its time
        fill(self._jetstream, "BENCH", options.events, options.tenants)
        fill(self._jetstream, "FEWER", fewer, options.tenants)
        self._screen.heading(f"{options.events:,} trips of {TRIP_BYTES} bytes, {options.tenants} tenant(s), requests of up to "
                             f"{BATCH} rows, {PARALLEL} at once, endpoint delay {options.delay_ms} ms")
        for number in range(options.rounds):
            for name, one, stream, count in (("loop", self._run_loop, "BENCH", options.events),
                                             ("millrace", self._run_bridge, "BENCH", options.events),
                                             ("ordered", self._run_ordered, "FEWER", fewer),
                                             ("batches", self._run_batches, "BENCH", options.events),
                                             *((peer, self._run_peer, stream, count)
                                               for peer, stream, count in self._peers(fewer))):
                run = one(stream, f"{name}-{number}", count)
                runs[name].append(run)
                self._screen.line(f"  round {number + 1}: {name:<9} {run.rate:>8,.0f} events/s")
        self._show(runs)

    def _show(self, runs):
        def median(name, what):
            return statistics.median(getattr(run, what) for run in runs[name])

        self._screen.line()
        rows = []
        for name in runs:
            rates = [run.rate for run in runs[name]]
            rows.append([name, f"{median(name, 'rate'):,.0f}", f"{min(rates):,.0f} to {max(rates):,.0f}",
                         f"{median(name, 'client'):.1f}", f"{median(name, 'server'):.1f}",
                         f"{median(name, 'endpoint'):.1f}" if name != "loop" else "-"])
        self._screen.table(["", "events/s", "range", "client µs", "server µs", "endpoint µs"], rows)
        self._screen.line()
        pairs = [("millrace", "loop"), ("ordered", "millrace"), ("batches", "millrace"),
                 *((ours, peer) for peer, *_ in self._peers(0) for ours in ("millrace", "batches"))]
        for above, below in pairs:
            ratios = [one.rate / other.rate for one, other in zip(runs[above], runs[below])]
            self._screen.line(f"  {above} / {below}: {statistics.median(ratios):.2f}   "
                              f"(by round {min(ratios):.2f} to {max(ratios):.2f})")
        costs = {name: sum(median(name, what) for what in ("client", "server", "endpoint")) for name in runs}
        self._screen.line(f"  CPU for an event, all processes: {costs['millrace']:.0f} µs beside {costs['loop']:.0f} µs of the loop")

    def _run_loop(self, stream, name, count):
        self._make_consumer(stream, name)
        headers, payload = self._result_size
        return self._measure(stream, name, name, count, [
            self._program("bench_loop"), "--url", self._server.url, "--stream", stream, "--consumer", name,
            "--output", f"{name}.{TENANTS[0]}.results", "--count", count, "--header-bytes", headers, "--payload-bytes", payload])

    def _run_bridge(self, stream, name, count):
        config = write_config(self._folder, self._server.url, self._port, name, stream, name)
        return self._measure(stream, name, f"{name}-p0", count, [self._program("millrace"), "run", "-c", config])

    def _run_ordered(self, stream, name, count, results_as="event"):
        config = write_config(self._folder, self._server.url, self._port, name, stream, name, results_as)
        run = self._measure(stream, name, f"{name}-p0-1-1", count, [self._program("millrace"), "run", "-c", config])
        self._jetstream.api("STREAM.PURGE.STATE")
        return run

    def _run_batches(self, stream, name, count):
        return self._run_ordered(stream, name, count, "batch")

    def _peers(self, fewer):
        # (name, stream, how many events), where they were built; slow ones take fewer.
        if not self._options.peers:
            return []
        return [("go", "BENCH", self._options.events), ("connectpush", "BENCH", self._options.events),
                ("connect", "FEWER", fewer), ("python", "FEWER", fewer)]

    def _run_peer(self, stream, name, count):
        kind = name.partition("-")[0]
        if kind != "connectpush":  # which makes its own
            self._make_consumer(stream, name)
        told = {"URL": self._server.url, "STREAM": stream, "CONSUMER": name, "OUTPUT": name, "COUNT": count,
                "ENDPOINT": f"http://127.0.0.1:{self._port}/score"}
        return self._measure(stream, name, name, count, [
            "env", *(f"{key}={value}" for key, value in told.items()), *PEERS[kind](self._options.peers)])

    def _make_consumer(self, stream, name):
        self._jetstream.api(f"CONSUMER.DURABLE.CREATE.{stream}.{name}", {
            "stream_name": stream, "config": {**self._consumer_config, "filter_subject": f"{stream}.>",
                                              "durable_name": name, "name": name}})

    def _measure(self, stream, name, consumer, count, argv):
        # A new consumer and a new output stream for each run, both gone after it.
        jetstream, kind = self._jetstream, name.partition("-")[0]
        jetstream.add_stream(name, [name + ".>"])
        clock = Clock(jetstream, stream, [consumer], name, count, each=kind != "batches")
        client = self._children.start(name, argv, self._folder / f"{name}.log")
        run = clock.measure(client, self._server.child.pid, self._endpoint.pid)
        code = client.process.wait(10.0) if kind in END_BY_THEMSELVES else client.stop()
        if code != 0:
            raise Wrong(f"{name}: exit code {code}\n{client.tail()}")
        size = check_results(jetstream, name, count, scored=kind != "loop")
        if kind == "millrace":
            self._learn(stream, consumer, size)
        elif kind == "loop" and size != self._result_size:
            raise Wrong(f"{name}: results of {size} bytes, not {self._result_size}")
        jetstream.api(f"CONSUMER.DELETE.{stream}.{consumer}")
        jetstream.api(f"STREAM.DELETE.{name}")
        return run

    def _learn(self, stream, consumer, size):
        config = self._jetstream.consumer(stream, consumer)["config"]
        config.pop("name", None)
        config["filter_subject"] = config.get("filter_subject", "").replace("WARMS", "BENCH")
        self._consumer_config, self._result_size = config, size

    def _warm_up(self):
        # Uncounted: shows how the bridge makes its consumer and how large its results are, so that the loop does the same.
        fill(self._jetstream, "WARMS", WARM_UP, self._options.tenants)
        self._run_bridge("WARMS", "millrace-w", WARM_UP)

    # latency

    def _latency(self):
        options, jetstream = self._options, self._jetstream
        self._screen.heading(f"Latency at a steady rate, {options.latency_seconds:g} s each")
        jetstream.add_stream("BARE", ["BARE.>"])
        jetstream.add_stream("STEADY", ["STEADY.>"])
        jetstream.add_stream("scored", ["scored.>"])
        config = write_config(self._folder, self._server.url, self._port, "steady", "STEADY", "scored")
        bridge = self._children.start("millrace", [self._program("millrace"), "run", "-c", config], self._folder / "steady.log")
        wait_until(lambda: "steady-p0" in jetstream.consumers("STEADY"), "the bridge has its consumer", 10.0, bridge)
        rows = []
        for rate in RATES:
            for name, times in (
                    ("bare PubAck", Paced(jetstream.connection, f"BARE.{rate}", rate, self._trips_at(rate)).pub_acks()),
                    ("publish → result", Paced(jetstream.connection, f"STEADY.t{rate}.trips", rate,
                                               self._trips_at(rate)).results(f"scored.t{rate}.results"))):
                rows.append([name, f"{rate}/s", *(milliseconds(percentile(times, share)) for share in (0.5, 0.99, 1.0))])
        bridge.stop()
        self._screen.table(["", "rate", "p50", "p99", "slowest"], rows)

    def _trips_at(self, rate):
        return int(rate * self._options.latency_seconds)

    # the world

    def _program(self, name):
        return self._options.programs / name


def options_from(argv):
    """The command line."""
    parser = argparse.ArgumentParser(description="Millrace beside a plain C++ loop, as a ratio.")
    parser.add_argument("programs", type=pathlib.Path, help="the folder with millrace and the programs bench_*")
    parser.add_argument("--smoke", action="store_true", help="one round of 10,000 trips: does it work at all")
    parser.add_argument("--events", type=int, help="trips in the stream (100000)")
    parser.add_argument("--rounds", type=int, help="of loop and bridge (3)")
    parser.add_argument("--tenants", type=int, default=1, choices=range(1, len(TENANTS) + 1), help="taking turns in the stream")
    parser.add_argument("--delay-ms", type=int, default=0, help="of the endpoint, each request")
    parser.add_argument("--peers", type=pathlib.Path, help="the folder with the peers, to run them beside it (make bench-peers)")
    parser.add_argument("--latency-seconds", type=float, help="at each rate (5)")
    options = parser.parse_args(argv)
    options.programs = options.programs.resolve()
    options.events = options.events or (10_000 if options.smoke else 100_000)
    options.commits = 10 if options.smoke else 200
    options.codec_seconds = 0.02 if options.smoke else 0.5
    options.rounds = options.rounds or (1 if options.smoke else 3)
    options.latency_seconds = options.latency_seconds or (1.0 if options.smoke else 5.0)
    return options


def main():
    options, screen = options_from(sys.argv[1:]), Screen()
    return in_private_folder(screen, lambda children, folder: Bench(screen, options, children, folder).run())


if __name__ == "__main__":
    sys.exit(main())

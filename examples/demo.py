"""make demo: everything from raw trips to scored trips, on this machine alone, checked to the last trip.

Starts a private nats-server and a model endpoint, lets Millrace set up its streams and run, publishes trips of three
tenants (some of them bad on purpose), and shows what came out. Exits 0 only when every count and every score is right.
Leaves nothing behind: no process, no file.
"""
import argparse
import collections
import pathlib
import sys
import time

import nats_wire
from children import NatsServer, start_endpoint
from show import milliseconds, percentile
from staging import WentWrong, check_claims, perform, run_to_end, write_config
from taxi.audit import Audit
from taxi.load import TENANTS, load
from taxi.model import FareModel

HERE = pathlib.Path(__file__).resolve().parent
PIPELINE = "trip-fares"
INPUT = "TRIPS"


class Counts:
    """How much of each tenant is stored, asked of the server now and then."""

    def __init__(self, jetstream):
        self._jetstream = jetstream
        names = {name for tenant in TENANTS for subject in (f"results.{tenant}.{PIPELINE}", f"dead.{tenant}.{PIPELINE}")
                 for name in jetstream.api("STREAM.NAMES", {"subject": subject}).get("streams") or []}
        self.streams = sorted(names)
        if not names:
            raise WentWrong(f"no stream takes results.*.{PIPELINE} after `millrace setup --apply`")

    def now(self):
        """Counter of (kind, tenant)."""
        counts = collections.Counter()
        for name in self.streams:
            for subject, count in (self._jetstream.stream(name, ">")["state"].get("subjects") or {}).items():
                words = subject.split(".")
                if len(words) == 3:
                    counts[words[0], words[1]] += count
        return counts


class Demo:
    """One run."""

    def __init__(self, screen, options):
        self._screen = screen
        self._options = options
        self._expected = {}  # (input sequence, element) → Expected
        self._published = collections.Counter()
        self._planned = collections.Counter()
        self._doubtful = 0

    def run(self, children, folder):
        """From nothing to a verdict; True when all is right."""
        show, options = self._screen, self._options
        show.line(f"Millrace demo: {options.trips:,} taxi trips of {len(TENANTS)} tenants, scored by a model behind HTTP")
        show.line()
        server = NatsServer(children, folder).start()
        show.line(f"  nats-server {server.version():<8} {server.url}, JetStream, files in a temporary folder")
        _, port = start_endpoint(children, HERE / "taxi" / "endpoint.py", folder, "--port", "0")
        show.line(f"  model endpoint       http://127.0.0.1:{port}/score, a linear regression over five features")
        config = write_config(HERE / "taxi" / "millrace.yaml", folder, server.url, ("127.0.0.1:5001", f"127.0.0.1:{port}"))
        run_to_end(children, "millrace-setup", [options.millrace, "setup", "-c", config, "--apply"], folder)
        with nats_wire.Connection(server.url) as connection:
            jetstream = nats_wire.JetStream(connection)
            counts = Counts(jetstream)
            show.line(f"  streams              {INPUT} in, {', '.join(counts.streams)} out")
            bridge = children.start("millrace", [options.millrace, "run", "-c", config], folder / "millrace.log")
            show.line(f"  millrace run         process {bridge.pid}")
            show.heading(f"Publishing {options.rate:,} trips a second")
            self._flow(connection, counts, bridge)
            code = bridge.stop(30.0)
            return self._verdict(jetstream, counts.streams, code)

    def _flow(self, connection, counts, bridge):
        # Publishes at the rate asked for, draws progress, and returns when everything is settled.
        def on_stored(events, sequence, duplicate):
            self._doubtful += duplicate
            for element, event in enumerate(events):
                self._expected[sequence, element] = event
                self._published[event.tenant] += 1

        publisher = nats_wire.AckedPublisher(connection, on_stored)
        messages = list(load(self._options.trips))
        self._planned.update(event.tenant for message in messages for event in message.events)
        started = drawn = time.monotonic()
        sent = 0
        for number, message in enumerate(messages):
            publisher.send(message.subject, message.payload, f"{message.tenant}-{number}", message.events)
            sent += len(message.events)
            if number % 64 == 63:
                connection.pump()
                while sent / self._options.rate > time.monotonic() - started:
                    connection.pump(0.002)
                if time.monotonic() - drawn > 0.2:
                    drawn = time.monotonic()
                    self._draw(counts.now(), started)
        publisher.drain()
        self._await_settled(counts, bridge, started)

    def _await_settled(self, counts, bridge, started):
        before, moved = -1, time.monotonic()
        while True:
            now = counts.now()
            settled = sum(now.values())
            done = settled >= self._options.trips
            self._draw(now, started, done)
            if done:
                return
            if not bridge.running():
                raise WentWrong(f"millrace ended with code {bridge.process.returncode}\n{bridge.tail()}")
            if settled != before:
                before, moved = settled, time.monotonic()
            elif time.monotonic() - moved > self._options.patience:
                self._draw(now, started, True)
                self._screen.line(f"  nothing moved for {self._options.patience:g} s; the last the bridge said:\n{bridge.tail()}")
                return
            time.sleep(0.1)

    def _draw(self, counts, started, final=False):
        bars = [(tenant, counts["results", tenant] + counts["dead", tenant], self._planned[tenant],
                 f"{counts['results', tenant]:>7,} scored {counts['dead', tenant]:>5,} dead") for tenant in TENANTS]
        published, seconds = sum(self._published.values()), time.monotonic() - started
        self._screen.progress(bars, f"{published:,} published, {sum(counts.values()):,} settled, {seconds:.1f} s", final)

    def _verdict(self, jetstream, streams, code):
        stored_at = {stored.sequence: stored.stored_ns for stored in jetstream.read(INPUT)}
        audit = Audit(self._expected, stored_at, FareModel.load())
        for name in streams:
            for stored in jetstream.read(name):
                audit.take(stored)
        self._show_tenants(audit, min(stored_at.values()))
        self._show_dead_letters(audit)
        self._show_trips(audit)
        return self._check(jetstream, audit, stored_at, code)

    def _show_tenants(self, audit, first_ns):
        self._screen.heading("Per tenant")
        seconds = max(1e-9, (audit.last_ns - first_ns) / 1e9)
        rows = []
        for tenant in TENANTS:
            outputs = audit.outputs[tenant]
            latencies = sorted(output.latency for output in outputs if output.kind == "results")
            rows.append([tenant, f"{self._published[tenant]:,}", f"{len(latencies):,}", f"{len(outputs) - len(latencies):,}",
                         f"{len(outputs) / seconds:,.0f}/s", *(milliseconds(percentile(latencies, share))
                                                               for share in (0.5, 0.9, 0.99, 1.0))])
        self._screen.table(["tenant", "published", "scored", "dead", "rate", "p50", "p90", "p99", "slowest"], rows)
        self._screen.line("  (latency: from the trip stored by JetStream to its result stored by JetStream)")

    def _show_dead_letters(self, audit):
        self._screen.heading("Dead letters, by reason")
        found = collections.Counter((output.reason, output.tenant) for outputs in audit.outputs.values() for output in outputs
                                    if output.kind == "dead")
        rows = [[reason, *(f"{found[reason, tenant]:,}" for tenant in TENANTS)]
                for reason in sorted({reason for reason, _ in found})]
        self._screen.table(["reason", *TENANTS], rows)

    def _show_trips(self, audit):
        self._screen.heading("A few scored trips")
        rows = []
        for tenant in TENANTS:
            scored = [output for output in audit.outputs[tenant] if output.score is not None]
            for output in scored[len(scored) // 3:: max(1, len(scored) // 2)][:2]:
                trip, paid = output.trip.trip, output.trip.paid
                rows.append([tenant, trip["trip"], f"{trip['weekday']} {trip['pickuphour']:02d} h", trip["vendorid"],
                             trip["passenger"], f"{trip['distance']:.2f}", f"{output.score:.2f}", f"{paid:.2f}"])
        self._screen.table(["tenant", "trip", "pickup", "vendor", "passengers", "distance", "predicted", "paid"], rows, 3)

    def _check(self, jetstream, audit, stored_at, code):
        missing = audit.missing()
        audit.wrong["settled once"] += [f"input {key} came to nothing" for key in missing]
        left = {name: state for name in jetstream.consumers(INPUT) for state in [jetstream.consumer(INPUT, name)]
                if state["num_pending"] or state["num_ack_pending"]}
        dead = sum(output.kind == "dead" for outputs in audit.outputs.values() for output in outputs)
        scored = sum(map(len, audit.outputs.values())) - dead
        publishing = []
        if self._published != self._planned or self._doubtful or len(stored_at) != len({key[0] for key in self._expected}):
            publishing = [f"{sum(self._published.values())} of {sum(self._planned.values())} trips stored"]
        claims = [
            (f"{INPUT} holds the {self._options.trips:,} trips published, each confirmed", publishing),
            (f"each trip settled exactly once: {scored:,} scored + {dead:,} dead letters = {scored + dead:,}",
             audit.wrong["settled once"]),
            ("each score is what the model says when asked again here", audit.wrong["scores"]),
            ("each bad trip is a dead letter for the very reason it was spoiled, and no good trip is", audit.wrong["ends"]),
            ("nothing of one tenant stands under another's subject", audit.wrong["tenants"] + audit.wrong["subjects"]),
            ("each identity occurs once", audit.wrong["identities"]),
            ("nothing is left unread or unacknowledged", [f"consumer {name}" for name in left]),
            ("millrace drained and exited 0 on SIGTERM", [] if code == 0 else [f"exit code {code}"]),
        ]
        return check_claims(self._screen, claims)


def main():
    parser = argparse.ArgumentParser(description="Scores synthetic taxi trips with Millrace and checks every one.")
    parser.add_argument("millrace", type=pathlib.Path, help="the millrace binary")
    parser.add_argument("--trips", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=8_000, help="trips published a second")
    parser.add_argument("--patience", type=float, default=30.0, help="seconds without movement before giving up")
    options = parser.parse_args()
    options.millrace = options.millrace.resolve()
    return perform(lambda screen, children, folder: Demo(screen, options).run(children, folder))


if __name__ == "__main__":
    sys.exit(main())

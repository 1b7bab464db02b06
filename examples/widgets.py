"""make widgets: how many widgets of each kind were made in five seconds, through a kill -9, checked to the last widget.

Starts a private nats-server, lets Millrace set up its streams and run, publishes widgets of three tenants, out of order
and some of them too late, kills the bridge in the middle and starts it again, and compares every aggregate, and the
summary of the newest ones in a key-value bucket, with a second computation over the stored input. Exits 0 only when all are right. Leaves nothing behind: no process, no file.
"""
import argparse
import collections
import pathlib
import sys
import time

import nats_wire
import reference
import summary
from audit import Audit
from children import NatsServer
from reference import SECOND, Aggregate, Reference, Rules
from show import milliseconds, percentile
from staging import WentWrong, check_claims, perform, run_to_end, write_config
from widgets.load import TENANTS, WIDGETS, Maker

HERE = pathlib.Path(__file__).resolve().parent
INPUT = "WIDGETS"
BUCKET = "widgets"
AGGREGATE = Aggregate("widgets-5s", (reference.tumbling, 5 * SECOND), ("widgetId",), {"created": ("count", None)})
RULES = Rules(out_of_order=1 * SECOND, late=3 * SECOND)  # as widgets/millrace.yaml says


class Widgets:
    """One run."""

    def __init__(self, screen, options):
        self._screen = screen
        self._options = options
        self._published = collections.Counter()
        self._recovered = None  # seconds from the kill until the bridge took messages again

    def run(self, children, folder):
        """From nothing to a verdict; True when all is right."""
        show, options = self._screen, self._options
        events = options.rate * options.seconds
        show.line(f"Millrace demo: {events:,} widgets of {len(TENANTS)} tenants, counted per kind and five seconds")
        show.line()
        server = NatsServer(children, folder).start()
        show.line(f"  nats-server {server.version():<8} {server.url}, JetStream, files in a temporary folder")
        config = write_config(HERE / "widgets" / "millrace.yaml", folder, server.url)
        run_to_end(children, "millrace-setup", [options.millrace, "setup", "-c", config, "--apply"], folder)

        def start_bridge():
            return children.start("millrace", [options.millrace, "run", "-c", config], folder / "millrace.log")

        with nats_wire.Connection(server.url) as connection:
            jetstream = nats_wire.JetStream(connection)
            outputs = jetstream.api("STREAM.NAMES", {"subject": f"aggregates.{TENANTS[0]}.{AGGREGATE.name}"}).get("streams")
            if not outputs:
                raise WentWrong(f"no stream takes aggregates.*.{AGGREGATE.name} after `millrace setup --apply`")
            show.line(f"  streams              {INPUT} in, {outputs[0]} out, and the bucket {BUCKET}")
            bridge = start_bridge()
            show.line(f"  millrace run         process {bridge.pid}")
            show.heading(f"Publishing {options.rate:,} widgets a second")
            bridge = self._flow(connection, jetstream, bridge, start_bridge, outputs[0])
            audit = self._await_windows(jetstream, outputs[0], bridge)
            code = bridge.stop(30.0)
            return self._verdict(jetstream, audit, code)

    def _flow(self, connection, jetstream, bridge, start_bridge, output):
        # Publishes at the rate asked for, with one kill -9 in the middle; returns the bridge that runs in the end.
        options, maker = self._options, Maker()
        publisher = nats_wire.AckedPublisher(connection, lambda tenant, *_: self._published.update([tenant]))
        total, sent, killed, drawn = options.rate * options.seconds, 0, None, 0.0
        started = time.monotonic()
        while sent < total:
            now = time.monotonic()
            while sent < min(total, (now - started) * options.rate):
                tenant, subject, payload = maker.event(time.time_ns())
                publisher.send(subject, payload, f"widget-{sent}", tenant)
                sent += 1
            connection.pump(0.002)
            if killed is None and sent >= total // 2:
                before, killed = self._consumers(jetstream), now
                bridge.kill()
                bridge = start_bridge()
                self._screen.line(f"  kill -9 after {now - started:.1f} s; started again as process {bridge.pid}")
            elif killed is not None and self._recovered is None and now - drawn > 0.1:
                self._notice_recovery(jetstream, before, killed)
            if now - drawn > 0.2:
                drawn = now
                self._draw(jetstream, output, sent, total, now - started)
        publisher.drain()
        deadline = time.monotonic() + options.patience
        while self._recovered is None and time.monotonic() < deadline and bridge.running():
            self._notice_recovery(jetstream, before, killed)
            time.sleep(0.05)
        self._draw(jetstream, output, sent, total, time.monotonic() - started, True)
        return bridge

    @staticmethod
    def _consumers(jetstream):
        return set(jetstream.consumers(INPUT))

    def _notice_recovery(self, jetstream, before, killed):
        # Each position of an owner has a consumer of its own.
        if self._consumers(jetstream) - before:
            self._recovered = time.monotonic() - killed

    def _draw(self, jetstream, output, sent, total, seconds, final=False):
        stored = jetstream.stream(output)["state"]["messages"]
        self._screen.progress([("published", sent, total, f"{sent:>7,}")], f"{stored:,} aggregates, {seconds:.1f} s", final)

    def _await_windows(self, jetstream, output, bridge):
        # The last windows close once it is proven that nothing more of them comes.
        self._screen.heading("Waiting for the last windows")
        expected = Reference([AGGREGATE], RULES, "createdAt", lambda subject: subject.split(".")[1])
        expected.read(jetstream.read(INPUT))
        audit, position, deadline = Audit(expected), 1, time.monotonic() + self._options.patience
        while audit.to_come() and time.monotonic() < deadline:
            if not bridge.running():
                raise WentWrong(f"millrace ended with code {bridge.process.returncode}\n{bridge.tail()}")
            for stored in jetstream.read(output, position):
                position = stored.sequence + 1
                audit.take(stored)
            time.sleep(0.2)
        if audit.to_come():
            self._screen.line(f"  not all came within {self._options.patience:g} s; the last the bridge said:\n{bridge.tail()}")
        time.sleep(1.0)  # for what should not come any more
        for stored in jetstream.read(output, position):
            audit.take(stored)
        return audit

    def _verdict(self, jetstream, audit, code):
        self._show_tenants(audit)
        self._show_window(audit)
        found = summary.read(jetstream, BUCKET)
        wrong, expected = audit.wrong, audit.reference
        audit.finish()
        left = [name for name in jetstream.consumers(INPUT) for state in [jetstream.consumer(INPUT, name)]
                if state["num_pending"] or state["num_ack_pending"]]
        total = self._options.rate * self._options.seconds
        standings = collections.Counter(expected.standing.values())
        stored = len(expected.standing)
        return check_claims(self._screen, [
            (f"{INPUT} holds the {total:,} widgets published, each confirmed",
             [] if stored == total == sum(self._published.values()) else [f"{stored:,} stored"]),
            (f"each counts once: {standings['in_time']:,} in time + {standings['adjusted']:,} moved to the limit",
             [] if standings["in_time"] + standings["adjusted"] == total else [str(standings)]),
            (f"none of the {len(audit.expected):,} aggregates of the second computation is missing", wrong["missing"]),
            ("none is there twice, and each identity occurs once", wrong["twice"] + wrong["identities"] + audit.copies),
            ("none is different, and none is there that should not be", wrong["different"] + wrong["unexpected"]),
            (f"the bucket has the newest aggregate of each of {len(found):,} widgets of a tenant",
             summary.compare("widgets", audit.expected, audit.identities(), found)),
            ("nothing of one tenant stands under another's subject", wrong["tenants"]),
            (f"after kill -9 messages were taken again within {self._recovered or 0:.1f} s (lease 3 s)",
             [] if self._recovered else ["they were not"]),
            ("nothing is left unread or unacknowledged", [f"consumer {name}" for name in left]),
            ("millrace handed over and exited 0 on SIGTERM", [] if code == 0 else [f"exit code {code}"]),
        ])

    def _show_tenants(self, audit):
        self._screen.heading("Per tenant")
        expected, rows = audit.reference, []
        for tenant in TENANTS:
            standings = collections.Counter(standing for place, standing in expected.standing.items()
                                            if expected.tenants[place] == tenant)
            waits = sorted(ns - key.end for key, ns in audit.stored_ns.items() if key.tenant == tenant)
            rows.append([tenant, f"{self._published[tenant]:,}", f"{standings['in_time']:,}", f"{standings['adjusted']:,}",
                         f"{len(waits):,}", *(milliseconds(percentile(waits, share)) for share in (0.5, 0.9, 1.0))])
        self._screen.table(["tenant", "published", "in time", "moved", "aggregates", "p50", "p90", "slowest"], rows)
        self._screen.line("  (from the end of the window to its aggregate stored by JetStream; the tolerance of 1 s is part of it)")

    def _show_window(self, audit):
        ends = sorted({key.end for key in audit.expected})
        if len(ends) < 3:
            return
        end = ends[len(ends) // 2]
        self._screen.heading(f"The window that ends {reference.rfc3339(end, 0)}, its busiest widgets")
        rows = []
        for widget in range(min(WIDGETS, 5)):
            found = {key.tenant: fields["created"] for key, fields in audit.expected.items()
                     if key.end == end and key.group == (widget,)}
            rows.append([f"widget {widget}", *(found.get(tenant, 0) for tenant in TENANTS)])
        self._screen.table(["", *TENANTS], rows)


def main():
    parser = argparse.ArgumentParser(description="Counts synthetic widgets with Millrace, kills it, and checks every count.")
    parser.add_argument("millrace", type=pathlib.Path, help="the millrace binary")
    parser.add_argument("--seconds", type=int, default=20, help="how long to publish")
    parser.add_argument("--rate", type=int, default=1_000, help="widgets published a second")
    parser.add_argument("--patience", type=float, default=40.0, help="seconds to wait for the last windows")
    options = parser.parse_args()
    options.millrace = options.millrace.resolve()
    return perform(lambda screen, children, folder: Widgets(screen, options).run(children, folder))


if __name__ == "__main__":
    sys.exit(main())

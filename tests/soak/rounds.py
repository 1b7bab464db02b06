"""One round: load, drain, the oracle's verdict, and streams purged, so that a long run stays small on disk and in memory.

The bridge runs on through all of it; only the kill phase ends it. Latency is taken between two clock readings of one
clock, the server's: from the moment the event was stored to the moment its result (or dead letter) was. A burst of a
tenth of a second's worth of events is published ten times a second, and that queue is part of the latency.
"""
import array
import collections
import itertools
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import CONFIG, PIPELINE, TENANTS, Stage  # noqa: E402
from load import Event, EventMaker, Journal, Load  # noqa: E402
from oracle import Oracle  # noqa: E402

MIXED = ("object", "object", "array", "lines", "garbage")
MIXED_EVENTS = 3.0  # in a message of these shapes, on average
PARTITIONS, PARALLEL, BATCH = 2, 2, 25
_SEQUENCE = b"Millrace-Input-Sequence: "


class SoakMaker(EventMaker):
    """Events whose row has one more field, a note of `padding` bytes, which the model is asked with."""

    def __init__(self, poison=0.0, bad=0.0, padding=0, begin=0):
        super().__init__(begin + 1, poison, bad)
        self._number = begin  # goes on from round to round: no two events of a soak have the same n
        self._note = "." * padding
        self._tail = b', "note": "%s"}' % self._note.encode() if padding else b"}"

    @property
    def number(self):
        """How many it has made, the beginning included."""
        return self._number

    def event(self, tenant):
        event = super().event(tenant)
        if event.row is None:
            return event
        return Event(tenant, event.end, event.text[:-1] + self._tail, [*event.row, self._note])


class InTurn(Load):
    """A load whose tenants take turns instead of being drawn."""

    def _tenant(self):
        if not hasattr(self, "_turns"):
            self._turns = itertools.cycle(self._tenants)
        return next(self._turns)


class Round:
    """What came of one round. `report` is the oracle's."""

    def __init__(self, report, drain, offered, latency, settled_at):
        self.report, self.drain, self.offered, self.latency, self.settled_at = report, drain, offered, latency, settled_at


class SoakStage(Stage):
    """The stage of a soak: one pipeline, two partitions, tenants as labels, and a model whose speed is known."""

    config = CONFIG.replace("  listen: 127.0.0.1:{admin}", "  listen: 127.0.0.1:{admin}\n  tenant_labels: true").replace(
        "features: [n, tenant, x]", 'features: [n, tenant, x, {{field: note, default: ""}}]')

    def __init__(self):
        super().__init__(partitions=PARTITIONS, parallel=PARALLEL, batch=BATCH, ack_wait="5s", timeout="2s")
        self._rounds = itertools.count()
        self._number = 0
        self._offered = []  # (events, seconds) of each load of this round
        self.new_round()

    def new_round(self):
        """Forgets what was published; the streams are empty."""
        self.journal = Journal(f"soak-{next(self._rounds)}")
        self._offered.clear()

    def publish(self, seconds, rate, tenants=TENANTS, shapes=("object",), poison=0.0, bad=0.0, padding=0, count=None, kind=Load,
                meanwhile=None):
        """`rate` events a second for `seconds`, or `count` of them; returns the rate reached. While it lasts, calls
        `meanwhile(seconds since it began)` every tenth of a second; that may end it by returning True."""
        per_message = MIXED_EVENTS if shapes is MIXED else 1.0
        maker = SoakMaker(poison, bad, padding, self._number)
        load = kind(self.server.url, self.journal, maker, self.subject, tenants, max(10, round(rate / per_message)), shapes, count)
        begin = time.monotonic()
        load.start()
        if count is not None:
            load.finish(600.0)
        else:
            while (passed := time.monotonic() - begin) < seconds and load.failure is None:
                if meanwhile is not None and meanwhile(passed):
                    break
                time.sleep(max(0.0, min(0.1, seconds - passed)))
            load.stop()
        took = time.monotonic() - begin
        self._number = maker.number
        self._offered.append((load.events, took))
        return load.events / took

    def backlog(self):
        """Messages that are not acked yet."""
        return sum(self.pending())

    def _read(self, stream):
        """A stream's messages, few at a time where they are large: the server cuts off who has 64 MiB unread."""
        state = self.jetstream.stream(stream)["state"]
        size = state["bytes"] // max(1, state["messages"])
        return self.jetstream.read(stream, batch=max(1, min(2000, (8 << 20) // max(1, size))))

    def judge(self, within=900.0, by_tenant=False):
        """Drains, asks the oracle, purges. RuntimeError when it does not drain at all."""
        begin = time.monotonic()
        self.settle(within)
        drain = time.monotonic() - begin
        oracle, stored = Oracle(self.journal, PIPELINE), {}
        latency, settled_at = collections.defaultdict(lambda: array.array("f")), array.array("d")

        def inputs():
            for message in self._read("EVENTS"):
                stored[message.sequence] = message.stored_ns
                yield message

        def outputs():
            for message in self._read("RESULTS"):
                at = message.head.find(_SEQUENCE)
                if at >= 0:
                    since = stored.get(int(message.head[at + len(_SEQUENCE):].split(b"\r", 1)[0]), message.stored_ns)
                    tenant = message.subject.split(".")[1] if by_tenant else "all"
                    latency[tenant].append((message.stored_ns - since) / 1e9)
                    settled_at.append(message.stored_ns / 1e9)
                yield message

        oracle.read_input(inputs())
        oracle.read_output("RESULTS", outputs())
        result = Round(oracle.verdict(), drain, list(self._offered), latency, settled_at)
        for stream in ("EVENTS", "RESULTS"):
            self.jetstream.api(f"STREAM.PURGE.{stream}", timeout=30.0)
        self.new_round()
        return result

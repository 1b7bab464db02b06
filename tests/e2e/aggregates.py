"""The stage of the end-to-end tests of windowed aggregates: pipelines without an endpoint, timed events, and the reference.

The judge is examples/reference.py, which computes every aggregate once more from the stored input, and examples/audit.py,
which compares.
"""
import collections
import json
import random
import sys
import time

from harness import SECOND, Stage, partition_of, wait_until

import reference
import summary
from audit import Audit
from load import Event, Load, canary
from oracle import CANARY
from reference import Aggregate, Reference, Rules, nanoseconds, rfc3339

MS = 1_000_000
OUTPUTS = "AGGREGATES"
BUCKET = "sums"

CONFIG = """\
version: 1
nats:
  urls: ["{url}"]
{more_nats}admin:
  listen: 127.0.0.1:{admin}
drain_timeout: {drain_timeout}
pipelines:
{pipelines}"""

PIPELINE = """\
  - name: {name}
    partitions: {partitions}
    input:
      stream: EVENTS
      subject: {subject}
    event:
      timestamp: at
      out_of_order_tolerance: {out_of_order}ms
      late_arrival_tolerance: {late}ms
      early_limit: {early}ms
      on_late: {on_late}
{more_event}    aggregates:
      - name: {name}-second
        window: {{tumbling: 1s}}
        group_by: [kind]
        select: {{events: count(), known: count(x), x: sum(x), mean: avg(x), least: min(x), most: max(x), first: first(n), last: last(n)}}
        kv_bucket: {bucket}
      - name: {name}-moving
        window: {{hopping: {{size: 2s, hop: 1s}}}}
        select: {{events: count(), x: sum(x)}}
      - name: {name}-session
        window: {{session: {{timeout: 50ms, max_duration: 1s}}}}
        group_by: [kind]
        select: {{events: count(), mean: avg(x)}}
        kv_bucket: {bucket}
{more_aggregates}    dead_letter:
      subject: dead.{{tenant}}.{name}
    state:
      lease: {lease}
      checkpoint_every: 200ms
"""

# As many groups as events.
EACH = """\
      - name: {name}-each
        window: {{tumbling: 5s}}
        group_by: [n, canary]
        select: {{x: last(x)}}
"""

_SELECT = {"events": ("count", None), "known": ("count", "x"), "x": ("sum", "x"), "mean": ("avg", "x"), "least": ("min", "x"),
           "most": ("max", "x"), "first": ("first", "n"), "last": ("last", "n")}


class Pipeline:
    """What one pipeline of the stage does about time, in milliseconds; as configured, and as the reference takes it."""

    def __init__(self, name="counts", on_late="adjust", out_of_order=300, late=1000, early=60_000, each=False):
        self.name, self.on_late, self._each = name, on_late, each
        self._times = {"out_of_order": out_of_order, "late": late, "early": early}
        self.aggregates = [
            Aggregate(f"{name}-second", (reference.tumbling, SECOND), ("kind",), _SELECT),
            Aggregate(f"{name}-moving", (reference.hopping, 2 * SECOND, SECOND), (), {name: _SELECT[name] for name in ("events", "x")}),
            Aggregate(f"{name}-session", (reference.session, 50 * MS, SECOND), ("kind",),
                      {name: _SELECT[name] for name in ("events", "mean")}),
        ]
        if each:
            self.aggregates.append(Aggregate(f"{name}-each", (reference.tumbling, 5 * SECOND), ("n", "canary"), {"x": ("last", "x")}))

    def text(self, **settings):
        """Its part of the configuration file."""
        more = f"      late_subject: late.{{tenant}}.{self.name}\n" if self.on_late == "subject" else ""
        return PIPELINE.format(name=self.name, bucket=BUCKET, on_late=self.on_late, more_event=more,
                               more_aggregates=EACH.format(name=self.name) if self._each else "", **self._times, **settings)

    def reference(self, partitions):
        """A reference that has read nothing yet."""
        times = {name: milliseconds * MS for name, milliseconds in self._times.items()}
        return Reference(self.aggregates, Rules(**times, adjust=self.on_late == "adjust"), "at",
                         lambda subject: subject.split(".")[-2], lambda subject: partition_of(subject.split(".")[-2], partitions),
                         self.on_late == "subject")

    def summarizes(self, key):
        """Whether the newest of its group stands in the bucket."""
        return key.aggregate in (f"{self.name}-second", f"{self.name}-session")

    def publishes(self, subject):
        """Whether a message of this subject is one of its outputs."""
        return subject.split(".")[-1].split("-")[0] == self.name


class TimedMaker:
    """Makes events with a time of their own, for Load. They come `disorder` seconds late in the mean; of `odd` shares each kind
    of oddity has its own: late, early, bad."""

    def __init__(self, seed=1, disorder=0.03, late=0.0, early=0.0, bad=0.0, first=0):
        self._chance = random.Random(seed)
        self._disorder, self._late, self._early, self._bad = disorder, late, early, bad
        self._number = first

    def _age(self):
        # Seconds from when it happened until now.
        chance = self._chance.random()
        if chance < self._late:
            return self._chance.uniform(0.2, 4.0)
        if chance < self._late + self._early:
            return -self._chance.choice((0.5, 3.0, 100.0, 1e7))
        return self._chance.expovariate(1 / self._disorder)

    def event(self, tenant):
        """One event."""
        self._number += 1
        chance = self._chance
        at = rfc3339(time.time_ns() - int(self._age() * SECOND), chance.choice((3, 3, 6, 9)))
        content = {"n": self._number, "kind": chance.choice(("red", "green", "blue", 7, None)), "at": at,
                   "x": chance.choice((chance.randrange(-1000, 1000), chance.randrange(1 << 20) / 64, chance.random(), None, True)),
                   "canary": canary(tenant)}
        if content["kind"] is None:
            del content["kind"]  # missing counts as null
        end = "applied"
        if chance.random() < self._bad:
            end = chance.choice(("timestamp_invalid", "not_an_object"))
            if end == "not_an_object":
                return Event(tenant, end, json.dumps(f"{self._number} {canary(tenant)}").encode(), None)
            content["at"] = chance.choice(("yesterday", 17, None, at[:-1]))
        return Event(tenant, end, json.dumps(content).encode(), None)

    def message(self, tenant, shape):
        """(payload, events) in one of the shapes: object, array, garbage."""
        if shape == "garbage":
            self._number += 1
            text = b'{"n": %d, "canary": "%s", ' % (self._number, canary(tenant).encode())
            return text, [Event(tenant, "not_json", text, None)]
        events = [self.event(tenant) for _ in range(1 if shape == "object" else self._chance.randrange(2, 12))]
        texts = [event.text for event in events]
        return texts[0] if shape == "object" else b"[" + b", ".join(texts) + b"]", events


class AggregateStage(Stage):
    """A Stage of aggregate-only pipelines, with streams EVENTS, AGGREGATES and MILLRACE_STATE."""

    config = CONFIG
    maker = TimedMaker
    outputs = ("aggregates.>", "late.>", "dead.>", "dead-unroutable.>")

    def __init__(self, pipelines=(Pipeline(),), lease="2s", largest_state=-1, together=False, **options):
        self._largest_state = largest_state  # bytes of a message of the state stream
        self._together = together  # state is stored among the outputs, where servers that can store it with them as one
        super().__init__(**options)
        self.pipelines = pipelines
        self.settings["pipelines"] = "".join(
            pipeline.text(partitions=self.partitions, subject=self.settings["subject"], lease=lease,
                          endpoint=self.settings["endpoint_url"]) for pipeline in pipelines)
        self._faults = []  # (name, wall clock)

    def make_endpoint(self):
        return None

    def make_outputs(self, duplicate_window):
        state = ["millrace.state.>"]
        more = {"discard": "new", "allow_atomic": True} if self._together else {}
        self.jetstream.add_stream(OUTPUTS, list(self.outputs) + (state if self._together else []), duplicate_window=duplicate_window,
                                  num_replicas=self.REPLICAS, **more)
        self.jetstream.add_stream(f"KV_{BUCKET}", [f"$KV.{BUCKET}.>"], discard="new", max_msgs_per_subject=1, allow_rollup_hdrs=True,
                                  deny_delete=True, allow_direct=True, num_replicas=self.REPLICAS)
        if not self._together:
            self.jetstream.add_stream("MILLRACE_STATE", state, discard="new", max_msg_size=self._largest_state,
                                      num_replicas=self.REPLICAS)

    def subject(self, tenant, number):
        # All of a tenant is in one partition.
        middle = f"{partition_of(tenant, self.partitions)}." if self.partitions > 1 else ""
        return f"events.{middle}{tenant}.raw"

    def load(self, rate=500, tenants=("alpha", "beta", "gamma"), shapes=("object",), count=None, **oddities):
        self._loads += 1
        maker = self.maker(self._loads * 1_000_003, first=self._loads * 1_000_000, **oddities)
        started = Load(self.server.url, self.journal, maker, self.subject, tenants, rate, shapes, count)
        started.start()
        return started

    # faults and how long they were felt

    def fault(self, name):
        """Notes what is done now, for the report."""
        self._faults.append((name, time.time()))

    def claims(self):
        """When which partition was claimed, as the bridges' logs say: sorted (wall clock, partition)."""
        found = []
        for log in self.folder.glob("millrace-*.log"):
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
                if '"event":"claimed"' in line:
                    said = json.loads(line)
                    found.append((nanoseconds(said["ts"]) / SECOND, said["text"].split(":")[0]))
        return sorted(found)

    def owners(self, claims, within=30.0):
        """Waits until there were so many claims in all."""
        return wait_until(lambda: len(self.claims()) >= claims, f"{claims} claims", within, self.bridge, 0.05)

    def restart_server(self, down=0.0):
        self.fault("kill -9 of nats-server")
        super().restart_server(down)

    def tell_recovery(self, stored_ns):
        """From each fault to the first claim and to the first aggregate after it, before the next fault."""
        claims, stored = [at for at, _ in self.claims()], sorted(ns / SECOND for ns in stored_ns)
        waits = collections.defaultdict(list)
        for (name, when), (_, until) in zip(self._faults, [*self._faults[1:], ("", float("inf"))]):
            for what, times in (("an owner", claims), ("an aggregate", stored)):
                after = next((at - when for at in times if when < at < until), None)
                if after is not None:
                    waits[name, what].append(after)
        for (name, what), found in waits.items():
            found.sort()
            print(f"{name}: {what} again after {found[len(found) // 2]:.2f} s in the middle, {found[-1]:.2f} s at most "
                  f"({len(found)} times)", file=sys.stderr)

    # the end

    def verify(self, test, wire_doubles_allowed=False, within=60.0):
        """Waits until all windows are out, compares, and says what was found. Requires: the load has ended."""
        self.connection.reconnect()  # the server drops who is silent for minutes
        stored = list(self.jetstream.read("EVENTS"))
        ends = self._ends(test, stored)
        audits = {pipeline: self._audit(pipeline, stored, ends, test) for pipeline in self.pipelines}
        position, deadline = 1, time.monotonic() + within
        quiet_at = None  # what should not come gets a second to come
        while time.monotonic() < deadline and (quiet_at is None or time.monotonic() < quiet_at):
            for output in self.jetstream.read(OUTPUTS, position):
                position = output.sequence + 1
                if not output.subject.startswith("millrace."):
                    self._take(output, audits, ends, test)
            if quiet_at is None and not any(audit.to_come() for audit in audits.values()):
                quiet_at = time.monotonic() + 1.0
            time.sleep(0.1)
        for pipeline, audit in audits.items():
            wrong = audit.finish()
            lines = [f"{claim}: {len(audit.wrong[claim])}, {audit.wrong[claim][:4]}" for claim in wrong]
            test.assertEqual(wrong, [], f"{pipeline.name}\n" + "\n".join(lines) + f"\n{self.bridge.tail()}")
            test.assertGreater(len(audit.expected), 0, "nothing was to come")
            if not wire_doubles_allowed:
                test.assertEqual(audit.copies, [], f"{pipeline.name}: stored more than once")
            self._verify_summary(pipeline, audit, test)
            standings = dict(collections.Counter(audit.reference.standing.values()))
            print(f"{pipeline.name}: {standings} → {len(audit.expected)} aggregates, {len(audit.copies)} identical copies",
                  file=sys.stderr)
        self.tell_recovery(ns for audit in audits.values() for ns in audit.stored_ns.values())
        self.failed = False
        return audits

    def _verify_summary(self, pipeline, audit, test):
        """The bucket holds the newest aggregate of each group, and nothing else."""
        expected = {key: body for key, body in audit.expected.items() if pipeline.summarizes(key)}
        found = {key: value for key, value in summary.read(self.jetstream, BUCKET).items() if key.startswith(pipeline.name + ".")}
        wrong = summary.compare(pipeline.name, expected, audit.identities(), found)
        test.assertEqual(wrong[:4], [], f"{pipeline.name}: {len(wrong)} of {len(found)} entries of the summary\n{self.bridge.tail()}")
        print(f"{pipeline.name}: {len(found)} groups in the summary", file=sys.stderr)

    def _ends(self, test, stored):
        """(sequence, element) → how each event was meant to end; all that was confirmed has to be there."""
        kept, ends = {}, {}
        for message in stored:
            message_id = message.headers.get("Nats-Msg-Id")
            kept[message_id] = message.sequence
            for element, event in enumerate(self.journal.entries[message_id].events):
                ends[message.sequence, element] = event.end
        lost = [message_id for message_id in self.journal.confirmed if message_id not in kept]
        test.assertEqual(lost, [], "confirmed, and not in the input stream")
        return ends

    def _audit(self, pipeline, stored, ends, test):
        judge = pipeline.reference(self.partitions)
        judge.read(stored)
        dead = {place for place, end in ends.items() if end != "applied"}
        test.assertEqual({place for place, standing in judge.standing.items() if standing == "dead"}, dead, "the reference errs")
        return Audit(judge)

    def _take(self, output, audits, ends, test):
        owner = next((audit for pipeline, audit in audits.items() if pipeline.publishes(output.subject)), None)
        test.assertIsNotNone(owner, f"{output.subject} is of no pipeline")
        owner.take(output)
        tenant = output.subject.split(".")[1]
        found = set(CANARY.findall(output.payload)) - {canary(tenant).encode()}
        test.assertEqual(found, set(), f"{output.subject} carries another tenant's events")
        if output.subject.startswith("dead."):
            headers = output.headers
            place = int(headers["Millrace-Input-Sequence"]), int(headers["Millrace-Element"])
            test.assertEqual(headers.get("Millrace-Reason"), ends.get(place), f"the reason of dead letter {place}")

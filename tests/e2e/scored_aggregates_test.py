"""Aggregates of scores, with a model that gives another score each time it is asked: what is aggregated is what stands on
the results' subjects, once for each event, through kills of the bridge.
"""
import json
import random
import subprocess
import sys
import time
import unittest

from aggregates import AggregateStage, Pipeline, TimedMaker
from harness import BINARY, SECOND, EndToEnd, Stage, partition_of, wait_until

import reference
from load import Event, canary
from reference import Aggregate, Reference, Rules, rfc3339
from scoring import KILLER

PIPELINE = """\
  - name: {name}
    partitions: {partitions}
    input:
      stream: EVENTS
      subject: {subject}
    event:
      timestamp: at
      features: [n, tenant, x]
    endpoint:
      url: {endpoint}
      max_batch_count: 100
      timeout: 5s
      control: [0, control, 1]
    results:
      subject: results.{{tenant}}.{name}
    aggregates:
      - name: {name}-second
        window: {{tumbling: 1s}}
        group_by: [kind]
        select: {{events: count(), total: sum(score), last: last(score), x: sum(x)}}
    dead_letter:
      subject: dead.{{tenant}}.{name}
    state:
      lease: {lease}
      checkpoint_every: 200ms
"""


class ScoredReference(Reference):
    """Takes the score of each event from where it is stored; an event without one is dead, and moves the clock only."""

    scores = {}

    def _take(self, place, tenant, partition, text, stored_ns):
        event = json.loads(text)
        if place not in self.scores:
            self._clocks[partition].judge(tenant, reference.nanoseconds(event["at"]), stored_ns)
            return "dead"
        return super()._take(place, tenant, partition, json.dumps({**event, "score": self.scores[place]}), stored_ns)


class ScoredPipeline(Pipeline):
    def __init__(self):
        super().__init__("scores")
        select = {"events": ("count", None), "total": ("sum", "score"), "last": ("last", "score"), "x": ("sum", "x")}
        self.aggregates = [Aggregate("scores-second", (reference.tumbling, SECOND), ("kind",), select)]

    def text(self, **settings):
        return PIPELINE.format(name=self.name, **settings)

    def reference(self, partitions):
        return ScoredReference(self.aggregates, Rules(), "at", lambda subject: subject.split(".")[-2],
                               lambda subject: partition_of(subject.split(".")[-2], partitions))

    def summarizes(self, key):
        return False


class ScoredMaker(TimedMaker):
    """One event in three hundred is refused by the model."""

    def event(self, tenant):
        self._number += 1
        chance = self._chance
        poison = chance.random() < 0.003
        content = {"n": self._number, "tenant": tenant, "kind": chance.choice(("red", "green", "blue")),
                   "at": rfc3339(time.time_ns() - int(self._age() * SECOND)), "x": -1 if poison else chance.randrange(1000),
                   "canary": canary(tenant)}
        return Event(tenant, "rejected" if poison else "applied", json.dumps(content).encode(), None)


class KillerMaker(ScoredMaker):
    """The five hundredth event kills who asks about it."""

    def event(self, tenant):
        made = super().event(tenant)
        content = json.loads(made.text)
        if content["n"] % 1_000_000 != 500:
            return made
        return Event(tenant, "endpoint_crash", json.dumps({**content, "x": KILLER}).encode(), None)


class ScoredStage(AggregateStage):
    maker = ScoredMaker
    outputs = (*AggregateStage.outputs, "results.>")

    def make_endpoint(self):
        return Stage.make_endpoint(self)

    def verify(self, test, *args, **options):
        """As its base, once each event has its result or its dead letter; there is one of them."""
        self.results = {}  # place → score
        self._position = 1
        total = sum(len(self.journal.entries[message.headers["Nats-Msg-Id"]].events) for message in self.jetstream.read("EVENTS"))
        self._dead = set()
        wait_until(lambda: self._read(test) >= total, f"{total} events with a result or a dead letter", 60.0, self.bridge, 0.2)
        ScoredReference.scores = self.results
        asked = self.endpoint.stats()["rows"]
        print(f"{len(self.results)} results, {len(self._dead)} dead letters, {asked} rows asked for", file=sys.stderr)
        return super().verify(test, *args, **options)

    def _read(self, test):
        for stored in self.jetstream.read("AGGREGATES", self._position):
            self._position = stored.sequence + 1
            kind = stored.subject.split(".")[0]
            if kind not in ("results", "dead"):
                continue
            place = int(stored.headers["Millrace-Input-Sequence"]), int(stored.headers["Millrace-Element"])
            test.assertNotIn(place, self.results, f"event {place} has a result, and once more a {kind}")
            test.assertNotIn(place, self._dead, f"event {place} has a dead letter, and once more a {kind}")
            if kind == "results":
                self.results[place] = json.loads(stored.payload)["score"]
            else:
                self._dead.add(place)
        return len(self.results) + len(self._dead)

    def _take(self, output, audits, ends, test):
        if output.subject.startswith("results."):
            tenant = output.subject.split(".")[1]
            return test.assertEqual(output.headers["Millrace-Tenant"], tenant)
        return super()._take(output, audits, ends, test)


class KillerStage(ScoredStage):
    maker = KillerMaker


class ScoredAggregatesTest(EndToEnd):
    def prepare(self, kind=ScoredStage, **options):
        stage = self.put_on(kind, pipelines=(ScoredPipeline(),), **options)
        stage.endpoint.script(nonce=True, delay=0.02)
        stage.start_bridge()
        return stage, stage.load(rate=200, shapes=("object", "object", "array"))

    def end(self, stage, load):
        load.stop()
        stage.verify(self)
        stage.stop_bridge(self)

    def test_try_shows_the_result_and_its_aggregates(self):
        stage = self.put_on(ScoredStage, pipelines=(ScoredPipeline(),))
        stage.endpoint.script(nonce=True)
        stage.start_bridge()
        event = json.dumps({"n": 1, "tenant": "alpha", "kind": "red", "at": "2026-01-01T00:00:00Z", "x": 3})
        tried = subprocess.run([BINARY, "try", "-c", stage.folder / "millrace-1.yaml", "--tenant", "alpha"], input=event, text=True,
                               capture_output=True, timeout=20, check=False)
        self.assertEqual(tried.returncode, 0, tried.stdout + tried.stderr)
        self.assertIn('results.alpha.scores\n', tried.stdout)
        self.assertIn('{"score":0}', tried.stdout)
        self.assertIn('"kind":"red","events":1,"total":0,"last":0,"x":3', tried.stdout)
        stage.failed = False

    def test_kill_9_at_random_moments(self):
        stage, load = self.prepare(partitions=2, duplicate_window=2.0)  # shorter than a take-over
        chance = random.Random(7)
        for _ in range(3):
            time.sleep(chance.choice((0.5, 2.5, 3.5)) + chance.random())
            stage.fault("kill -9 of the bridge")
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        self.end(stage, load)

    def test_an_event_that_owners_die_of(self):
        """Whoever sends it is killed, by kill -9, while the endpoint has it: it is set aside, and all others get through."""
        stage, load = self.prepare(KillerStage, duplicate_window=2.0)
        deaths = 0

        def set_aside():
            return [message for message in stage.jetstream.read("AGGREGATES")
                    if message.headers.get("Millrace-Reason") == "endpoint_crash"]

        while not set_aside():
            self.assertLess(deaths, 10, stage.bridge.tail())
            self.wait(lambda: stage.endpoint.stats().get("killers", 0) > deaths or set_aside(), "it is sent, or set aside", 60.0)
            if stage.endpoint.stats().get("killers", 0) == deaths:
                break
            deaths += 1
            stage.fault("kill -9 of the bridge")
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        found = set_aside()
        self.assertEqual(len(found), 1)
        self.assertIn("the bridge itself ended, 3 times in a row", found[0].headers["Millrace-Detail"])
        print(f"{deaths} owners died of it", file=sys.stderr)
        self.end(stage, load)
        self.assertEqual(stage.endpoint.stats()["killers"], deaths)

    def test_the_endpoint_fails_for_a_while(self):
        stage, load = self.prepare()
        for trouble in ({"status": 503}, {"refuse": True}, {"status": 401}):
            time.sleep(1.0)
            stage.endpoint.script(**trouble)
            time.sleep(1.5)
            stage.endpoint.script(status=0, refuse=False)
        self.end(stage, load)


if __name__ == "__main__":
    unittest.main()

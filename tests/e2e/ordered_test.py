"""Ordered results, by themselves and as batches: each once, and on each subject in the order of the events, through kills
of the bridge, a suspended owner and a killed server, with a duplicate window shorter than a take-over.
"""
import json
import random
import signal
import sys
import time
import types
import unittest

import harness
from harness import EndToEnd, Stage, partition_of

STATE = """\
    ordered: true
    state:
      lease: 2s
      checkpoint_every: 200ms
"""


class OrderedStage(Stage):
    """A Stage whose pipeline orders its results; all of a tenant is in one partition."""

    config = harness.CONFIG.replace("    dead_letter:\n", STATE + "    dead_letter:\n") \
                           .replace("      include: [n, canary]\n", "      include: [n, canary]\n      as: {results_as}\n")

    def __init__(self, results_as="event", **options):
        super().__init__(duplicate_window=1.0, **options)
        self.settings["results_as"] = results_as

    def make_outputs(self, duplicate_window):
        super().make_outputs(duplicate_window)
        self.jetstream.add_stream("MILLRACE_STATE", ["millrace.state.>"], discard="new", num_replicas=self.REPLICAS)

    def subject(self, tenant, number):
        middle = f"{partition_of(tenant, self.partitions)}." if self.partitions > 1 else ""
        return f"events.{middle}{tenant}.raw"

    def verify(self, test, wire_doubles_allowed=False):
        """As its base, on the results one by one; and their order."""
        self.connection.reconnect()
        read = self.jetstream.read
        stored = [result for message in read("RESULTS") for result in unfolded(message, test)]
        self.jetstream.read = lambda name, *more: iter(stored) if name == "RESULTS" else \
            iter(()) if name == "MILLRACE_STATE" else read(name, *more)
        last, messages = {}, set()
        for result in stored:
            if not result.subject.startswith("results."):
                continue
            messages.add(result.sequence)
            place = int(result.headers["Millrace-Input-Sequence"]), int(result.headers["Millrace-Element"])
            test.assertGreater(place, last.get(result.subject, (0, 0)), f"at {result.sequence} on {result.subject}")
            last[result.subject] = place
        print(f"{len(stored)} results in {len(messages)} messages", file=sys.stderr)
        try:
            return super().verify(test, wire_doubles_allowed)
        finally:
            self.jetstream.read = read


def unfolded(message, test):
    """The results of a batch as they would be by themselves; anything else as it is."""
    if message.headers.get("Millrace-Kind") != "results":
        return [message]
    body = json.loads(message.payload)
    places = list(zip(body["sequences"], body["elements"], strict=True))
    test.assertEqual((body["count"], body["first_sequence"], body["last_sequence"]), (len(places), places[0][0], places[-1][0]))
    test.assertEqual(message.headers["Millrace-Count"], str(len(places)))
    one_by_one = []
    for (sequence, element), result in zip(places, body["results"], strict=True):
        headers = {**message.headers, "Millrace-Input-Sequence": str(sequence), "Millrace-Element": str(element),
                   "Nats-Msg-Id": f"{message.headers['Nats-Msg-Id']}.{sequence}.{element}"}
        one_by_one.append(types.SimpleNamespace(sequence=message.sequence, subject=message.subject, headers=headers,
                                                payload=json.dumps(result).encode()))
    return one_by_one


class OrderedTest(EndToEnd):
    def prepare(self, results_as, rate=400, **options):
        stage = self.put_on(OrderedStage, results_as=results_as, partitions=2, **options)
        stage.endpoint.script(delay=0.02)
        stage.start_bridge()
        return stage, stage.load(rate=rate, shapes=("object", "object", "array"), poison=0.003, bad=0.003)

    def end(self, stage, load):
        load.stop()
        stage.settle()
        stage.verify(self)
        stage.stop_bridge(self)

    def kill_at_random_moments(self, results_as):
        stage, load = self.prepare(results_as)
        chance = random.Random(11)
        for _ in range(4):
            time.sleep(chance.choice((0.5, 2.5, 3.5)) + chance.random())
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        self.end(stage, load)

    def test_kill_9_with_results_by_themselves(self):
        self.kill_at_random_moments("event")

    def test_kill_9_with_batches(self):
        self.kill_at_random_moments("batch")

    def test_the_owner_is_suspended_for_longer_than_the_lease(self):
        stage, load = self.prepare("batch")
        first = stage.bridge
        time.sleep(2.0)
        stage.endpoint.script(delay=0.3)  # requests are under way when it stops
        time.sleep(0.5)
        first.signal(signal.SIGSTOP)
        stage.start_bridge(wait=False)
        time.sleep(6.0)
        first.signal(signal.SIGCONT)
        stage.endpoint.script(delay=0.02)
        time.sleep(2.0)
        self.assertTrue(first.running(), "the one that was suspended lives on")
        self.end(stage, load)
        self.assertEqual(first.stop(30.0), 0)

    def test_the_server_is_killed_and_restarted(self):
        stage, load = self.prepare("event")
        for down in (0.0, 3.0):
            time.sleep(2.0)
            stage.restart_server(down)
        time.sleep(1.0)
        self.end(stage, load)

    def test_batches_grow_under_load_only(self):
        stage, load = self.prepare("batch", rate=20)
        time.sleep(3.0)
        load.stop()
        self.wait(lambda: sum(stage.pending()) == 0, "all is settled", 20.0)
        slow = len(list(stage.jetstream.read("RESULTS")))
        load = stage.load(rate=4000)
        time.sleep(3.0)
        load.stop()
        stage.settle()
        many = list(stage.jetstream.read("RESULTS"))[slow:]
        results = sum(int(message.headers.get("Millrace-Count", "1")) for message in many)
        self.assertGreater(results, 4 * len(many), "a batch holds more than four results under load, in the middle")
        stage.verify(self)
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

"""Windowed aggregates through what may happen to a bridge and its server: none missing, none twice, none different.

How long it took until a partition had an owner again is printed; what it may be is not judged here.
"""
import os
import random
import signal
import sys
import time
import unittest

from aggregates import OUTPUTS, AggregateStage, Pipeline
from harness import EndToEnd, seconds


class AggregatesTest(EndToEnd):
    def prepare(self, rate=500, **options):
        """A bridge under load that owns what there is."""
        stage = self.put_on(AggregateStage, **options)
        stage.start_bridge()
        return stage, stage.load(rate=rate)

    def end(self, stage, load, wire_doubles_allowed=False):
        """No more load; all windows must come out, and the bridge must leave in peace."""
        load.stop()
        stage.verify(self, wire_doubles_allowed)
        stage.stop_bridge(self)

    def test_kill_9_at_random_moments(self):
        stage, load = self.prepare(rate=800)
        chance = random.Random(5)
        for _ in range(int(os.environ.get("E2E_KILLS", 6))):
            time.sleep(chance.choice((0.3, 2.5, 3.5)) + chance.random())  # while it claims, too
            self.assertTrue(stage.bridge.running(), f"the bridge ended by itself\n{stage.bridge.tail()}")
            stage.fault("kill -9 of the bridge")
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        self.end(stage, load)

    def test_state_among_the_outputs(self):
        """Where the server has atomic batches, aggregates are stored with the head that commits them; elsewhere as ever."""
        stage, load = self.prepare(rate=800, partitions=2, together=True)
        has_batches = stage.jetstream.stream(OUTPUTS)["config"].get("allow_atomic", False)
        for what in ("bridge", "server", "bridge"):
            time.sleep(seconds(2.5))
            if what == "server":
                stage.restart_server()
                continue
            stage.fault("kill -9 of the bridge")
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        time.sleep(seconds(2.5))
        self.end(stage, load)
        batched = sum("Nats-Batch-Id" in stored.headers for stored in stage.jetstream.read(OUTPUTS)
                      if stored.subject.startswith("aggregates."))
        print(f"{batched} aggregates are stored together with their head", file=sys.stderr)
        self.assertEqual(batched > 0, has_batches)

    def test_the_owner_is_suspended_for_longer_than_the_lease(self):
        stage, load = self.prepare()
        owner = stage.bridge
        stage.start_bridge()
        time.sleep(seconds(1.5))
        stage.fault("SIGSTOP of the owner")
        owner.signal(signal.SIGSTOP)
        stage.owners(2)
        time.sleep(1.0)
        owner.signal(signal.SIGCONT)
        time.sleep(1.5)
        self.assertTrue(owner.running(), f"the late owner ended by itself\n{owner.tail()}")
        self.end(stage, load)
        self.assertEqual(owner.stop(30.0), 0, f"exit code of the late one\n{owner.tail()}")

    def test_the_server_is_killed_and_restarted(self):
        stage, load = self.prepare()
        time.sleep(2.0)
        for down in (0.0, 1.0):
            stage.restart_server(down)
            time.sleep(1.5)
        self.end(stage, load)

    def test_two_partitions_are_handed_over(self):
        stage, load = self.prepare(partitions=2, lease="10s")
        stage.owners(2)
        for claims in (4, 6):
            leaving = stage.bridge
            stage.start_bridge()
            time.sleep(1.0)
            stage.fault("an owner leaves")
            self.assertEqual(leaving.stop(30.0), 0, f"exit code\n{leaving.tail()}")
            stage.owners(claims, within=8.0)  # less than the lease
        time.sleep(1.0)
        self.end(stage, load)

    def test_late_early_disordered_and_undecodable_events(self):
        kinds = [Pipeline("adjusting", "adjust", early=1000), Pipeline("dropping", "drop", early=1000),
                 Pipeline("copying", "subject", early=1000), Pipeline("strict", "drop", out_of_order=0, early=0)]
        stage = self.put_on(AggregateStage, pipelines=kinds)
        stage.start_bridge()
        load = stage.load(rate=400, shapes=("object",) * 6 + ("array", "garbage"), late=0.1, early=0.03, bad=0.02)
        time.sleep(seconds(2.0))
        stage.fault("kill -9 of the bridge")
        stage.bridge.kill()
        stage.start_bridge(wait=False)
        time.sleep(seconds(2.0))
        load.stop()
        audits = stage.verify(self)
        for pipeline, wanted in zip(kinds, ("adjusted", "late", "late", "late")):
            standings = set(audits[pipeline].reference.standing.values())
            self.assertLessEqual({"in_time", wanted, "early", "dead"}, standings, "the load makes too little of a case")
        stage.stop_bridge(self)

    def test_a_tenant_falls_silent(self):
        stage, load = self.prepare()
        silent = stage.load(rate=200, tenants=("quiet",))
        time.sleep(1.5)
        silent.stop()
        ended = time.time()
        reference = stage.pipelines[0].reference(1)
        reference.read(stored for stored in stage.jetstream.read("EVENTS") if ".quiet." in stored.subject)
        due = len(reference.expected())
        # The others go on, so there is no idleness to prove; what is stored of them later says enough.
        self.wait(lambda: sum((stage.jetstream.stream(OUTPUTS, "aggregates.quiet.>")["state"].get("subjects") or {}).values()) >= due,
                  "all windows of the silent tenant", 15.0)
        print(f"a tenant that fell silent had its last window {time.time() - ended:.1f} s later", file=sys.stderr)
        self.end(stage, load)

    def test_a_state_of_several_messages(self):
        stage, load = self.prepare(pipelines=[Pipeline(each=True)], rate=1500, largest_state=16_384)
        parts = 0
        for _ in range(2):
            time.sleep(3.5)
            stage.fault("kill -9 of the bridge")
            stage.bridge.kill()
            subjects = stage.jetstream.stream("MILLRACE_STATE", ">")["state"].get("subjects") or {}
            parts += sum(len(subject.split(".")) > 4 for subject in subjects)
            stage.start_bridge(wait=False)
        self.end(stage, load)
        self.assertGreater(parts, 0, "all of the state fitted into heads")

    def test_the_state_stream_is_full_for_a_while(self):
        stage, load = self.prepare()
        time.sleep(1.5)
        found = stage.jetstream.stream("MILLRACE_STATE")
        config = found["config"]
        stage.fault("the state stream is full")
        # A little more than it holds: to fit into less, the server would drop what is there.
        stage.jetstream.api("STREAM.UPDATE.MILLRACE_STATE", {**config, "max_bytes": found["state"]["bytes"] + 10_000})
        time.sleep(5.0)  # more than two leases
        stage.fault("it has room again")
        stage.jetstream.api("STREAM.UPDATE.MILLRACE_STATE", config)
        time.sleep(1.0)
        self.end(stage, load)

    def test_another_meaning_halts_and_another_generation_goes_on(self):
        stage, load = self.prepare()
        time.sleep(1.0)
        load.stop()
        stage.verify(self)
        stage.stop_bridge(self)
        before = stage.jetstream.stream(OUTPUTS)["state"]["messages"]
        stage.settings["pipelines"] = stage.settings["pipelines"].replace("late_arrival_tolerance: 1000ms", "late_arrival_tolerance: 2s")
        stage.start_bridge(wait=False)
        self.wait(lambda: '"halted"' in stage.bridge.log_text(), "the pipeline halts")
        self.assertIn("fingerprint_mismatch", stage.bridge.log_text())
        stage.stop_bridge(self)
        self.assertEqual(stage.jetstream.stream(OUTPUTS)["state"]["messages"], before)
        stage.settings["pipelines"] = stage.settings["pipelines"].replace("    partitions:", "    generation: 2\n    partitions:")
        stage.start_bridge(wait=False)
        # The same windows once more, under identities of their own.
        self.wait(lambda: stage.jetstream.stream(OUTPUTS)["state"]["messages"] == 2 * before, "the new generation's aggregates")
        stage.stop_bridge(self)

    def test_everything_at_once(self):
        """Two replicas, a short lease, a short duplicate window: whoever publishes late may publish the same bytes once more."""
        stage, load = self.prepare(rate=400, partitions=2, lease="1s", duplicate_window=2.0)
        replicas = [stage.bridge, stage.start_bridge(wait=False)]
        chance, until = random.Random(int(os.environ.get("E2E_SEED", 11))), time.monotonic() + seconds(30)
        while time.monotonic() < until:
            time.sleep(chance.uniform(0.2, 2.5))
            which, act = chance.randrange(2), chance.random()
            if act < 0.85:
                stage.fault("a replica killed, stopped or suspended")
            if act < 0.4:
                replicas[which].kill()
                replicas[which] = stage.start_bridge(wait=False)
            elif act < 0.6:
                self.assertEqual(replicas[which].stop(30.0), 0, f"exit code\n{replicas[which].tail()}")
                replicas[which] = stage.start_bridge(wait=False)
            elif act < 0.85:
                replicas[which].signal(signal.SIGSTOP)
                time.sleep(chance.uniform(0.5, 4.0))
                replicas[which].signal(signal.SIGCONT)
            else:
                stage.restart_server(chance.choice((0.0, 0.5, 3.0)))
        for replica in replicas:
            self.assertTrue(replica.running(), f"a replica ended by itself\n{replica.tail()}")
        load.stop()
        stage.verify(self, wire_doubles_allowed=True)
        for replica in replicas:
            self.assertEqual(replica.stop(30.0), 0, f"exit code\n{replica.tail()}")

    def test_an_outage_longer_than_the_duplicate_window(self):
        stage, load = self.prepare(duplicate_window=1.0)
        for _ in range(2):
            self.wait(lambda: stage.jetstream.stream(OUTPUTS)["state"]["messages"] > 0, "aggregates come out")
            stage.fault("kill -9 of the bridge")
            stage.bridge.kill()
            time.sleep(2.0)
            stage.start_bridge(wait=False)
            stage.owners(len(stage.claims()) + 1)
            time.sleep(1.0)
        self.end(stage, load)


if __name__ == "__main__":
    unittest.main()

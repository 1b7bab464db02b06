"""Several endpoints: what one does not do the next does, a tenant's own is its own, and nothing is lost or doubled."""
import json
import threading
import time
import unittest
import urllib.request

from harness import Endpoint, EndToEnd, SECOND, TENANTS, seconds


class EndpointsTest(EndToEnd):
    def another_endpoint(self, stage):
        """A scripted endpoint beside the stage's own."""
        folder = stage.folder / "another"
        folder.mkdir()
        return Endpoint(stage._children, folder)

    def stage_of_two(self, selection="failover", **options):
        """A stage with a second scripted endpoint behind the first."""
        stage = self.stage(**options)
        stage.second = self.another_endpoint(stage)
        stage.settings["endpoint_url"] = "''"
        urls = (f"http://127.0.0.1:{each.port}/score" for each in (stage.endpoint, stage.second))
        weights = (", weight: 3", ", weight: 1") if selection == "weights" else ("", "")
        stage.settings["more_endpoint"] = f"selection: {selection}\n      addresses:" + "".join(
            f"\n        - {{url: \"{url}\"{weight}}}" for url, weight in zip(urls, weights))
        stage.config = stage.config.replace("      url: {endpoint_url}\n", "")
        return stage

    def test_the_first_is_killed_and_comes_back_under_load(self):
        stage = self.stage_of_two()
        stage.start_bridge()
        publishing = stage.load(rate=1500)
        time.sleep(seconds(1.5))
        self.assertEqual(stage.second.stats().get("rows", 0), 0, "the second was asked while the first worked")
        stage.endpoint.script(refuse=True)
        before = stage.second.stats().get("rows", 0)
        self.wait(lambda: stage.second.stats().get("rows", 0) > before + 1000, "the second takes over", 10.0)
        time.sleep(seconds(2.0))
        stage.endpoint.script(refuse=False)
        rows = stage.endpoint.stats().get("rows", 0)
        self.wait(lambda: stage.endpoint.stats().get("rows", 0) > rows + 1000, "the first is asked again", 40.0)
        self.assertGreater(stage.endpoint.stats().get("health", 0), 0, "it was not asked for its health first")
        time.sleep(1.0)
        left = stage.second.stats()["rows"]
        time.sleep(1.0)
        self.assertEqual(stage.second.stats()["rows"], left, "the second is asked though the first works")
        publishing.stop()
        stage.settle()
        report = stage.verify(self)
        self.assertEqual(report.dead, 0)
        stage.stop_bridge(self)

    def test_a_key_refused_by_one_takes_that_one_out(self):
        stage = self.stage_of_two()
        stage.endpoint.script(status=401)
        stage.start_bridge()
        stage.load(rate=2000, count=4000).finish()
        stage.settle()
        report = stage.verify(self)
        self.assertEqual(report.dead, 0)
        self.assertIn("address_out", stage.bridge.log_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{stage.admin}/readyz?verbose", timeout=5) as answer:
            said = [line for line in answer.read().decode().splitlines() if line.startswith("[!]")]
        self.assertEqual(len(said), 1, said)
        self.assertIn(f"addresses[0] http://127.0.0.1:{stage.endpoint.port}/score out: unauthorized (HTTP 401)", said[0])
        self.assertNotIn('"held"', stage.bridge.log_text())
        stage.stop_bridge(self)

    def test_weights(self):
        stage = self.stage_of_two("weights")
        for each in (stage.endpoint, stage.second):
            each.script(delay=0.005)
        stage.start_bridge()
        stage.load(rate=3000, count=9000).finish()
        stage.settle()
        stage.verify(self)
        first, second = (each.stats()["requests"] for each in (stage.endpoint, stage.second))
        self.assertAlmostEqual(first / (first + second), 0.75, delta=0.1, msg=f"{first} to {second} requests")
        stage.stop_bridge(self)

    def test_a_tenant_with_a_dead_endpoint_of_its_own_leaves_others_unhurt(self):
        stage = self.stage()
        own = self.another_endpoint(stage)
        own.script(refuse=True)
        stage.settings["more_endpoint"] = (f"tenants:\n        - {{names: [{TENANTS[2]}], "
                                           f"url: \"http://127.0.0.1:{own.port}/score\"}}")
        stage.start_bridge()
        stage.load(rate=2000, count=6000).finish()
        wanted = sum(entry.tenant != TENANTS[2] for entry in stage.journal.entries.values())
        self.wait(lambda: stage.pending()[0] == 0, "everything is read", 30.0)
        self.wait(lambda: stage.endpoint.stats().get("rows", 0) >= wanted, "the others are scored", 30.0)
        stats = stage.endpoint.stats()
        self.assertEqual(stats.get(f"tenant_{TENANTS[2]}", 0), 0, "its events went to the others' endpoint")
        self.assertGreater(stage.pending()[1], 0, "nothing waits for the dead endpoint")
        own.script(refuse=False)
        stage.settle(60.0)
        stage.verify(self)
        self.assertEqual(set(name for name in own.stats() if name.startswith("tenant_")), {f"tenant_{TENANTS[2]}"})
        stage.stop_bridge(self)

    def test_packed_requests_and_a_packed_bomb(self):
        stage = self.stage()
        stage.settings["more_endpoint"] = "compression: gzip"
        stage.start_bridge()
        publishing = stage.load(rate=1500)
        time.sleep(1.0)
        # Every answer: of some only, an event that met two with a good one in between would be convicted, and rightly.
        stage.endpoint.script(odd="gzip_bomb")
        time.sleep(seconds(2.0))
        peak = [0]
        done = threading.Event()

        def watch():
            while not done.wait(0.05):
                with open(f"/proc/{stage.bridge.pid}/statm", encoding="ascii") as statm:
                    peak[0] = max(peak[0], int(statm.read().split()[1]) * 4096)
        watching = threading.Thread(target=watch)
        watching.start()
        time.sleep(seconds(1.0))
        done.set()
        watching.join()
        stage.endpoint.script(odd="")
        publishing.stop()
        stage.settle(150.0)  # a tenant whose events were all refused rests for half a minute
        report = stage.verify(self)
        stats = stage.endpoint.stats()
        self.assertEqual(stats["packed"], stats["requests"])
        self.assertGreater(stats.get("odd", 0), 0, "no bomb was sent")
        self.assertEqual(report.dead, 0)
        self.assertLess(peak[0], 400 << 20, "a bomb of four gigabytes went off in memory")
        stage.stop_bridge(self)

    def stage_with_shadow(self):
        """A stage whose batches are all copied to a second scripted endpoint, with a stream for what differs."""
        stage = self.stage()
        stage.candidate = self.another_endpoint(stage)
        stage.jetstream.add_stream("SHADOW", ["shadow.>"], duplicate_window=120 * SECOND)
        stage.settings["more_endpoint"] = (f"shadow:\n        url: \"http://127.0.0.1:{stage.candidate.port}/score\"\n"
                                           "        percent: 100\n        tolerance: {absolute: 0.001}")
        return stage

    def counted(self, stage, name):
        """The series of a metric, by their label `result`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{stage.admin}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {line.split('result="')[1].split('"')[0]: float(line.rsplit(" ", 1)[1])
                for line in lines if line.startswith(name + "{")}

    def test_a_shadow_is_compared_and_told_of(self):
        stage = self.stage_with_shadow()
        stage.start_bridge()
        stage.load(rate=2000, count=2000).finish()
        stage.settle()
        self.wait(lambda: self.counted(stage, "millrace_shadow_batches_total")["compared"] > 0, "something is compared", 5.0)
        self.assertEqual(self.counted(stage, "millrace_shadow_events_total")["different"], 0, "equal models differ")
        stage.candidate.script(nonce=True)
        stage.load(rate=2000, count=2000).finish()
        stage.settle()
        self.wait(lambda: self.counted(stage, "millrace_shadow_differences_total")["stored"] > 0, "differences are stored", 5.0)
        time.sleep(0.5)
        told = list(stage.jetstream.read("SHADOW"))
        self.assertEqual(len(told), self.counted(stage, "millrace_shadow_differences_total")["stored"])
        results = {message.headers["Nats-Msg-Id"]: json.loads(message.payload)["score"] for message in stage.jetstream.read("RESULTS")}
        for message in told:
            tenant = message.subject.split(".")[1]
            self.assertEqual((message.subject, message.headers["Millrace-Tenant"]), (f"shadow.{tenant}.scores", tenant))
            body = json.loads(message.payload)
            self.assertEqual(body["score"], results[message.headers["Nats-Msg-Id"].removesuffix("-shadow")])
            self.assertNotEqual(body["score"], body["shadow"])
        stage.jetstream.api("STREAM.DELETE.SHADOW")
        self.assertEqual(stage.verify(self).dead, 0)
        stage.stop_bridge(self)

    def test_no_ack_waits_for_a_shadow_whatever_it_does(self):
        stage = self.stage_with_shadow()
        stage.jetstream.api("STREAM.DELETE.SHADOW")  # and nobody takes what differs
        stage.start_bridge()
        for script in ({"delay": 60.0}, {"delay": 0.0, "refuse": True}, {"refuse": False, "odd": "gzip_bomb"},
                       {"odd": "", "status": 401}, {"status": 0, "short": 1}, {"short": 0, "nonce": True}):
            with self.subTest(script=script):
                stage.candidate.script(**script)
                stage.load(rate=2000, count=2000).finish()
                stage.settle(3.0)  # a copy is given up after five
        counts = self.counted(stage, "millrace_shadow_batches_total")
        self.assertGreater(counts["failed"], 0)
        self.assertGreater(counts["skipped"], 0)
        with urllib.request.urlopen(f"http://127.0.0.1:{stage.admin}/readyz", timeout=5) as answer:
            self.assertEqual(answer.status, 200)
        stage.candidate.script(nonce=False, delay=60.0)
        stage.load(rate=2000, count=1000).finish()
        stage.settle(3.0)
        self.assertEqual(stage.verify(self).dead, 0)
        leaving = time.monotonic()
        stage.stop_bridge(self)
        self.assertLess(time.monotonic() - leaving, 3.0, "leaving waits for a copy")


if __name__ == "__main__":
    unittest.main()

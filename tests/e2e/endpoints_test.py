"""Several endpoints: what one does not do the next does, a tenant's own is its own, and nothing is lost or doubled."""
import threading
import time
import unittest

from harness import Endpoint, EndToEnd, TENANTS, seconds


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


if __name__ == "__main__":
    unittest.main()

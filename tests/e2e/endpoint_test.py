"""An endpoint that fails in every way it can: nothing is lost, and nobody is convicted who is not guilty."""
import time
import unittest

from harness import EndToEnd, seconds


class EndpointTest(EndToEnd):
    def misbehave(self, stage, fault, healed, lasting=3.0, **load):
        """Load with the fault on for a while in the middle; returns (report, wall clock times of the fault)."""
        stage.start_bridge()
        publishing = stage.load(rate=1500, **load)
        time.sleep(1.0)
        begin = time.time()
        stage.endpoint.script(**fault)
        time.sleep(seconds(lasting))
        stage.endpoint.script(**healed)
        end = time.time()
        time.sleep(0.5)
        publishing.stop()
        stage.settle()
        report = stage.verify(self)
        stage.stop_bridge(self)
        return report, (begin, end)

    def test_refused_connections(self):
        stage = self.stage()
        report, _ = self.misbehave(stage, {"refuse": True}, {"refuse": False}, 4.0)
        self.assertEqual(report.dead, 0)

    def test_503_with_retry_after(self):
        stage = self.stage()
        report, (begin, end) = self.misbehave(stage, {"status": 503, "retry_after": "1"}, {"status": 0}, 4.0)
        self.assertEqual(report.dead, 0)
        refused = [at for at, status, _ in stage.endpoint.log() if status == 503 and begin <= at <= end + 0.5]
        self.assertTrue(refused, "no request met the 503")
        # Four may be under way when it begins; then each wait is a second at least.
        self.assertLessEqual(len(refused), 4 + 4 * (int(end - begin) + 1), "Retry-After was not obeyed")

    def test_429_above_a_limit(self):
        stage = self.stage(parallel=8, batch=50)
        report, _ = self.misbehave(stage, {"limit": 2, "delay": 0.03}, {"limit": 0, "delay": 0.0}, 4.0)
        self.assertEqual(report.dead, 0)
        self.assertGreater(stage.endpoint.stats().get("status_429", 0), 0, "the limit was never reached")

    def test_half_the_results(self):
        stage = self.stage(batch=100)
        report, _ = self.misbehave(stage, {"short": 2}, {"short": 0})
        self.assertEqual(report.dead, 0)

    def test_a_forbidden_endpoint_holds_everything(self):
        stage = self.stage()
        report, _ = self.misbehave(stage, {"status": 403}, {"status": 0}, 2.0)
        self.assertEqual(report.dead, 0)

    def test_one_poison_event_in_500(self):
        stage = self.stage(batch=500)
        stage.endpoint.script(delay=0.01)
        stage.start_bridge()
        stage.load(rate=3000, count=9000, poison=1 / 500).finish()
        stage.settle()
        report = stage.verify(self)
        self.assertGreater(report.reasons["rejected"], 5)
        self.assertEqual(report.dead, report.reasons["rejected"])
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

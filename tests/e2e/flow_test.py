"""Without faults: every shape of message, and the bound on requests in flight."""
import time
import unittest

from harness import EndToEnd, seconds


class FlowTest(EndToEnd):
    def test_mixed_shapes_with_bad_elements(self):
        stage = self.stage()
        stage.endpoint.script(delay=0.005)
        stage.start_bridge()
        shapes = ("object", "object", "array", "lines", "garbage")
        stage.load(rate=800, shapes=shapes, count=6000, poison=0.003, bad=0.08).finish()
        stage.settle()
        report = stage.verify(self)
        self.assertLessEqual({"field_missing", "field_null", "field_wrong_type", "not_an_object", "not_json", "rejected"},
                             set(report.reasons))
        stage.stop_bridge(self)

    def test_never_more_than_partitions_times_parallel_requests(self):
        stage = self.stage(partitions=2, parallel=4, batch=20)
        stage.endpoint.script(delay=0.05)
        stage.start_bridge()
        load = stage.load(rate=4000)
        time.sleep(seconds(5))
        load.stop()
        stats = stage.endpoint.stats()
        self.assertLessEqual(stats["max_in_flight"], 8)
        self.assertEqual(stats["max_in_flight"], 8, "the bound was never reached, so nothing is proven")
        self.assertLessEqual(stats["max_rows"], 20)
        stage.endpoint.script(delay=0.0)
        stage.settle()
        stage.verify(self)
        self.assertLessEqual(stage.endpoint.stats()["max_in_flight"], 8)
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

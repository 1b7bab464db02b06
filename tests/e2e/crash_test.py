"""kill -9 of the bridge, again and again, while events come in."""
import random
import time
import unittest

from harness import EndToEnd, seconds


class CrashTest(EndToEnd):
    def test_kill_9_every_few_seconds_under_load(self):
        stage = self.stage(ack_wait="2s")
        stage.endpoint.script(delay=0.01)
        stage.start_bridge()
        load = stage.load(rate=2000, shapes=("object", "object", "array"), poison=0.001, bad=0.01)
        chance, until = random.Random(3), time.monotonic() + seconds(9)
        while time.monotonic() < until:
            time.sleep(chance.uniform(1.0, 3.0))
            self.assertTrue(stage.bridge.running(), f"the bridge ended by itself\n{stage.bridge.tail()}")
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        load.stop()
        stage.settle()
        stage.verify(self)
        stage.stop_bridge(self)

    def test_two_replicas_and_one_of_them_dies(self):
        stage = self.stage(ack_wait="2s")
        stage.endpoint.script(delay=0.02)
        first = stage.start_bridge()
        stage.start_bridge()
        load = stage.load(rate=1500)
        time.sleep(1.5)
        first.kill()
        time.sleep(1.5)
        load.stop()
        stage.settle()
        stage.verify(self)
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

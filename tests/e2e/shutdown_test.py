"""SIGTERM drains; a second signal leaves at once; neither loses anything."""
import signal
import time
import unittest

from harness import EndToEnd


class ShutdownTest(EndToEnd):
    def settle_what_was_given_back(self, stage):
        """Waits for less than ack_wait, which is enough where there was a nak. A few may have been on the wire to the
        leaving process in its last millisecond; only ack_wait brings those back."""
        self.wait(lambda: sum(stage.pending()) <= 20, "what was not finished was given back", 15.0)
        stage.settle()

    def test_sigterm_drains_and_exits_0(self):
        stage = self.stage(ack_wait="30s")
        stage.endpoint.script(delay=0.2)
        stage.start_bridge()
        load = stage.load(rate=2000)
        time.sleep(2.0)
        begin = time.monotonic()
        stage.stop_bridge(self)
        self.assertLess(time.monotonic() - begin, 8.0, "draining took longer than what was in hand")
        load.stop()
        stage.endpoint.script(delay=0.0)
        stage.start_bridge()
        self.settle_what_was_given_back(stage)
        stage.verify(self)
        stage.stop_bridge(self)

    def test_drain_timeout_gives_back_what_is_left(self):
        stage = self.stage(ack_wait="30s", drain_timeout="1s", timeout="20s")
        stage.endpoint.script(delay=8.0)
        stage.start_bridge()
        stage.load(rate=2000, count=2000).finish()
        self.wait(lambda: stage.endpoint.stats().get("requests"), "a request is under way")
        begin = time.monotonic()
        stage.stop_bridge(self)
        self.assertLess(time.monotonic() - begin, 5.0, "drain_timeout was 1 s")
        stage.endpoint.script(delay=0.0)
        stage.start_bridge()
        self.settle_what_was_given_back(stage)
        stage.verify(self)
        stage.stop_bridge(self)

    def test_a_second_signal_leaves_at_once(self):
        stage = self.stage(ack_wait="2s", drain_timeout="30s", timeout="20s")
        stage.endpoint.script(delay=15.0)
        bridge = stage.start_bridge()
        stage.load(rate=2000, count=1000).finish()
        self.wait(lambda: stage.endpoint.stats().get("requests"), "a request is under way")
        bridge.signal(signal.SIGTERM)
        time.sleep(1.5)
        self.assertTrue(bridge.running(), f"it did not wait for its request\n{bridge.tail()}")
        bridge.signal(signal.SIGTERM)
        self.wait(lambda: not bridge.running(), "the second signal ends it", 2.0)
        self.assertEqual(bridge.process.returncode, 128 + signal.SIGTERM)
        stage.endpoint.script(delay=0.0)
        stage.start_bridge()
        stage.settle()
        stage.verify(self)
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

"""Outages that outlast the duplicate window three times over, so that the server no longer recognises what it has."""
import os
import signal
import time
import unittest

from harness import EndToEnd

WINDOW = 2.0


class OutageTest(EndToEnd):
    def prepare(self):
        """A bridge under load that has results under way at any moment."""
        stage = self.stage(ack_wait="1s", duplicate_window=WINDOW)
        stage.endpoint.script(delay=0.02)
        stage.start_bridge()
        load = stage.load(rate=2500)
        time.sleep(2.0)
        return stage, load

    def end(self, stage, load):
        """Heals, settles and asks the oracle: once on the wire, not only once for readers that drop what they have seen."""
        load.stop()
        stage.settle()
        stage.verify(self)
        stage.stop_bridge(self)

    def test_the_bridge_is_down_for_three_windows(self):
        stage, load = self.prepare()
        stage.bridge.kill()
        time.sleep(3 * WINDOW)
        stage.start_bridge(wait=False)
        self.end(stage, load)

    def test_the_bridge_is_suspended_for_three_windows(self):
        stage, load = self.prepare()
        os.kill(stage.bridge.pid, signal.SIGSTOP)
        time.sleep(3 * WINDOW)
        os.kill(stage.bridge.pid, signal.SIGCONT)
        self.end(stage, load)

    def test_the_server_is_down_for_three_windows(self):
        stage, load = self.prepare()
        stage.restart_server(down=3 * WINDOW)
        self.end(stage, load)

    def test_the_endpoint_is_down_for_three_windows(self):
        stage, load = self.prepare()
        stage.endpoint.script(refuse=True)
        time.sleep(3 * WINDOW)
        stage.endpoint.script(refuse=False)
        self.end(stage, load)


if __name__ == "__main__":
    unittest.main()

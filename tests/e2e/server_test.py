"""nats-server killed and restarted while events come in."""
import time
import unittest

from harness import EndToEnd, seconds


class ServerTest(EndToEnd):
    def test_kill_9_and_restart_of_the_server_under_load(self):
        stage = self.stage(ack_wait="2s")
        stage.endpoint.script(delay=0.01)
        stage.start_bridge()
        load = stage.load(rate=1500, poison=0.0005)
        until = time.monotonic() + seconds(9)
        while time.monotonic() < until:
            time.sleep(2.0)
            stage.restart_server(down=1.0)
            self.assertTrue(stage.bridge.running(), f"the bridge ended by itself\n{stage.bridge.tail()}")
        load.stop()
        stage.settle()
        stage.verify(self)
        stage.stop_bridge(self)

    def test_the_bridge_starts_before_the_server(self):
        stage = self.stage()
        stage.server.kill()
        bridge = stage.start_bridge(wait=False)
        time.sleep(1.5)
        self.assertTrue(bridge.running(), f"the bridge gave up\n{bridge.tail()}")
        stage.restart_server()
        stage.load(rate=1000, count=500).finish()
        self.wait(lambda: stage.jetstream.consumers("EVENTS"), "the bridge has its consumer")
        stage.settle()
        stage.verify(self)
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

"""Windowed aggregates on a cluster of three that loses leaders: none missing, none twice, none different."""
import time
import unittest

from aggregates import OUTPUTS, AggregateStage
from cluster import ClusterStage
from harness import EndToEnd, seconds


class AggregateClusterStage(AggregateStage, ClusterStage):
    """AggregateStage with three replicas of every stream."""


class AggregatesClusterTest(EndToEnd):
    def test_the_leaders_of_input_state_and_outputs_are_killed(self):
        stage = self.put_on(AggregateClusterStage)
        stage.start_bridge()
        load = stage.load(rate=300)
        for stream in ("EVENTS", "MILLRACE_STATE", OUTPUTS):
            time.sleep(seconds(2.0))
            leader = stage.leader(stream)
            stage.fault(f"leader of {stream} killed")
            leader.kill()
            time.sleep(seconds(6.0))  # longer than an election, mostly
            leader.start()
            stage.wait_whole()
        time.sleep(seconds(2.0))
        self.assertTrue(stage.bridge.running(), f"the bridge ended by itself\n{stage.bridge.tail()}")
        load.stop()
        stage.wait_whole()
        stage.verify(self)
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

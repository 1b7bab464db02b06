"""A cluster of three loses servers while events come in: nothing is lost, doubled within the window, or misattributed.

How long results stood still is printed; what it may be is not judged here, because a real election takes what it takes.
"""
import time
import unittest

from cluster import ClusterStage
from harness import PIPELINE, EndToEnd, seconds

CONSUMER = f"{PIPELINE}-p0"


class ClusterTest(EndToEnd):
    def prepare(self, **options):
        """A bridge under load on a cluster that is whole."""
        stage = self.put_on(ClusterStage, ack_wait="4s", **options)
        stage.endpoint.script(delay=0.01)
        stage.start_bridge()
        load = stage.load(rate=500, poison=0.0005)
        time.sleep(2.0)
        stage.wait_whole()
        return stage, load

    def end(self, stage, load, after=4.0):
        """Some more load, then everything must be there once."""
        time.sleep(seconds(after))
        self.assertTrue(stage.bridge.running(), f"the bridge ended by itself\n{stage.bridge.tail()}")
        load.stop()
        stage.settle(90.0)
        stage.verify(self)
        stage.stop_bridge(self)

    def test_the_leaders_are_killed(self):
        stage, load = self.prepare()
        leader = stage.leader("RESULTS")
        stage.fault("leader of the results killed", leader.kill)
        time.sleep(6.0)
        leader.start()
        stage.wait_whole()
        leader = stage.leader("EVENTS", CONSUMER)
        stage.fault("leader of the consumer killed", leader.kill)
        time.sleep(6.0)
        leader.start()
        self.end(stage, load)

    def test_one_leader_is_killed(self):
        stage, load = self.prepare()
        leader = stage.leader("EVENTS", CONSUMER)
        stage.fault("leader of the consumer killed", leader.kill)
        time.sleep(1.0)
        leader.start()
        self.end(stage, load, after=6.0)

    def test_a_follower_is_killed(self):
        stage, load = self.prepare()
        leaders = {stage.leader("RESULTS").name, stage.leader("EVENTS").name, stage.leader("EVENTS", CONSUMER).name}
        follower = next((member for member in stage.server.members if member.name not in leaders), stage.leader("EVENTS"))
        stage.fault(f"{'leader' if follower.name in leaders else 'follower'} killed", follower.kill)
        time.sleep(3.0)
        follower.start()
        self.end(stage, load)

    def test_a_rolling_restart(self):
        stage, load = self.prepare()
        for member in stage.server.members:
            stage.fault(f"{member.name} restarted", member.stop)
            member.start()
            stage.wait_whole()
        self.end(stage, load)

    def test_lame_duck(self):
        stage, load = self.prepare()
        leader = stage.leader("EVENTS", CONSUMER)
        stage.fault("lame duck", leader.lame_duck)
        self.wait(lambda: not leader.running(), "the lame duck has left", 45.0)
        leader.start()
        self.end(stage, load)

    def test_all_are_killed_at_once(self):
        stage, load = self.prepare()
        stage.fault("all killed", lambda: [member.kill() for member in stage.server.members])
        time.sleep(1.0)
        for member in stage.server.members:
            member.start()
        self.end(stage, load, after=8.0)


if __name__ == "__main__":
    unittest.main()

"""All faults in one run, two replicas, two partitions, every shape of message. The seed is printed and settable: E2E_SEED."""
import os
import random
import signal
import sys
import time
import unittest

from harness import EndToEnd, seconds

HEALTHY = {"refuse": False, "status": 0, "retry_after": "", "limit": 0, "short": 0, "delay": 0.005}
ENDPOINT_FAULTS = ({"refuse": True}, {"status": 503, "retry_after": "1"}, {"limit": 1}, {"short": 2}, {"delay": 1.5}, {"status": 500},
                   {"status": 429})


class ChaosTest(EndToEnd):
    def test_everything_at_once(self):
        seed = int(os.environ.get("E2E_SEED", random.SystemRandom().randrange(1_000_000)))
        print(f"E2E_SEED={seed}", file=sys.stderr)
        chance = random.Random(seed)
        stage = self.stage(partitions=2, batch=100, ack_wait="2s", timeout="1s")
        stage.endpoint.script(**HEALTHY)
        replicas = [stage.start_bridge(), stage.start_bridge()]
        load = stage.load(rate=1000, shapes=("object", "object", "array", "lines", "garbage"), poison=0.001, bad=0.01)
        until = time.monotonic() + seconds(12)
        while time.monotonic() < until:
            time.sleep(chance.uniform(0.3, 1.5))
            self.one_fault(stage, replicas, chance)
        stage.endpoint.script(**HEALTHY)
        load.stop()
        stage.settle(90.0)
        stage.verify(self)
        for replica in replicas:
            self.assertEqual(replica.stop(30.0), 0, f"exit code after SIGTERM\n{replica.tail()}")

    def one_fault(self, stage, replicas, chance):
        """Something breaks, or what is broken is mended."""
        which = chance.randrange(len(replicas))
        fault = chance.choice(("kill", "kill", "terminate", "suspend", "server", "endpoint", "endpoint", "mend"))
        if fault == "kill":
            replicas[which].kill()
            replicas[which] = stage.start_bridge(wait=False)
        elif fault == "terminate":
            replicas[which].signal(signal.SIGTERM)
            replicas[which] = stage.start_bridge(wait=False)
        elif fault == "suspend":
            replicas[which].signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0.1, 4.0))
            replicas[which].signal(signal.SIGCONT)
        elif fault == "server":
            stage.restart_server(down=chance.uniform(0.0, 1.5))
        else:
            stage.endpoint.script(**HEALTHY)
            if fault == "endpoint":
                stage.endpoint.script(**chance.choice(ENDPOINT_FAULTS))


if __name__ == "__main__":
    unittest.main()

"""The demos, small: they succeed, they notice what is wrong, and they leave no process behind however they end."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

from harness import BINARY, ROOT
from nats_wire import Stored, header_block
from taxi.audit import Audit
from taxi.load import SCORED, load
from taxi.model import FareModel
from taxi.trips import FEATURES

def processes_with(mark):
    """The ids of living processes that have `mark` in their environment."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass  # ended meanwhile, or not ours
    return found


class DemoCase(unittest.TestCase):
    script = "demo.py"

    def start(self, *options):
        """The demo as a process, and the mark that it and all it starts carry."""
        mark = f"MILLRACE_TEST_MARK={uuid.uuid4().hex}"
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="millrace-demo-test-"))
        demo = subprocess.Popen([sys.executable, str(ROOT / "examples" / self.script), BINARY, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, env={**os.environ, "MILLRACE_TEST_MARK": mark.split("=")[1], "TMPDIR": folder})
        self.addCleanup(demo.stdout.close)
        self.addCleanup(demo.kill)
        return demo, mark

    def succeeds(self, *options):
        """A demo that runs to its end; what it said."""
        demo, mark = self.start(*options)
        said, _ = demo.communicate(timeout=90)
        self.assertEqual(demo.returncode, 0, said)
        self.assertIn("All right", said)
        self.assertEqual(processes_with(mark), [])
        return said


class WidgetsTest(DemoCase):
    script = "widgets.py"

    def test_it_succeeds(self):
        self.assertIn("kill -9", self.succeeds("--seconds", "8", "--rate", "500"))


class AccountsTest(DemoCase):
    script = "accounts.py"

    def test_it_succeeds(self):
        self.succeeds("--trips", "3000")


class DemoTest(DemoCase):
    def test_it_succeeds(self):
        self.succeeds("--trips", "9000", "--rate", "9000")

    def stopped_by(self, number):
        """Stops a demo in full flow; everything it started has to end with it."""
        demo, mark = self.start("--trips", "60000", "--rate", "3000")
        for line in demo.stdout:
            if "published" in line:
                break
        self.assertGreaterEqual(len(processes_with(mark)), 4, "demo, nats-server, endpoint and bridge should be running")
        demo.send_signal(number)
        code = demo.wait(30)
        deadline = time.monotonic() + 5.0
        while processes_with(mark) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(processes_with(mark), [])
        return code

    def test_ctrl_c(self):
        self.assertEqual(self.stopped_by(signal.SIGINT), 128 + signal.SIGINT)

    def test_sigterm(self):
        self.assertEqual(self.stopped_by(signal.SIGTERM), 128 + signal.SIGTERM)

    def test_kill_9(self):
        self.assertEqual(self.stopped_by(signal.SIGKILL), -signal.SIGKILL)


class AuditTest(unittest.TestCase):
    """The demo's audit on outputs that are right but for one."""

    def setUp(self):
        self.model = FareModel.load()
        self.expected, self.outputs = {}, []
        for sequence, message in enumerate(load(3000), 1):
            for element, event in enumerate(message.events):
                self.expected[sequence, element] = event
                headers = {"Nats-Msg-Id": f"{sequence}-{element}", "Millrace-Tenant": event.tenant,
                           "Millrace-Input-Sequence": str(sequence), "Millrace-Element": str(element)}
                body = "{}"
                if event.end == SCORED:
                    fare = self.model.fare([event.trip[name] for name in FEATURES])
                    body = f'{{"score":{fare},"trip":"{event.trip["trip"]}"}}'
                else:
                    headers["Millrace-Reason"] = event.end
                kind = "results" if event.end == SCORED else "dead"
                self.outputs.append([f"{kind}.{event.tenant}.trip-fares", headers, body])

    def wrong(self):
        """The claims of the audit that do not hold."""
        audit = Audit(self.expected, {}, self.model)
        for sequence, (subject, headers, body) in enumerate(self.outputs, 1):
            audit.take(Stored(sequence, sequence, subject, header_block(list(headers.items())), body.encode()))
        return {claim for claim, against in audit.wrong.items() if against} | ({"missing"} if audit.missing() else set())

    def test_nothing_wrong(self):
        self.assertEqual(self.wrong(), set())

    def test_a_trip_without_an_end(self):
        del self.outputs[5]
        self.assertEqual(self.wrong(), {"missing"})

    def test_a_trip_with_two_ends(self):
        subject, headers, body = self.outputs[0]
        self.outputs.append([subject, {**headers, "Nats-Msg-Id": "another"}, body])
        self.assertEqual(self.wrong(), {"settled once"})

    def test_an_identity_used_twice(self):
        self.outputs[0][1]["Nats-Msg-Id"] = self.outputs[1][1]["Nats-Msg-Id"]
        self.assertEqual(self.wrong(), {"identities"})

    def test_the_score_of_another_trip(self):
        self.outputs[0][2], self.outputs[3][2] = self.outputs[3][2], self.outputs[0][2]
        self.assertEqual(self.wrong(), {"scores"})

    def test_another_tenants_subject(self):
        tenant = self.outputs[0][1]["Millrace-Tenant"]
        self.outputs[0][0] = self.outputs[0][0].replace(tenant, "borealis" if tenant != "borealis" else "acme")
        self.assertEqual(self.wrong(), {"tenants"})

    def test_a_dead_letter_for_another_reason(self):
        dead = next(output for output in self.outputs if output[0].startswith("dead."))
        dead[1]["Millrace-Reason"] = "timeout"
        self.assertEqual(self.wrong(), {"ends"})


if __name__ == "__main__":
    unittest.main()

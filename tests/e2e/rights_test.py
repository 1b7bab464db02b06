"""Permissions of the bridge's user taken away on the server while events come in, and given back: it holds, says why,
resumes by itself, and nothing is lost."""
import os
import signal
import sys
import time
import unittest
import urllib.error
import urllib.request

from harness import EndToEnd, NatsServer, Stage, wait_until
from nats_wire import Disconnected, NatsError

PROGRAM = os.environ.get("MILLRACE_NATS_SERVER", "nats-server")

# Whoever does not log in is the owner, so that only the bridge needs a password.
CONFIG = """\
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{store}" }}
no_auth_user: owner
authorization {{ users: [ {{ user: owner, password: own }}, {{ user: bridge, password: b, permissions: {{ {denied} }} }} ] }}
"""


class GuardedServer(NatsServer):
    """A server with users, whose configuration is read again on SIGHUP."""

    def _write(self, denied):
        (self._folder / "server.conf").write_text(
            CONFIG.format(port=self.port, store=self._folder / "jetstream", denied=denied), encoding="utf-8")

    def start(self):
        self._write("")
        self.child = self._children.start("nats-server", [PROGRAM, "-c", self._folder / "server.conf"],
                                          self._folder / "nats-server.log")
        wait_until(self._answers, "nats-server answers", 15.0, self.child)
        return self

    def deny(self, denied):
        """Gives the bridge's user these permissions in place of those it had."""
        self._write(denied)
        self.child.signal(signal.SIGHUP)


class GuardedStage(Stage):
    """A Stage on a server with users."""

    def make_server(self):
        return GuardedServer(self._children, self.folder)

    def __init__(self, **options):
        super().__init__(**options)
        self._told = 0
        (self.folder / "password").write_text("b\n", encoding="utf-8")
        self.settings["more_nats"] = f"  user: bridge\n  password_file: {self.folder / 'password'}\n"

    def results(self):
        """How many results and dead letters are stored, as last told: a server that reads its configuration again
        answers nobody for a moment, says that it has no JetStream, or ends the connection."""
        try:
            self._told = self.jetstream.stream("RESULTS")["state"]["messages"]
        except Disconnected:
            self.jetstream.connection.reconnect()
        except NatsError:
            pass
        return self._told

    def ready(self):
        """(ready or not, what /readyz says)."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz?verbose", timeout=5) as answer:
                return True, answer.read().decode()
        except urllib.error.HTTPError as error:
            return False, error.read().decode()


class RightsTest(EndToEnd):
    def take_and_give_back(self, name, denied, words, held_for=5.0):
        """`words` must be in what the bridge says about itself while it is denied."""
        stage = self.put_on(GuardedStage, ack_wait="2s")
        stage.start_bridge()
        load = stage.load(rate=500)
        self.wait(lambda: stage.results() > 200, "results flow")
        stage.server.deny(denied)
        self.wait(lambda: not stage.ready()[0], "it says that it is not ready", 30.0)
        self.wait(lambda: words in stage.bridge.log_text(), f"the log says {words!r}", 30.0)
        time.sleep(held_for)
        self.assertTrue(stage.bridge.running(), f"the bridge ended by itself\n{stage.bridge.tail()}")
        stage.server.deny("")
        given = time.monotonic()
        before = stage.results()
        self.wait(lambda: stage.results() > before + 200, "results flow again", 60.0)
        self.wait(lambda: stage.ready()[0], "it says that it is ready", 60.0)
        print(f"{name}: works again after {time.monotonic() - given:.1f} s", file=sys.stderr)
        load.stop()
        stage.settle(90.0)
        stage.verify(self)
        stage.stop_bridge(self)

    def test_results(self):
        self.take_and_give_back("results", 'publish: { deny: ["results.>"] }', "denies publishing")

    def test_results_of_one_tenant(self):
        self.take_and_give_back("results of one tenant", 'publish: { deny: ["results.beta.>"] }', "denies publishing")

    def test_pulls(self):
        self.take_and_give_back("pulls", 'publish: { deny: ["$JS.API.CONSUMER.MSG.NEXT.>"] }', "CONSUMER.MSG.NEXT")

    def test_acks(self):
        self.take_and_give_back("acks", 'publish: { deny: ["$JS.ACK.>"] }', "$JS.ACK")

    def test_inbox(self):
        self.take_and_give_back("inbox", 'subscribe: { deny: ["_INBOX.>"] }', "Permissions Violation for Subscription")

    def test_everything(self):
        self.take_and_give_back("everything", 'publish: { deny: [">"] }, subscribe: { deny: [">"] }', "Permissions Violation")


if __name__ == "__main__":
    unittest.main()

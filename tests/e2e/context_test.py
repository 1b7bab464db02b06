"""The bridge connects as a context of the NATS CLI says: events flow, and no secret of it is said. GenuineTest takes the
contexts that the CLI itself writes (.ci/go)."""
import json
import os
import pathlib
import subprocess
import unittest

from harness import BINARY, CONFIG, EndToEnd, ROOT, Stage
from nkeys import key_pair
from rights_test import GuardedServer

SECTION = 'nats:\n  urls: ["{url}"]\n{more_nats}'
PASSWORD = 'Canary&<é "word\\'

SERVER = """\
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{store}" }}
no_auth_user: owner
authorization {{ users: [ {{ user: owner, password: own }}, {{ user: bridge, password: {password} }}, {{ nkey: {nkey} }} ] }}
"""


class ContextServer(GuardedServer):
    """Knows a user with a password, and one by its nkey, whose seed is in user.nk."""

    def _write(self, denied):
        seed, public = key_pair("U")
        (self._folder / "user.nk").write_text(seed + "\n", encoding="utf-8")
        (self._folder / "server.conf").write_text(
            SERVER.format(port=self.port, store=self._folder / "jetstream", nkey=public, password=json.dumps(PASSWORD, ensure_ascii=False)), encoding="utf-8")


class ContextStage(Stage):
    """A Stage whose configuration says nothing of NATS but the name of a context; its home is the stage's folder."""

    config = CONFIG.replace(SECTION, "nats: {{context: hub}}\n")

    def make_server(self):
        return ContextServer(self._children, self.folder)

    def __init__(self, **options):
        super().__init__(**options)
        assert "context: hub" in self.config
        self.bridge_environment = {"XDG_CONFIG_HOME": str(self.folder)}

    def context(self, **members):
        """Writes the context by hand."""
        folder = self.folder / "nats" / "context"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hub.json").write_text(json.dumps({"url": self.server.url, **members}), encoding="utf-8")

    def millrace(self, *words):
        """A command to its end: (exit code, all that it said)."""
        config = self.folder / "command.yaml"
        config.write_text(self.config.format(admin=1, **self.settings), encoding="utf-8")
        done = subprocess.run([BINARY, *words, "-c", config], env={**os.environ, **self.bridge_environment}, timeout=60,
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class ContextCase(EndToEnd):
    def flows(self, stage, *canaries):
        """Events through `check` and `run`, to the last result."""
        code, said = stage.millrace("check")
        self.assertEqual(code, 0, said)
        stage.start_bridge()
        load = stage.load(rate=1000, count=1000)
        load.join()
        stage.settle()
        stage.stop_bridge(self)
        for canary in canaries:
            self.assertNotIn(canary, said + stage.bridge.log_text())
        stage.verify(self)


class ContextTest(ContextCase):
    def test_an_nkey(self):
        stage = self.put_on(ContextStage)
        stage.context(nkey="$XDG_CONFIG_HOME/user.nk")
        self.flows(stage, (stage.folder / "user.nk").read_text(encoding="utf-8").strip())

    def test_a_password_in_it(self):
        stage = self.put_on(ContextStage)
        stage.context(user="bridge", password=PASSWORD)
        self.flows(stage, "Canary")

    def test_what_is_wrong_with_it_is_said(self):
        stage = self.put_on(ContextStage)
        stage.failed = False
        stage.context(user="bridge", password="Canary", socks_proxy="socks5://Canary@a")
        for command in ("check", "run", "setup"):
            code, said = stage.millrace(command)
            self.assertEqual(code, 2, said)
            self.assertIn("hub.json\": socks_proxy: is set, and servers are reached directly only", said)
            self.assertNotIn("Canary", said)
        code, said = stage.millrace("run", "--context", "other")
        self.assertEqual(code, 2, said)
        self.assertIn("--context: NATS context", said)
        self.assertIn("other.json\" cannot be read", said)
        stage.context(user="bridge", password="Canary")
        code, said = stage.millrace("check")
        self.assertEqual(code, 1, said)
        self.assertIn("Authorization Violation", said)
        self.assertNotIn("Canary", said)


class GenuineTest(ContextCase):
    def nats(self, stage, *words):
        """The NATS CLI."""
        path = subprocess.run([ROOT / ".ci" / "go", "path"], check=True, capture_output=True, text=True).stdout.strip()
        done = subprocess.run([pathlib.Path(path) / "nats", *words], env={**os.environ, **stage.bridge_environment},
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def save(self, stage, *options):
        """`nats context save`, and a look at the server with it."""
        self.nats(stage, "context", "save", "hub", "--server", stage.server.url, "--description", "the <hub> & more", *options)
        self.assertIn("EVENTS", self.nats(stage, "--context", "hub", "stream", "ls", "--names"))

    def test_an_nkey(self):
        stage = self.put_on(ContextStage)
        self.save(stage, "--nkey", str(stage.folder / "user.nk"), "--inbox-prefix", "_INBOX.bridge", "--js-api-prefix", "$JS.API")
        self.flows(stage, (stage.folder / "user.nk").read_text(encoding="utf-8").strip())

    def test_a_password_in_it(self):
        stage = self.put_on(ContextStage)
        self.save(stage, "--user", "bridge", "--password", PASSWORD)
        self.flows(stage, "Canary")


if __name__ == "__main__":
    unittest.main()

"""As whom endpoints are asked: keys in files, and tokens of a real authorization server (oidc-provider). Nothing is lost
or doubled by a rotation, no 401 reaches an outcome, and no secret is told to anybody. E2E_ROTATIONS tokens are used up.
"""
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

from harness import HERE, ROOT, Endpoint, EndToEnd, Stage, wait_until

sys.path.insert(0, str(ROOT / "tests" / "faults"))
import certificates  # noqa: E402

ROTATIONS = int(os.environ.get("E2E_ROTATIONS", 100))
KEY, OTHER_KEY, SECRET = "k3y-canary-one", "k3y-canary-two", "s3cr3t-canary"


def replace(path, content):
    """As whoever rotates a secret should do it."""
    new = path.with_suffix(".new")
    new.write_text(content, encoding="ascii")
    new.rename(path)


def outcomes(stage):
    """Answers of the endpoint by outcome, as the bridge counts them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.admin}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found = re.findall(r'millrace_requests_total\{[^}]*outcome="(\w+)"[^}]*\} (\d+)', text)
    return {name: int(count) for name, count in found}


def ready(stage):
    """(is it, what it says)"""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{stage.admin}/readyz?verbose", timeout=5) as answer:
            return True, answer.read().decode()
    except urllib.error.HTTPError as error:
        return False, error.read().decode()
    except OSError:
        return False, ""


class IdentityTest(EndToEnd):
    def canary(self, stage, *secrets):
        """Fails where a secret stands in what the bridge says: logs, metrics, readiness, anything stored; or where other
        processes see it."""
        said = {"the log": "".join(log.read_text(errors="replace") for log in stage.folder.glob("millrace-*.log"))}
        for page in ("metrics", "readyz?verbose", "livez"):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{stage.admin}/{page}", timeout=5) as answer:
                    said[page] = answer.read().decode()
            except OSError as error:
                said[page] = error.read().decode() if hasattr(error, "read") else ""
        for name in stage.jetstream.streams():
            for message in stage.jetstream.read(name):
                said[f"{name} {message.sequence}"] = repr(message.headers) + message.payload.decode(errors="replace")
        if stage.bridge.running():
            for name in ("cmdline", "environ"):
                said[name] = pathlib.Path(f"/proc/{stage.bridge.pid}/{name}").read_text(errors="replace")
            for name in stage.bridge_environment:  # where the platform itself put a secret
                said["environ"] = re.sub(rf"(^|\0){name}=[^\0]*", "", said["environ"])
        self.assertGreater(len(said["the log"]), 100)
        for where, text in said.items():
            for secret in secrets:
                self.assertNotIn(secret, text, where)

    def not_ready_for(self, stage, reason):
        """Waits until the bridge says that it holds, and why."""
        self.wait(lambda: not ready(stage)[0] and reason in ready(stage)[1], f"/readyz says {reason!r}", 30.0)


class KeysTest(IdentityTest):
    def test_the_other_key_takes_over_and_files_are_watched(self):
        stage = self.stage()
        one, two = stage.folder / "one", stage.folder / "two"
        replace(one, KEY + "\n")
        replace(two, OTHER_KEY + "\n")
        stage.settings["more_endpoint"] = f"key_file: {one}\n      second_key_file: {two}"
        stage.endpoint.script(bearer=KEY)
        stage.start_bridge()
        load = stage.load(rate=1000)
        time.sleep(1.0)
        for key in (OTHER_KEY, KEY, OTHER_KEY):  # each regenerated while the other is in use
            stage.endpoint.script(bearer=key)
            time.sleep(1.0)
        self.assertTrue(ready(stage)[0], "held, although the other key was right")
        stage.endpoint.script(bearer="k3y-canary-three")
        self.not_ready_for(stage, "unauthorized (HTTP 401)")
        replace(one, "k3y-canary-three")
        self.wait(lambda: ready(stage)[0], "the new file is found without waiting for a probe", 6.0)
        time.sleep(0.5)
        load.stop()
        stage.settle()
        report = stage.verify(self)
        self.assertEqual(report.dead, 0)
        self.canary(stage, "k3y-canary")
        stage.stop_bridge(self)


class CoreTest(IdentityTest):
    def core_of(self, environment):
        """The core file of a bridge that crashes while it scores events."""
        stage = self.stage()
        (stage.folder / "key").write_text(KEY, encoding="ascii")
        stage.settings["more_endpoint"] = f"key_file: {stage.folder / 'key'}"
        stage.endpoint.script(bearer=KEY)
        cores = stage.folder / "cores"
        cores.mkdir()
        stage.bridge_command = ["env", "-C", cores, *stage.bridge_command]
        stage.bridge_environment = environment
        bridge = stage.start_bridge()
        resource.prlimit(bridge.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        load = stage.load(rate=200, count=200)
        load.join()
        stage.settle()
        stage.verify(self)
        bridge.signal(signal.SIGSEGV)
        bridge.process.wait(30)
        return b"".join(path.read_bytes() for path in cores.iterdir())

    def test_a_core_file_holds_no_secret(self):
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="ascii").strip()
        if pattern.startswith(("|", "/")) or not pattern:
            self.skipTest(f"core files go to {pattern!r}")
        core = self.core_of({})
        self.assertTrue(core.startswith(b"\x7fELF"))
        self.assertNotIn(KEY.encode(), core)
        self.assertIn(KEY.encode(), self.core_of({"MILLRACE_CORE_DUMPS": "1"}), "this test would not notice")


class TlsStage(Stage):
    """The endpoint speaks TLS."""

    def make_endpoint(self):
        self.certificates = self.folder / "certificates"
        certificates.make(self.certificates)
        return Endpoint(self._children, self.folder, self.certificates)


class CertificateTest(IdentityTest):
    """Mutual TLS: an endpoint that wants to see who comes, and tenants that are somebody else."""

    def test_each_is_asked_as_who_it_should_be(self):
        stage = self.put_on(TlsStage)
        folder = stage.certificates
        stage.settings["more_nats"] = "identities:\n" + "".join(
            f"  - {{name: {name}, kind: tls_certificate, certificate_file: {folder}/{name}.pem, certificate_key_file: {folder}/{name}.key}}\n"
            for name in ("good", "other"))
        stage.settings["endpoint_url"] = f"https://127.0.0.1:{stage.endpoint.port}/score"
        stage.settings["more_endpoint"] = (f"ca_file: {folder}/ca.pem\n      identity: good\n      tenants:\n"
                                           "        - {names: [beta], identity: other}")
        stage.endpoint.script(client="good", client_of={"beta": "other"})
        stage.start_bridge()
        stage.load(rate=1000, count=2000).finish()
        stage.settle()
        self.assertEqual(stage.verify(self).dead, 0)
        self.assertEqual(stage.endpoint.stats().get("status_401", 0), 0, "a connection was used as somebody else")
        self.assertLess(stage.endpoint.stats()["handshakes"], 30, "connections are kept")
        stage.stop_bridge(self)


class Provider:
    """oidc-provider, from the outside."""

    def __init__(self, stage, ttl, certificate=""):
        modules = subprocess.run([ROOT / ".ci" / "npm", "path"], check=True, capture_output=True, text=True).stdout.strip()
        self.child = stage._children.start("provider", ["node", HERE / "oidc_provider.mjs", modules, SECRET, ttl, certificate],
                                           stage.folder / "provider.log")
        wait_until(lambda: "listening on " in self.child.log_text(), "the provider listens", 20.0, self.child)
        port, control = re.findall(r" on (\d+)$", self.child.log_text(), re.M)
        self.url, self._control = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{control}"
        stage.endpoint.script(introspect=f"{self.url}/token/introspection")

    def script(self, **changes):
        """Changes how it behaves."""
        urllib.request.urlopen(self._control, json.dumps(changes).encode(), timeout=5).close()

    def seen(self):
        """What was asked of it."""
        with urllib.request.urlopen(self._control, timeout=5) as answer:
            return json.load(answer)


class ProviderTest(IdentityTest):
    def with_provider(self, identity="kind: client_secret, client_id: scorer, secret_file: {folder}/secret", ttl=3600, **options):
        """A stage whose endpoint takes the provider's tokens only."""
        stage = self.stage(**options)
        certificates.make(stage.folder / "certificates")
        stage.provider = Provider(stage, ttl, str(stage.folder / "certificates" / "good.pem"))
        replace(stage.folder / "secret", SECRET + "\n")
        stage.settings["more_nats"] = (
            "identities:\n  - {name: me, " + identity.format(folder=stage.folder) +
            f", token_url: {stage.provider.url}/token, audience_as: resource, parameters: {{scope: score}}}}\n")
        stage.settings["more_endpoint"] = "identity: me\n      audience: urn:model"
        return stage

    def test_rotations_under_load(self):
        stage = self.with_provider(ttl=2)
        stage.start_bridge()
        load = stage.load(rate=1000, poison=1 / 2000)
        self.wait(lambda: stage.endpoint.stats().get("tokens", 0) > ROTATIONS, f"{ROTATIONS} rotations", 3.0 * ROTATIONS + 20)
        load.stop()
        stage.settle()
        report = stage.verify(self)
        self.assertGreater(report.dead, 0)
        self.assertEqual(report.dead, report.reasons["rejected"])  # with what the endpoint said, our token included
        self.assertEqual(stage.endpoint.stats().get("status_401", 0), 0, "a token was used after its end")
        self.assertNotIn("unauthorized", [name for name, count in outcomes(stage).items() if count])
        # One fetch, however many wait; a slow machine does not come to use every token.
        self.assertLessEqual(stage.provider.seen()["token_requests"], 2 * stage.endpoint.stats()["tokens"] + 3)
        self.canary(stage, SECRET, *stage.endpoint.tokens())
        stage.stop_bridge(self)

    def test_a_provider_that_is_away_holds_and_says_so(self):
        stage = self.with_provider(ttl=4)
        stage.provider.script(down=True)
        stage.start_bridge()
        load = stage.load(rate=300)
        self.not_ready_for(stage, "no token of identity me for urn:model: HTTP 503")
        stage.provider.script(down=False)
        self.wait(lambda: ready(stage)[0], "it goes on as soon as there is a token", 40.0)
        stage.provider.script(down=True)  # the token lives for a while yet
        self.not_ready_for(stage, "no token of identity me for urn:model: HTTP 503")
        replace(stage.folder / "secret", "another-s3cr3t-canary")
        stage.provider.script(down=False)
        self.not_ready_for(stage, "HTTP 401, invalid_client")
        replace(stage.folder / "secret", SECRET)
        self.wait(lambda: ready(stage)[0], "it goes on with the right secret", 70.0)
        load.stop()
        stage.settle()
        self.assertEqual(stage.verify(self).dead, 0)
        self.canary(stage, SECRET, *stage.endpoint.tokens())
        stage.stop_bridge(self)

    def test_a_token_that_is_revoked_is_replaced_at_once(self):
        stage = self.with_provider("kind: client_secret, client_id: scorer-basic, secret_file: {folder}/secret, secret_in: header")
        stage.start_bridge()
        load = stage.load(rate=1000)
        for _ in range(3):
            time.sleep(1.5)
            stage.endpoint.script(revoke=time.time())
        time.sleep(2.0)
        self.assertTrue(ready(stage)[0], "a 401 is answered by a new token, not by holding")
        load.stop()
        stage.settle()
        self.assertEqual(stage.verify(self).dead, 0)
        self.assertEqual(stage.endpoint.stats()["tokens"], 4)
        stage.stop_bridge(self)

    def test_a_certificate_signs_for_the_client(self):
        stage = self.with_provider("kind: client_certificate, client_id: signer, certificate_file: {folder}/certificates/good.pem, "
                                   "certificate_key_file: {folder}/certificates/good.key")
        stage.start_bridge()
        stage.load(rate=1000, count=1000).finish()
        stage.settle()
        self.assertEqual(stage.verify(self).dead, 0)
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

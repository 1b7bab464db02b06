"""Secrets in Azure Key Vault: read, watched, rotated under load, and what becomes of it all while the vault is away or lies.

The vault is azure_doubles.py's; the real azure-keyvault-secrets takes it for genuine (GenuineTest), and refuses its foreign
challenge, before Millrace meets it.
"""
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest
import urllib.request

import azure_doubles
from azure_test import SECRET, AzureStage, Doubles
from harness import BINARY, ROOT, NatsServer, Stage, wait_until
from identity_test import TlsStage, outcomes, ready

KEY = "v4ult-canary-key"
PASSWORD = "v4ult-canary-password"
SERVER = """
listen: 127.0.0.1:{port}
jetstream: {{ store_dir: "{store}" }}
accounts {{ APP: {{ jetstream: enabled, users: [ {{ user: test, password: test }}, {{ user: bridge, password: "{password}" }} ] }} }}
no_auth_user: test
"""


class SecuredServer(NatsServer):
    """A server whose user `bridge` has a password that changes."""

    def _write(self, password):
        (self._folder / "server.conf").write_text(
            SERVER.format(port=self.port, store=self._folder / "jetstream", password=password), encoding="utf-8")

    def start(self):
        self._write(f"{PASSWORD}-0")
        self.child = self._children.start("nats-server", [self._binary, "-c", self._folder / "server.conf"],
                                          self._folder / "nats-server.log")
        wait_until(self._answers, "nats-server answers", 15.0, self.child)
        return self

    def change(self, password):
        """The bridge's password is this one from now on; who came with another is put out."""
        self._write(password)
        self.child.signal(signal.SIGHUP)


class SecuredStage(Stage):
    def make_server(self):
        return SecuredServer(self._children, self.folder)


class VaultStage(AzureStage):
    """What the tests have in common."""

    def with_vault(self, kind=Stage, nats="", endpoint="", look_every="1s", identity="kind: managed_identity", environment="imds"):
        """A stage with a vault named kv-millrace, and what is configured beside it."""
        stage = self.put_on(kind)
        stage.azure = Doubles(stage._children, stage.folder)
        ca = stage.azure.certificates / "ca.pem"
        stage.settings["more_nats"] = (
            nats + f"identities:\n  - {{name: me, {identity.format(folder=stage.folder, ca=ca)}}}\n"
            f"vaults:\n  - {{name: kv-millrace, identity: me, url: 'https://localhost:{stage.azure.vault}', ca_file: {ca}, "
            f"look_every: {look_every}}}\n")
        stage.settings["more_endpoint"] = endpoint
        stage.bridge_environment = stage.azure.environment(environment)
        return stage

    def put(self, stage, **versions):
        """Adds a version to each of these secrets, with _ for -."""
        stage.azure.call("/secrets", {name.replace("_", "-"): one if isinstance(one, dict) else {"value": one}
                                      for name, one in versions.items()})

    def logged(self, stage, text, within=20.0):
        self.wait(lambda: text in stage.bridge.log_text(), f"the log says {text!r}", within)

    def finish(self, stage, *secrets):
        """Nothing was lost, doubled or told."""
        stage.settle()
        self.assertEqual(stage.verify(self).dead, 0)
        self.canary(stage, "t0ken-canary", "v4ult-canary", "odd-s3cret-canary", SECRET, *secrets)
        self.assertEqual(stage.azure.call("/").get("stolen", 0), 0, "a token was sent elsewhere")
        self.assertEqual(stage.azure.call("/").get("lured", 0), 0, "a redirect was followed")
        stage.stop_bridge(self)


class VaultTest(VaultStage):
    def test_a_key_is_rotated(self):
        """The vault is looked at once an hour, so it is the endpoint's 401 that makes it be asked."""
        stage = self.with_vault(endpoint="key_file: keyvault://kv-millrace/scoring-key", look_every="1h")
        self.put(stage, scoring_key=f"{KEY}-0")
        stage.endpoint.script(bearer=f"{KEY}-0")
        stage.start_bridge()
        load = stage.load(rate=500)
        for number in range(1, 4):
            time.sleep(6.0)
            self.put(stage, scoring_key=f"{KEY}-{number}\n")
            stage.endpoint.script(bearer=f"{KEY}-{number}")
            self.wait(lambda: stage.bridge.log_text().count("has version") == number + 1, "the new version is read", 20.0)
        self.wait(lambda: ready(stage)[0], "it goes on with the last key", 10.0)
        load.stop()
        self.assertIn("in the place of", stage.bridge.log_text())
        self.finish(stage)

    def test_a_second_key_bridges_the_gap(self):
        """Keys that are regenerated in turn, as Azure's are: nobody is ever held."""
        stage = self.with_vault(endpoint="key_file: keyvault://kv-millrace/one\n      second_key_file: keyvault://kv-millrace/two")
        self.put(stage, one=KEY, two=f"{KEY}-other")
        stage.endpoint.script(bearer=KEY)
        stage.start_bridge()
        load = stage.load(rate=500)
        time.sleep(1.0)
        stage.endpoint.script(bearer=f"{KEY}-other")
        time.sleep(1.0)
        self.assertTrue(ready(stage)[0])
        self.put(stage, one=f"{KEY}-third")
        self.wait(lambda: stage.bridge.log_text().count("has version") == 3, "the new version is read", 10.0)
        time.sleep(1.5)
        stage.endpoint.script(bearer=f"{KEY}-third")
        time.sleep(1.5)
        self.assertTrue(ready(stage)[0], ready(stage)[1])
        load.stop()
        self.finish(stage)

    def test_a_password_of_nats_is_rotated_under_load(self):
        stage = self.with_vault(SecuredStage, nats="  user: bridge\n  password_file: keyvault://kv-millrace/nats-password\n")
        self.put(stage, nats_password=f"{PASSWORD}-0")
        stage.start_bridge()
        load = stage.load(rate=1000)
        for number in range(1, 4):
            time.sleep(2.0)
            self.put(stage, nats_password=f"{PASSWORD}-{number}")
            self.wait(lambda: stage.bridge.log_text().count("login_refused") == number, "it tries what the server does not take yet")
            stage.server.change(f"{PASSWORD}-{number}")
            self.wait(lambda: ready(stage)[0], "it is connected", 20.0)
        time.sleep(2.0)
        self.assertTrue(ready(stage)[0])
        load.stop()
        self.finish(stage, PASSWORD)

    def test_a_client_secret_of_the_endpoint_is_in_the_vault(self):
        """One identity reads the vault, and another gets its own secret from there."""
        stage = self.with_vault(endpoint="identity: scorer")
        stage.settings["more_nats"] = stage.settings["more_nats"].replace(
            "vaults:", f"  - {{name: scorer, kind: client_secret, entra_tenant: t1, client_id: c1, secret_file: 'keyvault://kv-millrace/s', "
            f"ca_file: {stage.azure.certificates / 'ca.pem'}}}\nvaults:")
        stage.bridge_environment |= stage.azure.environment("entra")
        stage.endpoint.script(introspect=f"{stage.azure.control}/introspect")
        self.put(stage, s=SECRET)
        self.script(stage, secret=SECRET)
        stage.start_bridge()
        stage.load(rate=1000, count=1000).finish()
        self.finish(stage)

    def test_a_certificate_with_its_key_is_one_secret(self):
        stage = self.with_vault(TlsStage)
        folder = stage.certificates
        stage.settings["more_endpoint"] = f"identity: shown\n      ca_file: {folder}/ca.pem"
        stage.settings["more_nats"] = stage.settings["more_nats"].replace(
            "vaults:", "  - {name: shown, kind: tls_certificate, certificate_file: 'keyvault://kv-millrace/pem', "
            "certificate_key_file: 'keyvault://kv-millrace/pem'}\nvaults:")
        stage.settings["endpoint_url"] = f"https://127.0.0.1:{stage.endpoint.port}/score"
        self.put(stage, pem=(folder / "good.key").read_text() + (folder / "good.pem").read_text())
        stage.endpoint.script(client="good")
        stage.start_bridge()
        stage.load(rate=500, count=500).finish()
        self.put(stage, pem=(folder / "other.key").read_text() + (folder / "other.pem").read_text())
        self.wait(lambda: stage.bridge.log_text().count("has version") == 2, "the new version is read")
        stage.endpoint.script(client="other")
        load = stage.load(rate=500)
        time.sleep(1.0)
        self.wait(lambda: ready(stage)[0], "it goes on as the other", 30.0)
        time.sleep(1.0)
        load.stop()
        self.finish(stage, "PRIVATE KEY")


class TroubleTest(VaultStage):
    KEYED = "key_file: keyvault://kv-millrace/scoring-key"

    def test_a_vault_that_is_away_at_the_start_is_waited_for(self):
        stage = self.with_vault(endpoint=self.KEYED)
        stage.endpoint.script(bearer=KEY)
        self.script(stage, vault_always=503)
        stage.start_bridge(wait=False)
        load = stage.load(rate=300)
        self.not_ready_for(stage, "endpoint.key_file awaits keyvault://kv-millrace/scoring-key: HTTP 503")
        self.script(stage, vault_always=403)
        self.not_ready_for(stage, "HTTP 403, Forbidden (ForbiddenByRbac)")
        self.script(stage, vault_always="")
        self.not_ready_for(stage, "HTTP 404, SecretNotFound")
        self.put(stage, scoring_key=KEY)
        self.wait(lambda: ready(stage)[0], "it begins as soon as there is a key", 70.0)
        load.stop()
        self.finish(stage)

    def test_it_can_be_stopped_while_it_waits(self):
        stage = self.with_vault(endpoint=self.KEYED)
        self.script(stage, vault_always="away")
        stage.start_bridge(wait=False)
        self.not_ready_for(stage, "scoring-key: no answer")
        stage.stop_bridge(self)
        stage.failed = False

    def test_what_is_at_hand_stays_in_use(self):
        stage = self.with_vault(endpoint=self.KEYED)
        stage.endpoint.script(bearer=KEY)
        self.put(stage, scoring_key=KEY)
        stage.start_bridge()
        load = stage.load(rate=300)
        for what, said in ((403, "HTTP 403, Forbidden (ForbiddenByRbac); version"), (429, "HTTP 429, Throttled; version"),
                           ("away", "no answer"), *((odd, None) for odd in azure_doubles.ODD if odd != "away")):
            before = stage.bridge.log_text().count("stays in use")
            self.script(stage, vault_always=what)
            self.wait(lambda: stage.bridge.log_text().count("stays in use") > before, f"{what} is told", 20.0)
            if said:
                self.logged(stage, said)
            self.script(stage, vault_always="")
            again = stage.bridge.log_text().count("can be read again")
            self.wait(lambda: stage.bridge.log_text().count("can be read again") > again, f"{what} is over", 70.0)
        self.put(stage, scoring_key={"value": f"{KEY}-disabled", "enabled": False})
        self.logged(stage, "(SecretDisabled); version")
        self.put(stage, scoring_key={"value": f"{KEY}-later", "nbf": time.time() + 3600})
        self.logged(stage, "is not good yet (nbf)", 70.0)
        self.put(stage, scoring_key={"value": f"{KEY}-over", "exp": time.time() - 1})
        self.logged(stage, "is over (exp)", 130.0)
        self.assertTrue(ready(stage)[0], ready(stage)[1])
        self.assertEqual(outcomes(stage).get("unauthorized", 0), 0)
        with urllib.request.urlopen(f"http://127.0.0.1:{stage.admin}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        looks = dict(re.findall(r'millrace_vault_looks_total\{outcome="(\w+)",secret="keyvault://kv-millrace/scoring-key"\} (\d+)', text))
        self.assertGreater(int(looks["read"]), 5)
        self.assertGreater(int(looks["failed"]), 10)
        load.stop()
        self.finish(stage)

    def test_tokens_are_replaced_ahead_of_their_end(self):
        stage = self.with_vault(endpoint=self.KEYED)
        stage.endpoint.script(bearer=KEY)
        self.put(stage, scoring_key=KEY)
        self.script(stage, ttl=6)
        stage.start_bridge()
        load = stage.load(rate=200)
        time.sleep(8.0)
        self.assertNotIn("secret_not_read", stage.bridge.log_text(), "tokens are fetched ahead of their end")
        load.stop()
        self.finish(stage)

    def test_check_says_what_it_would_fetch_and_tries(self):
        stage = self.with_vault(endpoint=self.KEYED)
        stage.start_bridge(wait=False)
        config = next(stage.folder.glob("millrace-*.yaml"))

        def say(command, *options):
            done = subprocess.run([BINARY, command, "-c", config, *options], capture_output=True, text=True, timeout=60,
                                  input='{"n": 1, "tenant": "alpha", "x": 1}', env={**os.environ, **stage.bridge_environment})
            return done.returncode, done.stdout + done.stderr

        code, said = say("check", "--offline")
        self.assertEqual(code, 0, said)
        self.assertIn("gives     pipelines[0].endpoint.key_file: keyvault://kv-millrace/scoring-key", said)
        self.assertIn(f"at https://localhost:{stage.azure.vault} as identity me", said)
        code, said = say("try", "--offline")
        self.assertEqual(code, 0, said)
        missing = "endpoint.key_file: keyvault://kv-millrace/scoring-key: HTTP 404, SecretNotFound"
        self.assertEqual(say("try"), (1, f"millrace: pipelines[0].{missing}\n"))
        code, said = say("check")
        self.assertEqual(code, 1)
        self.assertIn(f"pipelines[0].{missing}", said)
        self.put(stage, scoring_key=KEY)
        self.assertIn("vaults give 1 of 1 secrets", say("check")[1])
        self.assertIn("scored", say("try")[1])
        stage.failed = False


GENUINE = """
import socket, sys
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient
secret, authority, ca, port, name, version = sys.argv[1:]
ours = socket.getaddrinfo

def found_here(host, at, *more):
    return ours(*(("127.0.0.1", port) if host.endswith(".vault.azure.net") else (host, at)), *more)
socket.getaddrinfo = found_here
credential = ClientSecretCredential("t1", "c1", secret, authority=authority, disable_instance_discovery=True, connection_verify=ca)
client = SecretClient("https://kv-millrace.vault.azure.net", credential, connection_verify=ca, retry_backoff_factor=0.1)
try:
    found = client.get_secret(name, version or None)
    print(found.value, found.properties.version, found.properties.enabled, found.properties.vault_url)
except HttpResponseError as error:
    print(type(error).__name__, error.status_code, error.error and error.error.code, error.error and error.error.innererror)
except ValueError as error:
    print("ValueError", error)
"""


class GenuineTest(VaultStage):
    """The real client library takes the double for a Key Vault."""

    def ask(self, stage, name, version=""):
        """What the client says."""
        cache = subprocess.run([ROOT / ".ci" / "venv", "path"], check=True, capture_output=True, text=True).stdout.strip()
        python = pathlib.Path(cache) / "azureidentity" / "bin" / "python"
        done = subprocess.run([python, "-c", GENUINE, SECRET, f"https://localhost:{stage.azure.tls}", stage.azure.certificates / "ca.pem",
                               stage.azure.vault, name, version], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **stage.azure.environment("entra")})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_the_vault(self):
        stage = self.with_vault()
        self.script(stage, secret=SECRET)
        self.put(stage, a="first")
        first = stage.azure.call("/secrets", {"a": {"value": "second"}, "off": {"value": "x", "enabled": False}})
        version = first["a"]
        self.assertEqual(self.ask(stage, "a").split()[:3], ["second", version, "True"])
        self.put(stage, a="third")
        self.assertEqual(self.ask(stage, "a", version).split()[0], "second")
        self.assertEqual(self.ask(stage, "a").split()[0], "third")
        self.script(stage, vault=[429, 503])
        self.assertEqual(self.ask(stage, "a").split()[0], "third")
        self.assertIn("ResourceNotFoundError 404 SecretNotFound", self.ask(stage, "missing"))
        self.assertIn("HttpResponseError 403 Forbidden", self.ask(stage, "off"))
        self.script(stage, vault_always="foreign")
        self.assertIn("ValueError The challenge resource", self.ask(stage, "a"))
        stage.failed = False


if __name__ == "__main__":
    unittest.main()

"""Tokens as Azure gives them: managed identities in their forms, and Entra by secret and by federated token.

The doubles are genuine as far as the real azure-identity takes them for it (GenuineTest); Millrace meets the same.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.request

import azure_doubles
from harness import HERE, ROOT
from identity_test import IdentityTest, ready, replace, wait_until

sys.path.insert(0, str(ROOT / "tests" / "faults"))
import certificates  # noqa: E402

SECRET, ASSERTION = "entra-s3cr3t-canary", "header.entra-ass3rtion-canary.signature"
AUDIENCE = "https://ml.azure.com"


class Doubles:
    """azure_doubles.py, from the outside."""

    def __init__(self, children, folder):
        self.certificates = folder / "azure"
        certificates.make(self.certificates)
        self.child = children.start("azure", [sys.executable, "-u", HERE / "azure_doubles.py", self.certificates],
                                    folder / "azure.log")
        wait_until(lambda: "listening on" in self.child.log_text(), "the doubles listen", 10.0, self.child)
        words = self.child.log_text().split()
        self.plain, self.tls, self.vault, self.control = *words[2:5], f"http://127.0.0.1:{words[-1]}"

    def call(self, path, content=None):
        """The control port's answer."""
        body = None if content is None else json.dumps(content).encode()
        with urllib.request.urlopen(self.control + path, body, timeout=5) as answer:
            return json.load(answer)

    def environment(self, kind):
        """The variables that a process finds where tokens are given like this."""
        plain = f"http://127.0.0.1:{self.plain}"
        return {"imds": {"AZURE_POD_IDENTITY_AUTHORITY_HOST": plain},
                "app_service": {"IDENTITY_ENDPOINT": f"{plain}/msi/token", "IDENTITY_HEADER": azure_doubles.HEADER},
                "arc": {"IDENTITY_ENDPOINT": f"{plain}/arc/token", "IMDS_ENDPOINT": plain},
                "entra": {"AZURE_AUTHORITY_HOST": f"https://localhost:{self.tls}"}}[kind]


def remove_arc_folder():
    """Unless somebody else has something in it."""
    for key in azure_doubles.ARC.glob("*.key"):
        if key.read_text().startswith("arc-k3y-canary"):
            key.unlink()
    for folder in (azure_doubles.ARC, azure_doubles.ARC.parent):
        with contextlib.suppress(OSError):
            folder.rmdir()


class AzureStage(IdentityTest):
    """What both tests have in common."""

    KINDS = ("imds", "app_service") + (("arc",) if os.access("/var/opt", os.W_OK) else ())

    def with_azure(self, identity, environment):
        """A stage whose endpoint takes the doubles' tokens only."""
        stage = self.stage()
        stage.azure = Doubles(stage._children, stage.folder)
        self.addCleanup(remove_arc_folder)
        stage.endpoint.script(introspect=f"{stage.azure.control}/introspect")
        stage.settings["more_nats"] = "identities:\n  - {name: me, " + identity.format(
            folder=stage.folder, ca=stage.azure.certificates / "ca.pem") + "}\n"
        stage.settings["more_endpoint"] = "identity: me"
        stage.bridge_environment = stage.azure.environment(environment)
        return stage

    def script(self, stage, **changes):
        """Changes how the doubles behave."""
        stage.azure.call("/script", changes)

    def score(self, stage):
        """Events go through, and nothing is told."""
        stage.start_bridge()
        stage.load(rate=1000, count=500).finish()
        stage.settle()
        self.assertEqual(stage.verify(self).dead, 0)
        self.canary(stage, "t0ken-canary", "arc-k3y", "app-s3rvice", SECRET, ASSERTION)
        stage.stop_bridge(self)


class AzureTest(AzureStage):
    def test_managed_identities(self):
        for kind in self.KINDS:
            with self.subTest(kind):
                stage = self.with_azure("kind: managed_identity", kind)
                self.score(stage)

    def test_a_metadata_service_that_is_updated_is_waited_for(self):
        stage = self.with_azure("kind: managed_identity", "imds")
        self.script(stage, fail=[404, 410, 429, 500])
        self.score(stage)

    def test_entra_by_secret(self):
        stage = self.with_azure(f"kind: client_secret, entra_tenant: t1, client_id: c1, secret_file: {{folder}}/secret, "
                                f"ca_file: {{ca}}", "entra")
        replace(stage.folder / "secret", SECRET + "\n")
        self.script(stage, secret=SECRET)
        self.score(stage)

    def test_a_workload_identity_whose_file_is_rotated(self):
        stage = self.with_azure("kind: federated_token, ca_file: {ca}", "entra")
        file = stage.folder / "federated"
        replace(file, ASSERTION)
        self.script(stage, assertion=ASSERTION, ttl=4)
        stage.bridge_environment |= {"AZURE_CLIENT_ID": "c1", "AZURE_TENANT_ID": "t1", "AZURE_FEDERATED_TOKEN_FILE": str(file)}
        stage.start_bridge()
        load = stage.load(rate=500)
        for number in range(3):
            time.sleep(2.0)
            replace(file, f"{ASSERTION}{number}")
            self.script(stage, assertion=f"{ASSERTION}{number}")
        time.sleep(2.0)
        self.assertTrue(ready(stage)[0])
        load.stop()
        stage.settle()
        self.assertEqual(stage.verify(self).dead, 0)
        self.assertEqual(stage.endpoint.stats().get("status_401", 0), 0)
        self.canary(stage, ASSERTION, *stage.endpoint.tokens())
        stage.stop_bridge(self)


GENUINE = """
import sys
from azure.identity import ClientAssertionCredential, ClientSecretCredential, ManagedIdentityCredential
kind, secret, authority, ca, scope = sys.argv[1:]
more = {"authority": authority, "disable_instance_discovery": True, "connection_verify": ca}
if kind == "secret":
    credential = ClientSecretCredential("t1", "c1", secret, **more)
elif kind == "assertion":
    credential = ClientAssertionCredential("t1", "c1", lambda: secret, **more)
else:
    credential = ManagedIdentityCredential()
print(credential.get_token(scope).token)
"""


class GenuineTest(AzureStage):
    """The real client library takes the doubles for Azure."""

    def take(self, stage, kind, environment, secret=""):
        """A token, as azure-identity gets it."""
        cache = subprocess.run([ROOT / ".ci" / "venv", "path"], check=True, capture_output=True, text=True).stdout.strip()
        python = pathlib.Path(cache) / "azureidentity" / "bin" / "python"
        done = subprocess.run([python, "-c", GENUINE, kind, secret, f"https://localhost:{stage.azure.tls}",
                               stage.azure.certificates / "ca.pem", f"{AUDIENCE}/.default"], capture_output=True, text=True,
                              timeout=120, env={**os.environ, **stage.azure.environment(environment)})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_the_doubles(self):
        stage = self.with_azure("kind: managed_identity", "imds")
        self.script(stage, secret=SECRET, assertion=ASSERTION)
        for kind in self.KINDS:
            with self.subTest(kind):
                self.assertTrue(self.take(stage, kind, kind).startswith(f"t0ken-canary-{kind}-"))
        self.assertTrue(self.take(stage, "secret", "entra", SECRET).startswith("t0ken-canary-entra-"))
        self.assertTrue(self.take(stage, "assertion", "entra", ASSERTION).startswith("t0ken-canary-entra-"))
        self.script(stage, fail=[429])
        self.assertTrue(self.take(stage, "imds", "imds").startswith("t0ken-canary-imds-"))
        stage.failed = False


if __name__ == "__main__":
    unittest.main()

"""`millrace auth-callout` between a current nats-server and a real OpenID provider: who has a token gets its tenant's rights,
as long as the token lives; who has none is not let in; every decision is told on the audit subject.

Needs nats-server 2.10 or newer (.ci/go) and oidc-provider (.ci/npm)."""
import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "examples"))

import nats_wire  # noqa: E402
from children import Children, free_port, wait_until  # noqa: E402
from nkeys import key_pair  # noqa: E402

BINARY = os.environ.get("MILLRACE", str(ROOT / "build" / "release" / "bin" / "millrace"))


def tool(script):
    """Where a script of .ci keeps what it installed."""
    return pathlib.Path(subprocess.run([ROOT / ".ci" / script, "path"], check=True, capture_output=True, text=True).stdout.strip())


CONFIG = """\
version: 1
nats: {{urls: ["{url}"]}}
pipelines:
  - name: scores
    input: {{stream: EVENTS, subject: "events.{{tenant}}.raw"}}
    event: {{features: [x]}}
    endpoint: {{url: "http://127.0.0.1:1/score"}}
    results: {{subject: "results.{{tenant}}.scores"}}
"""

POLICY = """\
version: 1
tokens:
  issuer: {issuer}
  audiences: [millrace]
  keys: {issuer}/jwks
  leeway: 0s
callout:
  servers: {servers}
  account: APP
  signing_seed_file: {folder}/account.seed
{xkey}  token_in: {token_in}
  audit_subject: audit.logins
  user: auth
  password_file: {folder}/password
rules:
  - tenant: acme
    when: {{groups: acme}}
    may: [publish, subscribe]
{own}  - tenant: beta
    when: {{groups: beta}}
    may: subscribe
"""

SERVER = """\
listen: "127.0.0.1:{port}"
max_control_line: 16KB
accounts {{
  AUTH {{ users: [ {{ user: auth, password: p }}, {{ user: auditor, password: p }} ] }}
  APP {{ users: [ {{ user: owner, password: p }} ]{exports} }}{acme}
}}
authorization {{
  timeout: 2
  auth_callout {{ issuer: {issuer}, account: AUTH, auth_users: [ auth, auditor, owner ]{xkey} }}
}}
"""


class CalloutTest(unittest.TestCase):
    def start(self, encrypted=False, token_in="auth_token", server=None, accounts=False):
        """A server, a provider and the callout between them."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="millrace-e2e-")))
        self.children = stack.enter_context(Children())
        self.port, self.provider_port = free_port(), free_port()
        self.url, self.issuer = f"nats://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.provider_port}"
        seed, account = key_pair("A")
        xkey_seed, xkey = key_pair("X")
        for name, content in [("account.seed", seed), ("xkey.seed", xkey_seed), ("password", "p")]:
            (self.folder / name).write_text(content + "\n", encoding="utf-8")
        (self.folder / "millrace.yaml").write_text(CONFIG.format(url=self.url), encoding="utf-8")
        exports, acme = self.shared() if accounts else ("", "")
        (self.folder / "server.conf").write_text(SERVER.format(
            port=self.port, issuer=account, xkey=f", xkey: {xkey}" if encrypted else "", exports=exports, acme=acme), encoding="utf-8")
        self.server = self.children.start("nats-server", [tool("go") / "nats-server", "-c", self.folder / "server.conf"],
                                          self.folder / "server.log")
        self.audit = []
        auditor = wait_until(lambda: self.connect(user="auditor", **{"pass": "p"}), "nats-server answers", 15.0, self.server)
        auditor.subscribe("audit.logins", lambda message: self.audit.append(json.loads(message.payload)))
        auditor.sync()
        self.auditor = stack.enter_context(auditor)
        (self.folder / "policy.yaml").write_text(POLICY.format(
            issuer=self.issuer, folder=self.folder, servers="any" if encrypted else f"[{server or auditor.info['server_id']}]",
            token_in=token_in, own="    account: acme\n" if accounts else "", xkey=f"  xkey_seed_file: {self.folder}/xkey.seed\n" if encrypted else ""), encoding="utf-8")
        self.start_provider()
        self.callout = self.children.start("auth-callout", [BINARY, "auth-callout", "-c", self.folder / "millrace.yaml", "--policy",
                                                            self.folder / "policy.yaml"], self.folder / "callout.log")
        wait_until(lambda: "answering" in self.callout.log_text(), "the callout is connected", 10.0, self.callout)
        self.tokens = []

    def shared(self):
        """What the accounts of bridge and tenant give each other, as millrace prints it."""
        printed = subprocess.run([BINARY, "permissions", "acme", "-c", self.folder / "millrace.yaml", "--account", "APP", "--json"],
                                 check=True, capture_output=True, text=True).stdout
        accounts = json.loads(printed)["accounts"]
        return f", exports: {json.dumps(accounts['APP']['exports'])}", f"\n  acme {json.dumps(accounts['acme'])}"

    def start_provider(self):
        self.provider = self.children.start("oidc-provider", ["node", HERE / "login_provider.mjs", tool("npm") / "node_modules",
                                                              self.provider_port], self.folder / f"provider{time.monotonic_ns()}.log")
        wait_until(lambda: "listening" in self.provider.log_text(), "the provider listens", 20.0, self.provider)

    def token(self, client, audience="millrace", algorithm="RS256", seconds=60):
        """An access token of the provider."""
        body = urllib.parse.urlencode({"grant_type": "client_credentials", "resource": f"urn:{audience}:{algorithm}:{seconds}"})
        login = base64.b64encode(f"{client}:secret-of-{client}".encode()).decode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.issuer}/token", body.encode(), {"Authorization": f"Basic {login}"}),
                                    timeout=5) as answer:
            self.tokens.append(json.load(answer)["access_token"])
        return self.tokens[-1]

    def connect(self, **login):
        """A connection; None when nobody listens yet."""
        try:
            return nats_wire.Connection(self.url, login=login, inbox="_INBOX_acme")
        except nats_wire.Disconnected:
            return None

    def refused(self, **login):
        """Asserts that nobody is let in with it; the reason that is told on the audit subject."""
        count = len(self.audit)
        with self.assertRaises(nats_wire.NatsError):
            nats_wire.Connection(self.url, login=login)
        self.told(count + 1)
        self.assertEqual(self.audit[-1]["decision"], "refused")
        return self.audit[-1]["reason"]

    def told(self, count):
        wait_until(lambda: self.auditor.pump(0.1) is not None and len(self.audit) >= count, "the decision is told", 5.0)

    def lets_in_and_refuses(self, way):
        acme = nats_wire.Connection(self.url, login={way: self.token("acme")}, inbox="_INBOX_acme")
        beta = nats_wire.Connection(self.url, login={way: self.token("beta", algorithm="ES256")}, inbox="_INBOX_beta")
        got = []
        beta.subscribe("results.beta.scores", got.append)
        acme.subscribe("results.acme.scores", got.append)
        acme.sync()
        self.assertEqual(acme.errors, [])
        acme.publish("events.acme.raw", b"{}")
        acme.sync()
        self.assertEqual(acme.errors, [])
        for subject in ("events.beta.raw", "results.acme.scores", "results.beta.scores", "$JS.API.INFO"):
            acme.publish(subject, b"{}")
            beta.publish(subject, b"{}")
        beta.publish("events.beta.raw", b"{}")
        acme.subscribe("results.*.scores", got.append)
        acme.sync()
        beta.sync()
        self.assertEqual(len([each for each in acme.errors if "Permissions Violation" in each]), 5, acme.errors)
        self.assertEqual(len([each for each in beta.errors if "Permissions Violation" in each]), 6, beta.errors)  # and its inbox
        self.told(2)
        granted = self.audit[0]
        claims = json.loads(base64.urlsafe_b64decode(self.tokens[0].split(".")[1] + "=="))
        self.assertEqual((granted["decision"], granted["tenant"], granted["issuer"], granted["subject"], granted["token_id"]),
                         ("granted", "acme", self.issuer, claims["sub"], claims["jti"]))
        self.assertEqual(granted["expires_at"], claims["exp"])
        self.assertEqual(granted["publish"], ["events.acme.raw"])

        for algorithm in ("PS256", "ES256", "EdDSA"):
            nats_wire.Connection(self.url, login={way: self.token("acme", algorithm=algorithm)}, inbox="_INBOX_acme").close()
        acme.close()
        beta.close()
        self.told(5)
        good = self.token("acme")
        self.assertEqual(self.refused(**{way: self.token("acme", audience="elsewhere")}), "audience")
        self.assertEqual(self.refused(**{way: self.token("nobody")}), "no_rule")
        self.assertEqual(self.refused(**{way: self.token("both")}), "several_tenants")
        head, body, _ = good.split(".")
        self.assertEqual(self.refused(**{way: ".".join([head, body, self.token("acme").split(".")[2]])}), "signature")
        self.assertEqual(self.refused(**{way: "password"}), "malformed")
        self.assertEqual(self.refused(), "malformed")
        none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        self.assertEqual(self.refused(**{way: f"{none}.{body}."}), "algorithm")
        brief = self.token("acme", seconds=1)
        time.sleep(1.2)
        self.assertEqual(self.refused(**{way: brief}), "expired")

    def nothing_is_told_of_tokens(self):
        text = json.dumps(self.audit) + self.callout.log_text()
        for token in self.tokens:
            for part in token.split("."):
                self.assertNotIn(part[-30:], text)
        self.assertNotIn((self.folder / "account.seed").read_text(encoding="utf-8").strip(), text)

    def test_tokens_make_tenants(self):
        self.start()
        self.lets_in_and_refuses("auth_token")
        self.nothing_is_told_of_tokens()
        self.assertEqual(self.callout.stop(), 0)

    def test_encrypted_and_as_password(self):
        self.start(encrypted=True, token_in="password")
        self.lets_in_and_refuses("pass")
        self.nothing_is_told_of_tokens()

    def test_an_account_of_its_own(self):
        self.start(accounts=True)
        owner = nats_wire.Connection(self.url, login={"user": "owner", "pass": "p"})
        seen, got = [], []
        owner.subscribe(">", lambda message: seen.append(message.subject))
        owner.subscribe("events.*.raw", lambda message: owner.publish(message.reply, b"stored") if message.reply else None)
        owner.sync()
        acme = nats_wire.Connection(self.url, login={"auth_token": self.token("acme")}, inbox="_INBOX_acme")
        acme.subscribe("results.acme.scores", got.append)
        acme.publish("events.acme.raw", b"{}", "events.beta.raw")
        acme.publish("events.acme.raw", b"{}")
        acme.sync()
        owner.pump(0.3)
        owner.publish("results.acme.scores", b"7")
        owner.sync()
        acme.pump(0.3)
        self.assertEqual([subject for subject in seen if subject.startswith("events.")], ["events.acme.raw"] * 2)
        self.assertEqual([message.payload for message in got], [b"7"])
        self.assertEqual(acme.errors, [])
        self.told(1)
        self.assertEqual(self.audit[0]["account"], "acme")

    def test_a_session_ends_with_its_token(self):
        self.start()
        acme = nats_wire.Connection(self.url, login={"auth_token": self.token("acme", seconds=3)}, inbox="_INBOX_acme")
        began = time.monotonic()
        with self.assertRaises(nats_wire.Disconnected):
            while time.monotonic() - began < 10:
                acme.pump(0.2)
        self.assertLess(time.monotonic() - began, 6)
        self.assertIn("Expired", "".join(acme.errors))

    def test_the_provider_changes_its_keys_and_goes_away(self):
        self.start()
        old = self.token("acme")
        nats_wire.Connection(self.url, login={"auth_token": old}, inbox="_INBOX_acme").close()
        self.provider.stop()
        nats_wire.Connection(self.url, login={"auth_token": old}, inbox="_INBOX_acme").close()  # the keys are at hand
        self.start_provider()
        new = self.token("acme")
        # Not more than one fetch in half a minute: until then a key that was never seen is a wrong one.
        wait_until(lambda: self.connect(auth_token=new), "the new key is known", 45.0, every=2.0)
        self.assertEqual(self.refused(auth_token=old), "unknown_key")

    def test_a_server_that_is_not_pinned(self):
        self.start(server=key_pair("N")[1])
        with self.assertRaises(nats_wire.NatsError):
            nats_wire.Connection(self.url, login={"auth_token": self.token("acme")})
        self.told(1)
        self.assertEqual((self.audit[0]["decision"], self.audit[0]["reason"]), ("dropped", "unknown_server"))


if __name__ == "__main__":
    unittest.main()

"""What `millrace permissions` prints, on a real server: every way of one tenant to another's messages, or to what is the
bridge's, is refused; its own ways work."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "examples"))

import nats_wire  # noqa: E402
from children import Children, free_port, wait_until  # noqa: E402

BINARY = os.environ.get("MILLRACE", str(HERE.parent.parent / "build" / "release" / "bin" / "millrace"))
PROGRAM = os.environ.get("MILLRACE_NATS_SERVER", "nats-server")

CONFIG = """\
version: 1
nats: {urls: ["nats://127.0.0.1:4222"]}
pipelines:
  - name: scores
    partitions: 2
    input: {stream: EVENTS, subject: "events.{partition}.{tenant}.raw"}
    event: {features: [x]}
    endpoint: {url: "http://127.0.0.1:1/score"}
    results: {subject: "results.{tenant}.scores", stream: RESULTS}
    audit: {subject: millrace.audit.scores}
  - name: counts
    input: {stream: CLICKS, subject: "clicks.{tenant}"}
    aggregates:
      - {name: each, window: {tumbling: 5s}, select: {n: count()}, kv_bucket: SUMMARY, subject: "counts.{tenant}.each"}
"""
STREAMS = {"EVENTS": ["events.>"], "CLICKS": ["clicks.>"], "STATE": ["millrace.state.>"], "AUDIT": ["millrace.audit.>"], "KV_SUMMARY": ["$KV.SUMMARY.>"],
           "RESULTS": ["results.>", "counts.>", "dead.>", "dead-unroutable.>"]}
CANARIES = ["events.0.beta.raw", "clicks.beta", "results.beta.scores", "counts.beta.each", "dead.beta.scores",
            "dead-unroutable.scores", "$KV.SUMMARY.counts.each.beta", "$KV.SUMMARY.counts.each.beta.x", "millrace.state.counts.0",
            "millrace.audit.scores"]
OWN = ["results.acme.scores", "counts.acme.each", "dead.acme.scores", "$KV.SUMMARY.counts.each.acme",
       "$KV.SUMMARY.counts.each.acme.x"]

# What tenant acme tries, one a line: verb, subject, body.
ATTEMPTS = [line.split(None, 2) for line in """\
sub   results.beta.scores
sub   results.*.scores
sub   results.>
sub   results.beta.>
sub   >
sub   *
sub   *.beta.*
sub   *.*.scores
queue results.beta.scores
queue results.*.scores
sub   counts.beta.each
sub   counts.*.each
sub   dead.beta.scores
sub   dead.>
sub   dead-unroutable.scores
sub   events.0.beta.raw
sub   events.0.acme.raw
sub   events.>
sub   clicks.*
sub   millrace.state.>
sub   millrace.state.counts.0
sub   millrace.audit.scores
sub   millrace.audit.>
sub   millrace.>
queue millrace.audit.*
sub   $KV.SUMMARY.>
sub   $KV.SUMMARY.counts.each.beta
sub   $KV.SUMMARY.counts.each.beta.>
sub   $KV.SUMMARY.counts.each.*
sub   _INBOX.>
sub   _INBOX_beta.>
sub   _INBOX.*.*
sub   $JS.>
sub   $JS.ACK.>
sub   $JS.API.>
sub   $JS.EVENT.>
sub   $SYS.>
sub   $SYS.REQ.USER.AUTH
sub   $JS.API.CONSUMER.MSG.NEXT.EVENTS.scores-p0
pub   events.0.beta.raw
pub   clicks.beta
pub   clicks.>
pub   events.0.acme
pub   events.0.acme.raw.x
pub   results.acme.scores
pub   results.beta.scores
pub   counts.beta.each
pub   counts.acme.each
pub   dead.beta.scores
pub   dead-unroutable.scores
pub   millrace.state.counts.0
pub   millrace.audit.scores
pub   millrace.audit.acme
pub   $KV.SUMMARY.counts.each.acme
pub   $KV.SUMMARY.counts.each.beta
pub   _INBOX.anybody.1
pub   _INBOX_beta.anybody.1
pub   _INBOX_acme.anybody.1
pub   $JS.ACK.EVENTS.scores-p0.1.1.1.1.0
pub   $JS.ACK.RESULTS.beta@scores.1.1.1.1.0
pub   $JS.ACK._.hash.RESULTS.beta@scores.1.1.1.1.0
pub   $JS.ACK._.hash.RESULTS.acme@scores.1.1.1.1.0
pub   $JS.FC.RESULTS.beta@scores.1
ask   $JS.API.INFO
ask   $JS.API.STREAM.NAMES
ask   $JS.API.STREAM.LIST
ask   $JS.API.STREAM.INFO.RESULTS
ask   $JS.API.STREAM.INFO.EVENTS
ask   $JS.API.STREAM.CREATE.MINE {"name":"MINE","subjects":["copy"],"sources":[{"name":"RESULTS"}]}
ask   $JS.API.STREAM.UPDATE.RESULTS {"name":"RESULTS","subjects":["results.>"],"republish":{"src":">","dest":"_INBOX_acme.>"}}
ask   $JS.API.STREAM.PURGE.EVENTS
ask   $JS.API.STREAM.DELETE.EVENTS
ask   $JS.API.STREAM.SNAPSHOT.RESULTS {"deliver_subject":"_INBOX_acme.snapshot"}
ask   $JS.API.STREAM.RESTORE.RESULTS
ask   $JS.API.STREAM.MSG.GET.RESULTS {"last_by_subj":"results.beta.scores"}
ask   $JS.API.STREAM.MSG.GET.EVENTS {"seq":1}
ask   $JS.API.STREAM.MSG.GET.AUDIT {"seq":1}
ask   $JS.API.STREAM.MSG.GET.AUDIT {"last_by_subj":"millrace.audit.scores"}
ask   $JS.API.DIRECT.GET.AUDIT {"seq":1}
ask   $JS.API.DIRECT.GET.AUDIT.millrace.audit.scores
ask   $JS.API.STREAM.INFO.AUDIT
ask   $JS.API.STREAM.PURGE.AUDIT
ask   $JS.API.CONSUMER.CREATE.AUDIT {"stream_name":"AUDIT","config":{"ack_policy":"none"}}
ask   $JS.API.CONSUMER.CREATE.AUDIT.spy.millrace.audit.scores {"stream_name":"AUDIT","config":{"name":"spy","filter_subject":"millrace.audit.scores","ack_policy":"none"}}
ask   $JS.API.STREAM.MSG.DELETE.RESULTS {"seq":1}
ask   $JS.API.DIRECT.GET.RESULTS {"last_by_subj":"results.beta.scores"}
ask   $JS.API.DIRECT.GET.RESULTS.results.beta.scores
ask   $JS.API.DIRECT.GET.RESULTS.results.*.scores
ask   $JS.API.DIRECT.GET.RESULTS.>
ask   $JS.API.DIRECT.GET.KV_SUMMARY.$KV.SUMMARY.counts.each.beta
ask   $JS.API.DIRECT.GET.KV_SUMMARY {"seq":1}
ask   $JS.API.CONSUMER.NAMES.RESULTS
ask   $JS.API.CONSUMER.LIST.RESULTS
ask   $JS.API.CONSUMER.INFO.RESULTS.beta@scores
ask   $JS.API.CONSUMER.INFO.EVENTS.scores-p0
ask   $JS.API.CONSUMER.CREATE.RESULTS {"stream_name":"RESULTS","config":{"filter_subject":"results.beta.scores","ack_policy":"none"}}
ask   $JS.API.CONSUMER.CREATE.RESULTS.spy.results.beta.scores {"stream_name":"RESULTS","config":{"name":"spy","filter_subject":"results.beta.scores","ack_policy":"none"}}
ask   $JS.API.CONSUMER.CREATE.RESULTS.acme@scores.results.beta.scores {"stream_name":"RESULTS","config":{"name":"acme@scores","durable_name":"acme@scores","filter_subject":"results.beta.scores","ack_policy":"explicit"}}
ask   $JS.API.CONSUMER.CREATE.RESULTS.spy.results.acme.scores {"stream_name":"RESULTS","config":{"name":"spy","filter_subject":"results.acme.scores","deliver_subject":"clicks.beta","ack_policy":"none"}}
ask   $JS.API.CONSUMER.DURABLE.CREATE.RESULTS.spy {"stream_name":"RESULTS","config":{"durable_name":"spy","filter_subject":"results.beta.scores","ack_policy":"explicit"}}
ask   $JS.API.CONSUMER.DELETE.RESULTS.beta@scores
ask   $JS.API.CONSUMER.DELETE.EVENTS.scores-p0
ask   $JS.API.CONSUMER.MSG.NEXT.RESULTS.beta@scores {"batch":1,"no_wait":true}
ask   $JS.API.CONSUMER.MSG.NEXT.EVENTS.scores-p0 {"batch":1,"no_wait":true}
ask   $JS.API.CONSUMER.LEADER.STEPDOWN.RESULTS.beta@scores
ask   $JS.API.STREAM.LEADER.STEPDOWN.RESULTS
ask   $JS.API.META.LEADER.STEPDOWN
ask   $JS.API.ACCOUNT.PURGE.$G
ask   $JS.API.SERVER.REMOVE
ask   $SYS.REQ.SERVER.PING
ask   $SYS.REQ.ACCOUNT.PING.CONNZ
ask   $SYS.REQ.USER.INFO
pub   $SYS.REQ.USER.AUTH
""".splitlines()]

# Rights nobody should have; each must be noticed.
WIDER = [("publish", "events.*.*.raw"), ("publish", "results.acme.>"), ("publish", "$JS.API.CONSUMER.>"),
         ("publish", "$JS.API.DIRECT.GET.RESULTS.>"), ("publish", "$JS.ACK.>"), ("publish", "$JS.API.STREAM.INFO.*"),
         ("publish", "_INBOX_acme.>"), ("subscribe", "results.*.scores"), ("subscribe", "_INBOX.>"),
         ("subscribe", "$KV.SUMMARY.counts.>"), ("subscribe", "dead-unroutable.*")]


class Guarded:
    """A server with an owner and tenants, whose rights are what the program prints."""

    def __init__(self, test, accounts=False):
        folder = tempfile.TemporaryDirectory(prefix="millrace-e2e-")
        test.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "millrace.yaml").write_text(CONFIG, encoding="utf-8")
        self._children = Children()
        test.addCleanup(self._children.close)
        self.port = free_port()
        self._write(accounts)
        subprocess.run([PROGRAM, "-t", "-c", self.folder / "server.conf"], check=True, capture_output=True)
        self.child = self._children.start("nats-server", [PROGRAM, "-c", self.folder / "server.conf"], self.folder / "log")
        self.owner = wait_until(lambda: self.connect("owner", "_INBOX"), "nats-server answers", 15.0, self.child)
        self.jetstream = nats_wire.JetStream(self.owner)
        self.jetstream.wait_ready()
        for name, subjects in STREAMS.items():
            self.jetstream.add_stream(name, subjects, allow_direct=True)
        for stream, name, subject in [("EVENTS", "scores-p0", "events.0.*.raw"), ("RESULTS", "acme@scores", "results.acme.scores"),
                                      ("RESULTS", "beta@scores", "results.beta.scores")]:
            self.jetstream.api(f"CONSUMER.CREATE.{stream}.{name}.{subject}", {
                "stream_name": stream, "config": {"name": name, "durable_name": name, "filter_subject": subject,
                                                  "ack_policy": "explicit"}})
        for subject in CANARIES + OWN:
            self.jetstream.publish(subject, f"of {subject}".encode())

    def printed(self, *words):
        """What `millrace permissions` prints."""
        return subprocess.run([BINARY, "permissions", "-c", self.folder / "millrace.yaml", *words], check=True,
                              capture_output=True, text=True).stdout

    def _write(self, accounts):
        head = f'listen: "127.0.0.1:{self.port}"\njetstream {{ store_dir: "{self.folder}/jetstream" }}\n'
        if accounts:
            both = json.loads(self.printed("acme", "--account", "BRIDGE", "--json"))["accounts"]
            both["BRIDGE"].update(jetstream="enabled", users=[{"user": "owner", "password": "p"}])
            both["acme"].update(users=[{"user": "acme", "password": "p"}])
            text = json.dumps(both, indent=1)
            (self.folder / "server.conf").write_text(f"{head}accounts: {text}\n", encoding="utf-8")
            return
        for tenant in ("acme", "beta"):
            (self.folder / f"{tenant}.conf").write_text(self.printed(tenant, "--stored"), encoding="utf-8")
        users = ["{ user: owner, password: p }", "{ user: all, password: p }"]
        users += [f"{{ user: {tenant}, password: p, include ./{tenant}.conf }}" for tenant in ("acme", "beta")]
        for number, (way, subject) in enumerate(WIDER):
            rights = json.loads(self.printed("acme", "--stored", "--json"))
            rights["permissions"][way]["allow"].append(subject)
            users.append(json.dumps({"user": f"wider{number}", "password": "p", **rights}))
        (self.folder / "server.conf").write_text(head + "authorization { users: [\n" + "\n".join(users) + "\n] }\n",
                                                 encoding="utf-8")

    def connect(self, user, inbox):
        """A connection; None when nobody listens yet."""
        try:
            return nats_wire.Connection(f"nats://127.0.0.1:{self.port}", login={"user": user, "pass": "p"}, inbox=inbox)
        except nats_wire.Disconnected:
            return None

    def standing(self):
        """All that hostile hands could have changed."""
        api = self.jetstream
        return {name: (api.stream(name)["config"], api.stream(name)["state"],
                       sorted((each, api.consumer(name, each)["delivered"], api.consumer(name, each)["ack_floor"])
                              for each in api.consumers(name))) for name in api.streams()}


def is_refused(connection, verb, subject, body):
    """Whether the server says no to it, by name."""
    before = len(connection.errors)
    if verb == "pub":
        connection.publish(subject, body)
    elif verb == "ask":
        connection.publish(subject, body, "_INBOX_acme.hostile")
    else:
        group = " thieves" if verb == "queue" else ""
        connection.write_frame(f"SUB {subject}{group} {1000 + before}\r\n".encode())
    connection.sync()
    kind = "Subscription" if verb in ("sub", "queue") else "Publish"
    return any(error.startswith(f"'Permissions Violation for {kind} to \"{subject}\"") for error in connection.errors[before:])


def refused_attempts(connection):
    """The attempts that the server says no to."""
    return [(verb, subject, *body) for verb, subject, *body in ATTEMPTS
            if is_refused(connection, verb, subject, body[0].encode() if body else b"")]


class IsolationTest(unittest.TestCase):
    def test_every_attempt_is_refused(self):
        server = Guarded(self)
        before = server.standing()
        acme = server.connect("acme", "_INBOX_acme")
        seen = []
        acme.subscribe("_INBOX_acme.hostile", seen.append)
        acme.sync()
        self.assertEqual(acme.errors, [])
        refused = refused_attempts(acme)
        self.assertEqual([each for each in map(tuple, ATTEMPTS) if each not in refused], [])
        self.assertGreaterEqual(len(refused), 60)
        for subject in CANARIES:
            server.owner.publish(subject + ".core" if subject.startswith("$KV") else subject, b"core")
        server.owner.sync()
        acme.pump(0.3)
        self.assertEqual([message.subject for message in seen], [])
        after = server.standing()
        for name, (config, state, consumers) in before.items():
            self.assertEqual((name, config, consumers), (name, after[name][0], after[name][2]))
            self.assertEqual(state["first_seq"], after[name][1]["first_seq"])
        print(f"{len(refused)} attempts refused", file=sys.stderr)

    def test_what_is_its_own_works(self):
        server = Guarded(self)
        acme = server.connect("acme", "_INBOX_acme")
        api = nats_wire.JetStream(acme)
        for subject in ("events.0.acme.raw", "events.1.acme.raw", "clicks.acme"):
            self.assertIn("seq", api.publish(subject, b"{}"))
        got = []
        for subject in ("results.acme.scores", "counts.acme.each", "dead.acme.scores", "$KV.SUMMARY.counts.each.acme",
                        "$KV.SUMMARY.counts.each.acme.>"):
            acme.subscribe(subject, lambda message: got.append(message.subject))
        acme.sync()
        for subject in OWN + CANARIES:
            server.jetstream.publish(subject, b"later")
        acme.pump(0.3)
        self.assertEqual(sorted(got), sorted(OWN))
        self.assertEqual(acme.request("$JS.API.DIRECT.GET.RESULTS.results.acme.scores").payload, b"later")
        self.assertEqual(acme.request("$JS.API.DIRECT.GET.KV_SUMMARY.$KV.SUMMARY.counts.each.acme.x").payload, b"later")
        self.assertEqual(api.consumer("RESULTS", "acme@scores")["num_pending"], 2)
        pulled = []
        acme.subscribe("_INBOX_acme.pull", pulled.append)
        acme.publish("$JS.API.CONSUMER.MSG.NEXT.RESULTS.acme@scores", b'{"batch":1,"expires":2000000000}', "_INBOX_acme.pull")
        wait_until(lambda: acme.pump(0.1) and pulled, "a result is pulled", 5.0)
        first = pulled[0]
        self.assertEqual((first.subject, first.payload), ("results.acme.scores", b"of results.acme.scores"))
        acme.publish(first.reply, b"+ACK")
        acme.sync()
        wait_until(lambda: api.consumer("RESULTS", "acme@scores")["ack_floor"]["consumer_seq"] == 1, "the ack counts", 5.0)
        self.assertEqual(acme.errors, [])

    def test_wider_rights_are_noticed(self):
        server = Guarded(self)
        for number, right in enumerate(WIDER):
            with self.subTest(right=right):
                wider = server.connect(f"wider{number}", "_INBOX_acme")
                self.assertLess(len(refused_attempts(wider)), len(ATTEMPTS))
        self.assertEqual(refused_attempts(server.connect("all", "_INBOX_acme")), [])

    def test_the_server_answers_where_the_sender_says(self):
        """What no list of subjects refuses, and what docs/security.md therefore says about tenants in one account."""
        server = Guarded(self)
        self.answer_elsewhere(server)
        self.assertIn("clicks.beta", server.jetstream.stream("CLICKS", ">")["state"]["subjects"])
        self.assertEqual(server.jetstream.stream("CLICKS", ">")["state"]["subjects"]["clicks.beta"], 2)

    def test_an_account_of_its_own_closes_that(self):
        server = Guarded(self, accounts=True)
        before = server.jetstream.stream("CLICKS", ">")["state"]["subjects"]
        acme = self.answer_elsewhere(server)
        after = server.jetstream.stream("CLICKS", ">")["state"]["subjects"]
        self.assertEqual(after, {**before, "clicks.acme": 2})
        got = []
        acme.subscribe("results.>", lambda message: got.append(message.subject))
        acme.subscribe("dead.>", lambda message: got.append(message.subject))
        acme.subscribe("$KV.>", lambda message: got.append(message.subject))
        acme.sync()
        for subject in OWN + CANARIES:
            server.jetstream.publish(subject, b"later")
        acme.pump(0.3)
        self.assertEqual(sorted(got), sorted(set(OWN) - {"counts.acme.each"}))
        self.assertEqual(json.loads(acme.request("clicks.acme", b"{}").payload)["stream"], "CLICKS")
        for subject in ("clicks.beta", "events.0.beta.raw", "$JS.API.DIRECT.GET.RESULTS.results.beta.scores"):
            with self.assertRaises(nats_wire.NatsError):
                acme.request(subject, b"{}", timeout=0.5)
        with self.assertRaises(nats_wire.ApiError):  # the account has no JetStream
            nats_wire.JetStream(acme).streams()

    def answer_elsewhere(self, server):
        """An event of acme whose answer is to go to beta's events, and to the API."""
        acme = server.connect("acme", "_INBOX_acme")
        acme.publish("clicks.acme", b"{}", "clicks.beta")
        acme.publish("clicks.acme", b"{}", "$JS.API.STREAM.PURGE.EVENTS")
        acme.sync()
        time.sleep(0.3)
        self.assertEqual(acme.errors, [])
        return acme


if __name__ == "__main__":
    unittest.main()

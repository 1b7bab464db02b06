"""The trail: through kills of the bridge each result leads to its own event and to the request that scored it, and
`millrace trace` shows the way. Tenants that are not allowed end with the operator."""
import json
import random
import subprocess
import time
import unittest

from harness import BINARY, CONFIG, EndToEnd, Stage, seconds
from load import Event, canary
from ordered_test import OrderedStage

AUDIT = """\
    audit:
      subject: millrace.audit.scores
"""
AUDITED = CONFIG + AUDIT + """\
    tenants:
      allowed: [alpha, "be*"]
"""


class AuditedStage(Stage):
    """Requests are audited."""

    config = AUDITED

    def make_outputs(self, duplicate_window):
        super().make_outputs(duplicate_window)
        self.jetstream.add_stream("AUDIT", ["millrace.audit.>"], duplicate_window=duplicate_window)

    def trace(self, *words):
        """(exit code, standard output, standard error) of `millrace trace`."""
        config = self.folder / f"millrace-{self._bridges}.yaml"
        done = subprocess.run([BINARY, "trace", *words, "-c", config], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr


class OrderedAuditedStage(OrderedStage, AuditedStage):
    """The same of ordered results."""

    config = OrderedStage.config + AUDIT


def told_of(audit, identity):
    """What an audit message says of one event."""
    for group in audit["settled"]:
        if identity in group["results"]:
            place = group["results"].index(identity)
            return {name: group[name] for name in ("tenant", "subject", "ending")} | {
                "sequence": group["sequences"][place], "element": group["elements"][place], "attempt": group["attempts"][place]}
    return None


class TraceTest(EndToEnd):
    def test_kill_9_under_load(self):
        stage = self.put_on(AuditedStage, ack_wait="2s", batch=50)
        stage.endpoint.script(delay=0.01)
        stage.start_bridge()
        load = stage.load(rate=1000, tenants=("alpha", "beta"), shapes=("object", "object", "array"), poison=0.002, bad=0.01)
        chance, until = random.Random(5), time.monotonic() + seconds(6)
        while time.monotonic() < until:
            time.sleep(chance.uniform(0.7, 1.5))
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        load.stop()
        stage.settle()
        stage.verify(self)
        self.check_every_result(stage)
        self.check_commands(stage)
        stage.stop_bridge(self)

    def check_every_result(self, stage):
        """No result without a trail, no trail to another event, none of another tenant's."""
        raw = list(stage.jetstream.read("AUDIT"))
        audits = {message.sequence: json.loads(message.payload) for message in raw}
        identities = [message.headers["Nats-Msg-Id"] for message in raw]
        self.assertEqual(len(set(identities)), len(identities), "an audit message is stored twice")
        subjects = {message.sequence: message.subject for message in stage.jetstream.read("EVENTS")}
        asked = 0
        for result in stage.jetstream.read("RESULTS"):
            headers = result.headers
            if "Millrace-Request-Id" not in headers:
                continue
            asked += 1
            audit = audits[int(headers["Millrace-Audit-Sequence"])]
            told = told_of(audit, headers["Nats-Msg-Id"])
            self.assertIsNotNone(told, f"result {result.sequence} has no trail")
            self.assertEqual(audit["request_id"], headers["Millrace-Request-Id"])
            self.assertEqual(told, {"tenant": headers["Millrace-Tenant"], "subject": result.subject,
                                    "ending": "dead_letter" if "Millrace-Reason" in headers else "scored",
                                    "sequence": int(headers["Millrace-Input-Sequence"]),
                                    "element": int(headers["Millrace-Element"]), "attempt": int(headers["Millrace-Attempt"])})
            self.assertEqual(subjects[told["sequence"]], f"events.{told['tenant']}.raw")
            self.assertLessEqual(audit["first_sequence"], told["sequence"])
            self.assertGreaterEqual(audit["last_sequence"], told["sequence"])
        self.assertGreater(asked, 1000)

    def check_commands(self, stage):
        results = list(stage.jetstream.read("RESULTS"))
        scored = next(one for one in results if one.subject == "results.beta.scores")
        dead = next(one for one in results if one.headers.get("Millrace-Reason") == "rejected")
        last = [one for one in results if one.subject == "results.alpha.scores"][-1]
        for name, result in [(f"RESULTS:{scored.sequence}", scored), (scored.headers["Nats-Msg-Id"], scored),
                             (f"RESULTS:{dead.sequence}", dead), ("results.alpha.scores", last)]:
            code, out, err = stage.trace(name, "--json")
            self.assertEqual((code, err), (0, ""), name)
            way = json.loads(out)
            self.assertEqual((way["result"]["stream"], way["result"]["sequence"]), ("RESULTS", result.sequence))
            self.assertEqual((way["input"]["stream"], way["input"]["sequence"]),
                             ("EVENTS", int(result.headers["Millrace-Input-Sequence"])))
            self.assertEqual(way["request"], result.headers["Millrace-Request-Id"])
            self.assertEqual([each["said"]["request_id"] for each in way["audit"]], [way["request"]])
            self.assertEqual(way["audit"][0]["said"]["address"], f"http://127.0.0.1:{stage.endpoint.port}/score")
        code, out, _ = stage.trace(f"RESULTS:{dead.sequence}")
        self.assertEqual(code, 0)
        for part in ("rejected", f"EVENTS:{dead.headers['Millrace-Input-Sequence']}", "AUDIT:", dead.headers["Millrace-Request-Id"]):
            self.assertIn(part, out)
        for name, code, words in [("RESULTS:99999999", 1, "is not in stream"), ("NOWHERE:1", 1, "NOWHERE"),
                                  ("EVENTS:1", 1, "is no result of Millrace"), ("AUDIT:1", 1, "is no result of Millrace"),
                                  ("0" * 32, 1, "no stream of these pipelines"), ("results.nobody.scores", 1, "has no message"),
                                  ("no.such.subject", 1, "no stream stores"), ("results.*", 2, "names no message"),
                                  ("a b", 2, "names no message")]:
            with self.subTest(name=name):
                ended, out, err = stage.trace(name)
                self.assertEqual((ended, out), (code, ""), err)
                self.assertIn(words, err)
        stage.jetstream.api("STREAM.PURGE.AUDIT")
        code, out, err = stage.trace(f"RESULTS:{scored.sequence}")
        self.assertEqual(code, 1)
        self.assertIn(f"EVENTS:{scored.headers['Millrace-Input-Sequence']}", out)
        self.assertIn("not known: the request", err)

    def test_kill_9_of_the_owner(self):
        stage = self.put_on(OrderedAuditedStage, results_as="batch")
        stage.endpoint.script(delay=0.02)
        stage.start_bridge()
        load = stage.load(rate=500, shapes=("object", "array"), poison=0.003, bad=0.003)
        for pause in (1.5, 3.0, 2.0):
            time.sleep(pause)
            stage.bridge.kill()
            stage.start_bridge(wait=False)
        load.stop()
        stage.settle()
        stage.verify(self)
        audits = {message.sequence: json.loads(message.payload) for message in stage.jetstream.read("AUDIT")}
        several = 0
        for result in stage.jetstream.read("RESULTS"):
            if result.headers.get("Millrace-Kind") != "results":
                if "Millrace-Request-Id" in result.headers:
                    self.assertIsNotNone(told_of(audits[int(result.headers["Millrace-Audit-Sequence"])], result.headers["Nats-Msg-Id"]))
                continue
            body = json.loads(result.payload)
            groups = [group for sequence in body["audit"] for group in audits[sequence]["settled"]
                      if group["subject"] == result.subject and group["tenant"] == result.headers["Millrace-Tenant"]]
            told = {place for group in groups for place in zip(group["sequences"], group["elements"], strict=True)}
            self.assertEqual(set(zip(body["sequences"], body["elements"], strict=True)) - told, set(), f"result {result.sequence}")
            if len(body["audit"]) > 1:
                several = result.sequence
        self.assertGreater(several, 0)
        code, out, err = stage.trace(f"RESULTS:{several}", "--json")
        self.assertEqual((code, err), (0, ""))
        self.assertGreater(len(json.loads(out)["audit"]), 1)
        stage.stop_bridge(self)

    def test_tenants_that_are_not_allowed(self):
        stage = self.put_on(AuditedStage)
        stage.start_bridge()
        for tenant in ("gamma", "alphabet", "gamma"):
            text = json.dumps({"n": 1, "tenant": tenant, "x": 1, "canary": canary(tenant)}).encode()
            entry = stage.journal.write(tenant, f"events.{tenant}.raw", text, [Event(tenant, "unroutable_tenant", text, None)])
            entry_answer = stage.jetstream.publish(entry.subject, text, entry.message_id)
            stage.journal.confirmed[entry.message_id] = entry_answer["seq"]
        stage.load(rate=1000, tenants=("alpha", "beta"), count=100).finish()
        stage.settle()
        ends = {}
        for message in stage.jetstream.read("RESULTS"):
            ends.setdefault(message.subject, []).append(message.headers.get("Millrace-Reason"))
        self.assertEqual(ends.pop("dead-unroutable.scores"), ["tenant_not_allowed"] * 3)
        self.assertEqual(set(ends), {"results.alpha.scores", "results.beta.scores"})
        self.assertEqual(sum(map(len, ends.values())), 100)
        stage.failed = False
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

"""Tenants that try to be somebody else: refused to the operator's subject, and never seen by another tenant."""
import json
import unittest

from harness import EndToEnd, nats_wire
from load import Event, canary

# What a subject token may look like on the wire, and a tenant may not be called. (A token `>` is stored by the server and
# then matches no consumer's filter: it reaches nobody at all.)
HOSTILE = ("$SYS", "t" * 65, "t" * 300, "a*b", "*", "alpha,beta", "alpha/../beta", "älpha", "{tenant}", "alpha\x0b", "a\x00b",
           "%61lpha", "alpha:beta", "-\x7f")


class TenantsTest(EndToEnd):
    def test_hostile_tenants_reach_nobody(self):
        stage = self.stage()
        stage.start_bridge()
        seen = []
        spy = self.enterContext(nats_wire.Connection(stage.server.url, "spy"))
        for subject in ("results.>", "dead.>", "dead-unroutable.>", "$SYS.>", "events.alpha.>"):
            spy.subscribe(subject, seen.append)
        spy.sync()
        kept = [tenant for tenant in HOSTILE if self.publish_as(stage, tenant)]
        for must in ("$SYS", "t" * 65, "t" * 300, "älpha", "a*b", "alpha:beta"):
            self.assertIn(must, kept, "the server did not let it through, so this test proves nothing about it")
        stage.load(rate=2000, tenants=("alpha", "beta"), count=300).finish()
        stage.settle()
        report = stage.verify(self)
        self.assertEqual(report.reasons["unroutable_tenant"], len(kept))
        self.assertEqual(report.scored, 300)
        while spy.pump(0.3):
            pass
        for message in seen:
            own = message.subject.split(".")[1]
            for other in (*HOSTILE, "alpha", "beta"):
                if other != own and not message.subject.startswith("dead-unroutable."):
                    self.assertNotIn(canary(other).encode(), message.payload, message.subject)
        self.assertEqual(sum(message.subject == "dead-unroutable.scores" for message in seen), len(kept))
        stage.stop_bridge(self)

    def publish_as(self, stage, tenant):
        """One event under a hostile tenant token; False when the server itself refuses it."""
        number = len(stage.journal.entries) + 900_000
        text = json.dumps({"n": number, "tenant": tenant, "x": 1, "canary": canary(tenant)}).encode()
        entry = stage.journal.write(tenant, f"events.{tenant}.raw", text, [Event(tenant, "unroutable_tenant", text, None)])
        try:
            answer = stage.jetstream.publish(entry.subject, text, entry.message_id, timeout=0.7)
        except nats_wire.Disconnected:
            stage.connection.reconnect()
        except (nats_wire.NatsError, ValueError):
            pass
        else:
            stage.journal.confirmed[entry.message_id] = answer["seq"]
            return True
        del stage.journal.entries[entry.message_id]
        return False

    def test_a_forged_lineage_is_not_passed_on(self):
        stage = self.stage()
        stage.start_bridge()
        text = json.dumps({"n": 1, "tenant": "alpha", "x": 2, "canary": canary("alpha")}).encode()
        row = [1, "alpha", 2]
        entry = stage.journal.write("alpha", "events.alpha.raw", text, [Event("alpha", "scored", text, row)])
        forged = [("Millrace-Tenant", "beta"), ("millrace-input-sequence", "77"), ("Nats-Expected-Stream", "EVENTS"),
                  ("Nats-Rollup-Not", "all"), ("traceparent", "00-1-2-01"), ("X-Secret", "s")]
        answer = stage.jetstream.publish(entry.subject, text, entry.message_id, forged)
        stage.journal.confirmed[entry.message_id] = answer["seq"]
        stage.settle()
        stage.verify(self)
        result = next(stage.jetstream.read("RESULTS"))
        names = [name.lower() for name, _ in nats_wire.parse_headers(result.head)]
        self.assertEqual(names.count("millrace-tenant"), 1)
        self.assertEqual(names.count("millrace-input-sequence"), 1)
        self.assertEqual(result.headers["traceparent"], "00-1-2-01")
        self.assertFalse({"x-secret", "nats-rollup-not"} & set(names))
        stage.stop_bridge(self)


if __name__ == "__main__":
    unittest.main()

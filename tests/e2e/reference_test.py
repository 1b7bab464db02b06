"""The judge of aggregates, judged: cases worked out by hand, and outputs that are right but for one."""
import json
import unittest

from harness import nats_wire

import reference
from audit import Audit
from reference import SECOND, Aggregate, Clock, Placed, Reference, Rules, nanoseconds, rfc3339

NOON = nanoseconds("2026-01-02T12:00:00Z")


def placed(*seconds):
    """Events at these seconds."""
    return [Placed(at * SECOND, (number, 0), {}) for number, at in enumerate(seconds, 1)]


def shape(windows):
    """(start, end, how many) of each, in seconds."""
    return sorted((start / SECOND, end / SECOND, len(events)) for start, end, events in windows)


class WindowsTest(unittest.TestCase):
    def test_tumbling_has_its_end_and_not_its_start(self):
        self.assertEqual(shape(reference.tumbling(placed(1, 10, 10, 11, 20), 10 * SECOND)), [(0, 10, 3), (10, 20, 2)])

    def test_hopping(self):
        self.assertEqual(shape(reference.hopping(placed(4, 6), 10 * SECOND, 5 * SECOND)), [(-5, 5, 1), (0, 10, 2), (5, 15, 1)])

    def test_sliding_at_each_change(self):
        self.assertEqual(shape(reference.sliding(placed(34, 38, 42), 5 * SECOND)),
                         [(29, 34, 1), (33, 38, 2), (34, 39, 1), (37, 42, 2), (38, 43, 1)])

    def test_session_ends_after_a_gap_or_at_its_limit(self):
        self.assertEqual(shape(reference.session(placed(1, 4, 9, 20), 5 * SECOND)), [(1, 14, 3), (20, 25, 1)])
        self.assertEqual(shape(reference.session(placed(1, 4, 8, 11, 16, 19, 21), 5 * SECOND, 10 * SECOND)),
                         [(1, 20, 6), (21, 26, 1)])
        self.assertEqual(shape(reference.session(placed(8, 12, 16, 20, 24), 5 * SECOND, 10 * SECOND)),
                         [(8, 20, 4), (24, 29, 1)])

    def test_snapshot(self):
        self.assertEqual(shape(reference.snapshot(placed(3, 3, 4))), [(3, 3, 2), (4, 4, 1)])

    def test_sums_are_exact(self):
        aggregate = Aggregate("a", None, (), {"x": ("sum", "x"), "mean": ("avg", "x")})
        events = [Placed(0, (number, 0), {"x": x}) for number, x in enumerate((1e100, 1, -1e100, None, "3"))]
        self.assertEqual(reference.select(aggregate, events), {"x": 1.0, "mean": 1 / 3})


class ClockTest(unittest.TestCase):
    def judged(self, rules, *events):
        """(standing, seconds) of events (tenant, at, stored)."""
        clock = Clock(rules)
        found = [clock.judge(tenant, at * SECOND, stored * SECOND) for tenant, at, stored in events]
        return [(standing, at / SECOND) for standing, at in found]

    def test_out_of_order(self):
        rules = Rules(out_of_order=2 * SECOND, late=None)
        events = [("a", 10, 10), ("a", 8, 10), ("a", 7, 10), ("b", 1, 10)]
        self.assertEqual(self.judged(rules, *events), [("in_time", 10), ("in_time", 8), ("adjusted", 8), ("in_time", 1)])
        rules = rules._replace(adjust=False)
        self.assertEqual(self.judged(rules, *events)[2], ("late", 7))

    def test_late_against_its_stored_time(self):
        rules = Rules(late=5 * SECOND)
        self.assertEqual(self.judged(rules, ("a", 4, 10), ("a", 5, 10)), [("adjusted", 5), ("in_time", 5)])

    def test_the_future_closes_nothing(self):
        rules = Rules(early=100 * SECOND)
        self.assertEqual(self.judged(rules, ("a", 60, 10), ("a", 10, 10), ("a", 111, 10)),
                         [("in_time", 60), ("in_time", 10), ("early", 111)])

    def test_times(self):
        self.assertEqual(nanoseconds("2026-01-02T13:00:00.5+01:00"), NOON + SECOND // 2)
        self.assertEqual(rfc3339(NOON + 1), "2026-01-02T12:00:00.000000001Z")
        for text in ("2026-01-02T13:00:00", "noon", 17, None):
            self.assertIsNone(nanoseconds(text))


class AuditTest(unittest.TestCase):
    def setUp(self):
        aggregate = Aggregate("a", (reference.tumbling, SECOND), ("kind",), {"events": ("count", None)})
        self.judge = Reference([aggregate], Rules(late=SECOND, adjust=False), "at", lambda subject: subject.split(".")[1],
                               copies_late=True)
        events = [("x", NOON, 7), ("x", NOON, 7), ("x", NOON + SECOND, None), ("y", NOON, 7), ("x", NOON - 9 * SECOND, 7)]
        payloads = [(tenant, {"at": rfc3339(at), "kind": kind}) for tenant, at, kind in events] + [("y", {})]
        self.judge.read(nats_wire.Stored(number, NOON, f"events.{tenant}", b"", json.dumps(event).encode())
                        for number, (tenant, event) in enumerate(payloads, 1))
        self.outputs = []
        for number, (key, fields) in enumerate(self.judge.expected().items()):
            headers = {"Nats-Msg-Id": f"id-{number}", "Millrace-Tenant": key.tenant, "Millrace-Aggregate": "a",
                       "Millrace-Window-Start": rfc3339(key.start), "Millrace-Window-End": rfc3339(key.end)}
            body = {"window_start": rfc3339(key.start), "window_end": rfc3339(key.end), "kind": key.group[0], **fields}
            self.outputs.append([f"aggregates.{key.tenant}.a", headers, body])
        for kind, (sequence, element) in self.judge.outputs():
            tenant = self.judge.tenants[sequence, element]
            headers = {"Nats-Msg-Id": f"{kind}-{sequence}", "Millrace-Tenant": tenant, "Millrace-Input-Sequence": str(sequence),
                       "Millrace-Element": str(element), "Millrace-Reason": "late" if kind == "late" else "timestamp_invalid"}
            self.outputs.append([f"{kind}.{tenant}.p", headers, json.loads(self.judge.texts[sequence, element])])

    def wrong(self, copies=0):
        """The claims that do not hold."""
        audit = Audit(self.judge)
        for sequence, (subject, headers, body) in enumerate(self.outputs, 1):
            audit.take(nats_wire.Stored(sequence, sequence, subject, nats_wire.header_block(list(headers.items())), json.dumps(body).encode()))
        self.assertEqual(len(audit.copies), copies)
        return audit.finish()

    def test_nothing_wrong(self):
        self.assertEqual([output[0] for output in self.outputs],
                         ["aggregates.x.a", "aggregates.x.a", "aggregates.y.a", "late.x.p", "dead.y.p"])
        self.assertEqual(self.wrong(), [])

    def test_each_of_them_missing(self):
        for place in range(len(self.outputs)):
            output = self.outputs.pop(place)
            self.assertEqual(self.wrong(), ["missing"])
            self.outputs.insert(place, output)

    def test_each_of_them_again(self):
        for output in list(self.outputs):
            self.outputs.append(output)
            self.assertEqual(self.wrong(copies=1), [])
            self.outputs[-1] = [output[0], {**output[1], "Nats-Msg-Id": "another"}, output[2]]
            self.assertEqual(self.wrong(), ["twice"])
            self.outputs.pop()

    def test_another_count(self):
        self.outputs[0][2]["events"] += 1
        self.assertEqual(self.wrong(), ["different"])

    def test_another_window(self):
        self.outputs[0][2]["window_end"] = rfc3339(NOON + 7)
        self.assertEqual(self.wrong(), ["missing", "unexpected"])

    def test_an_identity_used_twice(self):
        self.outputs[0][1]["Nats-Msg-Id"] = "id-1"
        self.assertEqual(self.wrong(), ["identities"])

    def test_a_header_of_another_tenant(self):
        self.outputs[0][1]["Millrace-Tenant"] = "y"
        self.assertEqual(self.wrong(), ["tenants"])

    def test_a_copy_of_an_event_that_counted(self):
        self.outputs[3][1]["Millrace-Input-Sequence"] = "1"
        self.assertEqual(self.wrong(), ["missing", "unexpected"])


if __name__ == "__main__":
    unittest.main()

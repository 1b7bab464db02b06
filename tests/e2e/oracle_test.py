"""The oracle must catch what it is there for: it is fed streams that are wrong in one way each."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "examples"))

from load import EventMaker, Journal, canary  # noqa: E402
from nats_wire import Stored, header_block  # noqa: E402
from oracle import Oracle  # noqa: E402
from scoring import score_of  # noqa: E402


class Output:
    """A stored output that is right; a test spoils what it is about."""

    def __init__(self, sequence, element, event):
        self.kind = "results" if event.end == "scored" else "dead"
        self.event = event
        self.tenant = event.tenant
        self.headers = {"Nats-Msg-Id": f"id-{sequence}-{element}", "Millrace-Tenant": event.tenant,
                        "Millrace-Input-Sequence": str(sequence), "Millrace-Element": str(element)}
        if event.end == "scored":
            self.body = f'{{"score":{score_of(event.row)},"n":{event.row[0]},"canary":"{canary(event.tenant)}"}}'.encode()
        else:
            self.headers["Millrace-Reason"] = event.end
            self.body = event.text

    def stored(self, sequence):
        """As a stream holds it."""
        return Stored(sequence, 0, f"{self.kind}.{self.tenant}.scores", header_block(list(self.headers.items())), self.body)


class OracleTest(unittest.TestCase):
    """Twelve messages of two tenants in all shapes; `outputs` is what a correct bridge would store."""

    def setUp(self):
        maker = EventMaker(bad=0.3)
        self.journal = Journal()
        self.inputs, self.outputs = [], []
        for number in range(12):
            tenant = ("alpha", "beta")[number % 2]
            payload, events = maker.message(tenant, ("object", "array", "lines", "garbage")[number % 4])
            entry = self.journal.write(tenant, f"events.{tenant}.raw", payload, events)
            sequence = number + 1
            self.journal.confirmed[entry.message_id] = sequence
            self.inputs.append(Stored(sequence, 0, entry.subject, header_block([("Nats-Msg-Id", entry.message_id)]), payload))
            self.outputs += [Output(sequence, element, event) for element, event in enumerate(events)]
        self.scored = [output for output in self.outputs if output.kind == "results"]
        self.dead = [output for output in self.outputs if output.kind == "dead"]
        self.assertGreater(min(len(self.scored), len(self.dead)), 3)

    def verdict(self):
        oracle = Oracle(self.journal, "scores")
        oracle.read_input(self.inputs)
        oracle.read_output("RESULTS", [output.stored(number) for number, output in enumerate(self.outputs, 1)])
        return oracle.verdict()

    def set_past(self, output, end):
        """Makes an output's event one that is not selected."""
        for entry in self.journal.entries.values():
            for place, event in enumerate(entry.events):
                if event.text == output.event.text:
                    entry.events[place] = event._replace(end=end)

    def assert_found(self, *names):
        report = self.verdict()
        self.assertEqual(report.violations(), list(names), f"\n{report}")

    def copy(self, output):
        """One more of the same, to be spoiled."""
        twin = Output.__new__(Output)
        twin.kind, twin.tenant, twin.headers, twin.body = output.kind, output.tenant, dict(output.headers), output.body
        self.outputs.append(twin)
        return twin

    def test_nothing_to_find(self):
        report = self.verdict()
        self.assertEqual(report.violations(), [], f"\n{report}")
        self.assertEqual((report.scored, report.dead), (len(self.scored), len(self.dead)))

    def test_lost(self):
        self.outputs.remove(self.scored[0])
        self.assert_found("lost")

    def test_lost_dead_letter(self):
        self.outputs.remove(self.dead[0])
        self.assert_found("lost")

    def test_a_confirmed_input_that_is_gone(self):
        gone = self.inputs.pop(3)
        self.outputs = [o for o in self.outputs if o.headers["Millrace-Input-Sequence"] != str(gone.sequence)]
        self.assert_found("not_kept")

    def test_doubled_on_the_wire_only(self):
        self.copy(self.scored[0])
        self.assert_found("doubled_on_wire")
        self.assertEqual(self.verdict().violations(wire_doubles_allowed=True), [])

    def test_doubled_under_two_identities(self):
        self.copy(self.scored[0]).headers["Nats-Msg-Id"] = "another"
        self.assert_found("doubled")

    def test_doubled_with_another_content(self):
        twin = self.copy(self.dead[0])
        twin.body += b" "
        self.assert_found("doubled")

    def test_score_of_another_event(self):
        first, second = self.scored[0], self.scored[1]
        first.body, second.body = second.body, first.body
        report = self.verdict()
        self.assertIn("misattributed", report.violations())

    def test_wrong_score(self):
        self.scored[0].body = self.scored[0].body.replace(b'"score":', b'"score":1')
        self.assert_found("misattributed")

    def test_dead_letter_with_another_text(self):
        self.dead[0].body = self.dead[0].body[:-1] + b"?"
        self.assert_found("misattributed")

    def test_subject_of_another_tenant(self):
        self.scored[0].tenant = {"alpha": "beta", "beta": "alpha"}[self.scored[0].tenant]
        self.assert_found("cross_tenant")

    def test_canary_of_another_tenant(self):
        other = {"alpha": "beta", "beta": "alpha"}[self.scored[0].tenant]
        self.scored[0].headers["Millrace-Answer"] = canary(other)
        self.assert_found("cross_tenant")

    def test_both_result_and_dead_letter(self):
        twin = self.copy(self.scored[0])
        twin.kind, twin.headers["Millrace-Reason"] = "dead", "rejected"
        self.assertIn("both", self.verdict().violations())

    def test_unexpected_dead_letter(self):
        event = self.scored[0]
        event.kind, event.headers["Millrace-Reason"] = "dead", "rejected"
        self.assertIn("unexpected_dead", self.verdict().violations())

    def test_wrong_reason(self):
        self.dead[0].headers["Millrace-Reason"] = "timeout"
        self.assert_found("unexpected_dead")

    def test_result_for_an_unfit_event(self):
        self.dead[0].kind = "results"
        self.assert_found("unexpected_result")

    def test_output_of_no_event(self):
        self.copy(self.scored[0]).headers["Millrace-Input-Sequence"] = "99"
        self.assertIn("unattributable", self.verdict().violations())

    def test_one_identity_for_two_events(self):
        self.scored[0].headers["Nats-Msg-Id"] = self.scored[1].headers["Nats-Msg-Id"]
        self.assert_found("shared_identity")

    def test_nothing_tells_of_what_is_filtered_out(self):
        self.set_past(self.scored[0], "filtered")
        self.assert_found("unexpected_result")
        self.outputs.remove(self.scored[0])
        self.assert_found()
        self.assertEqual(self.verdict().filtered, 1)

    def test_what_goes_past_the_model_is_the_event_itself(self):
        output = self.scored[0]
        self.set_past(output, "bypassed")
        self.assert_found("misattributed")
        output.kind, output.body = "bypass", output.event.text
        self.assert_found("misattributed")  # it does not say so
        output.headers["Millrace-Kind"] = "bypassed"
        self.assert_found()
        self.outputs.remove(output)
        self.assert_found("lost")

    def test_among_the_results_it_has_no_score(self):
        output = self.scored[0]
        self.set_past(output, "bypassed")
        output.headers["Millrace-Kind"] = "bypassed"
        self.assert_found("misattributed")
        output.body = b'{"score":null,"bypassed":true}'
        self.assert_found()


if __name__ == "__main__":
    unittest.main()

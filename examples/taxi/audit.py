"""Compares what Millrace stored with what was published, trip by trip, and with the model's own answers.

Trusts nothing but the streams: each is read from its first sequence, and each result is led back to its trip by the
input sequence and element in its headers.
"""
import collections
import json

from taxi.load import SCORED
from taxi.trips import FEATURES

Output = collections.namedtuple("Output", "tenant kind reason score trip latency")


class Audit:
    """`expected` maps (input sequence, element) to taxi.load.Expected; `stored_at` input sequences to nanoseconds."""

    def __init__(self, expected, stored_at, model):
        self._expected = expected
        self._stored_at = stored_at
        self._model = model
        self._seen = {}
        self._ids = set()
        self._kinds = {}
        self.outputs = collections.defaultdict(list)  # tenant → outputs in stored order
        self.first_ns = self.last_ns = 0
        self.wrong = collections.defaultdict(list)  # claim → what contradicts it

    def take(self, stored):
        """One message of a result or dead-letter subject."""
        kind, _, rest = stored.subject.partition(".")
        if kind not in ("results", "dead"):
            self.wrong["subjects"].append(f"{stored.subject} at {stored.sequence}")
            return
        headers = stored.headers
        tenant = rest.partition(".")[0]
        key = (int(headers.get("Millrace-Input-Sequence", 0)), int(headers.get("Millrace-Element", 0)))
        expected = self._expected.get(key)
        if expected is None:
            self.wrong["settled once"].append(f"{stored.subject} at {stored.sequence} belongs to no trip: {key}")
            return
        if key in self._seen:
            self.wrong["settled once"].append(f"input {key} came out twice, at {self._seen[key]} and {stored.sequence}")
        self._seen[key] = stored.sequence
        identity = headers.get("Nats-Msg-Id", "")
        if not identity or identity in self._ids:
            self.wrong["identities"].append(f"{identity!r} at {stored.sequence}")
        self._ids.add(identity)
        if tenant != expected.tenant or headers.get("Millrace-Tenant") != expected.tenant:
            self.wrong["tenants"].append(f"a trip of {expected.tenant} under {stored.subject} at {stored.sequence}")
        self._content(kind, stored, expected, headers, self._stored_at.get(key[0], stored.stored_ns))
        self.first_ns = min(self.first_ns or stored.stored_ns, stored.stored_ns)
        self.last_ns = max(self.last_ns, stored.stored_ns)

    def _content(self, kind, stored, expected, headers, since):
        score, reason = None, headers.get("Millrace-Reason", "")
        end = SCORED if kind == "results" else reason
        if end != expected.end:
            self.wrong["ends"].append(f"{expected.trip['trip']} should be {expected.end} and is {end or 'dead'}")
        elif kind == "results":
            body = json.loads(stored.payload)
            score = body.get("score")
            fare = self._model.fare([expected.trip[name] for name in FEATURES])
            if score != fare or body.get("trip") != expected.trip["trip"]:
                self.wrong["scores"].append(f"{expected.trip['trip']}: {stored.payload[:120]!r} instead of {fare}")
        self.outputs[expected.tenant].append(Output(expected.tenant, kind, reason, score, expected, stored.stored_ns - since))

    def missing(self):
        """The inputs that came to nothing."""
        return [key for key in self._expected if key not in self._seen]

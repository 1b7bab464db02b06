"""Compares the aggregates, late copies and dead letters a pipeline has stored with the reference over its input.

Trusts nothing but the streams, each read from its first message. `copies` stands apart: the same bytes under the same
identity once more, which the promise allows beyond the duplicate window and a reader that drops identities it has seen
never notices.
"""
import collections
import json

from reference import Key, nanoseconds

_KINDS = {"aggregate", "late", "dead"}


class Audit:
    """The subjects are KIND.TENANT.NAME, with `aggregates`, `late` and `dead` for KIND."""

    CLAIMS = ("missing", "twice", "different", "unexpected", "identities", "tenants")

    def __init__(self, reference):
        self.reference = reference  # has read the input
        self.expected = reference.expected()
        self._due = [*self.expected, *reference.outputs()]
        self.wrong = {claim: [] for claim in self.CLAIMS}
        self.copies = []
        self.stored_ns = {}  # Key → when it was stored first
        self._seen = {}  # what it is of, a Key or (kind, place) → (identity, payload, where)
        self._owners = {}  # identity → the same

    def take(self, stored):
        """One message of an output stream."""
        headers, words = stored.headers, stored.subject.split(".")
        kind = "aggregate" if words[0] == "aggregates" else words[0]
        where = f"{stored.subject} at {stored.sequence}"
        if kind not in _KINDS or len(words) != 3:
            return self.wrong["unexpected"].append(f"{where}: not a subject of this pipeline")
        if headers.get("Millrace-Tenant") != words[1]:
            self.wrong["tenants"].append(f"{where}: header {headers.get('Millrace-Tenant')!r}")
        if kind == "aggregate":
            what = self._aggregate(stored, words, headers, where)
        else:
            what = self._event(stored, kind, words, headers, where)
        if what is not None:
            self._once(what, headers.get("Nats-Msg-Id", ""), stored, where)
        return None

    def _aggregate(self, stored, words, headers, where):
        body = json.loads(stored.payload)
        aggregate = self.reference.aggregate(words[2])
        group = tuple(body.pop(field, None) for field in aggregate.group_by)
        start, end = body.pop("window_start", None), body.pop("window_end", None)
        key = Key(aggregate.name, words[1], group, nanoseconds(start), nanoseconds(end))
        expected = self.expected.get(key)
        if expected is None:
            self.wrong["unexpected"].append(f"{where}: no window {key}")
            return None
        if not same(body, expected):
            self.wrong["different"].append(f"{where}: {body} should be {expected}")
        said = (headers.get("Millrace-Aggregate"), *(nanoseconds(headers.get(f"Millrace-Window-{end}")) for end in ("Start", "End")))
        if said != (key.aggregate, key.start, key.end):
            self.wrong["different"].append(f"{where}: the headers say {said}")
        self.stored_ns.setdefault(key, stored.stored_ns)
        return key

    def _event(self, stored, kind, words, headers, where):
        place = int(headers.get("Millrace-Input-Sequence", 0)), int(headers.get("Millrace-Element", 0))
        standing = self.reference.standing.get(place)
        if standing not in (("late", "early") if kind == "late" else ("dead",)):
            self.wrong["unexpected"].append(f"{where}: {place} is {standing}")
            return None
        if kind == "late" and headers.get("Millrace-Reason") != standing:
            self.wrong["different"].append(f"{where}: {headers.get('Millrace-Reason')}, and {place} is {standing}")
        if stored.payload != self.reference.texts[place]:
            self.wrong["different"].append(f"{where}: {stored.payload[:80]!r} should be {self.reference.texts[place][:80]!r}")
        if self.reference.tenants[place] != words[1]:
            self.wrong["tenants"].append(f"{where}: an event of {self.reference.tenants[place]}")
        return kind, place

    def _once(self, what, identity, stored, where):
        owner = self._owners.setdefault(identity, what)
        if owner != what or not identity:
            self.wrong["identities"].append(f"{where}: {identity!r} is of {owner} and of {what}")
        first = self._seen.setdefault(what, (identity, stored.payload, where))
        if first[2] == where:
            return
        if first[:2] == (identity, stored.payload):
            self.copies.append(f"{what}: {first[2]}, and {where}")
        else:
            self.wrong["twice"].append(f"{what}: {first[2]}, and {where}")

    def to_come(self):
        """What is expected and was not seen."""
        return [what for what in self._due if what not in self._seen]

    def identities(self):
        """What of the expected was seen → its identity."""
        return {what: identity for what, (identity, _, _) in self._seen.items()}

    def finish(self):
        """Notes what is missing. Returns the claims that do not hold."""
        self.wrong["missing"] = [str(what) for what in self.to_come()]
        return [claim for claim in self.CLAIMS if self.wrong[claim]]


def same(body, expected):
    """Equal as JSON is: 2 and 2.0 are one number, 1 and true are not."""
    return body.keys() == expected.keys() and all(
        body[name] == expected[name] and isinstance(body[name], bool) == isinstance(expected[name], bool) for name in expected)

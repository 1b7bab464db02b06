"""Says whether what is stored is what had to be stored, from the streams and the journal alone.

Shares no code with the bridge. It reads the input stream from its first sequence, so it judges by what JetStream kept
and not by what a publisher believes; finds each message's journal entry by its Nats-Msg-Id; then reads the output
streams from their first sequence and leads each output back to the event its headers name.

What may not be is listed in Report, one list each. `doubled_on_wire` stands apart: the same identity stored twice, which
the promise allows after an outage longer than the duplicate window; a reader that drops identities it has seen never
notices, so `doubled` (two identities for one event, or one identity with two contents) is always wrong.
"""
import collections
import hashlib
import json
import re

from load import canary
from scoring import score_of

CANARY = re.compile(rb"<canary-of-[^>]*>")
TOO_LARGE = 1_000_000  # an event beyond this may not fit into a message of max_payload together with the evidence

Output = collections.namedtuple("Output", "stream sequence kind tenant identity reason payload")


class Report:
    """The findings, each a list of lines for people."""

    FORBIDDEN = ("not_kept", "lost", "doubled", "misattributed", "cross_tenant", "both", "unexpected_dead", "unexpected_result",
                 "unattributable", "shared_identity")

    def __init__(self):
        for name in (*self.FORBIDDEN, "doubled_on_wire"):
            setattr(self, name, [])
        self.events = self.scored = self.dead = self.filtered = self.bypassed = 0
        self.reasons = collections.Counter()

    def violations(self, wire_doubles_allowed=False):
        """The names of the lists that should be empty and are not."""
        names = self.FORBIDDEN if wire_doubles_allowed else (*self.FORBIDDEN, "doubled_on_wire")
        return [name for name in names if getattr(self, name)]

    def __str__(self):
        lines = [f"{self.events} events: {self.scored} scored, {self.dead} dead {dict(self.reasons)}, "
                 f"{self.filtered} filtered, {self.bypassed} bypassed"]
        for name in (*self.FORBIDDEN, "doubled_on_wire"):
            found = getattr(self, name)
            if found:
                lines.append(f"{name}: {len(found)}")
                lines += [f"    {line}" for line in found[:6]]
        return "\n".join(lines)


class Oracle:
    """Judges one pipeline. The subjects are results.TENANT.NAME, bypass.TENANT.NAME, dead.TENANT.NAME and
    dead-unroutable.NAME."""

    def __init__(self, journal, pipeline):
        self._journal = journal
        self._pipeline = pipeline
        self._expected = {}  # (input sequence, element) → Event
        self._gone = {}  # the same, of messages that were confirmed and have left the stream
        self._outputs = collections.defaultdict(list)  # (input sequence, element) → outputs
        self._by_identity = collections.defaultdict(set)
        self.report = Report()

    def read_input(self, stored_messages, trimmed=False):
        """The whole input stream. `trimmed`: somebody took messages out of it (a purge, a limit, a stream made anew); what
        was confirmed and is gone may have an output or none, and that output has to be right."""
        kept = {}
        for stored in stored_messages:
            message_id = stored.headers.get("Nats-Msg-Id")
            entry = self._journal.entries.get(message_id)
            if entry is None or entry.payload != stored.payload or entry.subject != stored.subject:
                self.report.not_kept.append(f"input {stored.sequence} is not what was published as {message_id}")
                continue
            kept[message_id] = stored.sequence
            for element, event in enumerate(entry.events):
                self._expected[stored.sequence, element] = event
        for message_id, sequence in self._journal.confirmed.items():
            if message_id in kept:
                continue
            if trimmed:
                for element, event in enumerate(self._journal.entries[message_id].events):
                    self._gone[sequence, element] = event
            else:
                self.report.not_kept.append(f"{message_id}, confirmed at {sequence}, is not in the input stream")
        self.report.events = len(self._expected)

    def read_output(self, stream, stored_messages):
        """A whole output stream."""
        for stored in stored_messages:
            headers = stored.headers
            where = f"{stream} {stored.sequence} {stored.subject}"
            words = stored.subject.split(".")
            kind, tenant = words[0], words[1] if len(words) == 3 else ""
            shape = [kind, tenant, self._pipeline] if tenant else [kind, self._pipeline]
            if kind not in ("results", "bypass", "dead", "dead-unroutable") or words != shape or bool(tenant) != (kind != "dead-unroutable"):
                self.report.unattributable.append(f"{where}: not a subject of this pipeline")
                continue
            key = self._key(headers)
            output = Output(stream, stored.sequence, kind, tenant, headers.get("Nats-Msg-Id", ""),
                            headers.get("Millrace-Reason", ""), stored.payload)
            slot, event = self._event(key, output)
            if event is None:
                self.report.unattributable.append(f"{where}: no event {key}")
                continue
            self._outputs[slot].append(output)
            self._by_identity[output.identity].add(slot)
            self._judge(where, event, output, headers)

    def _event(self, key, output):
        """(where its outputs are kept, the event an output belongs to). A stream made anew has the same sequences once
        more; then the content says which of the two events is meant, and the one still there if it fits neither."""
        event, gone = self._expected.get(key), self._gone.get(key)
        if gone is not None and (event is None or self._is_of(gone, output) and not self._is_of(event, output)):
            return (*key, "gone"), gone
        return key, event

    @staticmethod
    def _is_of(event, output):
        if output.kind != "results":
            return output.payload.strip() == event.text.strip() or Oracle._stands_for(output.payload, event.text)
        return event.end == "bypassed" or event.row is not None and json.loads(output.payload).get("n") == event.row[0]

    @staticmethod
    def _stands_for(payload, text):
        """Whether a dead letter names, by length and hash, an event that is too large to be in it."""
        if len(text) < TOO_LARGE or not payload.startswith(b'{"truncated":true,'):
            return False
        named = json.loads(payload)
        return (named["length"], named["sha256"]) == (len(text), hashlib.sha256(text).hexdigest())

    @staticmethod
    def _key(headers):
        try:
            return int(headers.get("Millrace-Input-Sequence", "")), int(headers.get("Millrace-Element", "0"))
        except ValueError:
            return None

    def _judge(self, where, event, output, headers):
        report = self.report
        routable = event.end != "unroutable_tenant"
        if output.tenant != (event.tenant if routable else "") or (routable and headers.get("Millrace-Tenant") != event.tenant):
            report.cross_tenant.append(f"{where}: an event of {event.tenant!r}, header {headers.get('Millrace-Tenant')!r}")
        content = output.payload + "\n".join(headers.values()).encode()
        own = canary(event.tenant)
        for found in set(CANARY.findall(content)) - {own.encode(), json.dumps(own)[1:-1].encode()}:
            report.cross_tenant.append(f"{where}: carries {found!r}")
        if event.end == "bypassed":
            self._judge_bypassed(where, event, output, headers)
        elif output.kind in ("results", "bypass"):
            self._judge_result(where, event, output)
        else:
            self._judge_dead_letter(where, event, output)

    def _judge_bypassed(self, where, event, output, headers):
        """A copy on a subject of its own, or a result that says that it is none."""
        if output.kind == "results":
            right = json.loads(output.payload).get("bypassed") is True and b'{"score":null,' in output.payload
        else:
            right = output.kind == "bypass" and output.payload == event.text
        if not right or headers.get("Millrace-Kind") != "bypassed":
            self.report.misattributed.append(f"{where}: {output.payload[:80]!r} for {event.text[:80]!r}, which goes past the model")

    def _judge_result(self, where, event, output):
        if event.end != "scored" or output.kind != "results":
            self.report.unexpected_result.append(f"{where}: should be {event.end}")
            return
        body = json.loads(output.payload)
        if body.get("score") != score_of(event.row) or body.get("n") != event.row[0]:
            self.report.misattributed.append(f"{where}: {output.payload[:120]!r} for row {event.row}")

    def _judge_dead_letter(self, where, event, output):
        if event.end != output.reason:
            self.report.unexpected_dead.append(f"{where}: {output.reason!r}, should be {event.end}")
        if not self._is_of(event, output):
            self.report.misattributed.append(f"{where}: {output.payload[:80]!r} for {event.text[:80]!r}")

    def verdict(self):
        """The report, once everything was read."""
        report = self.report
        for key, event in self._expected.items():
            outputs = self._outputs.get(key)
            if event.end == "filtered" and not outputs:  # what there is was found to be wrong already
                report.filtered += 1
                continue
            if not outputs:
                report.lost.append(f"input {key} of {event.tenant}, {event.end}: no output")
                continue
            if event.end == "bypassed":
                report.bypassed += 1
            elif outputs[0].kind == "results":
                report.scored += 1
            else:
                report.dead += 1
                report.reasons[outputs[0].reason] += 1
        for key, outputs in self._outputs.items():
            if len(outputs) > 1:
                self._judge_doubles(key, outputs)
        for identity, keys in self._by_identity.items():
            if len(keys) > 1 or not identity:
                report.shared_identity.append(f"{identity!r} is the identity of {sorted(map(str, keys))[:4]}")
        return report

    def _judge_doubles(self, key, outputs):
        report, places = self.report, [(output.stream, output.sequence) for output in outputs]
        if len({output.kind for output in outputs}) > 1:
            report.both.append(f"input {key}: {[output.kind for output in outputs]} at {places}")
        if len({output.identity for output in outputs}) > 1:
            report.doubled.append(f"input {key}: {len(outputs)} outputs under different identities at {places}")
        elif len({output.payload for output in outputs}) > 1:
            report.doubled.append(f"input {key}: one identity with different contents at {places}")
        else:
            report.doubled_on_wire.append(f"input {key}: stored {len(outputs)} times at {places}")

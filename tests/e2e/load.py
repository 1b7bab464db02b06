"""What the tests publish, and the journal of it: the oracle's knowledge of what must come out.

A Load is a thread with a connection of its own. It publishes at a rate, keeps each message until its PubAck is there,
and after a broken connection or a long silence sends what is unconfirmed again under the same Nats-Msg-Id.
"""
import collections
import json
import random
import threading
import time

import nats_wire
from scoring import FEATURES

# One event: `end` is "scored", "filtered", "bypassed" or the reason of its dead letter, `text` its raw bytes, `row` what the model is asked.
Event = collections.namedtuple("Event", "tenant end text row")
Entry = collections.namedtuple("Entry", "message_id tenant subject payload events")


def canary(tenant):
    """A mark that only this tenant's events carry."""
    return f"<canary-of-{tenant}>"


class Journal:
    """Every message handed to the server, and the sequence of each one that was confirmed."""

    def __init__(self, prefix="e2e"):
        self._prefix = prefix  # of the message ids: another one where a stream is used again within its duplicate window
        self.entries = {}  # Nats-Msg-Id → Entry
        self.confirmed = {}  # Nats-Msg-Id → sequence
        self._lock = threading.Lock()  # several loads may write

    def write(self, tenant, subject, payload, events):
        """Notes a message before it is sent; returns the entry."""
        with self._lock:
            entry = Entry(f"{self._prefix}-{len(self.entries)}", tenant, subject, payload, events)
            self.entries[entry.message_id] = entry
        return entry


class EventMaker:
    """Makes events; no two have the same `n`, which counts up from `first`. `poison` is the share of rows the model refuses,
    `bad` of unfit events."""

    def __init__(self, seed=1, poison=0.0, bad=0.0, first=0):
        self._chance = random.Random(seed)
        self._poison = poison
        self._bad = bad
        self._number = first

    def event(self, tenant):
        """One event."""
        self._number += 1
        chance = self._chance
        x = chance.randrange(1, 1 << 20) / 64
        content = {"n": self._number, "tenant": tenant, "x": x, "canary": canary(tenant)}
        end = "scored"
        if chance.random() < self._poison:
            content["x"], end = -x, "rejected"
        elif chance.random() < self._bad:
            end = chance.choice(("field_missing", "field_null", "field_wrong_type", "not_an_object"))
            if end == "field_missing":
                del content["x"]
            elif end == "field_null":
                content["n"] = None
            elif end == "field_wrong_type":
                content["x"] = [x]
            else:
                return Event(tenant, end, json.dumps(f"{self._number} {canary(tenant)}").encode(), None)
        row = [content.get(name) for name in FEATURES]
        return Event(tenant, end, json.dumps(content).encode(), row)

    def garbage(self, tenant):
        """A message that is no JSON."""
        self._number += 1
        return Event(tenant, "not_json", b'{"n": %d, "canary": "%s", ' % (self._number, canary(tenant).encode()), None)

    def message(self, tenant, shape):
        """(payload, events) in one of the shapes: object, array, lines, garbage."""
        if shape == "garbage":
            event = self.garbage(tenant)
            return event.text, [event]
        count = 1 if shape == "object" else self._chance.randrange(2, 12)
        events = [self.event(tenant) for _ in range(count)]
        while shape == "lines" and all(event.end == "not_an_object" for event in events):
            events.append(self.event(tenant))  # lines without any object are no lines to the bridge, but one bad event
        texts = [event.text for event in events]
        return {"object": texts[0], "array": b"[" + b", ".join(texts) + b"]", "lines": b"\n".join(texts)}[shape], events


class Load(threading.Thread):
    """Publishes until stop(). `subject_of(tenant, number)` makes the subject."""

    def __init__(self, url, journal, maker, subject_of, tenants, rate, shapes=("object",), count=None):
        super().__init__(daemon=True)
        self._url, self._journal, self._maker, self._subject_of = url, journal, maker, subject_of
        self._tenants, self._rate, self._shapes, self._count = list(tenants), rate, shapes, count
        self._over = threading.Event()
        self._chance = random.Random(7)
        self.failure = None
        self.events = 0

    def run(self):
        try:
            with nats_wire.Connection(self._url, "e2e-load") as connection:
                publisher = nats_wire.AckedPublisher(connection, self._stored, 2000)
                while not self._over.is_set() and (self._count is None or self.events < self._count):
                    self._again_if_broken(connection, publisher, lambda: self._some(connection, publisher))
                while publisher.pending:
                    self._again_if_broken(connection, publisher, lambda: publisher.drain(3.0))
        except Exception as error:  # a test must see what ended its load
            self.failure = error

    def _stored(self, message_id, sequence, _duplicate):
        self._journal.confirmed[message_id] = sequence

    def _again_if_broken(self, connection, publisher, act):
        try:
            act()
        except nats_wire.Disconnected:
            connection.reconnect(30.0)
            publisher.resend()
        except nats_wire.TimedOut:  # a server took it and died before it could pass it on
            publisher.resend()

    def _some(self, connection, publisher):
        # A tenth of a second's worth.
        until = time.monotonic() + 0.1
        for _ in range(max(1, self._rate // 10)):
            tenant = self._tenant()
            payload, events = self._maker.message(tenant, self._chance.choice(self._shapes))
            entry = self._journal.write(tenant, self._subject_of(tenant, len(self._journal.entries)), payload, events)
            self.events += len(events)
            publisher.send(entry.subject, payload, entry.message_id, entry.message_id)
            if self._count is not None and self.events >= self._count:
                return
        connection.pump()
        while time.monotonic() < until:
            connection.pump(until - time.monotonic())

    def _tenant(self):
        return self._chance.choice(self._tenants)

    def stop(self):
        """Stops publishing, waits until everything is confirmed, and raises what went wrong."""
        self._over.set()
        self.finish()

    def finish(self, within=90.0):
        """Waits until a counted load is published and confirmed."""
        self.join(within)
        if self.is_alive():
            raise AssertionError("the load did not end")
        if self.failure is not None:
            raise AssertionError("the load failed") from self.failure

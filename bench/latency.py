"""Latency at a steady rate: from a trip published to its result received, and a bare PubAck beside it."""
import gc
import json
import os
import time

from world import FIRST, trip_payloads

_WARM = 50  # trips before the clock counts: connections, first allocations


class Paced:
    """Publishes trips at a steady rate on one connection and notes when the answer to each came."""

    def __init__(self, connection, subject, rate, count):
        self._connection = connection
        self._subject = subject
        self._rate = rate
        self._payloads = list(trip_payloads(count + _WARM))
        self._sent = [0] * len(self._payloads)
        self._came = [0] * len(self._payloads)
        self._missing = len(self._payloads)

    def pub_acks(self):
        """Nanoseconds from publish to PubAck, sorted."""
        inbox = f"_INBOX.{os.urandom(9).hex()}"
        sid = self._connection.subscribe(inbox + ".*", lambda message: self._note(int(message.subject.rpartition(".")[2])))
        return self._run(lambda number: f"{inbox}.{number}", sid)

    def results(self, results):
        """Nanoseconds from publish to the result on one of the subjects `results`, sorted."""
        sid = self._connection.subscribe(results, lambda message: self._note(json.loads(message.payload)["score"] - FIRST))
        return self._run(lambda number: "", sid)

    def _note(self, number):
        if not self._came[number]:
            self._came[number] = time.monotonic_ns()
            self._missing -= 1

    def _run(self, reply, sid):
        self._connection.sync()
        gc.collect()
        gc.disable()
        try:
            self._publish(reply)
            deadline = time.monotonic() + 10.0
            while self._missing and time.monotonic() < deadline:
                self._connection.pump(0.1)
        finally:
            gc.enable()
            self._connection.unsubscribe(sid)
        if self._missing:
            raise TimeoutError(f"{self._missing} of {len(self._came)} trips on {self._subject} were not answered")
        return sorted(came - sent for sent, came in zip(self._sent[_WARM:], self._came[_WARM:]))

    def _publish(self, reply):
        begin = time.monotonic_ns()
        for number, payload in enumerate(self._payloads):
            due = begin + number * 1_000_000_000 // self._rate
            while (left := due - time.monotonic_ns()) > 0:
                self._connection.pump(left / 1e9)
            self._sent[number] = time.monotonic_ns()
            self._connection.publish(self._subject, payload, reply(number), [("Nats-Msg-Id", f"{self._subject}{number}")])
            self._connection.flush()

"""One direction of a proxied connection: bytes are read from one socket, treated, and written to the other.

What is done to them is named by RULES; a direction's rules are a dict shared by all its pipes and may change at any
moment. Bytes wait in a queue with the time they are due. Bound: a pipe that holds QUEUE bytes stops reading, so back
pressure passes through. Not thread-safe: lives on its proxy's thread.
"""
import collections
import random
import socket
import struct

QUEUE = 1 << 18
CHUNK = 1 << 16

RULES = {
    "delay": "seconds that every byte is late",
    "jitter": "up to so many seconds more, the order kept",
    "drip": "bytes per second, one at a time when few",
    "stall": "read, keep, and write nothing until it is lifted",
    "stall_at": "the same from the first occurrence of this text on",
    "deaf": "read nothing: the sender's buffers fill, as when the network drops all its packets",
    "silence": "read and throw away; a connection that lost bytes so is reset when the rule is lifted",
    "cut_after": "close the connection after so many bytes",
    "reset_after": "reset it after so many bytes",
    "half_close_after": "end this direction after so many bytes and let the other go on",
    "corrupt_every": "flip a bit in one of so many bytes",
    "corrupt_at": "spoil the first byte of each occurrence of this text, one in `corrupt_nth`",
    "corrupt_nth": "see corrupt_at",
    "duplicate_every": "write a chunk twice, one of so many",
}


def reset(sock):
    """Closes a socket with a RST."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    except OSError:
        pass


class Broken(Exception):
    """The connection is to end; `how` is cut, reset or closed."""

    def __init__(self, how):
        super().__init__(how)
        self.how = how


class Pipe:
    """Bytes from `source` to `sink` under `rules`, counted in `counters`."""

    def __init__(self, source, sink, rules, counters):
        self.source, self.sink, self._rules, self._counters = source, sink, rules, counters
        self._chance = random.Random(11)
        self._queue = collections.deque()  # [due, bytes]
        self._queued = self._passed = 0
        self._last_due = self._next_drip = 0.0
        self._held = False  # stall_at was met
        self._mark = None  # which stall_at that was
        self._matches = 0
        self._tail = b""
        self.lost = 0  # bytes thrown away
        self.at_end = False  # the source said FIN
        self.ended = False  # and the sink was told

    def wants_to_read(self):
        """Whether there is room and nothing forbids it."""
        return not self.at_end and not self.ended and self._queued < QUEUE and not self._rules.get("deaf")

    def due_in(self, now):
        """Seconds until something may be written; None when nothing waits."""
        if self._rules.get("stall") or self._held or not self._queue:
            return 0.0 if self.at_end and not self.ended and not self._queue else None
        due = self._queue[0][0]
        return max(0.0, due - now, self._next_drip - now if self._rules.get("drip") else 0.0)

    def read(self, now):
        """Takes what the source has."""
        try:
            chunk = self.source.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise Broken("reset") from error
        if not chunk:
            self.at_end = True
            return
        if self._rules.get("silence"):
            self.lost += len(chunk)
            self._counters["silenced"] += len(chunk)
            return
        every = self._rules.get("duplicate_every")
        copies = 2 if every and self._chance.randrange(every) == 0 else 1
        self._counters["duplicated"] += copies - 1
        chunk = self._spoil(chunk)
        for _ in range(copies):
            due = now + self._rules.get("delay", 0.0) + self._chance.uniform(0.0, self._rules.get("jitter", 0.0))
            self._last_due = max(self._last_due, due)
            self._queue.append([self._last_due, chunk])
            self._queued += len(chunk)

    def _spoil(self, chunk):
        every, text = self._rules.get("corrupt_every"), self._rules.get("corrupt_at")
        if every and self._chance.random() < len(chunk) / every:
            at = self._chance.randrange(len(chunk))
            chunk = chunk[:at] + bytes([chunk[at] ^ 1 << self._chance.randrange(8)]) + chunk[at + 1:]
            self._counters["corrupted"] += 1
        if text:
            chunk = self._spoil_text(chunk, text.encode())
        return chunk

    def _spoil_text(self, chunk, text):
        at = chunk.find(text)
        while at >= 0:
            self._matches += 1
            if self._matches % self._rules.get("corrupt_nth", 1) == 0:
                chunk = chunk[:at] + b"\x01" + chunk[at + 1:]
                self._counters["corrupted"] += 1
            at = chunk.find(text, at + len(text))
        return chunk

    def write(self, now):
        """Gives the sink what is due."""
        mark = self._rules.get("stall_at")
        if self._held and self._mark != mark:
            self._held = False
        while self._queue and self.due_in(now) == 0.0:
            piece = self._piece(self._queue[0][1], mark)
            if not piece:
                break
            try:
                sent = self.sink.send(piece)
            except BlockingIOError:
                return
            except OSError as error:
                raise Broken("reset") from error
            self._forget(sent, now)
        if self.at_end and not self._queue and not self.ended:
            self._end()

    def _piece(self, chunk, mark):
        """As much of the first chunk as may be written now."""
        limit = len(chunk)
        if self._rules.get("drip"):
            limit = max(1, min(limit, int(self._rules["drip"] / 20)))
        if mark:
            found = (self._tail + chunk).find(mark.encode())
            if found >= 0:
                limit = min(limit, max(0, found - len(self._tail)))
                if limit == 0:
                    self._held, self._mark = True, mark
                    self._counters["held"] += 1
        for name, how in (("cut_after", "cut"), ("reset_after", "reset"), ("half_close_after", "half_closed")):
            bound = self._rules.get(name)
            if bound is not None:
                if self._passed >= bound:
                    self._counters[how] += 1
                    self._break(how)
                    return b""
                limit = min(limit, bound - self._passed)
        return chunk[:limit]

    def _break(self, how):
        if how != "half_closed":
            raise Broken(how)
        self._queue.clear()
        self._queued = 0
        self._end()

    def _forget(self, sent, now):
        first = self._queue[0]
        self._tail = (self._tail + first[1][:sent])[-32:] if self._rules.get("stall_at") else b""
        first[1] = first[1][sent:]
        if not first[1]:
            self._queue.popleft()
        self._queued -= sent
        self._passed += sent
        self._counters["bytes"] += sent
        if self._rules.get("drip"):
            self._next_drip = now + sent / self._rules["drip"]

    def _end(self):
        self.ended = True
        try:
            self.sink.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Broken("closed") from error

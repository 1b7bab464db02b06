"""A small NATS and JetStream client on one blocking socket, with the standard library alone.

Not thread-safe: one connection belongs to one thread, and everything arrives in `pump`, which the owner calls. Nothing
runs in the background, nothing reconnects by itself: a broken connection raises Disconnected, and the owner says
`reconnect()` when it wants to go on. Subscriptions survive that; requests under way do not.

Bounds: what was received and not yet dispatched is one socket read; AckedPublisher holds at most `window` messages.
Not here: TLS, credentials, clusters, push consumers, core queue groups.
"""
import collections
import json
import os
import select
import socket
import time

_READ = 1 << 18
_WRITE_AT = 1 << 16


class NatsError(Exception):
    """Anything the server or the connection said no to."""


class Disconnected(NatsError):
    """The connection is gone; reconnect() makes a new one."""


class TimedOut(NatsError):
    """No answer in time. What was asked may have happened all the same."""


class NoResponders(NatsError):
    """Nobody listens on the subject of a request."""


class ApiError(NatsError):
    """A JetStream API error."""

    def __init__(self, error):
        super().__init__(f"{error.get('description')} (code {error.get('code')}, err_code {error.get('err_code')})")
        self.code = error.get("code")
        self.err_code = error.get("err_code")


class Message:
    """One delivery. `head` is the raw header block, read only when somebody asks."""

    __slots__ = ("subject", "reply", "head", "payload")

    def __init__(self, subject, reply, head, payload):
        self.subject = subject
        self.reply = reply
        self.head = head
        self.payload = payload

    @property
    def headers(self):
        """The headers as (name, value) pairs, in wire order, repeats included."""
        return parse_headers(self.head)

    @property
    def status(self):
        """The status code of a header block such as `NATS/1.0 503`; 0 where there is none."""
        if not self.head:
            return 0
        words = self.head.split(b"\r\n", 1)[0].split(None, 2)
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def parse_headers(block):
    """The (name, value) pairs of a raw header block."""
    pairs = []
    for line in (block or b"").split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            pairs.append((name.decode("utf-8", "replace"), value.strip().decode("utf-8", "replace")))
    return pairs


def header_block(pairs):
    """Raw header block from (name, value) pairs. Values go out as given: tests forge with it."""
    return b"NATS/1.0\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in pairs) + b"\r\n"


def address_of(url):
    """(host, port) of `nats://host:port`, or of `host:port`."""
    host, _, port = url.rpartition("//")[2].rpartition(":")
    return host or "127.0.0.1", int(port)


class Connection:
    """One client connection. `url` is `nats://host:port`, or `host:port`, or several of them with commas between, tried
    in turn. `login` is what CONNECT says beside the usual: {"user": …, "pass": …}. Answers come to subjects below
    `inbox`."""

    def __init__(self, url, name="nats-wire", timeout=5.0, login=None, inbox="_INBOX"):
        self._addresses = collections.deque(address_of(one) for one in url.split(","))
        self._login = login or {}
        self._name = name
        self._timeout = timeout
        self._socket = None
        self._subscriptions = {}  # sid → (subject, callback)
        self._next_sid = 0
        self._inbox = f"{inbox}.{os.urandom(9).hex()}"
        self._answers = {}  # token → Message or None while it is awaited
        self._next_token = 0
        self.info = {}
        self.errors = []  # -ERR lines that did not end the connection
        self._connect_to_any()
        self.subscribe(self._inbox + ".*", self._on_answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # connection

    def _connect_to_any(self):
        for left in reversed(range(len(self._addresses))):
            try:
                return self._connect()
            except NatsError:
                self._addresses.rotate(-1)
                if not left:
                    raise

    def _connect(self):
        self._out = []
        self._out_size = 0
        self._rest = b""
        self._pongs = 0
        try:
            self._socket = socket.create_connection(self._addresses[0], timeout=self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while b"\r\n" not in self._rest:
                self._receive()
            line, self._rest = self._rest.split(b"\r\n", 1)
            if not line.startswith(b"INFO "):
                raise NatsError(f"not a NATS server: {line[:60]!r}")
            self.info = json.loads(line[5:])
            options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "name": self._name,
                       "lang": "python", "version": "1", "protocol": 1, "echo": True, **self._login}
            self._write(b"CONNECT " + json.dumps(options).encode() + b"\r\n")
            for sid, (subject, _) in self._subscriptions.items():
                self._write(f"SUB {subject} {sid}\r\n".encode())
            self.sync()
        except OSError as error:
            self.close()
            raise Disconnected(str(error)) from error
        except NatsError:
            self.close()
            raise

    def reconnect(self, within=30.0):
        """Drops the connection and makes a new one, trying until `within` seconds are over."""
        self.close()
        deadline = time.monotonic() + within
        while True:
            try:
                return self._connect_to_any()
            except NatsError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.05)

    def close(self):
        """Closes the socket; what was not flushed is gone."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._answers.clear()

    # writing

    def _write(self, frame):
        self._out.append(frame)
        self._out_size += len(frame)
        if self._out_size >= _WRITE_AT:
            self.flush()

    def flush(self):
        """Hands everything written so far to the kernel."""
        if not self._out:
            return
        frames, self._out, self._out_size = b"".join(self._out), [], 0
        if self._socket is None:
            raise Disconnected("not connected")
        try:
            self._socket.sendall(frames)
        except OSError as error:
            self.close()
            raise Disconnected(str(error)) from error

    def publish(self, subject, payload=b"", reply="", headers=None):
        """Buffers one message; goes out with the next flush, pump, sync or request."""
        self._write(publish_frame(subject, payload, reply, headers))

    def write_frame(self, frame):
        """Buffers raw protocol bytes."""
        self._write(frame)

    def subscribe(self, subject, callback):
        """Calls `callback(message)` from pump for each message; returns the subscription's id."""
        self._next_sid += 1
        self._subscriptions[self._next_sid] = (subject, callback)
        self._write(f"SUB {subject} {self._next_sid}\r\n".encode())
        return self._next_sid

    def unsubscribe(self, sid):
        """Ends a subscription; messages of it that are still on the way are dropped."""
        self._subscriptions.pop(sid, None)
        self._write(f"UNSUB {sid}\r\n".encode())

    # reading

    def _receive(self):
        try:
            chunk = self._socket.recv(_READ)
        except TimeoutError as error:
            raise TimedOut("nothing received") from error
        except OSError as error:
            self.close()
            raise Disconnected(str(error)) from error
        if not chunk:
            self.close()
            raise Disconnected("closed by the server")
        self._rest = self._rest + chunk if self._rest else chunk

    def pump(self, timeout=0.0):
        """Flushes, waits up to `timeout` for input and dispatches it. Returns how many messages were dispatched."""
        self.flush()
        if self._socket is None:
            raise Disconnected("not connected")
        if not select.select([self._socket], [], [], max(0.0, timeout))[0]:
            return 0
        self._receive()
        return self._dispatch()

    def _dispatch(self):
        buffer, position, count, size = self._rest, 0, 0, len(self._rest)
        subscriptions = self._subscriptions
        try:
            while True:
                end = buffer.find(b"\r\n", position)
                if end < 0:
                    break
                verb = buffer[position:position + 4]
                if verb == b"MSG " or verb == b"HMSG":
                    words = buffer[position:end].split(b" ")  # and no other blank: a subject may hold any
                    start = end + 2
                    stop = start + int(words[-1])
                    if stop + 2 > size:
                        break
                    position = stop + 2
                    if verb == b"HMSG":
                        body = start + int(words[-2])
                        message = Message(words[1].decode(), words[3].decode() if len(words) == 6 else "",
                                          buffer[start:body], buffer[body:stop])
                    else:
                        message = Message(words[1].decode(), words[3].decode() if len(words) == 5 else "", b"",
                                          buffer[start:stop])
                    subscription = subscriptions.get(int(words[2]))
                    if subscription is not None:
                        subscription[1](message)
                        count += 1
                    continue
                line, position = buffer[position:end], end + 2
                self._control(verb, line)
        finally:
            self._rest = buffer[position:]
        return count

    def _control(self, verb, line):
        if verb == b"PING":
            self._write(b"PONG\r\n")
            self.flush()
        elif verb == b"PONG":
            self._pongs += 1
        elif verb == b"-ERR":
            self.errors.append(line[5:].decode("utf-8", "replace"))
        elif verb == b"INFO":
            self.info = json.loads(line[5:])
        elif verb != b"+OK":
            raise NatsError(f"protocol: {line[:60]!r}")

    def sync(self, timeout=None):
        """A PING and its PONG: everything written before has been read by the server."""
        wanted = self._pongs + 1
        self._write(b"PING\r\n")
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        self.flush()
        self._dispatch()  # what came along with INFO
        while self._pongs < wanted:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut("no PONG")
            self.pump(left)

    # requests

    def _on_answer(self, message):
        token = message.subject.rpartition(".")[2]
        if token in self._answers:
            self._answers[token] = message

    def request(self, subject, payload=b"", timeout=None, headers=None):
        """Sends a request and returns the first answer."""
        self._next_token += 1
        token = str(self._next_token)
        self._answers[token] = None
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        try:
            self.publish(subject, payload, f"{self._inbox}.{token}", headers)
            while self._answers.get(token) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimedOut(f"no answer on {subject}")
                self.pump(left)
            answer = self._answers[token]
        finally:
            self._answers.pop(token, None)
        if answer.status == 503 and not answer.payload:
            raise NoResponders(subject)
        return answer


def publish_frame(subject, payload, reply="", headers=None):
    """The wire form of one PUB or HPUB."""
    reply = reply + " " if reply else ""
    if not headers:
        return f"PUB {subject} {reply}{len(payload)}\r\n".encode() + payload + b"\r\n"
    block = headers if isinstance(headers, bytes) else header_block(headers)
    return b"".join((f"HPUB {subject} {reply}{len(block)} {len(block) + len(payload)}\r\n".encode(), block, payload, b"\r\n"))


class AckedPublisher:
    """Publishes to JetStream with many PubAcks under way.

    Each message carries a Nats-Msg-Id, so that `resend` after a broken connection does not store it twice while the
    stream's duplicate window lasts. `on_stored(token, sequence, duplicate)` is called once per message, from pump.
    """

    def __init__(self, connection, on_stored=None, window=4000):
        self._connection = connection
        self._on_stored = on_stored or (lambda token, sequence, duplicate: None)
        self._window = window
        self._inbox = f"_INBOX.{os.urandom(9).hex()}"
        self._pending = collections.OrderedDict()  # number → (frame, token)
        self._refused = []  # numbers that the server answered with an error, to send again
        self._number = 0
        self.stored = 0
        self.last_error = ""
        connection.subscribe(self._inbox + ".*", self._on_ack)

    @property
    def pending(self):
        """How many messages have no PubAck yet."""
        return len(self._pending)

    def send(self, subject, payload, message_id, token=None, headers=()):
        """Buffers one message; while `window` are unconfirmed, waits for PubAcks first."""
        if len(self._pending) >= self._window:
            self.wait_below(self._window - self._window // 8)
        self._number += 1
        frame = publish_frame(subject, payload, f"{self._inbox}.{self._number}", [("Nats-Msg-Id", message_id), *headers])
        self._pending[self._number] = (frame, token)
        self._connection.write_frame(frame)

    def wait_below(self, count, stall=10.0):
        """Pumps until fewer than `count` messages are unconfirmed; TimedOut when nothing moves for `stall` seconds."""
        moved, before = time.monotonic(), self.stored
        while len(self._pending) >= count and self._pending:
            self._connection.pump(0.05)
            now = time.monotonic()
            if self.stored != before:
                moved, before = now, self.stored
            elif now - moved > stall:
                raise TimedOut(f"{len(self._pending)} messages without a PubAck; last error: {self.last_error or 'none'}")
            if self._refused and now - moved > 0.1:
                for number in self._refused:
                    self._connection.write_frame(self._pending[number][0])
                self._refused.clear()

    def drain(self, stall=10.0):
        """Waits for all PubAcks."""
        self.wait_below(1, stall)

    def resend(self):
        """Writes everything unconfirmed again; for after a reconnect."""
        self._refused.clear()
        for frame, _ in list(self._pending.values()):
            self._connection.write_frame(frame)

    def _on_ack(self, message):
        number = int(message.subject.rpartition(".")[2])
        if number not in self._pending:
            return
        answer = json.loads(message.payload) if message.payload else {"error": {"description": "no responders"}}
        if "error" in answer:
            self.last_error = answer["error"].get("description", "")
            self._refused.append(number)
            return
        _, token = self._pending.pop(number)
        self.stored += 1
        self._on_stored(token, answer["seq"], answer.get("duplicate", False))


class Stored:
    """A message as a stream holds it."""

    __slots__ = ("sequence", "stored_ns", "subject", "head", "payload")

    def __init__(self, sequence, stored_ns, subject, head, payload):
        self.sequence = sequence
        self.stored_ns = stored_ns
        self.subject = subject
        self.head = head
        self.payload = payload

    @property
    def headers(self):
        """The headers by name; of a repeated name the last."""
        return dict(parse_headers(self.head))


class JetStream:
    """The JetStream API over one connection."""

    def __init__(self, connection):
        self.connection = connection

    def api(self, name, body=None, timeout=None):
        """One API request; `name` is what follows $JS.API. Raises ApiError."""
        payload = json.dumps(body).encode() if body is not None else b""
        answer = json.loads(self.connection.request("$JS.API." + name, payload, timeout).payload)
        if "error" in answer:
            raise ApiError(answer["error"])
        return answer

    def wait_ready(self, within=10.0):
        """Waits until the JetStream API answers."""
        deadline = time.monotonic() + within
        while True:
            try:
                return self.api("INFO", timeout=1.0)
            except (NoResponders, TimedOut, ApiError):
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.05)

    def add_stream(self, name, subjects, **config):
        """Creates a stream; durations are nanoseconds."""
        return self.api(f"STREAM.CREATE.{name}", {"name": name, "subjects": list(subjects), "storage": "file",
                                                  "retention": "limits", "num_replicas": 1, **config})

    def stream(self, name, subjects_filter=None):
        """A stream's configuration and state; with a filter also the count of each subject."""
        return self.api(f"STREAM.INFO.{name}", {"subjects_filter": subjects_filter} if subjects_filter else None)

    def streams(self):
        """The names of all streams."""
        return self.api("STREAM.NAMES").get("streams") or []

    def consumer(self, stream, name):
        """A consumer's configuration and state."""
        return self.api(f"CONSUMER.INFO.{stream}.{name}")

    def consumers(self, stream):
        """The names of a stream's consumers."""
        return self.api(f"CONSUMER.NAMES.{stream}").get("consumers") or []

    def publish(self, subject, payload, message_id=None, headers=(), timeout=None):
        """Stores one message and returns the PubAck."""
        pairs = [*headers, *([("Nats-Msg-Id", message_id)] if message_id else [])]
        answer = json.loads(self.connection.request(subject, payload, timeout, pairs).payload)
        if "error" in answer:
            raise ApiError(answer["error"])
        return answer

    def read(self, stream, first=1, batch=2000, subject=None, stall=5.0):
        """Yields every message a stream holds now, from sequence `first` on.

        An ephemeral pull consumer without acks; the end is what the stream held when reading began. Where nothing
        comes for `stall` seconds, the consumer is made anew behind the last message seen, three times at most.
        """
        state = self.stream(stream)["state"]
        last, position, attempts = state["last_seq"], max(first, state["first_seq"]), 0
        while state["messages"] and position <= last:
            before = position
            for message in self._read_some(stream, position, last, batch, subject, stall):
                position = message.sequence + 1
                yield message
            if self._at_end:
                return
            attempts = 0 if position > before else attempts + 1
            if attempts == 3:
                raise TimedOut(f"stream {stream}: nothing at sequence {position} of {last}")

    def _read_some(self, stream, first, last, batch, subject, stall):
        config = {"deliver_policy": "by_start_sequence", "opt_start_seq": first, "ack_policy": "none",
                  "replay_policy": "instant", "max_deliver": 1, "inactive_threshold": 30_000_000_000, "mem_storage": True}
        if subject:
            config["filter_subject"] = subject
        created = self.api(f"CONSUMER.CREATE.{stream}", {"stream_name": stream, "config": config})
        name, wanted = created["name"], created.get("num_pending", 0)
        connection, inbox = self.connection, f"_INBOX.{os.urandom(9).hex()}"
        arrived = collections.deque()
        sid = connection.subscribe(inbox, arrived.append)
        ask = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"
        pull = json.dumps({"batch": batch, "expires": 30_000_000_000}).encode()
        self._at_end, asked, expected = wanted == 0, 0, 0
        try:
            quiet_since = time.monotonic()
            while not self._at_end:
                while asked < 2 * batch:  # two requests overlap, so that the server never waits for us
                    connection.publish(ask, pull, inbox)
                    asked += batch
                if connection.pump(0.2):
                    quiet_since = time.monotonic()
                elif time.monotonic() - quiet_since > stall:
                    return
                while arrived:
                    message = arrived.popleft()
                    words = message.reply.split(".")
                    if len(words) < 9:
                        return  # a status: the request is over, begin anew
                    asked -= 1
                    expected += 1
                    sequence, consumer_sequence, stored_ns, pending = (int(word) for word in words[-4:])
                    if consumer_sequence != expected:
                        return
                    self._at_end = pending == 0 or sequence >= last
                    if sequence <= last:
                        yield Stored(sequence, stored_ns, message.subject, message.head, message.payload)
                    if self._at_end:
                        return
        finally:
            connection.unsubscribe(sid)
            try:
                self.api(f"CONSUMER.DELETE.{stream}.{name}")
            except NatsError:
                pass  # it goes away by itself when nobody pulls

    def message(self, stream, sequence):
        """One message by its sequence, from the stream's leader."""
        return self.api(f"STREAM.MSG.GET.{stream}", {"seq": sequence})["message"]

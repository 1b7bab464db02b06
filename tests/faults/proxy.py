"""A TCP proxy that does to a connection what networks do, on command, while it runs.

`up` is from the client to the server, `down` the way back. rules() sets what pipe.py names for one direction of all
connections, old and new; refuse() stops listening; slam() resets each new connection; reset_all() and close_all() end what
is open. Everything runs on one thread of the proxy's own; the methods may be called from any other.
"""
import collections
import contextlib
import os
import selectors
import socket
import threading
import time

from pipe import RULES, Broken, Pipe, reset

TICK = 0.5


class Connection:
    """A client, its server, and the two pipes between them."""

    def __init__(self, client, server, rules, counters):
        self.client, self.server = client, server
        self.up = Pipe(client, server, rules["up"], counters["up"])
        self.down = Pipe(server, client, rules["down"], counters["down"])
        self.pipes = (self.up, self.down)

    def close(self, hard):
        """Ends both sides: with FIN, or with RST."""
        for sock in (self.client, self.server):
            if hard:
                reset(sock)
            else:
                sock.close()


class Proxy:
    """Listens on a free loopback port (`port`) and connects to `target` for each client."""

    def __init__(self, target, port=0):
        self.target = target
        self.rules_of = {"up": {}, "down": {}}
        self.counters = {"up": collections.Counter(), "down": collections.Counter(), "": collections.Counter()}
        self._selector = selectors.DefaultSelector()
        self._connections = set()
        self._orders = collections.deque()
        self._slam = False
        self._over = False
        self._listener = None
        self._bell, self._bell_end = os.pipe()
        os.set_blocking(self._bell, False)
        self._selector.register(self._bell, selectors.EVENT_READ, None)
        self._listen(port)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # orders, from any thread

    def _order(self, act):
        done = threading.Event()
        self._orders.append((act, done))
        os.write(self._bell_end, b"!")
        if not done.wait(5.0):
            raise RuntimeError("the proxy's thread hangs")

    def rules(self, way, **changes):
        """Changes the rules of `up`, `down` or `both`; a rule of None is lifted."""
        unknown = set(changes) - set(RULES)
        if unknown:
            raise ValueError(f"no such rules: {unknown}")
        self._order(lambda: [self._change(one, changes) for one in (("up", "down") if way == "both" else (way,))])

    def _change(self, way, changes):
        rules = self.rules_of[way]
        for name, value in changes.items():
            rules.pop(name, None)
            if value not in (None, False):
                rules[name] = value
        if changes.get("silence", True) in (None, False):
            for connection in list(self._connections):
                if getattr(connection, way).lost:
                    self._end(connection, True)

    def heal(self):
        """Lifts every rule and listens again; connections whose bytes are spoilt end by themselves or by their owners."""
        self.rules("both", **dict.fromkeys(RULES))
        self.refuse(False)
        self.slam(False)

    def refuse(self, on=True):
        """Nobody listens, and what is open is reset; or listens again on the same port."""
        self._order(lambda: self._refuse(on))

    def slam(self, on=True):
        """Every new connection is accepted and reset at once."""
        self._order(lambda: setattr(self, "_slam", on))

    def reset_all(self):
        """RST to both ends of every connection."""
        self._order(lambda: self._end_all(True))

    def close_all(self):
        """FIN to both ends of every connection."""
        self._order(lambda: self._end_all(False))

    def count(self, name):
        """A counter, over both directions: bytes, corrupted, cut, duplicated, half_closed, held, reset, silenced,
        connections, slammed, unreachable."""
        return sum(counter[name] for counter in self.counters.values())

    def close(self):
        """Ends the thread and every connection."""
        self._over = True
        os.write(self._bell_end, b"!")
        self._thread.join(5.0)
        self._end_all(True)
        if self._listener is not None:
            self._listener.close()
        self._selector.close()
        os.close(self._bell)
        os.close(self._bell_end)

    # the thread

    def _listen(self, port):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(256)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, None)

    def _refuse(self, on):
        if on and self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
            self._end_all(True)
        elif not on and self._listener is None:
            self._listen(self.port)

    def _end(self, connection, hard):
        if connection in self._connections:
            self._connections.discard(connection)
            for sock in (connection.client, connection.server):
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(sock)
            connection.close(hard)

    def _end_all(self, hard):
        for connection in list(self._connections):
            self._end(connection, hard)

    def _run(self):
        while not self._over:
            for key, _ in self._selector.select(self._sleep()):
                if key.fileobj is self._listener:
                    self._accept()
            with contextlib.suppress(BlockingIOError):
                os.read(self._bell, 4096)
            while self._orders:
                act, done = self._orders.popleft()
                act()
                done.set()
            for connection in list(self._connections):
                self._move(connection)

    def _accept(self):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        self.counters[""]["connections"] += 1
        if self._slam:
            self.counters[""]["slammed"] += 1
            return reset(client)
        try:
            server = socket.create_connection(self.target, 1.0)
        except OSError:
            self.counters[""]["unreachable"] += 1
            return reset(client)
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
        self._connections.add(Connection(client, server, self.rules_of, self.counters))

    def _move(self, connection):
        now = time.monotonic()
        try:
            for pipe in connection.pipes:
                if pipe.wants_to_read():
                    pipe.read(now)
                pipe.write(now)
        except Broken as broken:
            return self._end(connection, broken.how == "reset")
        if connection.up.ended and connection.down.ended:
            return self._end(connection, False)
        self._watch(connection.client, connection.up, connection.down, now)
        self._watch(connection.server, connection.down, connection.up, now)

    def _watch(self, sock, reads, writes, now):
        events = selectors.EVENT_READ if reads.wants_to_read() else 0
        if writes.due_in(now) == 0.0:
            events |= selectors.EVENT_WRITE
        known = self._selector.get_map().get(sock.fileno())
        if known is None:
            if events:
                self._selector.register(sock, events)
        elif not events:
            self._selector.unregister(sock)
        elif known.events != events:
            self._selector.modify(sock, events)

    def _sleep(self):
        now = time.monotonic()
        due = [pipe.due_in(now) for connection in self._connections for pipe in connection.pipes]
        # What is due now waits for its sink to become writable, which the selector says.
        return min([TICK, *(wait for wait in due if wait)])

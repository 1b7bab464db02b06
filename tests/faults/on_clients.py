"""Actions of other clients: messages nobody expects, and abuse of the admin port."""
import json
import socket
import threading

from load import Event, EventMaker, Load, canary
from registry import lasting, once
from scoring import HUGE


def _publish(world, tenant, payload, end, row=None, headers=()):
    """One message; `end` of None: it holds no event."""
    events = [Event(tenant, end, payload, row)] if end else []
    entry = world.journal.write(tenant, world.subject(tenant, len(world.journal.entries)), payload, events)
    answer = world.jetstream.publish(entry.subject, payload, entry.message_id, headers)
    world.journal.confirmed[entry.message_id] = answer["seq"]
    world.counted["published"] = world.counted.get("published", 0) + 1


def _event(world, tenant, x=0.5, **more):
    """(text, row) of an event like those of the load."""
    number = 10_000_000 + len(world.journal.entries)
    return json.dumps({"n": number, "tenant": tenant, "x": x, "canary": canary(tenant), **more}).encode(), [number, tenant, x]


@once
def publish_large(world, count: int = 3, kibibytes: int = 900):
    """Events of so many KiB, nearly all of it in a field that the model does not want."""
    for _ in range(count):
        text, row = _event(world, "alpha", ballast="b" * (kibibytes << 10))
        _publish(world, "alpha", text, "scored", row)


@once
def publish_largest(world):
    """Messages of max_payload to the byte: garbage, and an event."""
    size = int(world.connection.info["max_payload"]) - 200  # headers count as well
    text, row = _event(world, "beta")
    _publish(world, "beta", text[:-1] + b', "ballast": "' + b"b" * (size - len(text) - 20) + b'"}', "scored", row)
    _publish(world, "beta", b"\xff" * size, "not_json")


@once
def publish_for_huge_scores(world, count: int = 3):
    """Events whose scores are larger than any message."""
    for _ in range(count):
        text, row = _event(world, "gamma", HUGE)
        _publish(world, "gamma", text, "result_too_large", row)


@once
def publish_odd(world, count: int = 20):
    """Nothing, blanks, binary, other texts, and events with headers that want to be somebody else's."""
    for _ in range(count):
        for payload in (b"", b" \r\n\t ", b"[]", b"\n\n"):
            _publish(world, "gamma", payload, None)
        for payload in (bytes(range(256)), b"\0" * 100, b"\xef\xbb\xbf{", b"{" * 5000, b'{"n": 1', b"\xc3("):
            _publish(world, "gamma", payload, "not_json")
        for payload in (b"null", b"7", b'"text"'):
            _publish(world, "gamma", payload, "not_an_object")
        text, row = _event(world, "alpha")
        _publish(world, "alpha", text, "scored", row, [
            ("Millrace-Tenant", "beta"), ("Nats-Expected-Last-Sequence-Of", "1"), ("X-Long", "v" * 4000), ("X-Empty", ""),
            ("X-Twice", "1"), ("X-Twice", "2"), ("traceparent", "t" * 2000), ("Millrace-Input-Sequence", "1"), ("ce-\u00e4", "\u00fc")])


@once
def publish_hostile(world):
    """Events of tenants that cannot be: each ends at the operator's."""
    for tenant in ("$SYS", "t" * 65, "t" * 300, "\u00e4lpha", "a*b", "alpha:beta", "alpha,beta", "%61lpha"):
        text, _ = _event(world, tenant)
        _publish(world, tenant, text, "unroutable_tenant")


@lasting
def flood(world, tenant: str, rate: int = 4000):
    """One tenant sends much more than the others."""
    load = Load(world.server.url, world.journal, EventMaker(77, first=20_000_000), world.subject, [tenant], rate)
    load.start()
    yield
    load.stop()


def _talk(port, opening, piece, pause, over):
    """A client that says `opening` and then `piece` after each pause, anew when it is thrown out."""
    while not over.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), 2.0) as client:
                client.sendall(opening)
                while not over.wait(pause):
                    client.sendall(piece)
        except OSError:
            over.wait(0.05)


@lasting
def abuse_admin(world, clients: int = 100):
    """Slow clients, headers of a megabyte, bytes that are no HTTP, and long paths, all at the admin port."""
    port, over = world.bridges[0].admin, threading.Event()
    kinds = ((b"GET /metrics HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n", 0.5),
             (b"GET /metrics HTTP/1.1\r\nX-Large: " + b"l" * (1 << 20), b"l" * 1000, 0.05),
             (bytes(range(256)) * 16, b"\0\xff", 0.05),
             (b"GET /" + b"../" * 3000 + b"etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /livez HTTP/1.1\r\n", 0.1),
             (b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n", b"x" * 1000, 0.1),
             (b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 50, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", 0.01))
    threads = [threading.Thread(target=_talk, args=(port, *kinds[n % len(kinds)], over), daemon=True) for n in range(clients)]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join(5.0)


@once
def publish_as_if_nats(world, count: int = 5):
    """Payloads that look like the server's own protocol."""
    for _ in range(count):
        _publish(world, "beta", b"PUB results.alpha.scores 2\r\nab\r\nMSG x 1 0\r\n\r\n+OK\r\n-ERR 'x'\r\n", "not_json")

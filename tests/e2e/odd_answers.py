"""Answers no endpoint should give, by name: what scripted_endpoint.py sends instead of scores.

Each is a function of (exchange, scores): the scoring exchange to write to, and what a right answer would hold. What goes on
for ever ends when the other side closes the connection, at the latest after LONGEST seconds.
"""
import functools
import json
import socket
import struct
import time
import zlib

LONGEST = 30.0


def _head(exchange, *lines, status="200 OK", kind="application/json"):
    text = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Type: {kind}", *lines, "", ""))
    exchange.wfile.write(text.encode())


def _whole(exchange, body, *lines, **head):
    body = body if isinstance(body, bytes) else body.encode()
    _head(exchange, f"Content-Length: {len(body)}", *lines, **head)
    exchange.wfile.write(body)
    exchange.wfile.flush()


def _right(scores):
    return json.dumps({"Results": {"WebServiceOutput0": scores}}).encode()


def _for_long(exchange, piece, pause=0.0):
    exchange.close_connection = True
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        exchange.wfile.write(piece)
        exchange.wfile.flush()
        time.sleep(pause)


def _redirect(status):
    def answer(exchange, _scores):
        port = exchange.server.scene.canary_port
        _whole(exchange, b"", f"Location: http://127.0.0.1:{port}/score", status=f"{status} Elsewhere")
    return answer


def _redirect_to_itself(exchange, _scores):
    _whole(exchange, b"", "Location: /score", status="307 Again")


def _endless(exchange, _scores):
    _head(exchange, "Transfer-Encoding: chunked")
    _for_long(exchange, b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def _endless_headers(exchange, _scores):
    _head(exchange)
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n")
    _for_long(exchange, b"X-More: " + b"m" * 8000 + b"\r\n")


def _header_of_a_megabyte(exchange, scores):
    exchange.close_connection = True
    _whole(exchange, _right(scores), "X-Large: " + "l" * (1 << 20))


def _interim_for_long(exchange, _scores):
    _for_long(exchange, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 0.001)


def _gigabyte(exchange, _scores):
    _head(exchange, f"Content-Length: {1 << 30}")
    _for_long(exchange, b"0" * (1 << 16))


@functools.cache
def _bomb():
    """Four GiB of blanks in four MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return (packer.compress(b" " * (1 << 26)) + packer.flush()) * 64


def _gzip_bomb(exchange, _scores):
    exchange.close_connection = True
    _whole(exchange, _bomb(), "Content-Encoding: gzip")


def _gzip(exchange, scores):
    """A right answer, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    _whole(exchange, packer.compress(_right(scores)) + packer.flush(), "Content-Encoding: gzip")


def _promises_more(exchange, scores):
    """A Content-Length beyond the body, then the end."""
    exchange.close_connection = True
    body = _right(scores)
    _head(exchange, f"Content-Length: {len(body) + 100}")
    exchange.wfile.write(body)


def _sends_more(exchange, scores):
    """Behind the answer stands a forged one, for whoever uses the connection next."""
    body, forged = _right(scores), _right([-1.0] * 500)
    _head(exchange, f"Content-Length: {len(body)}")
    exchange.wfile.write(body)
    _head(exchange, f"Content-Length: {len(forged)}")
    exchange.wfile.write(forged)
    exchange.wfile.flush()


def _two_lengths(exchange, scores):
    body = _right(scores)
    exchange.close_connection = True
    _whole(exchange, body, f"Content-Length: {len(body) // 2}")


def _slow_headers(exchange, _scores):
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _for_long(exchange, b"s", 1.0)


def _drip(exchange, _scores):
    _head(exchange, "Content-Length: 100000")
    _for_long(exchange, b" ", 1.0)


def _never_answers(exchange, _scores):
    _for_long(exchange, b"", 0.2)


def _closes_without_a_word(exchange, _scores):
    exchange.close_connection = True


def _closes_keep_alive(exchange, scores):
    """A right answer that promises keep-alive, and a close a moment later, as the next request is under way."""
    exchange.close_connection = True
    _whole(exchange, _right(scores), "Connection: keep-alive")
    time.sleep(0.002)


def _resets_in_the_middle(exchange, scores):
    exchange.close_connection = True
    body = _right(scores)
    _head(exchange, f"Content-Length: {len(body)}")
    exchange.wfile.write(body[:len(body) // 2])
    exchange.wfile.flush()
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.connection.close()


def _no_http(exchange, _scores):
    exchange.close_connection = True
    exchange.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n" * 3)


def _bare_body(exchange, scores):
    """HTTP/0.9: a body and nothing else."""
    exchange.close_connection = True
    exchange.wfile.write(_right(scores))


def _text(body, **head):
    return lambda exchange, _scores: _whole(exchange, body, **head)


def _changed(change):
    return lambda exchange, scores: _whole(exchange, _right(change(scores)))


def _written(change):
    return lambda exchange, scores: _whole(exchange, change(_right(scores)))


ODD = {
    "redirect_301": _redirect(301), "redirect_302": _redirect(302), "redirect_307": _redirect(307), "redirect_308": _redirect(308),
    "redirect_to_itself": _redirect_to_itself,
    "endless": _endless, "endless_headers": _endless_headers, "header_of_a_megabyte": _header_of_a_megabyte,
    "interim_for_long": _interim_for_long, "gigabyte": _gigabyte, "gzip_bomb": _gzip_bomb, "gzip": _gzip,
    "promises_more": _promises_more, "sends_more": _sends_more, "two_lengths": _two_lengths,
    "slow_headers": _slow_headers, "drip": _drip, "never_answers": _never_answers,
    "closes_without_a_word": _closes_without_a_word, "closes_keep_alive": _closes_keep_alive,
    "resets_in_the_middle": _resets_in_the_middle, "no_http": _no_http, "bare_body": _bare_body,
    "error_text": _text('{"message": "An unexpected error occurred in scoring script."}'),
    "html": _text("<html><body>Sign in</body></html>", kind="text/html"), "empty": _text(""), "null": _text("null"),
    "deep": _text("[" * 100_000), "deep_and_closed": _text("[" * 50_000 + "]" * 50_000),
    "wide": _text("{" + ",".join(f'"k{n}":1' for n in range(200_000)) + "}"),
    "bad_utf8": _text(b'{"Results": {"WebServiceOutput0": ["\xff\xfe\xc0\x80"]}}'),
    "one_too_few": _changed(lambda scores: scores[:-1] if len(scores) > 1 else scores),  # one alone is answered
    "one_too_many": _changed(lambda scores: [*scores, 0.5]),
    "none": _changed(lambda scores: []), "no_list": _changed(lambda scores: {str(n): s for n, s in enumerate(scores)}),
    "nan": _changed(lambda scores: [float("nan")] * len(scores)),
    "twice": _written(lambda body: body + body), "half": _written(lambda body: body[:len(body) // 2]),
    "two_lists": _written(lambda body: body[:-1] + b', "Results": [' + b"7," * 400 + b"7]}"),
}

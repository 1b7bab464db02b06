"""A model endpoint that misbehaves on command, and counts what it sees. A process of its own.

    scoring port  POST /score     {"Inputs": {"WebServiceInput0": rows}} → {"Results": {"WebServiceOutput0": scores}}
    control port  POST /script    {"delay": …} changes the script; GET /stats what was seen; GET /log the requests; GET /tokens

The script, by entry:
    delay        seconds before each answer
    refuse       nobody listens, open connections break
    status       an answer instead of scores, to a share of the requests (`share`), with `retry_after`
    odd          the same with an answer of odd_answers.py
    limit        requests at once, 429 above
    short        every so many-th answer, only the first half of the results
    max_rows     413 above
    bearer       the key that is asked for, 401 without
    introspect   where to ask whether a bearer token is active (RFC 7662, as client `endpoint`), 401 if it is not
    revoke       tokens first seen before this time (wall clock seconds) are void
    client       with --certificates: the common name that a client's certificate must have, 401 without; `client_of` of
                 single tenants
    nonce        another score each time: a number that grows by one with every score
    certificate  with --certificates FOLDER: FOLDER/NAME.pem and NAME.key are shown, connections with another one break
A row with a negative x is poison: 400 for the whole request, always. One with x = KILLER is kept unanswered for a minute, and
counted (`killers`).

Who follows a redirect ends at a third port, the canary, which counts its visitors and those with credentials.
Prints `listening on SCORING_PORT CONTROL_PORT` (the last word is what harness.py looks for).
"""
import argparse
import base64
import collections
import gzip
import http.server
import json
import pathlib
import random
import socket
import ssl
import threading
import time
import urllib.parse
import urllib.request

from odd_answers import ODD
from scoring import KILLER, is_poison, score_of

HEALTHY = {"delay": 0.0, "refuse": False, "status": 0, "retry_after": "", "limit": 0, "short": 0, "odd": "", "share": 1.0,
           "max_rows": 0, "bearer": "", "introspect": "", "revoke": 0, "client": "", "client_of": {}, "nonce": False, "certificate": "good"}


class Scene:
    """The script and what was seen under it, for all threads."""

    def __init__(self, certificates=None):
        self.lock = threading.Lock()
        self.script = dict(HEALTHY)
        self.certificates = certificates
        self.canary_port = 0
        self.chance = random.Random(5)
        self.open = 0
        self.nonce = 0
        self.stats = collections.Counter()
        self.tokens = {}  # token: when it ends, as its maker said, and when it was first seen
        self.log = collections.deque(maxlen=100_000)  # (seconds, status, rows), the newest

    def nonces(self, rows):
        """A number of its own for each row."""
        with self.lock:
            self.nonce += len(rows)
            return list(range(self.nonce - len(rows), self.nonce))

    def is_active(self, headers):
        """Whether the request's token lives, as its maker says."""
        url, token = self.script["introspect"], headers.get("Authorization", "").removeprefix("Bearer ")
        if not url:
            return True
        with self.lock:
            ends, since = self.tokens.get(token, (None, time.time()))
        if ends is None:
            basic = base64.b64encode(b"endpoint:introspect").decode()
            request = urllib.request.Request(url, urllib.parse.urlencode({"token": token}).encode(), {"Authorization": f"Basic {basic}"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                said = json.load(answer)
            ends = said["exp"] if said["active"] else 0
            with self.lock:
                self.tokens.setdefault(token, (ends, since))
                self.stats["tokens"] = sum(end > 0 for end, _ in self.tokens.values())
        return time.time() < ends and since >= self.script["revoke"]

    def enter(self, rows, headers, is_known=True):
        """A request came in, `is_known` from somebody who may; returns the status it gets and how its answer is odd: a name of ODD, `short`, or nothing."""
        with self.lock:
            self.open += 1
            stats, script = self.stats, self.script
            stats["requests"] += 1
            stats["rows"] += len(rows)
            stats["max_in_flight"] = max(stats["max_in_flight"], self.open)
            stats["max_rows"] = max(stats["max_rows"], len(rows))
            stats["packed"] += headers.get("Content-Encoding") == "gzip"
            stats["tenant_" + str(rows[0][1])] += len(rows)
            stats["mixed"] += len({row[1] for row in rows}) > 1
            chosen = self.chance.random() < script["share"]
            if not is_known:
                return 401, ""
            if script["bearer"] and headers.get("Authorization") != f"Bearer {script['bearer']}":
                return 401, ""
            if script["status"] and chosen:
                return script["status"], ""
            if script["max_rows"] and len(rows) > script["max_rows"]:
                return 413, ""
            if script["limit"] and self.open > script["limit"]:
                return 429, ""
            if script["odd"] and chosen:
                stats["odd"] += 1
                return 200, script["odd"]
            if any(is_poison(row) for row in rows):
                return 400, ""
            return 200, "short" if script["short"] and stats["requests"] % script["short"] == 0 else ""

    def leave(self, status, rows):
        """A request was answered."""
        with self.lock:
            self.open -= 1
            self.stats[f"status_{status}"] += 1
            self.log.append((time.time(), status, len(rows)))


class Exchange(http.server.BaseHTTPRequestHandler):
    """What both ports have in common."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self, status, content, headers=()):
        """Sends a JSON answer."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def body(self):
        """The request's JSON."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        return json.loads(gzip.decompress(content) if self.headers.get("Content-Encoding") == "gzip" else content)

    def log_message(self, *_):
        pass


class Scoring(Exchange):
    """The port the bridge talks to."""

    def setup(self):
        scene = self.server.scene
        if scene.certificates:
            with scene.lock:
                scene.stats["handshakes"] += 1
            self.request = self.server.contexts[scene.script["certificate"]].wrap_socket(self.request, server_side=True)
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()
        if self.server.scene.certificates:
            self.connection.close()  # the server closes the socket that TLS took over

    def shows_certificate(self, rows):
        """Whether the connection is of the client that is asked for."""
        script = self.server.scene.script
        wanted = script["client_of"].get(rows[0][1], script["client"])
        if not wanted:
            return True
        shown = self.connection.getpeercert() or {}
        return wanted in [value for name in shown.get("subject", ()) for key, value in name if key == "commonName"]

    def do_GET(self):
        """Is it well? As azmlinfsrv says it."""
        with self.server.scene.lock:
            self.server.scene.stats["health"] += 1
        self.answer(200, "Healthy")

    def do_POST(self):
        scene = self.server.scene
        rows = self.body()["Inputs"]["WebServiceInput0"]
        status, odd = scene.enter(rows, self.headers, scene.is_active(self.headers) and self.shows_certificate(rows))
        try:
            if any(row[2] == KILLER for row in rows):
                with scene.lock:
                    scene.stats["killers"] += 1
                time.sleep(60.0)
            if scene.script["delay"]:
                time.sleep(scene.script["delay"])
            scores = scene.nonces(rows) if scene.script["nonce"] else [score_of(row) for row in rows]
            if odd == "short":
                self.answer(200, {"Results": {"WebServiceOutput0": scores[:(len(scores) + 1) // 2]}})
            elif odd:
                ODD[odd](self, scores)
            elif status == 200:
                self.answer(200, {"Results": {"WebServiceOutput0": scores}})
            elif status == 400:
                self.answer(400, {"message": f"a row is poison, and you are {self.headers.get('Authorization')}"})
            else:
                wait = scene.script["retry_after"]
                self.answer(status, {"message": "scripted"}, [("Retry-After", wait)] if wait else [])
        except (OSError, ValueError):  # the bridge or the script closed the connection
            self.close_connection = True
        finally:
            scene.leave(status, rows)


class ScoringServer(http.server.ThreadingHTTPServer):
    """The scoring port; made anew after each time it refused."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, scene, port):
        self.scene = scene
        self.connections = set()
        self.contexts = {}
        for path in scene.certificates.glob("*.pem") if scene.certificates else ():
            if path.with_suffix(".key").exists():
                self.contexts[path.stem] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self.contexts[path.stem].load_cert_chain(path, path.with_suffix(".key"))
                self.contexts[path.stem].verify_mode = ssl.CERT_OPTIONAL
                self.contexts[path.stem].load_verify_locations(scene.certificates / "ca.pem")
        super().__init__(("127.0.0.1", port), Scoring)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, *_):
        pass

    def vanish(self):
        """Stops listening and breaks what is open."""
        self.shutdown()
        self.server_close()
        self.part()

    def part(self):
        """Breaks what is open."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Canary(Exchange):
    """Where nobody should ever come."""

    def do_POST(self):
        with self.server.scene.lock:
            self.server.scene.stats["canary_visits"] += 1
            self.server.scene.stats["canary_credentials"] += "Authorization" in self.headers
        self.answer(200, {"Results": {"WebServiceOutput0": []}})

    do_GET = do_POST


class Control(Exchange):
    """The port the test talks to."""

    def do_POST(self):
        self.server.change(self.body())
        self.answer(200, {})

    def do_GET(self):
        scene = self.server.scene
        with scene.lock:
            content = {"/stats": dict, "/tokens": dict}.get(self.path, list)(
                {"/stats": scene.stats, "/tokens": scene.tokens}.get(self.path, scene.log))
        self.answer(200, content)


class ControlServer(http.server.ThreadingHTTPServer):
    """Changes the script."""

    daemon_threads = True

    def __init__(self, scene):
        self.scene = scene
        self.scoring = ScoringServer(scene, 0)
        self.port = self.scoring.server_address[1]
        self.canary = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary)
        self.canary.daemon_threads, self.canary.scene = True, scene
        scene.canary_port = self.canary.server_address[1]
        threading.Thread(target=self.canary.serve_forever, args=(0.02,), daemon=True).start()
        super().__init__(("127.0.0.1", 0), Control)

    def change(self, script):
        """Merges `script` into the current one."""
        unknown = set(script) - set(self.scene.script)
        if unknown or script.get("odd", "") not in ("", *ODD):
            raise ValueError(f"no such script entries: {unknown or script['odd']}")
        with self.scene.lock:
            self.scene.script.update(script)
        if "certificate" in script and self.scoring is not None:
            self.scoring.part()
        refuse = self.scene.script["refuse"]
        if refuse and self.scoring is not None:
            self.scoring.vanish()
            self.scoring = None
        elif not refuse and self.scoring is None:
            self.scoring = ScoringServer(self.scene, self.port)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificates", type=pathlib.Path)
    control = ControlServer(Scene(parser.parse_args().certificates))
    print(f"scoring on {control.port}\nlistening on {control.server_address[1]}", flush=True)
    control.serve_forever()

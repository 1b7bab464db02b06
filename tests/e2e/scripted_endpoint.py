"""A model endpoint that misbehaves on command, and counts what it sees. A process of its own.

    scoring port  POST /score     {"Inputs": {"WebServiceInput0": rows}} → {"Results": {"WebServiceOutput0": scores}}
    control port  POST /script    {"delay": …} changes the script; GET /stats what was seen; GET /log the requests

The script: `delay` seconds before each answer; `refuse` (nobody listens, open connections break); `status` instead of
scores, with `retry_after`; `limit` requests at once, 429 above; `short`: every so many-th answer, only the first half of
the results. A row with a negative x is poison: 400 for the whole request, always.

Prints `listening on SCORING_PORT CONTROL_PORT` (the last word is what harness.py looks for).
"""
import collections
import http.server
import json
import socket
import threading
import time

from scoring import is_poison, score_of


class Scene:
    """The script and what was seen under it, for all threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.script = {"delay": 0.0, "refuse": False, "status": 0, "retry_after": "", "limit": 0, "short": 0}
        self.open = 0
        self.stats = collections.Counter()
        self.log = collections.deque(maxlen=100_000)  # (seconds, status, rows), the newest

    def enter(self, rows):
        """A request came in; returns the status it gets and whether its results are cut short."""
        with self.lock:
            self.open += 1
            stats, script = self.stats, self.script
            stats["requests"] += 1
            stats["rows"] += len(rows)
            stats["max_in_flight"] = max(stats["max_in_flight"], self.open)
            stats["max_rows"] = max(stats["max_rows"], len(rows))
            stats["mixed"] += len({row[1] for row in rows}) > 1
            if script["status"]:
                return script["status"], False
            if script["limit"] and self.open > script["limit"]:
                return 429, False
            if any(is_poison(row) for row in rows):
                return 400, False
            return 200, bool(script["short"]) and stats["requests"] % script["short"] == 0

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
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass


class Scoring(Exchange):
    """The port the bridge talks to."""

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self):
        scene = self.server.scene
        rows = self.body()["Inputs"]["WebServiceInput0"]
        status, short = scene.enter(rows)
        try:
            if scene.script["delay"]:
                time.sleep(scene.script["delay"])
            if status == 200:
                scores = [score_of(row) for row in rows]
                self.answer(200, {"Results": {"WebServiceOutput0": scores[:(len(scores) + 1) // 2] if short else scores}})
            elif status == 400:
                self.answer(400, {"message": "a row is poison"})
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
        super().__init__(("127.0.0.1", port), Scoring)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, *_):
        pass

    def vanish(self):
        """Stops listening and breaks what is open."""
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Control(Exchange):
    """The port the test talks to."""

    def do_POST(self):
        self.server.change(self.body())
        self.answer(200, {})

    def do_GET(self):
        scene = self.server.scene
        with scene.lock:
            content = dict(scene.stats) if self.path == "/stats" else list(scene.log)
        self.answer(200, content)


class ControlServer(http.server.ThreadingHTTPServer):
    """Changes the script."""

    daemon_threads = True

    def __init__(self, scene):
        self.scene = scene
        self.scoring = ScoringServer(scene, 0)
        self.port = self.scoring.server_address[1]
        super().__init__(("127.0.0.1", 0), Control)

    def change(self, script):
        """Merges `script` into the current one."""
        unknown = set(script) - set(self.scene.script)
        if unknown:
            raise ValueError(f"no such script entries: {unknown}")
        with self.scene.lock:
            self.scene.script.update(script)
        refuse = self.scene.script["refuse"]
        if refuse and self.scoring is not None:
            self.scoring.vanish()
            self.scoring = None
        elif not refuse and self.scoring is None:
            self.scoring = ScoringServer(self.scene, self.port)


if __name__ == "__main__":
    control = ControlServer(Scene())
    print(f"scoring on {control.port}\nlistening on {control.server_address[1]}", flush=True)
    control.serve_forever()

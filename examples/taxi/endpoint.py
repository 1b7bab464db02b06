"""A model endpoint as one finds them: scores taxi trips over HTTP with the model fitted by fit.py.

    POST /score   {"Inputs": {"WebServiceInput0": [[…], …]}}  →  {"Results": {"WebServiceOutput0": [fare, …]}}
                  {"data": [[…], …]}                          →  {"Results": [fare, …]}
                  [[…], …]                                    →  [fare, …]
    GET  /        health

Rows may be arrays in the order of the features, or records. One bad row spoils its whole batch: 400, and a message that
names the row, which is how scoring servers behave. Prints `listening on PORT` and serves until it is stopped.
"""
import argparse
import http.server
import json
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from taxi.model import BadRow, FareModel  # noqa: E402
from taxi.trips import FEATURES  # noqa: E402

MAX_BODY = 16 << 20


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def rows_in(request):
    """The rows of a request body, and how to wrap the results."""
    if isinstance(request, list):
        return request, lambda fares: fares
    if isinstance(request, dict):
        inputs = request.get("Inputs")
        if isinstance(inputs, dict) and isinstance(inputs.get("WebServiceInput0"), list):
            return inputs["WebServiceInput0"], lambda fares: {"Results": {"WebServiceOutput0": fares}}
        if isinstance(request.get("data"), list):
            return request["data"], lambda fares: {"Results": fares}
    raise Refusal(400, 'the body has no rows: expected {"Inputs": {"WebServiceInput0": [...]}}, {"data": [...]} or [...]')


def score(model, body):
    """Request body → response object. Raises Refusal."""
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from error
    rows, wrap = rows_in(request)
    fares = []
    for index, row in enumerate(rows):
        try:
            fares.append(model.fare([row.get(name) for name in FEATURES] if isinstance(row, dict) else row))
        except BadRow as error:
            raise Refusal(400, f"row {index}: {error}") from error
    return wrap(fares)


class ScoringServer(http.server.ThreadingHTTPServer):
    """One thread for each connection; connections are kept alive."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, model):
        self.model = model
        super().__init__(address, Exchange)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):  # a client may leave at any time
            super().handle_error(request, client_address)


class Exchange(http.server.BaseHTTPRequestHandler):
    """The requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one write
    server_version = "taxi-fares"
    sys_version = ""

    def do_GET(self):
        if self.path == "/":
            self._answer(200, {"status": "healthy"})
        else:
            self._answer(404, {"message": f"nothing at {self.path}"})

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            return self._answer(411, {"message": "Content-Length is required"})
        if int(length) > MAX_BODY:
            self.close_connection = True
            return self._answer(413, {"message": f"the body is over {MAX_BODY} bytes"})
        body = self.rfile.read(int(length))
        if self.path != "/score":
            return self._answer(404, {"message": f"nothing at {self.path}"})
        try:
            self._answer(200, score(self.server.model, body))
        except Refusal as refusal:
            self._answer(refusal.status, {"message": str(refusal)})

    def _answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code="-", size="-"):
        pass


def main():
    parser = argparse.ArgumentParser(description="Serves the taxi fare model over HTTP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5001, help="0 picks a free one")
    options = parser.parse_args()
    server = ScoringServer((options.host, options.port), FareModel.load())
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    print(f"listening on {server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()

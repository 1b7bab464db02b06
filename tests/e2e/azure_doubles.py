"""Doubles of what gives tokens in Azure: the metadata service of machines (IMDS), App Service, Arc's agent, and Entra ID.

    plain port    GET /metadata/identity/oauth2/token   IMDS     GET /msi/token   App Service     GET /arc/token   Arc
    TLS port      POST /TENANT/oauth2/v2.0/token        Entra
    control port  POST /script, GET /seen, POST /introspect (RFC 7662, for the scripted endpoint)

Written from Microsoft's documentation; azure_test.py proves them with the real azure-identity. As there: the metadata
service wants `Metadata: true` and no X-Forwarded-For, takes its path with and without a slash at the end, and gives numbers
as texts; App Service wants its header, and gives `expires_on` alone; Arc's agent answers 401 with the name of a file that
only its group can read, and takes what is in it as basic authentication.

The script: `fail`, a list of statuses that the next token requests get; `ttl` of tokens; `secret` and `assertion`, what
Entra takes as the client's proof. Prints `doubles on PLAIN TLS`, `listening on CONTROL`.
"""
import argparse
import collections
import http.server
import json
import pathlib
import secrets
import ssl
import threading
import time
import urllib.parse

from scripted_endpoint import Exchange

ARC = pathlib.Path("/var/opt/azcmagent/tokens")
HEADER = "app-s3rvice-canary"
FAILURES = {404: "the identity service is being updated", 410: "gone for a while", 429: "too many", 500: "broken", 503: "away"}


class Scene:
    """The script, the tokens given, and what was seen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.script = {"fail": [], "ttl": 3600, "secret": "", "assertion": ""}
        self.tokens = {}
        self.seen = collections.Counter()
        self.arc_key = None

    def give(self, kind):
        """A new token, and how long it lives."""
        with self.lock:
            token = f"t0ken-canary-{kind}-{secrets.token_urlsafe(24)}"
            self.tokens[token] = time.time() + self.script["ttl"]
            self.seen[kind] += 1
            return token, self.script["ttl"]

    def failure(self):
        """The status that the next request gets; 0 for none."""
        with self.lock:
            status = self.script["fail"].pop(0) if self.script["fail"] else 0
            self.seen[f"failed_{status}"] += status > 0
            return status


class Double(Exchange):
    """What all ports have in common."""

    def form(self):
        """The body's fields."""
        text = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        return dict(urllib.parse.parse_qsl(text))

    def refuse(self, status, error, description):
        self.answer(status, {"error": error, "error_description": description})


class Machine(Double):
    """IMDS, App Service and Arc."""

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        answer = {"/metadata/identity/oauth2/token": self.imds, "/msi/token": self.app_service,
                  "/arc/token": self.arc}.get(url.path.rstrip("/"))
        if answer is None:
            return self.refuse(404, "not_found", "no such path")
        status = self.server.scene.failure()
        if status:
            return self.answer(status, {"error": "server_error", "error_description": FAILURES[status]},
                               [("Retry-After", "1")] if status == 429 else ())
        if "resource" not in query:
            return self.refuse(400, "invalid_request", "resource is missing")
        return answer(query)

    def imds(self, query):
        """https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token"""
        if self.headers.get("Metadata", "").lower() != "true":
            return self.refuse(400, "bad_request_102", "Required metadata header not specified")
        if "X-Forwarded-For" in self.headers or query.get("api-version") != "2018-02-01":
            return self.refuse(400, "invalid_request", "forwarded, or no api-version")
        if query.get("client_id", "known") != "known":
            return self.refuse(400, "invalid_request", "Identity not found")
        token, ttl = self.server.scene.give("imds")
        return self.answer(200, {"access_token": token, "client_id": "c", "expires_in": str(ttl), "ext_expires_in": str(ttl),
                                 "expires_on": str(int(time.time()) + ttl), "not_before": str(int(time.time())),
                                 "resource": query["resource"], "token_type": "Bearer"})

    def app_service(self, query):
        """https://learn.microsoft.com/azure/app-service/overview-managed-identity"""
        if self.headers.get("X-IDENTITY-HEADER") != HEADER:
            return self.refuse(401, "unauthorized", "no header, or another")
        if query.get("api-version") != "2019-08-01":
            return self.refuse(400, "invalid_request", "api-version")
        token, ttl = self.server.scene.give("app_service")
        return self.answer(200, {"access_token": token, "client_id": "c", "expires_on": str(int(time.time()) + ttl),
                                 "resource": query["resource"], "token_type": "Bearer"})

    def arc(self, query):
        """https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication"""
        scene = self.server.scene
        if self.headers.get("Metadata", "").lower() != "true" or not query.get("api-version"):
            return self.refuse(400, "invalid_request", "metadata header or api-version")
        given = self.headers.get("Authorization")
        if scene.arc_key is not None and given == f"Basic {scene.arc_key.read_text()}":
            scene.arc_key.unlink()
            scene.arc_key = None
            token, ttl = scene.give("arc")
            return self.answer(200, {"access_token": token, "expires_in": str(ttl), "expires_on": str(int(time.time()) + ttl),
                                     "resource": query["resource"], "token_type": "Bearer"})
        ARC.mkdir(parents=True, exist_ok=True)
        scene.arc_key = ARC / f"{secrets.token_hex(8)}.key"
        scene.arc_key.write_text(f"arc-k3y-canary-{secrets.token_hex(16)}")
        return self.answer(401, {"error": "unauthorized"}, [("WWW-Authenticate", f"Basic realm={scene.arc_key}")])


class Entra(Double):
    """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""

    def do_GET(self):
        """The discovery document that MSAL reads first."""
        tenant = self.path.split("/")[1]
        base = f"https://localhost:{self.server.server_address[1]}/{tenant}"
        self.answer(200, {"token_endpoint": f"{base}/oauth2/v2.0/token", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                          "issuer": f"{base}/v2.0"})

    def do_POST(self):
        scene = self.server.scene
        form = self.form()
        status = scene.failure()
        if status:
            return self.answer(status, {"error": "temporarily_unavailable"})
        if not self.path.endswith("/oauth2/v2.0/token") or form.get("grant_type") != "client_credentials":
            return self.error(400, "unsupported_grant_type", 70003)
        if not form.get("scope", "").endswith("/.default"):
            return self.error(400, "invalid_scope", 70011)
        by_secret = scene.script["secret"] and form.get("client_secret") == scene.script["secret"]
        by_assertion = (scene.script["assertion"] and form.get("client_assertion") == scene.script["assertion"] and
                        form.get("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        if form.get("client_id") != "c1" or not (by_secret or by_assertion):
            return self.error(401, "invalid_client", 7000215 if "client_secret" in form else 70021)
        token, ttl = scene.give("entra")
        return self.answer(200, {"token_type": "Bearer", "expires_in": ttl, "ext_expires_in": ttl, "access_token": token})

    def error(self, status, error, code):
        self.answer(status, {"error": error, "error_description": f"AADSTS{code}: …", "error_codes": [code], "timestamp": "",
                             "trace_id": "", "correlation_id": ""})


class Control(Double):
    """The port the test, and the scripted endpoint, talk to."""

    def do_POST(self):
        scene = self.server.scene
        if self.path == "/introspect":
            ends = scene.tokens.get(self.form().get("token"), 0)
            return self.answer(200, {"active": ends > time.time(), "exp": ends})
        with scene.lock:
            scene.script.update(self.body())
        return self.answer(200, {})

    def do_GET(self):
        with self.server.scene.lock:
            self.answer(200, dict(self.server.scene.seen))


def serve(handler, scene, context=None):
    """A server on a free port; returns the port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.scene = scene
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("certificates", type=pathlib.Path)
    folder = parser.parse_args().certificates
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "good.pem", folder / "good.key")
    stage = Scene()
    print(f"doubles on {serve(Machine, stage)} {serve(Entra, stage, tls)}", flush=True)
    print(f"listening on {serve(Control, stage)}", flush=True)
    threading.Event().wait()

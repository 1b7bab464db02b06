"""Doubles of what gives tokens in Azure: the metadata service of machines (IMDS), App Service, Arc's agent, and Entra ID;
and of what takes them: a Key Vault.

    plain port    GET /metadata/identity/oauth2/token   IMDS     GET /msi/token   App Service     GET /arc/token   Arc
    TLS port      POST /TENANT/oauth2/v2.0/token        Entra
    vault port    GET /secrets/NAME[/VERSION]           Key Vault, over TLS
    control port  POST /script, GET /seen, POST /introspect (RFC 7662, for the scripted endpoint)

Written from Microsoft's documentation; azure_test.py proves them with the real azure-identity. As there: the metadata
service wants `Metadata: true` and no X-Forwarded-For, takes its path with and without a slash at the end, and gives numbers
as texts; App Service wants its header, and gives `expires_on` alone; Arc's agent answers 401 with the name of a file that
only its group can read, and takes what is in it as basic authentication.

The script: `fail`, a list of statuses that the next token requests get; `ttl` of tokens; `secret` and `assertion`, what
Entra takes as the client's proof; `vault`, a list of what the vault's next requests get: a status, or one of ODD;
`vault_always`, what all of them get, until it is empty. POST /secrets {NAME: {"value": …, "enabled", "nbf", "exp"}} adds a
version to each. Prints `doubles on PLAIN TLS VAULT`, `listening on CONTROL`.
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
VAULT, FOREIGN = "https://vault.azure.net", "https://elsewhere.example"
API_VERSIONS = ("7.4", "7.5", "7.6", "2025-07-01", "2026-04-01")
VAULT_FAILURES = {403: ("Forbidden", "ForbiddenByRbac"), 404: ("SecretNotFound", None), 429: ("Throttled", None),
                  500: ("InternalError", None), 503: ("ServiceUnavailable", None)}
FAILURES = {404: "the identity service is being updated", 410: "gone for a while", 429: "too many", 500: "broken", 503: "away"}


class Scene:
    """The script, the tokens given, and what was seen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.script = {"fail": [], "ttl": 3600, "secret": "", "assertion": "", "vault": [], "vault_always": ""}
        self.tokens = {}
        self.audiences = {}  # of tokens
        self.secrets = collections.defaultdict(list)  # of the vault: name → versions, the latest last
        self.plain_port = self.tls_port = 0
        self.seen = collections.Counter()
        self.arc_key = None

    def give(self, kind, audience):
        """A new token, and how long it lives."""
        with self.lock:
            token = f"t0ken-canary-{kind}-{secrets.token_urlsafe(24)}"
            self.audiences[token] = audience.removesuffix("/.default")
            self.tokens[token] = time.time() + self.script["ttl"]
            self.seen[kind] += 1
            return token, self.script["ttl"]

    def count(self, what):
        """Something was seen."""
        with self.lock:
            self.seen[what] += 1

    def vault_failure(self):
        """What the vault's next request gets instead of an answer; empty for nothing."""
        with self.lock:
            return self.script["vault"].pop(0) if self.script["vault"] else self.script["vault_always"]

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

    def thief(self):
        """Where a redirect leads: counts who comes, and who brings a token along."""
        self.server.scene.count("stolen" if "Authorization" in self.headers else "lured")
        self.answer(200, {})

    def refuse(self, status, error, description):
        self.answer(status, {"error": error, "error_description": description})


class Machine(Double):
    """IMDS, App Service and Arc."""

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path.startswith("/stolen"):
            return self.thief()
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
        token, ttl = self.server.scene.give("imds", query["resource"])
        return self.answer(200, {"access_token": token, "client_id": "c", "expires_in": str(ttl), "ext_expires_in": str(ttl),
                                 "expires_on": str(int(time.time()) + ttl), "not_before": str(int(time.time())),
                                 "resource": query["resource"], "token_type": "Bearer"})

    def app_service(self, query):
        """https://learn.microsoft.com/azure/app-service/overview-managed-identity"""
        if self.headers.get("X-IDENTITY-HEADER") != HEADER:
            return self.refuse(401, "unauthorized", "no header, or another")
        if query.get("api-version") != "2019-08-01":
            return self.refuse(400, "invalid_request", "api-version")
        token, ttl = self.server.scene.give("app_service", query["resource"])
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
            token, ttl = scene.give("arc", query["resource"])
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
        token, ttl = scene.give("entra", form["scope"])
        return self.answer(200, {"token_type": "Bearer", "expires_in": ttl, "ext_expires_in": ttl, "access_token": token})

    def error(self, status, error, code):
        self.answer(status, {"error": error, "error_description": f"AADSTS{code}: …", "error_codes": [code], "timestamp": "",
                             "trace_id": "", "correlation_id": ""})


class Vault(Double):
    """https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret"""

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        _, kind, name, version = (*url.path.split("/"), "", "")[:4]
        if url.query.removeprefix("api-version=") not in API_VERSIONS or kind != "secrets":
            return self.refuse(400, "BadParameter")
        scene = self.server.scene
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:  # as the SDK begins, to learn the tenant
            return self.challenge(FOREIGN if scene.script["vault_always"] == "foreign" else VAULT)
        what = scene.vault_failure()
        scene.count(f"vault_{what}" if what else "vault")
        if isinstance(what, str) and what:
            return self.odd(what, name)
        if what:
            code, inner = VAULT_FAILURES[what]
            return self.refuse(what, code, inner, [("Retry-After", "1")] if what == 429 else ())
        if scene.tokens.get(token, 0) < time.time() or scene.audiences[token] != VAULT:
            return self.challenge(VAULT)
        with scene.lock:
            found = [one for one in scene.secrets.get(name.lower(), []) if version in ("", one["version"])]
        if not found:
            return self.refuse(404, "SecretNotFound")
        if not found[-1]["enabled"]:
            return self.refuse(403, "Forbidden", "SecretDisabled")
        return self.answer(200, self.bundle(name, found[-1]))

    def bundle(self, name, one):
        """One version, as it is answered."""
        times = {key: one[key] for key in ("nbf", "exp") if key in one}
        return {"value": one["value"], "id": f"{VAULT.replace('//', '//kv-millrace.')}/secrets/{name}/{one['version']}",
                "contentType": "text/plain", "tags": {},
                "attributes": {"enabled": True, "created": one["at"], "updated": one["at"], "recoveryLevel": "Recoverable+Purgeable",
                               "recoverableDays": 90, **times}}

    def challenge(self, resource):
        tenant = f"https://localhost:{self.server.scene.tls_port}/t1"
        self.refuse(401, "Unauthorized", None, [("WWW-Authenticate", f'Bearer authorization="{tenant}", resource="{resource}"')],
                    "AKV10000: Request is missing a Bearer or PoP token.")

    def refuse(self, status, code, inner=None, headers=(), message="v4ult-canary-message"):
        error = {"code": code, "message": message}
        self.answer(status, {"error": {**error, **({"innererror": {"code": inner}} if inner else {})}}, headers)

    def odd(self, what, name):
        """What no vault should answer."""
        with self.server.scene.lock:
            bundle = self.bundle(name, {"value": "odd-s3cret-canary", "version": "f" * 32, "at": 0})
        plain = f"http://127.0.0.1:{self.server.scene.plain_port}/stolen"
        if what == "away":
            self.close_connection = True
            return self.connection.close()
        if what == "foreign":
            return self.challenge(FOREIGN)
        if what == "redirect":
            return self.answer(307, {}, [("Location", plain)])
        text = {"huge": json.dumps({**bundle, "value": "x" * 1_000_000}), "deep": '{"value":' * 1000 + "1" + "}" * 1000,
                "twice": json.dumps(bundle)[:-1] + ', "value": "odd-s3cret-canary-2"}', "no_json": "odd-s3cret-canary",
                "other": json.dumps({**bundle, "id": f"{VAULT}/secrets/another/{'e' * 32}"}),
                "no_value": json.dumps({**bundle, "value": ["odd-s3cret-canary"]})}[what].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()


ODD = ("away", "foreign", "redirect", "huge", "deep", "twice", "no_json", "other", "no_value")


class Control(Double):
    """The port the test, and the scripted endpoint, talk to."""

    def do_POST(self):
        scene = self.server.scene
        if self.path == "/introspect":
            ends = scene.tokens.get(self.form().get("token"), 0)
            return self.answer(200, {"active": ends > time.time(), "exp": ends})
        if self.path == "/secrets":
            with scene.lock:
                for name, one in self.body().items():
                    scene.secrets[name.lower()].append({"enabled": True, "at": int(time.time()), "version": secrets.token_hex(16), **one})
            return self.answer(200, {name: versions[-1]["version"] for name, versions in scene.secrets.items()})
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
    stage.plain_port, stage.tls_port = serve(Machine, stage), serve(Entra, stage, tls)
    print(f"doubles on {stage.plain_port} {stage.tls_port} {serve(Vault, stage, tls)}", flush=True)
    print(f"listening on {serve(Control, stage)}", flush=True)
    threading.Event().wait()

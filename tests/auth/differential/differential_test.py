"""Millrace's reader of tokens against joserfc, an independent one, over tokens that are changed at random: what Millrace
accepts joserfc accepts too, and what Millrace alone refuses it refuses for being stricter by a rule of its own.

Runs itself again in its environment (.ci/venv install tokens). JUDGE names the binary of judge.cc, SEED and COUNT the run.
"""
import base64
import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

HERE = pathlib.Path(__file__).resolve().parent
VENV = pathlib.Path(subprocess.run([HERE.parents[2] / ".ci" / "venv", "path"], check=True, capture_output=True,
                                   text=True).stdout.strip()) / "tokens"
if pathlib.Path(sys.prefix) != VENV:
    os.execv(VENV / "bin" / "python", [VENV / "bin" / "python", __file__])

from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils  # noqa: E402
from joserfc import jws, jwt  # noqa: E402
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey  # noqa: E402

SEED = int(os.environ.get("SEED", "1"))
COUNT = int(os.environ.get("COUNT", "6000"))
NOW, LEEWAY, ISSUER, AUDIENCE = 1_800_000_000, 60, "https://issuer.example/t", "millrace"
# Rules that Millrace has and joserfc has not, by the word of the refusal.
STRICTER = {"malformed": "one way to write base64url and JSON: no key twice, no depth",
            "header": "typ, kid and members that have no place here",
            "claims": "sub is required; texts and times of bounded length and type",
            "audience": "a list of texts alone", "too_long": "16 KiB",
            "unknown_key": "who names no key means the only one"}


# RFC 7515, section 4: members of the header that are not understood are ignored.
HEADERS = jws.JWSRegistry(algorithms=["RS256", "PS256", "ES256", "EdDSA"], strict_check_header=False)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Provider:
    """A key, and the signature it makes."""

    def __init__(self, algorithm):
        self.algorithm = algorithm
        options = {"kid": algorithm.lower(), "use": "sig", "alg": algorithm}
        self.key = (ECKey.generate_key("P-256", options) if algorithm == "ES256" else
                    OKPKey.generate_key("Ed25519", options) if algorithm == "EdDSA" else RSAKey.generate_key(2048, options))

    def sign(self, text):
        private = self.key.private_key
        if self.algorithm == "EdDSA":
            return private.sign(text)
        if self.algorithm == "ES256":
            r, s = utils.decode_dss_signature(private.sign(text, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        scheme = padding.PKCS1v15() if self.algorithm == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return private.sign(text, scheme, hashes.SHA256())

    def token(self, header, claims):
        text = b64(header) + b"." + b64(claims)
        return text + b"." + b64(self.sign(text))


VALUES = ["null", "true", "0", "-1", "1e300", '""', '"x"', "[]", "{}", '["millrace"]', '["x","millrace"]', '"millrace"', "1800000600",
          "1799999941", "1799999940", "1799999939", "1800000060", "1800000061", "1800000600.5", '"1800000600"', f'"{ISSUER}"',
          '["millrace",1]', '"https://issuer.example/t/"', "1e9", "[[[[[[[[[[1]]]]]]]]]]", '"\\u0000"', '"JWT"', '"at+jwt"', '"HS256"', '"none"',
          '"RS256"', '"PS256"', '"ES256"', '"EdDSA"', '"rs256"', '["exp"]', '"ed"']


class Maker:
    """Tokens, changed at random: what is signed, or what was signed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.providers = [Provider(each) for each in ("RS256", "PS256", "ES256", "EdDSA")]

    def members(self, pairs):
        """An object whose members are changed now and then."""
        for _ in range(self.random.choice([0, 0, 1, 1, 1, 2, 3])):
            place, act = self.random.randrange(len(pairs)), self.random.random()
            if act < 0.6:
                pairs[place] = (pairs[place][0], self.random.choice(VALUES))
            elif act < 0.75 and len(pairs) > 1:
                del pairs[place]
            elif act < 0.9:
                pairs.append((self.random.choice(["crit", "jwk", "jku", "x5c", "zip", "enc", "cty", "b64", "kid", "typ", "nbf", "jti",
                                                  "more"]), self.random.choice(VALUES)))
            else:
                pairs.append((pairs[place][0], self.random.choice([pairs[place][1], self.random.choice(VALUES)])))
        blank = self.random.choice(["", "", " ", "\n"])
        return ("{" + ",".join(f'{blank}"{key}":{value}' for key, value in pairs) + blank + "}").encode()

    def token(self):
        provider = self.random.choice(self.providers)
        header = self.members([("alg", f'"{provider.algorithm}"'), ("kid", f'"{provider.algorithm.lower()}"'), ("typ", '"JWT"')])
        claims = self.members([("iss", f'"{ISSUER}"'), ("sub", '"s"'), ("aud", f'"{AUDIENCE}"'), ("exp", str(NOW + 600)),
                               ("iat", str(NOW)), ("nbf", str(NOW))])
        token = bytearray(provider.token(header, claims))
        for _ in range(self.random.choice([0, 0, 0, 1, 2])):
            place, act = self.random.randrange(len(token)), self.random.random()
            if act < 0.4:
                token[place] = self.random.choice(b"ABCXYZabcxyz0189-_+/=. \n")
            elif act < 0.6:
                del token[place]
            elif act < 0.8:
                token.insert(place, self.random.choice(b"A=. \n"))
            else:
                token += self.random.choice([b"=", b"==", b"A", b".", b"\n"])
        return bytes(token)


def other_verdict(keys, token):
    """Whether joserfc, asked as strictly as it can be, accepts."""
    registry = jwt.JWTClaimsRegistry(now=NOW, leeway=LEEWAY, iss={"essential": True, "value": ISSUER},
                                     aud={"essential": True, "value": AUDIENCE}, exp={"essential": True})
    try:
        decoded = jwt.decode(token, keys, registry=HEADERS)
        registry.validate(decoded.claims)
        return True
    except Exception:  # noqa: BLE001  whatever it says no with, some of it by accident
        return False


def main():
    warnings.simplefilter("ignore")  # it calls EdDSA by its older name deprecated
    maker = Maker(SEED)
    public = {"keys": [provider.key.as_dict(private=False) for provider in maker.providers]}
    keys = KeySet.import_key_set(public)
    tokens = [maker.token() for _ in range(COUNT)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(public, file)
        file.flush()
        verdicts = subprocess.run([os.environ["JUDGE"], file.name, ISSUER, AUDIENCE, str(NOW), str(LEEWAY)], check=True,
                                  input="\n".join(token.hex() for token in tokens) + "\n", capture_output=True,
                                  text=True).stdout.splitlines()
    assert len(verdicts) == COUNT
    counts, wrong = collections.Counter(), []
    for token, ours in zip(tokens, verdicts):
        theirs = other_verdict(keys, token)
        counts["both accept" if theirs and ours == "accepted" else "both refuse" if not theirs and ours != "accepted" else
               f"stricter: {ours}" if theirs else "too lax"] += 1
        if (ours == "accepted" and not theirs) or (theirs and ours != "accepted" and ours not in STRICTER):
            wrong.append((ours, theirs, token))
    print(f"seed {SEED}, {COUNT} tokens: {dict(counts)}")
    for ours, theirs, token in wrong[:10]:
        parts = token.split(b".")
        print(f"Millrace: {ours}, joserfc: {theirs}")
        for part in parts[:2]:
            print("   ", base64.urlsafe_b64decode(part + b"==") if len(part) % 4 != 1 else part)
        print("   ", token)
    assert counts["both accept"] > COUNT // 20 and counts["both refuse"] > COUNT // 20, "the tokens are too much alike"
    sys.exit(1 if wrong else 0)


main()

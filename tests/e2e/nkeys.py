"""Key pairs of NATS for tests, by the openssl command: base32 of a prefix byte, 32 bytes and a CRC."""
import base64
import binascii
import os
import subprocess

_SEED = 18 << 3
_KINDS = {"A": (0, "70"), "U": (20 << 3, "70"), "N": (13 << 3, "70"), "X": (23 << 3, "6e")}  # prefix byte, last byte of the algorithm's identifier


def _text(data):
    crc = binascii.crc_hqx(data, 0)
    return base64.b32encode(data + crc.to_bytes(2, "little")).decode().rstrip("=")


def key_pair(kind):
    """(seed, public key) of kind A, an account's, N, a server's, U, a user's, or X, an xkey's."""
    prefix, algorithm = _KINDS[kind]
    raw = os.urandom(32)
    private = bytes.fromhex(f"302e020100300506032b65{algorithm}04220420") + raw
    public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"], input=private, check=True,
                            capture_output=True).stdout[-32:]
    return _text(bytes([_SEED | prefix >> 5, (prefix & 31) << 3]) + raw), _text(bytes([prefix]) + public)

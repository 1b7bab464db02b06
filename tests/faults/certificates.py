"""Certificates for the endpoint, made by openssl when a plan asks for TLS: good, expired, early, other, self_signed, of_another.

All but the last two are signed by ca.pem, for 127.0.0.1, localhost, model.test and vaults of Azure; `other` is for another host;
`of_another` is signed by a CA that nobody trusts.
"""
import subprocess

CONFIG = """\
[ca]
default_ca = here
[here]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
email_in_dn = no
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
[good]
subjectAltName = IP:127.0.0.1, DNS:localhost, DNS:model.test, DNS:*.vault.azure.net
[other]
subjectAltName = DNS:elsewhere.test
[ca_extensions]
basicConstraints = critical, CA:TRUE
[req]
distinguished_name = name
prompt = no
[name]
commonName = placeholder
"""
NOW = ("", "")
# name: (signed by, extensions, (not before, not after))
LEAVES = {
    "good": ("ca", "good", NOW),
    "expired": ("ca", "good", ("20200101000000Z", "20210101000000Z")),
    "early": ("ca", "good", ("20990101000000Z", "20990201000000Z")),
    "other": ("ca", "other", NOW),
    "of_another": ("stranger", "good", NOW),
}


def make(folder):
    """Fills a new folder with NAME.pem and NAME.key."""
    folder.mkdir()
    (folder / "openssl.cnf").write_text(CONFIG, encoding="ascii")
    (folder / "index.txt").touch()

    def openssl(*words):
        done = subprocess.run(["openssl", *map(str, words)], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"openssl {' '.join(map(str, words))}\n{done.stderr}")

    def key(name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")

    def self_signed(name, extensions):
        key(name)
        openssl("req", "-x509", "-new", "-config", "openssl.cnf", "-key", f"{name}.key", "-subj", f"/CN={name}", "-days", 2,
                "-extensions", extensions, "-out", f"{name}.pem")

    self_signed("ca", "ca_extensions")
    self_signed("stranger", "ca_extensions")
    self_signed("self_signed", "good")
    for name, (signer, extensions, (begin, end)) in LEAVES.items():
        key(name)
        openssl("req", "-new", "-config", "openssl.cnf", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        times = ("-startdate", begin, "-enddate", end) if begin else ("-days", 2)
        openssl("ca", "-batch", "-notext", "-config", "openssl.cnf", "-cert", f"{signer}.pem", "-keyfile", f"{signer}.key",
                "-extensions", extensions, *times, "-in", f"{name}.csr", "-out", f"{name}.pem")
    for signer in ("ca", "stranger"):
        (folder / f"{signer}.key").unlink()  # so that nobody shows a CA as a certificate of its own

"""A time-stamping authority for tests: `openssl ts -reply` behind a local HTTP server.

It can also be what an authority should not be: silent, expired, or a liar.
"""

import hashlib
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# What an authority answers that sends its answer for ever, a byte at a time.
DRIPPING = b"drip"

CONFIG = """\
[tsa]
default_tsa = this
[this]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """A root certificate, a signer of it, and how it answers.

    :param timedelta until: how long its certificate is valid from now on
    """

    def __init__(self, folder, name="Test", until=timedelta(days=30)):
        self.folder = Path(folder)
        self.folder.mkdir()
        now = datetime.now(UTC)
        first, last = now - timedelta(days=60), now + until
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _each in range(2))
        root_name, leaf_name = _name(f"{name} Root"), _name(f"{name} Stamps")
        root = _certificate(root_name, root_name, root_key, root_key, first, last)
        leaf = _certificate(leaf_name, root_name, key, root_key, first, last, True)
        self.pem = root.public_bytes(serialization.Encoding.PEM).decode()
        self._write("root.pem", self.pem.encode())
        self._write("leaf.pem", leaf.public_bytes(serialization.Encoding.PEM))
        self._write(
            "key.pem",
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
        self._write("serial", b"01")
        self._write("tsa.cnf", CONFIG.format(folder=self.folder).encode())

    def _write(self, name, content):
        (self.folder / name).write_bytes(content)

    def answer(self, query):
        """Return the answer to a query, as RFC 3161 has it."""
        self._write("query.tsq", query)
        return self._reply("-queryfile", self.folder / "query.tsq")

    def answer_about(self, text):
        """Return an answer that nobody has asked for, about a text."""
        query = self.folder / "own.tsq"
        digest = hashlib.sha256(text.encode()).hexdigest()
        _run("openssl", "ts", "-query", "-digest", digest, "-sha256", "-cert",
             "-out", query)  # fmt: skip
        return self._reply("-queryfile", query)

    def _reply(self, *query):
        out = self.folder / "reply.tsr"
        _run(
            *("openssl", "ts", "-reply", *query, "-out", out),
            *("-config", self.folder / "tsa.cnf", "-section", "this"),
            *("-signer", self.folder / "leaf.pem", "-inkey", self.folder / "key.pem"),
        )
        return out.read_bytes()


def _run(*command):
    subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=30)


def _name(name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _certificate(subject, issuer, key, signer, first, last, is_leaf=False):
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(not is_leaf, None), critical=True)
    )
    if is_leaf:
        usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256())


class AuthorityServer:
    """Serves the answers of an authority; each test says how."""

    def __init__(self):
        self.respond = None
        self.queries = 0
        # Where it sends on to, if it does.
        self.moved_to = None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                query = self.rfile.read(int(self.headers["Content-Length"]))
                owner.queries += 1
                if owner.moved_to:
                    self.send_response(307)
                    self.send_header("Location", owner.moved_to)
                    self.end_headers()
                    return
                answer = owner.respond(query)
                if answer is DRIPPING:
                    self._drip()
                    return
                if answer is None:
                    owner.released.wait(10)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def _drip(self):
                # Neither a read takes long, nor does it come to an end.
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
                while not owner.released.wait(0.05):
                    try:
                        self.wfile.write(b"x")
                    except OSError:
                        return

            def log_message(self, *_args):
                """Write nothing."""

        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/tsa"
        threading.Thread(target=self.server.serve_forever, args=(0.05,)).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def authorities():
    """Yield a folder for authorities and a server for their answers."""
    with tempfile.TemporaryDirectory(prefix="progbox-tsa-") as folder:
        server = AuthorityServer()
        try:
            yield Path(folder), server
        finally:
            server.close()

"""Time stamps of an authority (RFC 3161): asked for, and checked.

An authority signs that it has seen a digest at a moment. It learns nothing but the
digest, and nobody who owns the database can make it sign an earlier date.
"""

import io
import socket
import ssl
import time
from contextlib import closing
from datetime import UTC
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from requests.certs import where as trusted_by_servers
from requests.utils import requote_uri
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

# Seconds until an authority is called silent, whatever it is sending.
PATIENCE = 20
# A stamp has some thousand bytes, with all certificates.
LARGEST_ANSWER = 1 << 18
# By these, a network of IPv6 reaches any address of IPv4.
TRANSLATED = ip_network("64:ff9b::/96")
PORTS = {"http": 80, "https": 443}
HEADERS = {
    "Accept": "application/timestamp-reply",
    "Content-Type": "application/timestamp-query",
}
# What is wrong with a stamp, or kept us from getting one.
SILENT, UNREADABLE, UNTRUSTED = "silent", "unreadable", "untrusted"
# The authority would be the server itself, or a machine of the network around it.
LOCAL = "local"


class Stamp(NamedTuple):
    """What an authority has signed.

    :param bytes token: its whole answer, as ``openssl ts -verify -in`` reads it
    :param datetime stamped_on: when, in naive UTC
    :param str authority: :func:`fingerprint` of the certificate that vouches for it
    """

    token: bytes
    stamped_on: object
    authority: str


class StampError(Exception):
    """There is no stamp, or it proves nothing.

    :param str code: ``silent``, ``unreadable``, ``untrusted`` or ``local``
    :param str detail: for an administrator, in English
    """

    def __init__(self, code, detail):
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def is_address(address):
    """Return whether an authority can be asked at an address."""
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def names_user(address):
    """Return whether an address holds the name, or password, of whoever asks."""
    try:
        return "@" in urlsplit(address).netloc
    except ValueError:
        return "@" in address


def shown_address(address):
    """Return an address as messages show it: neither name, password nor key."""
    bare = address.partition("?")[0].partition("#")[0]
    scheme, mark, rest = bare.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def load_certificates(text):
    """Return the certificates of a PEM text.

    :raise ValueError: when it has none, or one that cannot be read
    """
    return x509.load_pem_x509_certificates(text.encode("ascii", "replace"))


def fingerprint(certificate):
    """Return the SHA-256 of a certificate, by which people compare it."""
    return certificate.fingerprint(SHA256()).hex()


def ask_for_stamp(address, text, certificates, local=False):
    """Have a text stamped, and check the answer.

    :param str address: of the authority, http or https
    :param str text: what is stamped; the authority gets its SHA-256 alone
    :param list certificates: that are trusted, the authority's root among them
    :param bool local: whether it may be the server itself, or one beside it
    :rtype: Stamp
    :raise StampError: when there is no answer, or one that proves nothing
    """
    builder = TimestampRequestBuilder(text.encode(), HashAlgorithm.SHA256)
    request = builder.build()
    token = _post(address, request.as_bytes(), local)
    return check_stamp(token, text, certificates, request.nonce)


def check_stamp(token, text, certificates, nonce=None, authority=None):
    """Check that one of the trusted certificates vouches for a text.

    :param bytes token: an authority's answer
    :param str text: what it shall be about
    :param list certificates: that are trusted, as of :func:`load_certificates`
    :param int nonce: that the answer must repeat, when it was just asked for
    :param str authority: :func:`fingerprint` of the one that is asked first
    :rtype: Stamp
    :raise StampError: when it is another text, signer, or no stamp at all
    """
    try:
        answer = decode_timestamp_response(token)
        if answer.status:
            raise StampError(UNREADABLE, _refusal_of(answer))
        vouches = _who_vouches(
            answer,
            text.encode(),
            # The others stay in their order.
            sorted(certificates, key=lambda each: fingerprint(each) != authority),
            nonce,
        )
        stamped_on = answer.tst_info.gen_time
    except VerificationError as error:
        raise StampError(UNTRUSTED, str(error)) from error
    except ValueError as error:
        raise StampError(UNREADABLE, str(error)) from error
    stamped_on = stamped_on.astimezone(UTC).replace(tzinfo=None)
    return Stamp(token, stamped_on, fingerprint(vouches))


def _who_vouches(answer, content, certificates, nonce):
    """Return the certificate that an answer leads to.

    By itself, or over those in between, which an authority may leave to us.

    :raise VerificationError: when there is none
    """
    between = [each for each in certificates if each.issuer != each.subject]
    roots = [each for each in certificates if each.issuer == each.subject]
    chains = [[each] for each in certificates]
    chains += [[each, *between] for each in roots if between]
    failure = VerificationError("no certificate is trusted")
    for chain in chains:
        try:
            verifier = VerifierBuilder(roots=chain, nonce=nonce).build()
            verifier.verify_message(answer, content)
            return chain[0]
        except VerificationError as error:
            failure = error
    raise failure


def _refusal_of(answer):
    try:
        words = ", ".join(answer.status_string)
    except ValueError:
        words = ""
    return f"status {answer.status} {words}".strip()


def _post(address, query, local=False):
    """Return the answer of the authority, within the time that we have.

    Neither proxies nor credentials of the server's environment are made use of. An
    authority answers itself: redirections are not followed, another address is for
    the settings to name.
    """
    deadline = time.monotonic() + PATIENCE
    parts = urlsplit(address)
    path = requote_uri(f"{parts.path or '/'}{parts.query and '?'}{parts.query}")
    try:
        port = parts.port or PORTS[parts.scheme]
        connection = HTTPConnection(parts.hostname, port, timeout=PATIENCE)
        connection.default_port = PORTS[parts.scheme]  # is not named in the request
        targets = _targets(connection.host, connection.port, local)
        channel = _open_channel(connection, parts.scheme, targets, deadline)
        with closing(channel):
            connection.sock = _TimedSocket(channel, deadline)
            connection.request("POST", path, query, HEADERS)
            response = connection.getresponse()
            if response.status != 200:
                raise StampError(SILENT, f"HTTP {response.status}")
            body = response.read(LARGEST_ANSWER + 1)
    except TimeoutError as error:
        raise StampError(SILENT, f"no answer within {PATIENCE} s") from error
    except (OSError, HTTPException, ValueError) as error:
        raise StampError(SILENT, str(error)) from error
    if len(body) > LARGEST_ANSWER:
        raise StampError(UNREADABLE, "the answer is too long")
    return body


def _targets(host, port, local):
    """Return what a host is reached by; looked up once, so that it stays the same.

    :raise StampError: ``local``, when that is not wanted
    """
    targets = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not local and not all(_is_public(target[0]) for *_kind, target in targets):
        raise StampError(LOCAL, f"{host} is an address of the own network")
    return targets


def _is_public(text):
    """Return whether an IP address is one of the internet.

    Whoever sets the address could else look around in the network of the server, and
    cloud providers answer beside it with the server's credentials.
    """
    number = ip_address(text)
    if number.version == 6:
        inside = number.ipv4_mapped or number.sixtofour
        if number in TRANSLATED:
            inside = ip_address(int(number) & 0xFFFFFFFF)
        number = inside or number
    return number.is_global and not number.is_multicast


def _open_channel(connection, scheme, targets, deadline):
    """Return a socket to the host of a connection, encrypted if the scheme wants it."""
    channel = _reach(targets, deadline)
    if scheme != "https":
        return channel
    try:
        # Shaking hands is timed as a whole.
        channel.settimeout(_left(deadline))
        context = ssl.create_default_context(cafile=trusted_by_servers())
        return context.wrap_socket(channel, server_hostname=connection.host)
    except BaseException:
        channel.close()
        raise


def _reach(targets, deadline):
    """Return a socket to the first address that takes us."""
    failure = OSError("the host has no address")
    for *kind, _name, target in targets:
        channel = socket.socket(*kind)
        try:
            channel.settimeout(_left(deadline))
            channel.connect(target)
            return channel
        except OSError as error:
            channel.close()
            failure = error
    raise failure


def _left(deadline):
    """Return the seconds until a deadline.

    :raise TimeoutError: when there are none
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _TimedSocket(io.RawIOBase):
    """A socket all of whose reads together end at a deadline.

    A timeout of a socket is for each read: whoever sends a byte now and then would
    hold us for days.
    """

    def __init__(self, channel, deadline):
        super().__init__()
        self.channel = channel
        self.deadline = deadline

    def readable(self):
        return True

    def readinto(self, buffer):
        self.channel.settimeout(_left(self.deadline))
        return self.channel.recv_into(buffer)

    def sendall(self, content):
        self.channel.settimeout(_left(self.deadline))
        self.channel.sendall(content)

    def makefile(self, _mode):
        return io.BufferedReader(self)

    def close(self):
        """Close nothing: the connection does so before its answer is read."""

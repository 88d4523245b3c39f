"""The hosts of a Dropbox: API, content, notifications and web, over TLS."""

import base64
import contextlib
import hashlib
import json
import mimetypes
import re
import shutil
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from .api import Api, check_size
from .certificate import make_certificates
from .errors import Refusal, WriteRefused, bad_input, route_error
from .faults import ANSWERS, JSON, Faults
from .pages import HTML, consent_page, home_page
from .store import Store
from .table import ROUTES, arguments_of, is_for_app_folders

ADDRESS = "127.0.0.1"
# The names that these hosts have at Dropbox.
HOSTS = {
    "api": "api.dropboxapi.com",
    "content": "content.dropboxapi.com",
    "notify": "notify.dropboxapi.com",
    "www": "www.dropbox.com",
}
ENVIRONMENT = {
    "api": "DROPBOX_API_HOST",
    "content": "DROPBOX_API_CONTENT_HOST",
    "notify": "DROPBOX_API_NOTIFY_HOST",
    "www": "DROPBOX_WEB_HOST",
}
SCOPES = (
    "account_info.read",
    "files.content.read",
    "files.content.write",
    "files.metadata.read",
    "sharing.read",
    "sharing.write",
)
TOKEN_LIFE = 14400
RANGE = re.compile(r"bytes=(\d+)-")
LARGE = 1 << 40


@dataclass
class App:
    key: str
    secret: str
    redirects: list
    scopes: set
    full: bool = True


@dataclass
class Account:
    name: str
    email: str
    store: Store
    id: str = field(default_factory=lambda: f"dbid:{uuid.uuid4().hex:0>35}")
    cursors: dict = field(default_factory=dict)
    jobs: dict = field(default_factory=dict)
    shares: list = field(default_factory=list)
    writing: int = 0


@dataclass
class Token:
    """An access token with the refresh token that made it."""

    account: Account
    app: App
    scopes: set
    refresh: str
    expires: float


class DropboxServer:
    """A Dropbox on this machine, with one app and as many accounts as are wanted.

    It counts the calls (``calls``), and the most commits at a time
    (``max_concurrent_commits``); ``faults.add(route, kind)`` lets something go wrong.
    """

    def __init__(self, latency=0, ports=None):
        self.latency = latency
        self.folder = Path(tempfile.mkdtemp(prefix="dropbox-"))
        self.faults = Faults()
        self.lock = threading.RLock()
        self.ca_file, context = make_certificates(self.folder, ADDRESS)
        self.hosts = {}
        for number, role in enumerate(HOSTS):
            handler = type(
                f"{role}Handler", (Handler,), {"role": role, "dropbox": self}
            )
            port = ports + number if ports else 0
            host = Listener((ADDRESS, port), handler)
            host.socket = context.wrap_socket(
                host.socket, server_side=True, do_handshake_on_connect=False
            )
            self.hosts[role] = host
        self.reset()

    def reset(self):
        """Forget everything but the certificate."""
        self.faults.clear()
        self.clock = 0  # seconds that this server is ahead
        self.calls, self.max_concurrent_commits, self.log = 0, 0, []
        self.by_route = {}
        self.codes, self.tokens, self.refreshes = {}, {}, {}
        self.app = App("app-key", "app-secret", [], set(SCOPES))
        self.accounts = []
        self.account = self.add_account("Maçonnerie Lefèvre", "bureau@example.com")

    def add_account(self, name, email, allocated=LARGE):
        store = Store(self.folder / f"store{len(self.accounts)}", allocated)
        self.accounts.append(Account(name, email, store))
        return self.accounts[-1]

    def start(self):
        for host in self.hosts.values():
            threading.Thread(target=host.serve_forever, daemon=True).start()
        return self

    def stop(self):
        for host in self.hosts.values():
            host.shutdown()
            host.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exception):
        self.stop()

    def address(self, role):
        return f"{ADDRESS}:{self.hosts[role].server_address[1]}"

    def environment(self):
        """What a process needs in its environment to take this for Dropbox."""
        addresses = {name: self.address(role) for role, name in ENVIRONMENT.items()}
        return {**addresses, "REQUESTS_CA_BUNDLE": str(self.ca_file)}

    def redirect(self, request, options):
        """Send what is meant for Dropbox to this server: for tests in one process.

        :param request: a PreparedRequest of ``requests``
        :param dict options: with which it is sent
        """
        url = urlsplit(request.url)
        for role, name in HOSTS.items():
            if url.hostname == name:
                request.url = url._replace(netloc=self.address(role)).geturl()
                options["verify"] = str(self.ca_file)

    # ------------------------------------------------------------------
    # Tokens
    # ------------------------------------------------------------------

    def now(self):
        return time.time() + self.clock

    def authorize(self, url, allow=True, account=None):
        """Do what a person does at Dropbox's page.

        :param str url: that the person was sent to
        :return: where the person is sent back to
        """
        query = dict(parse_qsl(urlsplit(url).query))
        if query.get("client_id") != self.app.key:
            raise bad_input("Invalid client_id")
        if query.get("redirect_uri") not in self.app.redirects:
            raise bad_input("Invalid redirect_uri")
        answer = {"state": query["state"]} if "state" in query else {}
        if not allow:
            answer["error"] = "access_denied"
            answer["error_description"] = "The user chose not to give your app access"
        else:
            code = uuid.uuid4().hex
            scopes = set(query.get("scope", "").split()) or self.app.scopes
            self.codes[code] = (account or self.account, query, scopes)
            answer["code"] = code
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def grant(self, account=None, scopes=None):
        """Return a pair of access and refresh token, without the pages."""
        refresh = f"refresh-{uuid.uuid4().hex}"
        scopes = set(scopes or self.app.scopes) & self.app.scopes
        self.refreshes[refresh] = (account or self.account, scopes)
        return self.new_access(refresh), refresh

    def new_access(self, refresh):
        account, scopes = self.refreshes[refresh]
        access = f"sl.{uuid.uuid4().hex}"
        expires = self.now() + TOKEN_LIFE
        self.tokens[access] = Token(account, self.app, scopes, refresh, expires)
        return access

    def revoke(self, token):
        self.refreshes.pop(token.refresh, None)
        for access, other in list(self.tokens.items()):
            if other.refresh == token.refresh:
                del self.tokens[access]

    def expire(self):
        """Let all access tokens run out."""
        for token in self.tokens.values():
            token.expires = 0

    def token_answer(self, form):
        """Answer ``oauth2/token``."""
        if form.get("client_id") != self.app.key or (
            form.get("client_secret", self.app.secret) != self.app.secret
        ):
            return 400, {
                "error": "invalid_client",
                "error_description": "Invalid client_id or client_secret",
            }
        if form.get("grant_type") == "authorization_code":
            return self.exchange(form)
        if form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        refresh = form.get("refresh_token")
        if refresh not in self.refreshes:
            return invalid_grant("refresh token is invalid or revoked")
        access = self.new_access(refresh)
        answer = {"access_token": access, "token_type": "bearer"}
        return 200, {**answer, "expires_in": TOKEN_LIFE}

    def exchange(self, form):
        account, query, scopes = self.codes.pop(form.get("code"), (None, None, None))
        if not account:
            return invalid_grant("code doesn't exist or has expired")
        if form.get("redirect_uri") != query.get("redirect_uri"):
            return invalid_grant("redirect_uri mismatch")
        if challenge := query.get("code_challenge"):
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
                return invalid_grant("invalid code verifier")
        elif "client_secret" not in form:
            return 400, {"error": "invalid_client"}
        access, refresh = self.grant(account, scopes)
        answer = {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": TOKEN_LIFE,
            "scope": " ".join(sorted(self.tokens[access].scopes)),
            "uid": "1",
            "account_id": account.id,
        }
        if query.get("token_access_type") == "offline":
            answer["refresh_token"] = refresh
        return 200, answer

    # ------------------------------------------------------------------
    # Calls
    # ------------------------------------------------------------------

    def count(self, route, size):
        with self.lock:
            self.calls += 1
            self.by_route[route] = self.by_route.get(route, 0) + 1
            self.log.append((route, size))

    def counts(self):
        """What was counted, for whoever has started this server alone."""
        with self.lock:
            return {
                "calls": self.calls,
                "by_route": self.by_route,
                "max_concurrent_commits": self.max_concurrent_commits,
                "files": len(self.account.store.files()),
            }

    @contextlib.contextmanager
    def committing(self, account):
        """Hold the write lock of an account, as long as a call takes."""
        with self.lock:
            account.writing += 1
            self.max_concurrent_commits = max(
                self.max_concurrent_commits, account.writing
            )
            alone = account.writing == 1
        try:
            if not alone:
                raise WriteRefused("too_many_write_operations")
            time.sleep(self.latency)
            yield
        finally:
            with self.lock:
                account.writing -= 1

    def token_of(self, header):
        access = header.removeprefix("Bearer ") if header else ""
        token = self.tokens.get(access)
        if not header:
            raise bad_input("Must provide HTTP header Authorization")
        if not token:
            raise route_error({".tag": "invalid_access_token"}, 401)
        if token.expires <= self.now():
            raise route_error({".tag": "expired_access_token"}, 401)
        return token

    def check_scope(self, route, token):
        if not is_for_app_folders(route) and not self.app.full:
            raise bad_input(
                'Your API app is an "App Folder" app. It is not allowed to access this '
                "API function."
            )
        scope = ROUTES[route]["scope"]
        if not scope or scope in token.scopes:
            return
        if scope not in self.app.scopes:
            raise bad_input(
                "Your app is not permitted to access this endpoint because it does not "
                f"have the required scope '{scope}'. The owner of the app can "
                "enable the scope."
            )
        error = {".tag": "missing_scope", "required_scope": scope}
        raise route_error(error, 401)


def invalid_grant(description):
    return 400, {"error": "invalid_grant", "error_description": description}


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Clients break connections off: that is theirs to test."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    role, dropbox = None, None
    disable_nagle_algorithm = True

    def log_message(self, *_arguments):
        """Say nothing."""

    def do_GET(self):
        url = urlsplit(self.path)
        if self.role == "www" and url.path == "/oauth2/authorize":
            return self.reply_page(url.query)
        if self.role == "www" and url.path.startswith("/home"):
            return self.reply_home(unquote(url.path), dict(parse_qsl(url.query)))
        if self.role == "www" and url.path == "/counts":
            return self.reply(200, self.dropbox.counts())
        return self.reply(404, "not found")

    def reply_page(self, query):
        """Ask the person, or with ``decision`` do what the person has chosen."""
        options = dict(parse_qsl(query))
        decision = options.pop("decision", None)
        if not decision:
            return self.reply(200, consent_page(options), {"Content-Type": HTML})
        try:
            target = self.dropbox.authorize(
                f"?{urlencode(options)}", decision == "Allow"
            )
        except Refusal as refusal:
            return self.reply(refusal.status, refusal.body)
        return self.reply(302, "", {"Location": target})

    def reply_home(self, path, options):
        """Show what is in a folder of the account, or a file, as the web page does."""
        store = self.dropbox.account.store
        folder = path.removeprefix("/home").rstrip("/")
        if name := options.get("preview"):
            entry = store.find(f"{folder}/{name}")
            if not entry:
                return self.reply(404, "not found")
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            return self.reply(200, entry.blob, {"Content-Type": kind})
        with store.lock:
            entries = store.under(folder, False)
        return self.reply(200, home_page(folder, entries), {"Content-Type": HTML})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = urlsplit(self.path).path.removeprefix("/2/").lstrip("/")
        dropbox = self.dropbox
        dropbox.count(name, len(body))
        take = dropbox.faults.take
        if take(name, {"drop_before"}):
            return self.drop()
        try:
            if fault := take(name, ANSWERS):
                raise ANSWERS[fault.kind]()
            answer = self.answer(name, body)
        except Refusal as refusal:
            answer = refusal.status, refusal.body, refusal.headers
        if take(name, {"drop_after"}):
            return self.drop()
        return self.reply(*answer, cut=bool(take(name, {"truncate"})))

    def drop(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)
        self.connection.close()

    def answer(self, name, body):
        dropbox = self.dropbox
        if name == "oauth2/token":
            time.sleep(dropbox.latency)
            form = {k: v for k, [v] in parse_qs(body.decode()).items()}
            return dropbox.token_answer(form)
        if not self.path.startswith("/2/") or name not in ROUTES:
            return 404, f"Unknown API function: {name}"
        route = ROUTES[name]
        if route["host"] != self.role:
            raise bad_input(f"Error in call to API function {name!r}: wrong host")
        token = dropbox.token_of(self.headers.get("Authorization"))
        dropbox.check_scope(name, token)
        check_size(body)
        text, content = self.split(route, name, body)
        arguments = arguments_of(name, text)
        call = Api(dropbox, token, name, arguments, content)
        if not writes(name):
            time.sleep(dropbox.latency)
        result = call.answer()
        if route["style"] == "download":
            headers = {"Dropbox-API-Result": json.dumps(result.json(tagged=False))}
            headers["Content-Type"] = "application/octet-stream"
            if wanted := RANGE.fullmatch(self.headers.get("Range") or ""):
                return 206, result.blob.read_bytes()[int(wanted[1]) :], headers
            return 200, result.blob, headers
        return 200, result, {"Content-Type": JSON}

    def split(self, route, name, body):
        """Return the argument as text, and the content."""
        expected = JSON if route["style"] == "rpc" else "application/octet-stream"
        content_type = self.headers.get("Content-Type")
        if route["style"] != "download" and content_type != expected:
            raise bad_input(
                f'Error in call to API function {name!r}: Bad HTTP "Content-Type" '
                f"header: {content_type!r}. Expecting {expected!r}."
            )
        if route["style"] == "rpc":
            return body.decode(), b""
        argument = self.headers.get("Dropbox-API-Arg")
        if argument is None or not argument.isascii():
            raise bad_input('Must provide HTTP header "Dropbox-API-Arg", in ASCII')
        return argument, body

    def reply(self, status, body, headers=None, cut=False):
        """Answer.

        :param bool cut: break off in the middle of the body
        """
        headers = {"X-Dropbox-Request-Id": uuid.uuid4().hex, **(headers or {})}
        file = body if isinstance(body, Path) else None
        data = b"" if file else self.encoded(body, headers)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, quote(value, safe=" ;:,=/?&%+{}\"'[]().-_~"))
        self.send_header(
            "Content-Length", str(file.stat().st_size if file else len(data))
        )
        self.end_headers()
        if cut:
            data = file.read_bytes() if file else data
            self.wfile.write(data[: len(data) // 2])
            return self.drop()
        if not file:
            return self.wfile.write(data)
        with file.open("rb") as content:
            return shutil.copyfileobj(content, self.wfile)

    def encoded(self, body, headers):
        if isinstance(body, bytes):
            return body
        if isinstance(body, str):
            headers.setdefault("Content-Type", "text/plain; charset=utf-8")
            return body.encode()
        headers.setdefault("Content-Type", JSON)
        return json.dumps(body).encode()


def writes(name):
    """Whether a route holds the write lock while it takes its time."""
    return name in {
        "files/upload",
        "files/upload_session/finish",
        "files/upload_session/finish_batch_v2",
        "files/create_folder_v2",
        "files/delete_batch",
        "files/delete_v2",
        "files/move_batch_v2",
        "files/move_v2",
        "files/restore",
    }

"""An upload of 2 GB, cut ten times at random, beside Odoo's own of 100 MB.

Both over HTTP to a running server. Ours is filed in the background, which is not timed:
the person sees "being checked". Odoo's own cannot be cut, and has no larger files.
"""

import contextlib
import hashlib
import http.client
import json
import random
import re
import tempfile
import time
import urllib.request
from pathlib import Path

from memory import memory_growth
from progbox_env import HOME, start_odoo

MEGABYTE = 1 << 20
LARGE, PEER = 2**31 - 1, 100 * MEGABYTE
CHUNK = 8 * MEGABYTE
CUTS = 10
GOALS = {
    "right_digest": "= 1",
    "memory_growth_mb": "< 40",
    "speedup_over_odoo": ">= 1",
}


def run(tools, quick):
    size = LARGE // 10 if quick else LARGE
    database = tools.clone("upload")
    with tools.environment(database) as env:
        partner = env["res.partner"].create({"name": "Toiture"})
        order = env["sale.order"].create({"partner_id": partner.id}).id
        env.cr.commit()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=HOME)))
        digest = make_file(folder / "large.bin", size)
        make_file(folder / "peer.bin", PEER)
        tools.note(f"{size / MEGABYTE:.0f} MB made")
        server = stack.enter_context(start_odoo(database, cron_threads=1))
        client = Client(server)
        client.odoo_upload(order, b"warm")
        sender = Sender(client, folder / "large.bin", order)
        seconds = {}

        def timed(name, function):
            start = time.perf_counter()
            function()
            seconds[name] = time.perf_counter() - start

        growth = memory_growth(lambda: timed("ours", sender.send), server.process.pid)
        checked = time.perf_counter()
        document = sender.wait_until_filed()
        checked = time.perf_counter() - checked
        odoo_growth = memory_growth(
            lambda: timed(
                "odoo",
                lambda: client.odoo_upload(order, (folder / "peer.bin").read_bytes()),
            ),
            server.process.pid,
        )
    ours, odoo = size / seconds["ours"], PEER / seconds["odoo"]
    return {
        "right_digest": int(document == {"sha256": digest, "size": size}),
        "memory_growth_mb": growth,
        "speedup_over_odoo": ours / odoo,
        "odoo_memory_growth_mb": odoo_growth,
        "mb_per_s": ours / MEGABYTE,
        "odoo_mb_per_s": odoo / MEGABYTE,
        "sent_s": seconds["ours"],
        "checked_s": checked,
        "cuts": sender.cuts_made,
    }


def make_file(path, size):
    """Write random bytes; their SHA-256."""
    digest, source = hashlib.sha256(), random.Random(19)
    with path.open("wb") as file:
        while (left := size - file.tell()) > 0:
            block = source.randbytes(min(MEGABYTE, left))
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


class Client:
    """A browser that is logged in as the administrator."""

    def __init__(self, server):
        self.url, self.port = server.url, server.port
        cookies = urllib.request.HTTPCookieProcessor()
        self.opener = urllib.request.build_opener(cookies)
        params = {"db": server.database, "login": "admin", "password": "admin"}
        self.post("/web/session/authenticate", params)
        self.cookie = "; ".join(f"{c.name}={c.value}" for c in cookies.cookiejar)
        page = self.opener.open(f"{self.url}/odoo").read().decode()
        self.token = re.search(r'csrf_token: "(\w+)"', page)[1]

    def call(self, model, method, *arguments):
        params = {"model": model, "method": method, "args": arguments, "kwargs": {}}
        return self.post("/web/dataset/call_kw", params)

    def post(self, path, params):
        request = urllib.request.Request(
            self.url + path,
            json.dumps({"params": params}).encode(),
            {"Content-Type": "application/json"},
        )
        with self.opener.open(request, timeout=600) as response:
            answer = json.load(response)
        assert "error" not in answer, answer["error"]["data"]["debug"]
        return answer.get("result")

    def odoo_upload(self, order, content):
        """Upload a file as the chatter does."""
        fields = {
            "csrf_token": self.token,
            "thread_model": "sale.order",
            "thread_id": str(order),
        }
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append(
            '--x\r\nContent-Disposition: form-data; name="ufile"; filename="a.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = "".join(parts).encode() + content + b"\r\n--x--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        request = urllib.request.Request(
            f"{self.url}/mail/attachment/upload", body, kind
        )
        with self.opener.open(request, timeout=600) as response:
            assert "error" not in json.load(response)


class Sender:
    """Sends a file in pieces, and breaks the line ten times in the middle of one."""

    def __init__(self, client, path, order):
        self.client, self.path = client, path
        self.size = path.stat().st_size
        announced = [{"name": path.name, "size": self.size}]
        [begun] = client.call("progbox.upload", "begin", "sale.order", order, announced)
        self.id, self.url = begun["id"], begun["url"]
        source = random.Random(19)
        self.cuts = sorted(source.randrange(self.size) for _cut in range(CUTS))
        self.cuts_made = 0

    def send(self):
        offset = 0
        with self.path.open("rb") as file:
            while offset < self.size:
                file.seek(offset)
                block = file.read(CHUNK)
                if self.cuts and self.cuts[0] < offset + len(block):
                    self.cut(offset, block, self.cuts.pop(0) - offset)
                    offset = self.offset()
                else:
                    offset = self.patch(offset, block)

    def begin(self, method, offset=None, length=0):
        connection = http.client.HTTPConnection("127.0.0.1", self.client.port)
        connection.putrequest(method, self.url)
        connection.putheader("Cookie", self.client.cookie)
        connection.putheader("Tus-Resumable", "1.0.0")
        if offset is not None:
            connection.putheader("Content-Type", "application/offset+octet-stream")
            connection.putheader("Upload-Offset", offset)
            connection.putheader("Content-Length", length)
        connection.endheaders()
        return connection

    def patch(self, offset, block):
        with contextlib.closing(self.begin("PATCH", offset, len(block))) as connection:
            connection.send(block)
            answer = connection.getresponse()
            if answer.status == 409:
                # What was cut had not been written yet when we asked.
                return self.offset()
            assert answer.status == 204, answer.read()
            return int(answer.headers["Upload-Offset"])

    def cut(self, offset, block, length):
        connection = self.begin("PATCH", offset, len(block))
        connection.send(block[: max(length, 0)])
        connection.close()
        self.cuts_made += 1

    def offset(self):
        """Ask how much is there, again while the cut request is still written."""
        while True:
            with contextlib.closing(self.begin("HEAD")) as connection:
                answer = connection.getresponse()
                if answer.status == 200:
                    return int(answer.headers["Upload-Offset"])
                assert answer.status == 423, answer.status
            time.sleep(0.05)

    def wait_until_filed(self):
        while True:
            answer = self.client.call("progbox.upload", "finish", [self.id])
            if answer["state"] != "checking":
                break
            time.sleep(0.2)
        assert answer["state"] == "done", answer["error"]
        documents = [answer["documentId"]], ["sha256", "size"]
        [row] = self.client.call("progbox.document", "read", *documents)
        return {name: row[name] for name in ("sha256", "size")}

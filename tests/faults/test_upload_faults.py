"""Uploads over a line that breaks, to servers that die: nothing acknowledged is lost.

The browser, the client and the protocol are the real ones: Chromium runs the service
of the web client, against a server of either kind, through a line that is cut.
"""

import contextlib
import hashlib
import http.client
import io
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import threading
from pathlib import Path

import psutil
import pytest
from living_odoo import Client, Database, kill_hard, wait_for
from playwright._impl._driver import compute_driver_executable
from progbox_env import ROOT, clone_database, drop_database, odoo_shell, sql, start_odoo
from progbox_env.databases import filestore

NAME = "progbox_upload"
SEED = int(os.environ.get("PROGBOX_SEED", "19"))
MEGABYTE = 1 << 20
# Above what is digested while the person waits; and a few requests.
LARGE, SMALL = 201 * MEGABYTE, 60 * MEGABYTE
CUTS = 10
PREPARE = """
order = env["sale.order"].create(
    {"partner_id": env["res.partner"].create({"name": "Toiture"}).id})
env.cr.commit()
print("order", order.id)
"""
TUS = ROOT / "progbox/static/lib/tus/tus.min.js"
SERVICE = "odoo.__WOWL_DEBUG__.root.env.services.progbox_upload"


class Line:
    """A way to a server that breaks when so many bytes have gone up."""

    def __init__(self, port, cuts=()):
        self.port = port
        self.cuts = sorted(cuts)
        self.broken = 0
        self.sent = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            # As a proxy does while its server restarts.
            client.recv(1 << 16)
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            client.close()
            return
        with client, server:
            back = threading.Thread(target=_pump, args=[server, client], daemon=True)
            back.start()
            _pump(client, server, self._is_cut)
            back.join()

    def _is_cut(self, size):
        with self.lock:
            self.sent += size
            if self.cuts and self.sent > self.cuts[0]:
                self.cuts.pop(0)
                self.broken += 1
                return True
        return False

    def close(self):
        self.listener.close()


def _pump(source, target, is_cut=lambda _size: False):
    """Hand on what comes, and the end; what breaks one of both breaks the other."""
    try:
        while block := source.recv(1 << 16):
            if is_cut(len(block)):
                raise ConnectionAbortedError
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        _reset(source)
        _reset(target)


def _reset(connection):
    with contextlib.suppress(OSError):
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class Person:
    """Somebody at a browser, who drops a file on the quotation."""

    def __init__(self, browser, line, order):
        self.order = order
        self.page = browser.new_page()
        # The first page of a server makes its bundles, which a busy machine takes long
        # for.
        self.page.set_default_timeout(300000)
        self.page.goto(f"{line.url}/web/login")
        self.page.fill("input[name=login]", "admin")
        self.page.fill("input[name=password]", "admin")
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".o_web_client", timeout=300000)
        # The bundles come over this line as well.
        ready = SERVICE.replace(".", "?.").replace("odoo?.", "odoo.")
        self.page.wait_for_function(f"() => {ready}", timeout=300000)

    def drop(self, path):
        self.page.evaluate(
            """() => {
                const input = document.createElement("input");
                input.type = "file";
                input.id = "dropped";
                document.querySelector("#dropped")?.remove();
                document.body.append(input);
            }"""
        )
        self.page.set_input_files("#dropped", path)
        self.page.evaluate(
            f"""(resId) => {SERVICE}.add(
                document.querySelector("#dropped").files,
                {{resModel: "sale.order", resId}}
            )""",
            self.order,
        )

    def item(self):
        return self.page.evaluate(f"() => ({{...{SERVICE}.uploads.at(-1)}})")

    def wait_until(self, condition, what, seconds=300):
        """Wait until the item is as it should be; the item."""

        def reached():
            item = self.item()
            assert item["status"] != "failed", item["message"]
            return condition(item) and item

        return wait_for(reached, seconds, what, interval=0.1)


class Uploads:
    def __init__(self, folder):
        self.folder = folder
        self.database = Database(NAME)
        self.order = int(odoo_shell(NAME, PREPARE).split("order", 1)[1].split()[0])
        self.random = random.Random(SEED)

    def file(self, name, size):
        path = self.folder / name
        path.write_bytes(self.random.randbytes(size))
        return path

    def cuts(self, size):
        return [self.random.randrange(size) for _cut in range(CUTS)]

    def assert_filed(self, path, document_id):
        """The document has the file's digest, and so has what is in the file store."""
        [row] = self.database.rows(
            "SELECT d.sha256, d.size, a.store_fname FROM progbox_document d"
            " JOIN ir_attachment a ON a.res_model = 'progbox.document'"
            " AND a.res_id = d.id AND a.res_field = 'content'"
            f" WHERE d.id = {document_id} AND d.res_id = {self.order}"
        )
        assert row["size"] == path.stat().st_size
        assert row["sha256"] == digest(path)
        assert digest(filestore(NAME) / row["store_fname"]) == row["sha256"]
        wait_for(lambda: not self.parts(), 60, "nothing is left behind")

    def parts(self):
        return list((filestore(NAME) / "progbox/uploads").glob("*"))


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def memory_of(process):
    """What a process needs now, in bytes; its peak is measured from here on."""
    # 5: forget the peak, see proc(5).
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return peak_memory(process)


def peak_memory(process):
    """The most memory that a process has had, in bytes."""
    for row in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if row.startswith("VmHWM"):
            return int(row.split()[1]) * 1024
    raise AssertionError("no peak")


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    clone_database(NAME)
    # The file store comes with what tests of the template may have left there.
    shutil.rmtree(filestore(NAME) / "progbox/uploads", ignore_errors=True)
    sql(
        """UPDATE ir_cron SET active = FALSE WHERE id != (
            SELECT res_id FROM ir_model_data WHERE name = 'ir_cron_upload'
            AND module = 'progbox')""",
        NAME,
    )
    print(f"seed {SEED}")
    yield Uploads(tmp_path_factory.mktemp("uploads"))
    drop_database(NAME)


def test_ten_cuts_on_the_way_to_a_threaded_server(uploads, chromium):
    warm = uploads.file("warm.pdf", 1000)
    large = uploads.file("large.bin", LARGE)
    with start_odoo(NAME, cron_threads=1) as server:
        line = Line(server.port)
        person = Person(chromium, line, uploads.order)
        person.drop(warm)
        person.wait_until(lambda item: item["status"] == "done", "the first file")
        before = memory_of(server.process)
        line.cuts = sorted(line.sent + cut for cut in uploads.cuts(LARGE))
        person.drop(large)
        item = person.wait_until(lambda item: item["status"] == "done", "all of it")
        growth = peak_memory(server.process) - before
        assert line.broken == CUTS
        uploads.assert_filed(large, item["documentId"])
        print(f"memory: {growth / MEGABYTE:.0f} MB more")
        assert growth < 60 * MEGABYTE
        person.page.close()
        line.close()


def test_ten_cuts_and_a_restart_on_the_way_to_workers(uploads, chromium):
    path = uploads.file("workers.bin", SMALL)
    with contextlib.ExitStack() as running:
        server = running.enter_context(start_odoo(NAME, workers=2))
        line = Line(server.port)
        person = Person(chromium, line, uploads.order)
        line.cuts = sorted(line.sent + cut for cut in uploads.cuts(SMALL))
        person.drop(path)
        person.wait_until(lambda item: item["sent"] > SMALL / 2, "half of it")
        kill_hard(psutil.Process(server.process.pid))
        running.enter_context(start_odoo(NAME, port=server.port, workers=2))
        item = person.wait_until(lambda item: item["status"] == "done", "all of it")
        assert line.broken == CUTS
        uploads.assert_filed(path, item["documentId"])
        person.page.close()
        line.close()


@pytest.mark.parametrize("workers", [0, 2])
def test_the_client_goes_on_without_a_browser(uploads, workers):
    """In Node.js, which Playwright brings: ten cuts, to a server of either kind."""
    path = uploads.file(f"node-{workers}.bin", SMALL)
    with start_odoo(NAME, workers=workers) as server:
        call = Client(server)
        announced = {"name": path.name, "size": SMALL}
        begin = ("progbox.upload", "begin", "sale.order", uploads.order, [announced])
        [upload] = call(*begin)
        line = Line(server.port, uploads.cuts(SMALL))
        client = Path(__file__).with_name("tus_client.cjs")
        cookie = Sender(server, upload).headers["Cookie"]
        node, _cli = compute_driver_executable()
        sent = subprocess.run(
            [node, client, TUS, path, line.url + upload["url"], cookie],
            capture_output=True,
            text=True,
        )
        assert sent.stdout == "sent\n", sent.stderr
        assert line.broken == CUTS
        answer = call("progbox.upload", "finish", [upload["id"]])
        uploads.assert_filed(path, answer["documentId"])
        line.close()


# ----------------------------------------------------------------------
# A worker that dies
# ----------------------------------------------------------------------


class Sender:
    """A client that sends bytes one by one, and sees each answer."""

    def __init__(self, server, upload):
        self.port = server.port
        self.path = upload["url"]
        self.client = Client(server)
        jars = (getattr(h, "cookiejar", ()) for h in self.client.opener.handlers)
        cookies = (cookie for jar in jars for cookie in jar)
        self.headers = {
            "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies),
            "Tus-Resumable": "1.0.0",
        }

    def open(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def begin_patch(self, offset, length):
        connection = self.open()
        connection.putrequest("PATCH", self.path)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Type", "application/offset+octet-stream")
        connection.putheader("Upload-Offset", offset)
        connection.putheader("Content-Length", length)
        connection.endheaders()
        return connection

    def patch(self, offset, data):
        connection = self.begin_patch(offset, len(data))
        connection.send(data)
        answer = connection.getresponse()
        assert answer.status == 204, answer.read()
        return int(answer.headers["Upload-Offset"])

    def offset(self):
        connection = self.open()
        connection.request("HEAD", self.path, headers=self.headers)
        answer = connection.getresponse()
        # Busy: the worker that died may still be on its way out.
        return int(answer.headers["Upload-Offset"]) if answer.status == 200 else None


def writer_of(server, part):
    """The worker that holds a part open."""
    for worker in psutil.Process(server.process.pid).children():
        with contextlib.suppress(psutil.Error):
            if any(Path(file.path) == part for file in worker.open_files()):
                return worker
    return None


@pytest.fixture(scope="module")
def workers(uploads):
    with start_odoo(NAME, workers=2) as server:
        yield server


def test_a_worker_that_dies_loses_nothing_that_was_acknowledged(uploads, workers):
    content = uploads.random.randbytes(4 * MEGABYTE)
    call = Client(workers)
    announced = {"name": "killed.bin", "size": len(content)}
    begin = ("progbox.upload", "begin", "sale.order", uploads.order, [announced])
    [upload] = call(*begin)
    sender = Sender(workers, upload)
    acknowledged = sender.patch(0, content[:MEGABYTE])
    [part] = uploads.parts()
    connection = sender.begin_patch(acknowledged, 2 * MEGABYTE)
    connection.send(content[MEGABYTE : 2 * MEGABYTE])
    rest = io.BytesIO(content[2 * MEGABYTE : 3 * MEGABYTE])

    def writer():
        # A worker waits two seconds for the next bytes, and then writes no more: to
        # find it takes longer on a busy machine.
        connection.send(rest.read(100))
        return writer_of(workers, part)

    worker = wait_for(writer, 60, "a worker writes")
    kill_hard(worker)
    offset = wait_for(sender.offset, 30, "the server answers")
    assert offset >= acknowledged
    assert part.read_bytes() == content[:offset]

    sender.patch(offset, content[offset:])
    answers = [call("progbox.upload", "finish", [upload["id"]]) for _ in "two"]
    assert answers[0]["state"] == "done"
    assert answers[0] == answers[1]
    path = uploads.folder / "killed.bin"
    path.write_bytes(content)
    uploads.assert_filed(path, answers[0]["documentId"])


def test_a_line_that_stands_still_is_no_refusal(uploads, workers):
    """A worker waits two seconds for bytes: the browser has to try again then."""
    call = Client(workers)
    announced = {"name": "still.bin", "size": MEGABYTE}
    begin = ("progbox.upload", "begin", "sale.order", uploads.order, [announced])
    [upload] = call(*begin)
    sender = Sender(workers, upload)
    connection = sender.begin_patch(0, MEGABYTE)
    connection.send(bytes(MEGABYTE // 2))
    # The browser takes what begins with 4 for a refusal, but for these.
    assert connection.getresponse().status in (408, 409, 423)
    offset = wait_for(sender.offset, 30, "the server answers")
    assert offset == MEGABYTE // 2
    assert sender.patch(offset, bytes(MEGABYTE - offset)) == MEGABYTE
    call("progbox.upload", "cancel", [upload["id"]])


def test_two_ends_at_once_make_one_document(uploads, workers):
    content = uploads.random.randbytes(MEGABYTE)
    call = Client(workers)
    announced = {"name": "twice.bin", "size": len(content)}
    begin = ("progbox.upload", "begin", "sale.order", uploads.order, [announced])
    [upload] = call(*begin)
    Sender(workers, upload).patch(0, content)
    answers = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(
                Client(workers)("progbox.upload", "finish", [upload["id"]])
            )
        )
        for _time in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = call("progbox.upload", "finish", [upload["id"]])
    assert last["state"] == "done"
    assert {json.dumps(answer["state"]) for answer in answers} <= {
        '"done"',
        '"checking"',
    }
    count = f"SELECT count(*) FROM progbox_document WHERE res_id = {uploads.order}"
    count += " AND res_model = 'sale.order' AND name = 'twice.bin'"
    assert uploads.database.value(count) == 1

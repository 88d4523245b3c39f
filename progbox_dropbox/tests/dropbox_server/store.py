"""The files of one account, as Dropbox keeps them."""

import hashlib
import shutil
import threading
import unicodedata
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from .errors import LookupRefused, MoveRefused, WriteRefused

BLOCK = 4 << 20
DISALLOWED = {"desktop.ini", "thumbs.db", ".ds_store", "icon\r"} | {
    ".dropbox",
    ".dropbox.attr",
}
LONGEST_NAME = 255


def content_hash(path):
    """Dropbox's hash of a file: of an empty one, it has no block."""
    digests = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digests.update(hashlib.sha256(block).digest())
    return digests.hexdigest()


def key_of(path):
    """What makes two paths the same."""
    return unicodedata.normalize("NFC", path).lower()


def parent_of(path):
    return path.rpartition("/")[0]


@dataclass
class Entry:
    kind: str
    path: str
    id: str
    blob: Path = None
    size: int = 0
    content_hash: str = ""
    rev: str = ""
    client_modified: str = ""
    server_modified: str = ""
    revisions: list = field(default_factory=list, repr=False)

    def json(self, tagged=True):
        path = self.path
        result = {".tag": self.kind} if tagged else {}
        result |= {"name": path.rpartition("/")[2], "id": self.id}
        result |= {"path_lower": key_of(path), "path_display": path}
        if self.kind == "file":
            result |= {
                "rev": self.rev,
                "size": self.size,
                "content_hash": self.content_hash,
                "client_modified": self.client_modified,
                "server_modified": self.server_modified,
                "is_downloadable": True,
            }
        return result


@dataclass
class Session:
    blob: Path
    concurrent: bool = False
    closed: bool = False
    size: int = 0
    hasher: object = field(default_factory=hashlib.sha256)


class Store:
    """A tree, upload sessions and a log of changes."""

    def __init__(self, folder, allocated):
        self.folder = Path(folder)
        self.allocated = allocated
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.entries, self.sessions, self.changes = {}, {}, []
        self.deleted = {}  # the files that were deleted, by their former places
        self.revs = self.used = 0

    # ------------------------------------------------------------------
    # Looking
    # ------------------------------------------------------------------

    def files(self):
        """{path: content_hash} of all files."""
        return {
            entry.path: entry.content_hash
            for entry in self.entries.values()
            if entry.kind == "file"
        }

    def find(self, path):
        if path.startswith("id:"):
            found = [e for e in self.entries.values() if e.id == path]
            return found[0] if found else None
        if path.startswith("rev:"):
            for entry in (*self.entries.values(), *self.deleted.values()):
                for old in entry.revisions:
                    if old.rev == path.removeprefix("rev:"):
                        return old
            return None
        return self.entries.get(key_of(path))

    def under(self, path, recursive):
        start = f"{key_of(path)}/"
        return [
            entry
            for key, entry in sorted(self.entries.items())
            if key.startswith(start) and (recursive or "/" not in key[len(start) :])
        ]

    # ------------------------------------------------------------------
    # Upload sessions
    # ------------------------------------------------------------------

    def new_session(self, concurrent=False):
        with self.lock:
            name = f"pid_upload_session:{uuid.uuid4().hex}"
            blob = self.folder / uuid.uuid4().hex
            blob.touch()
            self.sessions[name] = Session(blob, concurrent)
            return name

    def append(self, cursor, data, close=False):
        with self.lock:
            session = self.session(cursor["session_id"])
            if session.closed:
                raise LookupRefused("closed")
            if not session.concurrent and cursor["offset"] != session.size:
                raise LookupRefused("incorrect_offset", correct_offset=session.size)
            if session.concurrent and cursor["offset"] % BLOCK:
                raise LookupRefused("concurrent_session_invalid_offset")
            if session.concurrent and not close and len(data) % BLOCK:
                raise LookupRefused("concurrent_session_invalid_data_size")
            with session.blob.open("r+b") as file:
                file.seek(cursor["offset"])
                file.write(data)
            session.size = max(session.size, cursor["offset"] + len(data))
            session.closed = close

    def session(self, name):
        if name not in self.sessions:
            raise LookupRefused("not_found")
        return self.sessions[name]

    # ------------------------------------------------------------------
    # Changing
    # ------------------------------------------------------------------

    def check_path(self, path, strict_unicode=True):
        for name in path.split("/")[1:]:
            if len(name) > LONGEST_NAME or not name or name.endswith(" "):
                raise WriteRefused("malformed_path")
            if strict_unicode and any(ord(c) > 0xFFFF or ord(c) < 32 for c in name):
                raise WriteRefused("malformed_path")
            if "\\" in name or "\x7f" in name:
                raise WriteRefused("malformed_path")
            if key_of(name) in DISALLOWED:
                raise WriteRefused("disallowed_name")

    def make_parents(self, path):
        parent = parent_of(path)
        if not parent:
            return
        found = self.entries.get(key_of(parent))
        if found and found.kind == "file":
            raise WriteRefused("conflict", "file_ancestor")
        if not found:
            self.make_parents(parent)
            self._put(Entry("folder", parent, f"id:{uuid.uuid4().hex}"))

    def _put(self, entry):
        there = self.entries.get(key_of(entry.path))
        self.used += entry.size - (there.size if there else 0)
        self.entries[key_of(entry.path)] = entry
        self.changes.append(key_of(entry.path))

    def commit(self, commit, blob, corrupt=False):
        """Write a file as its CommitInfo asks for.

        :raise WriteRefused:
        """
        with self.lock:
            path = commit["path"]
            self.check_path(path)
            size = blob.stat().st_size
            if corrupt:
                data = bytearray(blob.read_bytes() or b"?")
                data[0] ^= 0xFF
                blob = self.folder / uuid.uuid4().hex
                blob.write_bytes(data)
            digest = content_hash(blob)
            there = self.entries.get(key_of(path))
            if there and there.kind == "folder":
                raise WriteRefused("conflict", "folder")
            mode = commit.get("mode", {".tag": "add"})
            mode = mode if isinstance(mode, str) else mode[".tag"]
            if there and there.content_hash == digest:
                if not commit.get("strict_conflict") or mode != "add":
                    return there
            if there and mode != "overwrite":
                current = mode == "update" and commit["mode"]["update"] == there.rev
                if not current:
                    if not commit.get("autorename"):
                        raise WriteRefused("conflict", "file")
                    path, there = self.free_name(path), None
            if self.used + size > self.allocated:
                raise WriteRefused("insufficient_space")
            self.make_parents(path)
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.revs += 1
            entry = Entry(
                "file",
                there.path if there else path,
                there.id if there else f"id:{uuid.uuid4().hex}",
                blob,
                size,
                digest,
                f"{0x5F0000000 + self.revs:x}",
                commit.get("client_modified") or now,
                now,
                there.revisions if there else [],
            )
            entry.revisions.append(replace(entry, revisions=[]))
            self._put(entry)
            return entry

    def free_name(self, path):
        stem, dot, extension = path.rpartition(".")
        for number in range(1, 10000):
            name = f"{stem} ({number}){dot}{extension}"
            if key_of(name) not in self.entries:
                return name
        raise WriteRefused("conflict", "file")

    def make_folder(self, path):
        with self.lock:
            self.check_path(path)
            if there := self.entries.get(key_of(path)):
                raise WriteRefused("conflict", there.kind)
            self.make_parents(path)
            entry = Entry("folder", path, f"id:{uuid.uuid4().hex}")
            self._put(entry)
            return entry

    def delete(self, path):
        with self.lock:
            entry = self.find(path)
            # Of a folder, the log of changes has the folder alone.
            self.changes.append(key_of(entry.path))
            for gone in [*self.under(entry.path, True), entry]:
                self.used -= gone.size
                del self.entries[key_of(gone.path)]
                if gone.kind == "file":
                    self.deleted[key_of(gone.path)] = gone
            return entry

    def move(self, entry, target):
        with self.lock:
            self.check_path(target)
            there = self.entries.get(key_of(target))
            if there and there is not entry:
                raise WriteRefused("conflict", there.kind)
            if key_of(target).startswith(f"{key_of(entry.path)}/"):
                raise MoveRefused("cant_move_folder_into_itself")
            if entry.path == target:
                raise MoveRefused("duplicated_or_nested_paths")
            self.make_parents(target)
            length = len(entry.path)
            self.changes.append(key_of(entry.path))
            # A folder comes before what is in it.
            for moved in [entry, *self.under(entry.path, True)]:
                del self.entries[key_of(moved.path)]
                self.used -= moved.size
                moved.path = target + moved.path[length:]
                self._put(moved)
            return entry

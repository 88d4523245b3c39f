import io
import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import BaseCase

from ..tools import upload_parts
from ..tools.upload_parts import WrongOffset, folder_names, kept, receive, synced_size

BYTES = os.urandom(200000)


class CutStream(io.BytesIO):
    """A sender who goes away after so many bytes."""

    def __init__(self, content, cut):
        super().__init__(content)
        self.cut = cut

    def read(self, size=-1):
        if self.tell() >= self.cut:
            raise ConnectionResetError
        return super().read(size)


class TestToolsUpload(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.part = self.folder / "uploads/part"

    def arrive(self):
        receive(io.BytesIO(BYTES), self.part, 0, len(BYTES))
        return kept(self.part)

    def test_a_cut_costs_less_than_a_block(self):
        with self.assertRaises(ConnectionResetError):
            receive(CutStream(BYTES, 100000), self.part, 0, len(BYTES))
        there = synced_size(self.part)
        self.assertGreaterEqual(there, 100000)
        rest = io.BytesIO(BYTES[there:])
        self.assertEqual(receive(rest, self.part, there, len(BYTES)), len(BYTES))
        self.assertEqual(self.part.read_bytes(), BYTES)

    def test_only_what_continues_the_part_is_taken(self):
        self.assertEqual(synced_size(self.part), 0)
        with self.assertRaises(WrongOffset):
            receive(io.BytesIO(BYTES), self.part, 1, len(BYTES))
        self.assertEqual(receive(io.BytesIO(BYTES), self.part, 0, 10), 10)
        self.assertEqual(self.part.read_bytes(), BYTES[:10])

    def test_what_is_acknowledged_has_been_synced(self):
        synced = []
        # The first piece makes the folder last, too.
        receive(io.BytesIO(BYTES[:10]), self.part, 0, len(BYTES))
        with patch.object(upload_parts.os, "fsync", synced.append):
            receive(io.BytesIO(BYTES[10:]), self.part, 10, len(BYTES))
            self.assertTrue(synced)
            synced.clear()
            synced_size(self.part)
            self.assertTrue(synced)

    def assert_adopted_twice(self, same_file):
        """A transaction and its repetition put the file at the same place."""
        target = self.folder / "ab/abcdef"
        for _transaction in range(2):
            with self.arrive() if not self.part.exists() else kept(self.part) as staged:
                staged.move_to(target)
            self.assertEqual(target.read_bytes(), BYTES)
            self.assertEqual(self.part.read_bytes(), BYTES)
            self.assertEqual(target.samefile(self.part), same_file)
        self.assertEqual(len(list(self.part.parent.iterdir())), 1)

    def test_adopting_copies_no_bytes_and_can_be_repeated(self):
        self.assert_adopted_twice(same_file=True)

    def test_without_hard_links_bytes_are_copied(self):
        with patch.object(upload_parts.os, "link", side_effect=PermissionError):
            self.assert_adopted_twice(same_file=False)

    def test_folders_of_a_path(self):
        for path, names in (
            ("", []),
            ("Plans//2026/./", ["Plans", "2026"]),
            ("../..\\etc", ["etc"]),
            ("a:b/ c ", ["a_b", "c"]),
            ("/".join("abcdefghijklm"), list("abcdefghij")),
        ):
            with self.subTest(path=path):
                self.assertEqual(folder_names(path), names)

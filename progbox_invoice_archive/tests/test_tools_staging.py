import errno
import hashlib
import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import BaseCase

from ..tools import staging
from ..tools.staging import CopyStream, read_blocks, remove_leftovers, stage

DAY = 24 * 3600


class TestToolsStaging(BaseCase):
    """Files are there whole or not there at all."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "progbox"

    def test_a_staged_file_knows_its_digests(self):
        staged = stage([b"one ", b"", b"two"], self.folder)
        self.assertEqual(staged.path.read_bytes(), b"one two")
        self.assertEqual(staged.sha1, hashlib.sha1(b"one two").hexdigest())
        self.assertEqual(staged.sha256, hashlib.sha256(b"one two").hexdigest())
        self.assertEqual(staged.size, 7)

    def test_an_empty_file_is_a_file(self):
        staged = stage([], self.folder)
        self.assertEqual((staged.path.read_bytes(), staged.size), (b"", 0))

    def test_a_backup_user_may_read_it(self):
        self.assertEqual(stage([b"x"], self.folder).path.stat().st_mode & 0o777, 0o644)

    def test_it_is_on_the_disk_before_it_is_given_out(self):
        synced = []
        with patch.object(staging.os, "fsync", synced.append):
            stage([b"x"], self.folder)
        self.assertEqual(len(synced), 1)

    def test_what_nobody_adopts_is_removed(self):
        with stage([b"x"], self.folder) as staged:
            self.assertTrue(staged.path.exists())
        self.assertEqual(self.files(), [])

    def test_what_is_adopted_stays(self):
        target = self.folder / "ab" / "abcdef"
        with stage([b"x"], self.folder) as staged:
            staged.move_to(target)
        self.assertEqual(target.read_bytes(), b"x")
        self.assertEqual(self.files(), [target])

    def test_moving_mends_a_file_that_is_damaged(self):
        target = self.folder / "ab" / "abcdef"
        target.parent.mkdir(parents=True)
        target.write_bytes(b"dam")
        stage([b"damaged"], self.folder).move_to(target)
        self.assertEqual(target.read_bytes(), b"damaged")

    def test_the_new_name_is_on_the_disk_too(self):
        staged = stage([b"x"], self.folder)
        with patch.object(staging, "sync_folder") as sync_folder:
            staged.move_to(self.folder / "ab" / "abcdef")
        sync_folder.assert_called_once_with(self.folder / "ab")

    def test_blocks_that_break_off_leave_nothing(self):
        def blocks():
            yield b"half"
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            stage(blocks(), self.folder)
        self.assertEqual(self.files(), [])

    def test_a_full_disk_leaves_nothing(self):
        full = OSError(errno.ENOSPC, "full")
        with (
            patch.object(staging.os, "fsync", side_effect=full),
            self.assertRaises(OSError) as caught,
        ):
            stage([b"x"], self.folder)
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        self.assertEqual(self.files(), [])

    def test_blocks_are_read_one_by_one(self):
        staged = stage([b"abcdefgh"], self.folder)
        self.assertEqual(list(read_blocks(staged.path, 3)), [b"abc", b"def", b"gh"])

    def test_a_file_is_one_row_of_a_binary_copy(self):
        staged = stage([b"abcdefgh"], self.folder)
        with staged.path.open("rb") as file:
            stream = CopyStream(file, staged.size)
            pieces = list(iter(lambda: stream.read(5), b""))
        self.assertLessEqual(max(map(len, pieces)), 5)
        self.assertEqual(
            b"".join(pieces),
            b"PGCOPY\n\xff\r\n\0" + bytes(8)
            + b"\0\1" + b"\0\0\0\10" + b"abcdefgh" + b"\xff\xff",
        )  # fmt: skip

    def test_leftovers_are_removed_when_they_are_old(self):
        old, young = stage([b"old"], self.folder), stage([b"young"], self.folder)
        other = self.folder / "something else"
        other.touch()
        for path in (old.path, other):
            os.utime(path, (0, 0))
        remove_leftovers(self.folder, DAY)
        self.assertEqual(self.files(), sorted([young.path, other]))

    def test_no_folder_has_no_leftovers(self):
        remove_leftovers(self.folder / "nowhere", DAY)

    def files(self):
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

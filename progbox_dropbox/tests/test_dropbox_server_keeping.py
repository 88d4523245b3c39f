import requests
from dropbox import exceptions, files, sharing

from .dropbox_case import ClientCase

GUEST = "claire@example.com"


class TestDropboxServerKeeping(ClientCase):
    """The local Dropbox: deltas, revisions, reading, shared folders."""

    def changes(self, cursor):
        """Return {path: kind} of what has changed, and the next cursor."""
        answer = self.client.files_list_folder_continue(cursor)
        found = {
            entry.path_lower: type(entry).__name__.removesuffix("Metadata")
            for entry in answer.entries
        }
        return found, answer.cursor

    # ------------------------------------------------------------------
    # Listing
    # ------------------------------------------------------------------

    def test_a_moved_folder_comes_as_one_deletion_and_all_of_its_files(self):
        self.put("/a/b/c")
        cursor = self.client.files_list_folder("", recursive=True).cursor
        self.client.files_move_v2("/a", "/z")
        found, cursor = self.changes(cursor)
        self.assertEqual(
            list(found.items()),
            [("/a", "Deleted"), ("/z", "Folder"), ("/z/b", "Folder")]
            + [("/z/b/c", "File")],
        )
        self.client.files_delete_v2("/z")
        found, _cursor = self.changes(cursor)
        self.assertEqual(found, {"/z": "Deleted"})

    def test_a_cursor_may_be_reset(self):
        cursor = self.client.files_list_folder("").cursor
        self.fault("list_folder/continue", "reset")
        for _time in range(2):
            text = self.refused(self.client.files_list_folder_continue, cursor)
            self.assertIn("reset", text)

    def test_the_latest_cursor_tells_what_comes_later(self):
        self.put("/a")
        latest = self.client.files_list_folder_get_latest_cursor("", recursive=True)
        self.put("/b")
        self.assertEqual(self.changes(latest.cursor)[0], {"/b": "File"})

    # ------------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------------

    def test_a_file_is_found_by_its_id_wherever_it_is(self):
        written = self.put("/a/b")
        self.client.files_move_v2("/a", "/z")
        found = self.client.files_get_metadata(written.id)
        self.assertEqual(found.path_display, "/z/b")
        _metadata, answer = self.client.files_download(written.id)
        self.assertEqual(answer.content, b"hello")

    def test_a_deleted_file_has_revisions_and_comes_back(self):
        first = self.put("/a", b"1")
        self.put("/a", b"2", mode=files.WriteMode.overwrite)
        self.client.files_delete_v2("/a")
        revisions = self.client.files_list_revisions("/a")
        self.assertTrue(revisions.is_deleted)
        self.assertEqual(len(revisions.entries), 2)
        self.assertIn("not_found", self.refused(self.client.files_get_metadata, "/a"))
        found = self.client.files_get_metadata("/a", include_deleted=True)
        self.assertIsInstance(found, files.DeletedMetadata)
        self.client.files_restore("/a", first.rev)
        self.assertEqual(self.client.files_download("/a")[1].content, b"1")

    def test_a_file_may_be_refused_or_arrive_wrongly(self):
        self.put("/a")
        self.fault("download", "restricted_content", name="/a")
        text = self.refused(self.client.files_download, "/a")
        self.assertIn("restricted_content", text)
        self.fault("download", "corrupt")
        self.assertNotEqual(self.client.files_download("/a")[1].content, b"hello")
        self.assertEqual(self.client.files_download("/a")[1].content, b"hello")

    def test_restoring_is_for_paths_alone(self):
        written = self.put("/a")
        access, _refresh = self.dropbox.grant()
        # The client would check the argument first.
        answer = requests.post(
            "https://api.dropboxapi.com/2/files/restore",
            json={"path": written.id, "rev": written.rev},
            headers={"Authorization": f"Bearer {access}"},
            timeout=60,
        )
        self.assertEqual(answer.status_code, 400)
        self.assertIn("pattern", answer.text)

    # ------------------------------------------------------------------
    # Sharing
    # ------------------------------------------------------------------

    def shared(self, path, **options):
        answer = self.client.sharing_share_folder(path, **options)
        if answer.is_async_job_id():
            check = self.client.sharing_check_share_job_status
            job = answer.get_async_job_id()
            while (answer := check(job)).is_in_progress():
                pass
        return answer.get_complete().shared_folder_id

    def invite(self, folder, email=GUEST, **options):
        member = sharing.AddMember(
            sharing.MemberSelector.email(email), sharing.AccessLevel.viewer
        )
        self.client.sharing_add_folder_member(folder, [member], **options)

    def test_a_folder_is_shared_once(self):
        self.put("/a/b")
        folder = self.shared("/a")
        text = self.refused(self.client.sharing_share_folder, "/a")
        self.assertIn("already_shared", text)
        info = self.client.files_get_metadata("/a").sharing_info
        self.assertEqual(info.shared_folder_id, folder)

    def test_sharing_may_take_its_time(self):
        self.put("/a/b")
        folder = self.shared("/a", force_async=True)
        self.assertEqual(
            self.client.sharing_get_folder_metadata(folder).path_lower, "/a"
        )

    def test_shared_folders_are_not_nested(self):
        self.put("/a/b/c")
        self.assertIn(
            "is_file", self.refused(self.client.sharing_share_folder, "/a/b/c")
        )
        self.shared("/a/b")
        self.put("/a/b/d/e")
        for path, tag in {
            "/a/b/d": "inside_shared_folder",
            "/a": "contains_shared_folder",
        }.items():
            self.assertIn(tag, self.refused(self.client.sharing_share_folder, path))

    def test_members_are_invited_listed_and_removed(self):
        folder = self.shared("/a")
        self.invite(folder)
        self.invite(folder, "paul@example.com")
        page = self.client.sharing_list_folder_members(folder, limit=2)
        [owner], [claire] = page.users, page.invitees
        self.assertTrue(owner.access_type.is_owner())
        self.assertEqual(claire.invitee.get_email(), GUEST)
        self.assertTrue(claire.access_type.is_viewer())
        page = self.client.sharing_list_folder_members_continue(page.cursor)
        self.assertEqual(len(page.invitees), 1)
        self.assertFalse(page.cursor)
        selector = sharing.MemberSelector.email(GUEST)
        job = self.client.sharing_remove_folder_member(folder, selector, False)
        check = self.client.sharing_check_remove_member_job_status
        while not check(job.get_async_job_id()).is_complete():
            pass
        remaining = self.client.sharing_list_folder_members(folder)
        self.assertEqual(len(remaining.invitees), 1)
        self.assertIn(
            "not_a_member",
            self.refused(
                self.client.sharing_remove_folder_member, folder, selector, False
            ),
        )

    def test_invitations_may_be_refused(self):
        folder = self.shared("/a")
        for kind in ("insufficient_plan", "too_many_members", "rate_limit"):
            self.dropbox.faults.add("sharing/add_folder_member", kind)
            self.assertIn(kind, self.refused(self.invite, folder))
        self.assertIn("invalid_id", self.refused(self.invite, "123"))

    def test_a_folder_is_not_shared_any_more(self):
        folder = self.shared("/a")
        self.client.sharing_unshare_folder(folder)
        text = self.refused(self.client.sharing_list_folder_members, folder)
        self.assertIn("invalid_id", text)

    def test_an_app_with_an_app_folder_shares_nothing(self):
        self.dropbox.app.full = False
        with self.assertRaises(exceptions.BadInputError) as caught:
            self.shared("/a")
        self.assertIn("App Folder", caught.exception.message)

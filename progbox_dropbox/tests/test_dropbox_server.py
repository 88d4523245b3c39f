import hashlib
from urllib.parse import parse_qsl, urlsplit

import requests
from dropbox import exceptions, files
from dropbox.oauth import DropboxOAuth2Flow

from .dropbox_case import ClientCase
from .dropbox_server.alone import dropbox_alone
from .dropbox_server.generate import Generator, written
from .dropbox_server.table import FILE

EMPTY = hashlib.sha256(b"").hexdigest()
BLOCKS = (b"a" * (4 << 20), b"b" * (4 << 20), b"c")


class TestDropboxServer(ClientCase):
    """The local Dropbox, asked by Dropbox's own client."""

    # ------------------------------------------------------------------
    # Files
    # ------------------------------------------------------------------

    def test_the_hash_of_an_empty_file_covers_no_block(self):
        self.assertEqual(self.put("/empty", b"").content_hash, EMPTY)

    def test_the_hash_covers_blocks_of_four_megabytes(self):
        digests = b"".join(hashlib.sha256(block).digest() for block in BLOCKS)
        found = self.put("/large", b"".join(BLOCKS)).content_hash
        self.assertEqual(found, hashlib.sha256(digests).hexdigest())

    def test_identical_content_is_no_conflict_and_writes_nothing(self):
        first = self.put("/a.txt")
        again = self.put("/A.TXT")
        self.assertEqual((again.rev, again.id), (first.rev, first.id))
        self.assertEqual(list(self.files), ["/a.txt"])

    def test_other_content_is_a_conflict(self):
        self.put("/a.txt")
        self.assertIn("conflict", self.refused(self.put, "/a.txt", b"other"))

    def test_autorename_overwrite_and_update(self):
        first = self.put("/a.txt")
        renamed = self.put("/a.txt", b"2", autorename=True)
        self.assertEqual(renamed.path_display, "/a (1).txt")
        mode = files.WriteMode.update(first.rev)
        second = self.put("/a.txt", b"3", mode=mode)
        self.assertNotEqual(second.rev, first.rev)
        self.assertIn("conflict", self.refused(self.put, "/a.txt", b"4", mode=mode))
        self.put("/a.txt", b"5", mode=files.WriteMode.overwrite)
        revisions = self.client.files_list_revisions("/a.txt").entries
        self.assertEqual(len(revisions), 3)
        self.client.files_restore("/a.txt", first.rev)
        _metadata, response = self.client.files_download("/a.txt")
        self.assertEqual(response.content, b"hello")

    def test_a_folder_and_a_file_in_the_way(self):
        self.put("/a/b")
        self.assertIn("folder", self.refused(self.put, "/a"))
        self.assertIn("file_ancestor", self.refused(self.put, "/a/b/c"))

    def test_names_that_dropbox_refuses(self):
        for name, tag in {
            "Thumbs.db": "disallowed_name",
            "a ": "malformed_path",
            "x" * 256: "malformed_path",
            "a\\b": "malformed_path",
            "🎉": "malformed_path",
        }.items():
            self.assertIn(tag, self.refused(self.put, f"/{name}"), name)

    def test_moving_and_deleting_take_along_what_is_below(self):
        self.put("/a/b/c")
        self.client.files_move_v2("/a", "/Z")
        self.assertEqual(list(self.files), ["/Z/b/c"])
        self.client.files_delete_v2("/z")
        self.assertFalse(self.files)
        self.assertIn("not_found", self.refused(self.client.files_delete_v2, "/z"))
        self.client.files_create_folder_v2("/new")
        self.assertIn(
            "conflict", self.refused(self.client.files_create_folder_v2, "/new")
        )

    def moved(self, *pairs):
        """Move in one call, and return the entries of the result."""
        entries = [files.RelocationPath(*pair) for pair in pairs]
        answer = self.client.files_move_batch_v2(entries)
        if answer.is_async_job_id():
            job = answer.get_async_job_id()
            check = self.client.files_move_batch_check_v2
            while (answer := check(job)).is_in_progress():
                pass
        return answer.get_complete().entries

    def test_moving_many_says_of_each_how_it_went(self):
        ids = [self.put(f"/{n}", n.encode()).id for n in "abc"]
        for kind in (None, "async"):
            with self.subTest(kind=kind):
                if kind:
                    self.fault("move_batch_v2", kind)
                there = "/there" if kind else ""
                here = "" if kind else "/there"
                entries = self.moved(
                    (f"{there}/a", f"{here}/a"), ("/x", "/y"), (ids[1], f"{here}/b")
                )
                good = entries[0].get_success()
                self.assertEqual((good.id, good.path_display), (ids[0], f"{here}/a"))
                failure = entries[1].get_failure().get_relocation_error()
                self.assertTrue(failure.get_from_lookup().is_not_found())
                self.assertTrue(entries[2].is_success())
        self.assertEqual(set(self.files), {"/a", "/b", "/c"})

    def test_moving_many_refuses_each_by_itself(self):
        for name in "abc":
            self.put(f"/{name}", name.encode())
        entries = self.moved(("/a", "/c"), ("/b", "/Thumbs.db"), ("/c", "/C/d"))
        errors = [entry.get_failure().get_relocation_error() for entry in entries]
        self.assertTrue(errors[0].get_to().get_conflict().is_file())
        self.assertTrue(errors[1].get_to().is_disallowed_name())
        self.assertTrue(errors[2].is_cant_move_folder_into_itself())
        with self.dropbox.committing(self.dropbox.account):
            [entry] = self.moved(("/a", "/z"))
            self.assertTrue(entry.get_failure().is_too_many_write_operations())
        self.assertEqual(set(self.files), {"/a", "/b", "/c"})

    def asked(self, route, argument):
        """Ask without the client, which checks the argument first."""
        access, _refresh = self.dropbox.grant()
        return requests.post(
            f"https://api.dropboxapi.com/2/{route}",
            json=argument,
            headers={"Authorization": f"Bearer {access}"},
            timeout=60,
        )

    def test_moving_none_or_too_many_is_refused(self):
        for number in (0, 1001):
            entries = [
                {"from_path": f"/{n}", "to_path": f"/x{n}"} for n in range(number)
            ]
            answer = self.asked("files/move_batch_v2", {"entries": entries})
            self.assertEqual(answer.status_code, 400)

    def test_a_full_account(self):
        self.dropbox.account.store.allocated = 6
        self.put("/a")
        self.assertIn("insufficient_space", self.refused(self.put, "/b", b"other"))
        self.assertEqual(self.client.users_get_space_usage().used, 5)

    # ------------------------------------------------------------------
    # Sessions
    # ------------------------------------------------------------------

    def cursor(self, session, offset):
        return files.UploadSessionCursor(session, offset)

    def test_many_files_in_three_calls(self):
        contents = [b"one", b"", b"three"]
        started = self.client.files_upload_session_start_batch(len(contents))
        ids = started.session_ids
        entries = [
            files.UploadSessionAppendBatchArgEntry(
                self.cursor(id_, 0), len(content), True
            )
            for id_, content in zip(ids, contents, strict=True)
        ]
        answer = self.client.files_upload_session_append_batch(
            b"".join(contents), entries
        )
        self.assertTrue(all(entry.is_success() for entry in answer.entries))
        commits = [
            files.UploadSessionFinishArg(
                self.cursor(id_, len(content)), files.CommitInfo(f"/{number}")
            )
            for number, (id_, content) in enumerate(zip(ids, contents, strict=True))
        ]
        commits[0].commit.path = "/desktop.ini"
        answer = self.client.files_upload_session_finish_batch_v2(commits)
        self.assertEqual(
            [entry.is_success() for entry in answer.entries], [False, True, True]
        )
        self.assertEqual(answer.entries[1].get_success().content_hash, EMPTY)
        self.assertEqual(self.dropbox.calls, 3)
        self.assertEqual(list(self.files), ["/1", "/2"])

    def test_a_wrong_offset_is_answered_with_the_right_one(self):
        session = self.client.files_upload_session_start(b"12").session_id
        with self.assertRaises(exceptions.ApiError) as caught:
            self.client.files_upload_session_append_v2(b"3", self.cursor(session, 9))
        lookup = caught.exception.error.get_incorrect_offset()
        self.assertEqual(lookup.correct_offset, 2)
        self.client.files_upload_session_append_v2(b"3", self.cursor(session, 2))
        commit = files.CommitInfo("/a")
        found = self.client.files_upload_session_finish(
            b"4", self.cursor(session, 3), commit
        )
        self.assertEqual(found.size, 4)
        again = self.client.files_upload_session_finish
        self.assertIn(
            "not_found", self.refused(again, b"", self.cursor(session, 4), commit)
        )

    def test_a_batch_takes_closed_sessions_only(self):
        session = self.client.files_upload_session_start(b"12").session_id
        entry = files.UploadSessionFinishArg(
            self.cursor(session, 2), files.CommitInfo("/a")
        )
        answer = self.client.files_upload_session_finish_batch_v2([entry])
        self.assertIn("not_closed", str(answer.entries[0]))

    def test_a_wrong_hash_is_refused(self):
        self.assertIn(
            "content_hash_mismatch",
            self.refused(self.put, "/a", content_hash="0" * 64),
        )

    # ------------------------------------------------------------------
    # Listing
    # ------------------------------------------------------------------

    def test_pages_changes_and_a_forgotten_cursor(self):
        for number in range(5):
            self.put(f"/Base/{number}")
        page = self.client.files_list_folder("/base", recursive=True, limit=2)
        names = [entry.name for entry in page.entries]
        while page.has_more:
            page = self.client.files_list_folder_continue(page.cursor)
            names += [entry.name for entry in page.entries]
        self.assertEqual(names, list("01234"))
        self.client.files_delete_v2("/base/3")
        self.put("/base/9")
        page = self.client.files_list_folder_continue(page.cursor)
        self.assertEqual(
            [(type(entry).__name__, entry.name) for entry in page.entries],
            [("DeletedMetadata", "3"), ("FileMetadata", "9")],
        )
        self.dropbox.account.cursors.clear()
        forgotten = self.client.files_list_folder_continue
        self.assertIn("reset", self.refused(forgotten, page.cursor))

    # ------------------------------------------------------------------
    # Strictness
    # ------------------------------------------------------------------

    def post(self, role, route, **options):
        access, _refresh = self.dropbox.grant()
        headers = {"Authorization": f"Bearer {access}", **options.pop("headers", {})}
        url = f"https://{self.dropbox.address(role)}/2/{route}"
        verify = str(self.dropbox.ca_file)
        return requests.post(url, headers=headers, verify=verify, timeout=60, **options)

    def test_wrong_hosts_arguments_and_types_are_refused(self):
        route = "files/get_metadata"
        self.assertEqual(
            self.post("content", route, json={"path": "/a"}).status_code, 400
        )
        answer = self.post("api", route, json={"path": "/a", "nonsense": 1})
        self.assertIn("unknown field", answer.text)
        self.assertIn("missing field", self.post("api", route, json={}).text)
        self.assertIn("Content-Type", self.post("api", route, data="{}").text)
        self.assertEqual(self.post("api", "files/nonsense", json={}).status_code, 404)
        answer = self.post("api", "files/list_folder", json={"path": "/"})
        self.assertIn("empty string", answer.text)

    def test_arguments_that_the_specification_rules_out_are_refused(self):
        cursor = {"session_id": "a", "offset": 0}
        commit = {"path": "/a", "client_modified": "yesterday"}
        for route, argument, complaint in (
            ("get_metadata", {"path": "a"}, "path: 'a' did not match pattern"),
            ("get_metadata", {"path": 1}, "path: expected string"),
            ("get_metadata", [], "request body: expected object"),
            ("list_folder", {"path": "", "limit": 2001}, "limit: must be between 1"),
            ("list_folder", {"path": "", "limit": True}, "limit: expected integer"),
            ("list_folder", {"path": "", "recursive": 1}, "expected boolean"),
            ("move_batch_v2", {"entries": []}, "entries: must have at least 1 items"),
            ("move_batch_v2", {"entries": {}}, "entries: expected list"),
            ("delete_batch", {"entries": [{"path": "/a"}] * 1001}, "at most 1000"),
            ("delete_batch", {"entries": [{"way": "/a"}]}, "entries[0]: unknown field"),
            (
                "upload_session/finish_batch_v2",
                {"entries": [{"cursor": cursor, "commit": commit}]},
                "entries[0].commit.client_modified: 'yesterday' did not match format",
            ),
            (
                "upload_session/start_batch",
                {"num_sessions": 1, "session_type": "odd"},
                "session_type: unknown tag 'odd'",
            ),
        ):
            with self.subTest(route=route, complaint=complaint):
                answer = self.post("api", f"files/{route}", json=argument)
                self.assertEqual(answer.status_code, 400)
                self.assertIn(complaint, answer.text)

    def test_its_routes_are_those_of_the_specification(self):
        """Dropbox generates its SDK from it: see ``dropbox_server/generate.py``."""
        self.assertEqual(FILE.read_text(), written(Generator().table()))

    def test_it_is_reached_over_tls_alone(self):
        url = f"//{self.dropbox.address('api')}/2/check/user"
        with self.assertRaises(requests.exceptions.ConnectionError):
            requests.post(f"http:{url}", json={}, timeout=60)
        with self.assertRaises(requests.exceptions.SSLError):
            requests.post(f"https:{url}", json={}, verify=True, timeout=60)

    def test_a_scope_that_is_missing(self):
        client = self.connected(scopes=["account_info.read"])
        with self.assertRaises(exceptions.AuthError) as caught:
            client.files_upload(b"", "/a")
        self.assertTrue(caught.exception.error.is_missing_scope())
        self.dropbox.app.scopes.discard("files.content.write")
        with self.assertRaises(exceptions.BadInputError) as caught:
            client.files_upload(b"", "/a")
        self.assertIn("required scope", caught.exception.message)

    # ------------------------------------------------------------------
    # Tokens
    # ------------------------------------------------------------------

    def test_a_token_runs_out_and_is_refreshed(self):
        self.dropbox.expire()
        self.put("/a")
        self.assertEqual(self.dropbox.by_route["oauth2/token"], 1)

    def test_revoking_ends_all_tokens_of_the_grant(self):
        self.client.auth_token_revoke()
        with self.assertRaises(exceptions.AuthError):
            self.put("/a")
        with self.assertRaises(exceptions.AuthError):
            self.client.refresh_access_token()

    def flow(self, session):
        self.dropbox.app.redirects = ["https://odoo.example.com/back"]
        return DropboxOAuth2Flow(
            "app-key",
            "https://odoo.example.com/back",
            session,
            "csrf",
            token_access_type="offline",
            use_pkce=True,
        )

    def test_a_code_is_for_whoever_has_the_verifier_and_once(self):
        session = {}
        flow = self.flow(session)
        back = self.dropbox.authorize(flow.start("database"))
        query = dict(parse_qsl(urlsplit(back).query))
        result = flow.finish(query)
        self.assertEqual(result.url_state, "database")
        self.assertTrue(result.refresh_token)
        self.assertEqual(result.account_id, self.dropbox.account.id)
        other = self.flow(session)
        query = dict(parse_qsl(urlsplit(self.dropbox.authorize(other.start())).query))
        other.code_verifier = "somebody else's"
        with self.assertRaises(requests.HTTPError):
            other.finish(query)

    def test_a_person_may_refuse(self):
        flow = self.flow({})
        back = self.dropbox.authorize(flow.start(), allow=False)
        self.assertIn("access_denied", back)

    # ------------------------------------------------------------------
    # Faults
    # ------------------------------------------------------------------

    def test_an_answer_is_lost_after_the_work(self):
        self.fault("upload", "drop_after")
        with self.assertRaises(requests.ConnectionError):
            self.put("/a")
        self.assertEqual(list(self.files), ["/a"])

    def test_a_call_is_lost_before_the_work(self):
        self.fault("upload", "drop_before")
        with self.assertRaises(requests.ConnectionError):
            self.put("/a")
        self.assertFalse(self.files)

    def test_wrong_bytes_are_stored(self):
        self.fault("upload", "corrupt", name="/b")
        good, bad = self.put("/a"), self.put("/b")
        self.assertNotEqual(good.content_hash, bad.content_hash)

    def test_two_commits_at_a_time_are_one_too_many(self):
        account = self.dropbox.account
        with self.dropbox.committing(account):
            entry = self.client.files_create_folder_v2
            self.assertIn("too_many_write_operations", self.refused(entry, "/a"))
        self.assertEqual(self.dropbox.max_concurrent_commits, 2)

    def test_it_starts_alone(self):
        with dropbox_alone() as dropbox:
            hosts = dropbox.environment
            answer = requests.post(
                f"https://{hosts['DROPBOX_API_HOST']}/2/check/user",
                json={},
                verify=hosts["REQUESTS_CA_BUNDLE"],
                timeout=60,
            )
            self.assertIn("Authorization", answer.text)
            self.assertEqual(dropbox.counts()["calls"], 1)

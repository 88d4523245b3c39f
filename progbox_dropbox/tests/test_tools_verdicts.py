import requests
from dropbox import auth, exceptions, files
from dropbox.stone_validators import ValidationError

from ..tools.client import Client
from ..tools.upload import File
from ..tools.verdicts import REASONS, TAGS, Action, classify, classify_entry
from .dropbox_case import DropboxCase

ROUTE = "files/get_metadata"
# What each fault of a route means, and how long to wait.
EXPECTED = {
    "429_json": (Action.PAUSE, 15),
    "429_header": (Action.PAUSE, 15),
    "429_text": (Action.PAUSE, 15),
    "429_bare": (Action.PAUSE, 1),
    "429_date": (Action.PAUSE, 1),
    "401_revoked": (Action.RECONNECT, None),
    "401_suspended": (Action.RECONNECT, None),
    "401_scope": (Action.CONFIGURATION, None),
    "401_html": (Action.RETRY, None),
    "403_plan": (Action.FULL, None),
    "400_scope": (Action.CONFIGURATION, None),
    "500_html": (Action.RETRY, None),
    "502_html": (Action.RETRY, None),
    "503_empty": (Action.RETRY, None),
    "200_html": (Action.RETRY, None),
    "200_not_json": (Action.RETRY, None),
    "200_charset": (Action.RETRY, None),
    "409_html": (Action.RETRY, None),
    "409_other": (Action.RETRY, None),
    "409_unknown": (Action.RETRY, None),
    "drop_before": (Action.RETRY, None),
    "drop_after": (Action.RETRY, None),
}


class TestToolsVerdicts(DropboxCase):
    """Whatever Dropbox answers, the table says what it means."""

    def client(self, **options):
        access, refresh = self.dropbox.grant()
        tokens = {"app_key": "app-key", "app_secret": "app-secret", **options}
        return Client(access, oauth2_refresh_token=refresh, **tokens)

    def verdict(self, function, *arguments):
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001  it is the table's to know them all
            return classify(error)
        return None

    def test_each_fault_has_its_verdict(self):
        client = self.client()
        client.files_upload(b"", "/a")
        for kind, (action, seconds) in EXPECTED.items():
            with self.subTest(kind):
                self.dropbox.faults.add(ROUTE, kind)
                verdict = self.verdict(client.files_get_metadata, "/a")
                self.assertEqual((verdict.action, verdict.seconds), (action, seconds))
                self.assertIn(verdict.reason, REASONS)
                self.assertTrue(verdict.detail)

    def test_the_character_set_of_a_proxy_does_no_harm(self):
        client = self.client()
        client.files_upload(b"", "/a")
        send = client._session.send

        def add_charset(request, **options):
            response = send(request, **options)
            response.headers["content-type"] += "; charset=utf-8"
            return response

        client._session.send = add_charset
        self.assertEqual(client.files_get_metadata("/a").name, "a")

    def test_an_expired_token_is_refreshed_without_a_word(self):
        client = self.client()
        self.dropbox.expire()
        self.assertIsNone(self.verdict(client.check_user))

    def test_a_token_that_cannot_be_refreshed(self):
        client = self.client()
        self.dropbox.refreshes.clear()
        self.dropbox.expire()
        self.assertEqual(self.verdict(client.check_user).action, Action.RECONNECT)

    def test_a_wrong_secret(self):
        client = self.client(app_secret="nonsense")
        self.dropbox.expire()
        self.assertEqual(self.verdict(client.check_user).action, Action.CONFIGURATION)

    def test_a_call_that_one_file_has_spoilt_stops_nobody(self):
        error = exceptions.BadInputError("id", "entries.3.path: did not match pattern")
        verdict = classify(error)
        self.assertEqual((verdict.action, verdict.reason), (Action.RETRY, "refused"))

    def test_errors_of_one_file(self):
        write = files.WriteError
        for error, action in {
            write.disallowed_name: Action.PERMANENT,
            write.conflict(files.WriteConflictError.file): Action.PERMANENT,
            write.insufficient_space: Action.FULL,
            write.too_many_write_operations: Action.RETRY,
        }.items():
            entry = files.UploadSessionFinishError.path(error)
            self.assertEqual(classify_entry(entry).action, action)
            failed = files.UploadWriteFailed(error, "")
            whole = exceptions.ApiError("id", files.UploadError.path(failed), "", "")
            self.assertEqual(classify(whole).action, action)
        lost = files.UploadSessionFinishError.lookup_failed(
            files.UploadSessionLookupError.not_found
        )
        self.assertEqual(classify_entry(lost).action, Action.RESTART)
        other = files.UploadSessionFinishError.other
        self.assertEqual(classify_entry(other).action, Action.RETRY)

    def test_the_table_knows_every_tag_of_writing(self):
        """But those that say nothing by themselves."""
        around = {"path", "lookup_failed", "other", "properties_error"}
        around |= {"file", "folder", "file_ancestor"}
        for union in (
            files.WriteError,
            files.UploadSessionLookupError,
            files.UploadSessionAppendError,
            files.UploadSessionFinishError,
            auth.AuthError,
        ):
            tags = set(union._tagmap) - around
            self.assertFalse(tags - set(TAGS), union)

    def test_what_is_no_error_of_dropbox_is_raised(self):
        with self.assertRaises(ZeroDivisionError):
            classify(ZeroDivisionError())

    def test_errors_of_the_network_and_of_the_sdk(self):
        for error in (
            requests.ConnectionError(),
            requests.exceptions.ChunkedEncodingError(),
            requests.ReadTimeout(),
            ValidationError("unknown tag"),
            AssertionError("content type"),
            KeyError("expires_in"),
        ):
            self.assertEqual(classify(error).action, Action.RETRY)

    def test_the_hash_of_blocks_is_dropboxs(self):
        for path, blocks in {
            "/a": [b"a" * 5_000_000, b"b" * 3_000_000, b"", b"c" * 7],
            "/b": [],
        }.items():
            size = sum(map(len, blocks))
            file = File(key=None, path=path, size=size, sha256=None, read=None)
            file.hash(blocks, size)
            found = self.client().files_upload(b"".join(blocks), path)
            self.assertEqual(file.content_hash, found.content_hash)

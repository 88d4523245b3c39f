import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

CODE = "s3"


class ObjectStore:
    """Keeps the files of Odoo elsewhere, the way fs_attachment of the OCA does.

    The name in the row is ``code://name-id-version.ext``, reading goes through
    ``attachment.open("rb")``, writing a stream through ``attachment.open("wb")``, and
    what Odoo itself reads of a lost object is empty.

    :param case: the test case; the store lasts as long as the test
    """

    def __init__(self, case):
        temporary = TemporaryDirectory()
        case.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self._patch(case, type(case.env["ir.attachment"]))

    def path(self, store_fname):
        return self.folder / store_fname.removeprefix(f"{CODE}://")

    def _patch(self, case, attachments):
        """Replace what fs_attachment overrides."""
        store = self
        read, create = attachments._file_read, attachments.create
        set_data = attachments._set_attachment_data

        def _file_read(self, fname, size=None):
            if not _kept(fname):
                return read(self, fname, size)
            try:
                return store.path(fname).read_bytes()
            except OSError:
                return b""

        def _open(self, mode="rb", new_version=True):
            self.ensure_one()
            if mode == "wb" and new_version:
                return store.writing(self, _name)
            if mode == "wb":
                return store.rewriting(self)
            name = self.store_fname
            path = store.path(name) if _kept(name) else Path(self._full_path(name))
            return path.open(mode)

        def _name(attachment):
            if _kept(attachment.store_fname):
                before = store.path(attachment.store_fname)
                after = before.with_name(
                    f"invoice-{attachment.id}-0{Path(attachment.name).suffix}"
                )
                before.rename(after)
                attachment._fields["store_fname"].write(
                    attachment, f"{CODE}://{after.name}"
                )

        def _create(self, vals_list):
            records = create(self, vals_list)
            for attachment in records:
                _name(attachment)
            return records

        def _set_attachment_data(self, asbytes):
            set_data(self, asbytes)
            for attachment in self:
                _name(attachment)

        case.patch(attachments, "_storage", lambda self: CODE)
        case.patch(
            attachments,
            "_get_path",
            lambda self, content, sha: (f"{CODE}://{sha}", str(store.folder / sha)),
        )
        case.patch(
            attachments,
            "_file_write",
            lambda self, content, sha: (store.folder / sha).write_bytes(content),
        )
        case.patch(attachments, "_file_read", _file_read)
        case.patch(attachments, "_file_delete", lambda self, fname: None)
        case.patch(attachments, "create", _create)
        case.patch(attachments, "_set_attachment_data", _set_attachment_data)
        attachments.open = _open
        case.addCleanup(self.uninstall, case)

    @contextmanager
    def writing(self, attachment, name):
        """Write a new object, which the row gets to know when it is closed."""
        sha = attachment._compute_checksum(os.urandom(256))
        path = self.folder / sha
        attachment._file_write(b"", sha)
        with path.open("wb") as raw:
            yield SparseFile(raw)
        # The checksum is one of its own, which Odoo drops here.
        attachment.write({"checksum": 1, "file_size": 1, "index_content": b""})
        attachment._fields["store_fname"].write(attachment, f"{CODE}://{sha}")
        name(attachment)

    @contextmanager
    def rewriting(self, attachment):
        """Write the object again under its name."""
        with self.path(attachment.store_fname).open("wb") as raw:
            yield raw
        attachment.write({"checksum": 1, "file_size": 1, "index_content": b""})

    @staticmethod
    def uninstall(case):
        """Take the module away that reads the store; its files stay."""
        attachments = type(case.env["ir.attachment"])
        if "open" in vars(attachments):
            del attachments.open


class SparseFile:
    """Leaves holes for blocks of zeros: gigabytes of them take no disk."""

    def __init__(self, raw):
        self.raw = raw

    def write(self, block):  # pylint: disable=method-required-super
        if block == bytes(len(block)):
            self.raw.truncate(self.raw.seek(len(block), os.SEEK_CUR))
        else:
            self.raw.write(block)


def _kept(fname):
    return bool(fname) and fname.startswith(f"{CODE}://")

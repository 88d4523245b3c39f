from pathlib import Path
from tempfile import TemporaryDirectory

CODE = "s3"


class ObjectStore:
    """Keeps the files of Odoo elsewhere, the way fs_attachment of the OCA does.

    The name in the row is ``code://name-id-version.ext``, reading goes through
    ``attachment.open("rb")``, and what Odoo itself reads of a lost object is empty.

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

        def _open(self, mode="rb"):
            self.ensure_one()
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

    @staticmethod
    def uninstall(case):
        """Take the module away that reads the store; its files stay."""
        attachments = type(case.env["ir.attachment"])
        if "open" in vars(attachments):
            del attachments.open


def _kept(fname):
    return bool(fname) and fname.startswith(f"{CODE}://")

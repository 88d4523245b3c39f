"""A file that a person has dropped: whether it is one to keep, and what it is."""

from odoo.exceptions import UserError
from odoo.tools.mimetypes import guess_mimetype

from odoo.addons.progbox_invoice_archive.models.ir_attachment import FILE_LIMIT

from ..tools.dropped_files import PROGRAMS, clean_name, is_program, mimetype_of

HEAD = 4096
PROGRAMS_PARAMETER = "progbox.forbidden_extensions"


class DroppedFile:
    """A file on its way into a folder.

    :param env: of the person who drops it
    :param str name: as the person's computer calls it
    :param StagedFile staged: where it is until it is a document
    :raise UserError: it is empty, too large, unreadable or a program
    """

    def __init__(self, env, name, staged):
        self.env = env
        self.name = clean_name(name)
        self.staged = staged
        self._check_size()
        first_bytes = self._first_bytes()
        check_program(env, self.name, first_bytes)
        self.mimetype = mimetype_of(self.name, guess_mimetype(first_bytes))

    def _check_size(self):
        if not self.staged.size:
            raise UserError(
                self.env._(
                    "%(name)s is empty: nothing was added. Open the file to see "
                    "whether it was saved, then drop it again.",
                    name=self.name,
                )
            )
        if self.staged.size > FILE_LIMIT:
            attachments = self.env["ir.attachment"]
            raise UserError(
                attachments._progbox_too_large_text(self.name, self.staged.size)
            )

    def _first_bytes(self):
        try:
            with self.staged.path.open("rb") as file:
                return file.read(HEAD)
        except OSError as error:
            raise UserError(
                self.env._(
                    "%(name)s arrived, but the server cannot read it: %(reason)s. "
                    "Drop it again; if that does not help, tell your administrator.",
                    name=self.name,
                    reason=error.strerror,
                )
            ) from error


def check_program(env, name, head=b""):
    """Check that a file is none that a computer runs.

    :param bytes head: its first bytes, where they are known
    :raise UserError: it is one, and programs are not kept
    """
    if is_program(name, head, _forbidden(env)):
        raise UserError(
            env._(
                "%(name)s is a program, and programs are not kept here. If you "
                "need to keep it all the same, put it into a zip file first.",
                name=name,
            )
        )


def _forbidden(env):
    """Return the extensions of names that nobody may drop."""
    chosen = env["ir.config_parameter"].sudo().get_param(PROGRAMS_PARAMETER)
    if not chosen:
        return PROGRAMS
    return set(chosen.replace(",", " ").replace(".", " ").lower().split())

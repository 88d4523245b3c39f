from odoo import api, models


class ProgboxCompilationReasons(models.AbstractModel):
    """Why a file is not in an invoice backup, and how to get it, in words."""

    _name = "progbox.compilation.reasons"
    _description = "Reasons of Invoice Backups"

    @api.model
    def _sentences(self, code):
        """Return what a person reads about a file that is left out.

        :param str code: of tools.pdf, or one of ours
        :return: the reason and the advice, translated; the advice may be empty
        """
        reasons = self._reasons_of_files() | self._reasons_of_invoices()
        return reasons.get(
            code, (self.env._("It cannot be read."), self._advice_open())
        )

    def _advice_open(self):
        return self.env._("Download it from the invoice.")

    def _reasons_of_files(self):
        again = self.env._(
            "Ask the sender for a new copy, attach it, then compile again."
        )
        print_it = self.env._(
            "Open it, print it as a PDF, attach that, then compile again."
        )
        download = self._advice_open()
        return {
            "missing": (
                self.env._("Its file is missing on the server."),
                self.env._("Restore it from a backup of the server."),
            ),
            "empty": (self.env._("The file is empty."), again),
            "encrypted": (
                self.env._("It opens with a password only."),
                self.env._("Open it with the password, save it without, attach that."),
            ),
            "not_a_pdf": (self.env._("It is neither a PDF nor a picture."), download),
            "picture_kind": (
                self.env._("It is a picture of a kind that has no place in a PDF."),
                self.env._("Save it as JPEG or PNG, attach that, then compile again."),
            ),
            "damaged": (
                self.env._("The PDF is damaged and cannot be repaired."),
                again,
            ),
            "truncated": (self.env._("The end of the PDF is missing."), again),
            "no_pages": (self.env._("The PDF has no page."), again),
            "recursive": (self.env._("The PDF contains itself without end."), again),
            "too_large": (self.env._("The file is larger than the limit."), download),
            "too_many_pages": (
                self.env._("It has more pages than the limit."),
                download,
            ),
            "timeout": (self.env._("Reading it took too long."), print_it),
            "out_of_memory": (
                self.env._("Reading it takes too much memory."),
                print_it,
            ),
            "crashed": (self.env._("The program that reads PDFs broke off."), print_it),
            "portfolio_empty": (
                self.env._("The PDF portfolio has no file in it."),
                again,
            ),
            "form_unreadable": (
                self.env._("It is a form that only Adobe's programs can show."),
                print_it,
            ),
            "active": (
                self.env._("It is inside of a PDF and may contain programs."),
                self.env._("Open the PDF it is in, if you trust whoever sent it."),
            ),
            "embedded": (
                self.env._("It is inside of a PDF and cannot be taken out."),
                self.env._("Open the PDF that it is in."),
            ),
            "remote": (self.env._("It is kept outside of this server."), download),
        }

    def _reasons_of_invoices(self):
        tick = self.env._("Tick it when you compile, to have it.")
        return {
            "unasked": (self.env._("It was not asked for."), tick),
            "detached": (
                self.env._("An older PDF, from before the invoice went back to draft."),
                tick,
            ),
            "alone": (
                self.env._("There is no page that it could be attached to."),
                self._advice_open(),
            ),
            "duplicate": (self.env._("The same file is in already."), ""),
            "replaced": (
                self.env._("The signed copy stands in its place."),
                self._advice_open(),
            ),
            "draft": (
                self.env._("It is a draft."),
                self.env._("Post it, then compile again."),
            ),
            "cancelled": (
                self.env._("The invoice is cancelled."),
                self.env._("Print it from Odoo, if you need it."),
            ),
            "render": (
                self.env._("Odoo could not make its pages."),
                self.env._("Print it from Odoo to see why, then compile again."),
            ),
            "forbidden": (
                self.env._("The invoice is gone, or you may not read it any more."),
                self.env._("Ask your administrator for the right, then compile again."),
            ),
        }

    @api.model
    def _failure(self, code):
        """Return why there is no backup at all, and what to do.

        :param str code: one of tools.pdf.ERRORS
        """
        return {
            "disk_full": self.env._(
                "The server's disk is full, so the backup could not be written. Make "
                "room, then retry."
            ),
            "timeout": self.env._(
                "Putting the pages together took too long. Compile fewer invoices at "
                "once, or one file per client or vendor."
            ),
            "out_of_memory": self.env._(
                "Putting the pages together took too much memory. Compile fewer "
                "invoices at once, or one file per client or vendor."
            ),
            "check_failed": self.env._(
                "The finished PDF did not pass the check, so nobody gets it. Retry; "
                "if it comes back, show the technical detail to your administrator."
            ),
        }.get(
            code,
            self.env._(
                "The program that puts the pages together broke off. Retry; if it "
                "comes back, show the technical detail to your administrator."
            ),
        )

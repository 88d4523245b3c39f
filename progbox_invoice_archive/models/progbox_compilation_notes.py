from odoo import api, models

# Who reads the backup must know of these; the others change nothing that he sees.
TOLD = {
    "archived_cancelled",
    "archived_draft",
    "cover",
    "players",
    "repaired",
    "scripts",
    "xfa",
}


class ProgboxCompilationReasons(models.AbstractModel):
    """What to know about a file that is in an invoice backup, in words."""

    _inherit = "progbox.compilation.reasons"

    @api.model
    def _note(self, codes):
        """Return what a person reads about a file that goes in.

        :param codes: what tools.pdf has changed in it, or codes of ours
        :return: the translated text, and whether the last page says it, too
        """
        sentences = self._notes_of_files() | self._notes_of_invoices()
        text = " ".join(sentences[code] for code in sorted(codes) if code in sentences)
        return text, not TOLD.isdisjoint(codes)

    def _notes_of_files(self):
        return {
            "cover": self.env._("The cover page of the PDF portfolio is not in."),
            "decrypted": self.env._("It was encrypted without a password."),
            "forms": self.env._("Its form fields have become part of the page."),
            "players": self.env._("Its videos, sounds and 3D models are not in."),
            "repaired": self.env._("It was damaged: what could be read is in."),
            "scripts": self.env._("Its scripts and automatic actions are not in."),
            "xfa": self.env._("It was a dynamic form: its printed pages are in."),
        }

    def _notes_of_invoices(self):
        return {
            "archived_cancelled": self.env._(
                "The invoice has been cancelled: this is what was archived."
            ),
            "archived_draft": self.env._(
                "The invoice is a draft again: this is what was archived."
            ),
        }

"""What a finding of a verification says to a person: what happened, what to do.

By the kind of finding. The names in %(…)s are filled in by the finding.
"""

from odoo.tools import LazyTranslate

from .verification_beside import BESIDE_TEXTS

_lt = LazyTranslate(__name__)

RESTORE = _lt("Restore the file from a backup, then verify again.")
LEDGER = _lt(
    "Find out who worked in the database, and compare with a backup: Odoo "
    "itself never changes the ledger. Keep this report."
)
VALUES = _lt("Restore the values of the ledger line: they are shown here.")
TEXTS = {
    "file_missing": (
        _lt("The file of %(name)s is not in the file store any more."),
        RESTORE,
    ),
    "file_unreadable": (
        _lt("The file of %(name)s cannot be read: %(actual)s"),
        _lt("Correct the rights or the disk on the server, then verify again."),
    ),
    "file_changed": (
        _lt("The file of %(name)s is not the one that was archived."),
        _lt(
            "Keep the changed file as evidence, restore the one that was "
            "archived from a backup, then verify again."
        ),
    ),
    "file_second": (
        _lt(
            "A second file (attachments %(actual)s) has been put beside the "
            "file of %(name)s. Odoo may serve it instead."
        ),
        _lt("Have the administrator remove the newer attachment."),
    ),
    "line_changed": (
        _lt("Line %(line)s of the ledger has been changed (%(number)s)."),
        LEDGER,
    ),
    "line_removed": (
        _lt("These lines of the ledger have been removed: %(what)s."),
        LEDGER,
    ),
    "line_reordered": (
        _lt(
            "Line %(line)s of the ledger (%(number)s) stands at the place of "
            "another line."
        ),
        LEDGER,
    ),
    "line_foreign": (
        _lt(
            "Line %(line)s of the ledger (%(number)s) does not belong there: "
            "other evidence vouches for another line. %(what)s"
        ),
        LEDGER,
    ),
    "line_replaced": (
        _lt(
            "Line %(line)s of the ledger is another one than in the exported "
            "ledger, where it stands for %(name)s."
        ),
        LEDGER,
    ),
    "ledger_cut": (
        _lt(
            "The end of the ledger has been cut off: line %(line)s and what "
            "follows are gone. Compared with: %(what)s."
        ),
        _lt(
            "Compare with the newest backup. If an older backup has been "
            "restored, what was archived since then is missing here."
        ),
    ),
    "document_unsealed": (
        _lt("No line of the ledger vouches for %(name)s."),
        _lt(
            "It did not come into the archive through Odoo, or its line has "
            "been removed: compare with a backup."
        ),
    ),
    "document_missing": (
        _lt("%(name)s has been archived, and is not in the archive any more."),
        _lt("Restore the document and its file from a backup."),
    ),
    "document_changed": (
        _lt("%(name)s has been changed in the database: %(what)s."),
        VALUES,
    ),
    "closing_changed": (
        _lt("The closing %(name)s has been changed in the database: %(what)s."),
        VALUES,
    ),
    "closing_unsealed": (
        _lt("No line of the ledger vouches for the closing %(name)s."),
        LEDGER,
    ),
    "closing_missing": (
        _lt(
            "The closing %(name)s is in the ledger, and not among the closings "
            "any more."
        ),
        LEDGER,
    ),
    "invoice_missing": (
        _lt("%(number)s is posted and has not been archived."),
        _lt("Open Archiving > To Fix, or wait for the next catch-up."),
    ),
    "source_gone": (
        _lt(
            "Invoice %(number)s is not in Odoo any more, and no line of the "
            "ledger says who deleted it. Its document is kept."
        ),
        _lt(
            "Open Archiving > Deleted Invoices and retry it there. If it is "
            "not there, it was deleted in the database itself: find out who "
            "did it, and restore the invoice from a backup or acknowledge "
            "this."
        ),
    ),
    "guard_missing": (
        _lt("The database does not protect the archive as it should: %(actual)s"),
        _lt(
            "Update the module ProGBox Invoice Archive, then verify again. What is "
            "still named then, somebody has made in the database: have its "
            "administrator remove it, and find out who it was."
        ),
    ),
    "guard_lifted": (
        _lt(
            "The database did not protect the archive until Odoo put its "
            "guards back: %(actual)s"
        ),
        _lt(
            "Find out who worked in the database then. The other findings "
            "say whether the archive has suffered. Then acknowledge this."
        ),
    ),
    "unchecked": (
        _lt("A part of the archive could not be checked (%(what)s): %(actual)s"),
        _lt(
            "Nothing is known about this part. Have the administrator look into the "
            "log of the server and the tables of the database, then verify again."
        ),
    ),
    "clock": (
        _lt(
            "The server's clock was set back before line %(line)s of the "
            "ledger (%(number)s) was written."
        ),
        _lt(
            "Nothing is lost, but the times of these lines prove less. See "
            "that the server keeps its time with NTP, then acknowledge this."
        ),
    ),
    "cron_off": (
        _lt("A scheduled action of the archive does not run: %(actual)s."),
        _lt(
            "Have the administrator switch it on under Settings > Technical > "
            "Scheduled Actions, and see that Odoo runs scheduled actions at all."
        ),
    ),
    "helper_missing": (
        _lt("Something that ProGBox has brought along has been deleted: %(actual)s."),
        _lt(
            "Have the administrator update the module: that makes it again. Until "
            "then the work goes on without it, or makes it again when it is needed."
        ),
    ),
    "right_missing": (
        _lt(
            "Rules about who may read and change what in the archive have been "
            "deleted: %(actual)s."
        ),
        _lt(
            "Have the administrator update the module: that makes them again. Then "
            "look into the access log: others may have read the archive meanwhile."
        ),
    ),
    "mail_failed": (
        _lt("E-mails of the archive did not leave: %(actual)s."),
        _lt(
            "Open Settings > Technical > Emails: each says why. Correct it and retry "
            "the e-mail, or cancel it there."
        ),
    ),
    "job_late": (
        _lt("Invoices have waited for the archiver for more than a day: %(actual)s."),
        _lt(
            "Open Documents > Archiving: To Fix says what keeps an invoice back. When "
            "nothing moves in the Queue, have the administrator look at the scheduled "
            "actions."
        ),
    ),
    "verification_late": (
        _lt("No verification of the archive has come to its end since %(actual)s."),
        _lt("Verify now, and see that the monthly verification is switched on."),
    ),
    "closing_late": (
        _lt("The month %(actual)s is over and has not been closed."),
        _lt(
            "Close it under Documents > Archiving > Closings, and see that the "
            "scheduled action that closes the months is switched on."
        ),
    ),
    **BESIDE_TEXTS,
}

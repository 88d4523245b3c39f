"""Where a document is found: the record that it belongs to, and its folder."""

import hashlib

from odoo.exceptions import AccessError, UserError

# Enough to tell files apart, and half of the index.
KEY_LENGTH = 32


class Place:
    """A place for documents.

    :param record: of a model with the ProGBox tab, as the user sees it; empty for a
        general folder
    :param folder: progbox.folder, with the server's rights
    """

    def __init__(self, record, folder):
        self.record = record
        self.folder = folder

    @classmethod
    def to_write(cls, env, record, folder_id=None):
        """Return the place that a person has chosen, who may change what is there.

        :param record: the record, or an empty recordset
        :param folder_id: a folder of the record's own, or a general folder, or nothing
        :raise AccessError: the person may not change what is there
        :raise UserError: there is no such place
        """
        chosen = env["progbox.folder"].browse(folder_id or ()).exists()
        record = record or record_of(chosen)
        if not record:
            _check_general(env, chosen)
            return cls(record, chosen.sudo())
        record._progbox_check_access("write")
        own = env["progbox.folder"].sudo()._progbox_of_record(record)
        if not chosen:
            return cls(record, own)
        if own.id not in _ancestor_ids(chosen):
            raise UserError(
                env._(
                    "The folder %(folder)s does not belong to %(record)s. Choose one "
                    "of its own.",
                    folder=chosen.sudo().name
                    if chosen.has_access("read")
                    else chosen.id,
                    record=record.display_name,
                )
            )
        return cls(record, chosen.sudo())

    @classmethod
    def of(cls, document):
        """Return where a document is now."""
        return cls(document._progbox_record(), document.sudo().folder_id)

    @property
    def values(self):
        """What a document has to say of it."""
        return {
            "folder_id": self.folder.id,
            "company_id": self.folder.company_id.id,
            "res_model": self.record._name if self.record else False,
            "res_id": self.record.id if self.record else False,
        }

    @property
    def key(self):
        """Model and id of what holds the documents: a record, or a general folder."""
        holder = self.record or self.folder
        return holder._name, holder.id

    def drop_key(self, staged):
        """Return what is the same whenever the same file is dropped here."""
        return key_of(*self.key, staged.sha256)

    @property
    def name(self):
        """What people call it, sub-folders of the record included."""
        if not self.record:
            return self.folder.display_name
        if self.folder.res_id:
            return self.record.display_name
        return f"{self.record.display_name} / {self.folder.name}"


def key_of(*parts):
    """Return a short text that is the same for the same parts."""
    text = ",".join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def target(env, res_model, res_id):
    """Return the record that documents are moved to, empty if none is named.

    :raise UserError: there is no such record
    """
    nothing = env["progbox.document"]
    if not res_model:
        return nothing
    record = env.get(res_model, nothing).browse(res_id)
    if not hasattr(record, "progbox_tab") or not record.exists():
        raise UserError(
            env._(
                "The record to move to does not exist any more. Reload the page, then "
                "choose another one."
            )
        )
    return record


def _ancestor_ids(folder):
    """Return the ids of the folders above a folder, its own included."""
    return [int(id_) for id_ in folder.sudo()._ancestor_ids()]


def record_of(folder):
    """Return the record that a folder belongs to, empty if it is a general one."""
    nothing = folder.env["progbox.document"]
    owner = folder.browse(_ancestor_ids(folder)).sudo().filtered("res_id")[-1:]
    if not owner or owner.res_model not in folder.env:
        return nothing
    record = folder.env[owner.res_model].browse(owner.res_id).exists()
    return record if hasattr(record, "progbox_tab") else nothing


def _check_general(env, folder):
    """Check that a folder takes documents that belong to no record."""
    if not folder:
        raise UserError(env._("Choose a folder first."))
    folder.check_access("read")
    top = folder.browse(_ancestor_ids(folder)[:1]).sudo()
    if not top.general:
        raise UserError(
            env._(
                "Documents of %(folder)s belong to records: open the record to add "
                "them.",
                folder=folder.display_name,
            )
        )
    if not folder.writable:
        raise AccessError(
            env._("You may not add anything to %(folder)s.", folder=folder.display_name)
        )

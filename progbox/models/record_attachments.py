"""What is attached to a record, whether the row of the attachment says so or not.

Odoo takes pictures and XML files of invoices off their record when they come with a
message: only the message still knows them, and only their author may read them. Whoever
may read the record may read them here.
"""

from odoo.exceptions import UserError
from odoo.tools import SQL

MOST = 1000


def listed(record):
    """Return the attachments of a record and of its messages, newest first.

    :param record: of a model with the ProGBox tab, which the caller may read
    :return: list of dictionaries, see :meth:`progbox.mixin.progbox_attachments`
    """
    env = record.env
    rows = env.execute_query(
        SQL(
            """SELECT attachment.id, attachment.name, attachment.mimetype,
                attachment.file_size, attachment.create_date, partner.name,
                EXISTS (
                    SELECT FROM progbox_document document
                    JOIN ir_attachment content ON content.res_id = document.id
                    AND content.res_model = 'progbox.document'
                    AND content.res_field = 'content'
                    WHERE document.res_model = %(model)s AND document.res_id = %(id)s
                    AND document.trashed_on IS NULL
                    AND content.checksum = attachment.checksum
                )
            FROM ir_attachment attachment
            LEFT JOIN res_users author ON author.id = attachment.create_uid
            LEFT JOIN res_partner partner ON partner.id = author.partner_id
            WHERE attachment.id IN (%(ids)s) AND attachment.type = 'binary'
            ORDER BY attachment.id DESC LIMIT %(limit)s""",
            model=record._name,
            id=record.id,
            ids=_ids_sql(record),
            limit=MOST,
        )
    )
    return [
        {
            "id": id_,
            "name": name,
            "mimetype": mimetype or "",
            "size": size or 0,
            "date": date.strftime("%Y-%m-%d"),
            "createdBy": author or "",
            "url": f"/progbox/attachment/{record._name}/{record.id}/{id_}",
            "kept": kept,
        }
        for id_, name, mimetype, size, date, author, kept in rows
    ]


def found(record, attachment_id):
    """Return one of the attachments of a record, with all rights.

    :param record: of a model with the ProGBox tab, which the caller may read
    :rtype: ir.attachment
    :raise UserError: it is none of them, or is gone
    """
    attachment = record.env["ir.attachment"].sudo().browse(attachment_id)
    query = SQL(
        "SELECT FROM ir_attachment WHERE id = %s AND type = 'binary' AND id IN (%s)",
        attachment_id,
        _ids_sql(record),
    )
    if not record.env.execute_query(query):
        raise UserError(
            record.env._(
                "This file is not attached to %(record)s any more. Reload the page.",
                record=record.display_name,
            )
        )
    return attachment


def _ids_sql(record):
    record.env["ir.attachment"].flush_model()
    record.env["mail.message"].flush_model(["model", "res_id", "attachment_ids"])
    return SQL(
        """SELECT id FROM ir_attachment
            WHERE res_model = %(model)s AND res_id = %(id)s AND res_field IS NULL
        UNION
        SELECT link.attachment_id FROM mail_message message
            JOIN message_attachment_rel link ON link.message_id = message.id
            JOIN ir_attachment detached ON detached.id = link.attachment_id
            AND detached.res_field IS NULL
            WHERE message.model = %(model)s AND message.res_id = %(id)s
            AND message.message_type != 'user_notification'""",
        model=record._name,
        id=record.id,
    )

"""What becomes of the documents and folders of records that are gone."""

from odoo.fields import Domain
from odoo.tools import SQL

# Records whose documents the nightly look takes at once.
BATCH = 100
# The sealed ones are evidence: nothing happens to them.
UNSEALED = Domain("seal_id", "=", False)


def documents_of(records):
    """Return the documents of records that are not in the archive."""
    documents = records.env["progbox.document"].sudo()
    return documents.search(
        Domain("res_model", "=", records._name)
        & Domain("res_id", "in", records.ids)
        & UNSEALED
        & Domain("locked", "=", False)
    )


def before_unlink(records):
    """Keep the documents of records that are about to be deleted, in the trash."""
    for id_, documents in documents_of(records).grouped("res_id").items():
        name = records.browse(id_).sudo().display_name
        documents.with_env(records.env)._progbox_record_gone(name)


def find_gone(env):
    """Move documents to the trash whose record was deleted past the ORM.

    A deletion by cascade, or in the database, asks nobody.
    """
    for name in env["progbox.mixin"]._progbox_models():
        model, title = env[name], env["ir.model"]._get(name).name
        last = 0
        while ids := _gone_ids(model, last):
            last = ids[-1]
            for id_ in ids:
                record = model.browse(id_)
                called = env._("%(model)s no. %(id)s", model=title, id=id_)
                documents_of(record)._progbox_record_gone(called)
            more = int(len(ids) == BATCH)
            if not env["ir.cron"]._commit_progress(len(ids), remaining=more):
                return


def _gone_ids(model, last):
    """Return the next ids after the last one of records that are no more."""
    env = model.env
    env["progbox.document"].flush_model()
    rows = env.execute_query(
        SQL(
            """SELECT DISTINCT document.res_id FROM progbox_document document
            WHERE document.res_model = %s AND document.seal_id IS NULL
            AND document.record_name IS NULL AND document.res_id > %s
            AND NOT EXISTS (SELECT FROM %s record WHERE record.id = document.res_id)
            ORDER BY document.res_id LIMIT %s""",
            model._name,
            last,
            SQL.identifier(model._table),
            BATCH,
        )
    )
    return [id_ for (id_,) in rows]


def remove_empty_folders(folders):
    """Remove the folders of records that are gone, when nothing is in them any more.

    :param folders: progbox.folder, with the server's rights
    """
    for folder in folders.exists():
        while folder and _is_forsaken(folder):
            parent = folder.parent_id
            folder.unlink()
            folder = parent


def _is_forsaken(folder):
    """Whether a folder is empty and the record is gone that it belonged to."""
    documents = folder.env["progbox.document"]
    if folder.locked or folder.child_ids:
        return False
    if documents.search_count(Domain("folder_id", "=", folder.id), limit=1):
        return False
    top = folder.browse(int(id_) for id_ in folder._ancestor_ids()).filtered("res_id")
    model = folder.env.get(top[:1].res_model) if top else None
    return model is not None and not model.browse(top[:1].res_id).exists()


def merge(sources, target):
    """Give the documents and folders of records to another one, and their uploads.

    :param sources: records that are about to be deleted
    :param target: the record that stays
    """
    folders = sources.env["progbox.folder"].sudo()
    documents = documents_of(sources)
    place = Domain("res_model", "=", target._name)
    theirs = folders.search(place & Domain("res_id", "in", sources.ids), order="id")
    company = {"company_id": target.sudo().company_id.id}
    # Folders first: a document is of the company of its folder.
    folders.search(Domain("id", "child_of", theirs.ids)).write(company)
    # What was the same on both stays twice: nothing of it is lost.
    documents.write({**company, "res_id": target.id, "drop_key": False})
    for folder in theirs:
        if kept := folders.search(place & Domain("res_id", "=", target.id), limit=1):
            _merge_folder(folder, kept)
        else:
            folder.write({"res_id": target.id})
    uploads = sources.env["progbox.upload"].sudo()
    uploads.search(place & Domain("res_id", "in", sources.ids))._job_write(
        {"res_id": target.id}
    )


def _merge_folder(folder, kept):
    """Put all that is in a folder into another one, and remove it."""
    folder.document_ids.write({"folder_id": kept.id})
    names = {child.name: child for child in kept.child_ids}
    for child in folder.child_ids:
        if same := names.get(child.name):
            _merge_folder(child, same)
        else:
            child.parent_id = kept
    folder.invalidate_recordset(["child_ids", "document_ids"])
    folder.unlink()

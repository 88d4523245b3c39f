"""The path of a document in Dropbox, as its type's template says."""

from odoo import fields

from ..tools.naming import fill, split_extension


def values_of(document):
    """Return the placeholders' values of a document.

    :param progbox.document document: in the language that folders are named in
    """
    date = document.document_date or document.create_date
    stem = document.name.rpartition(".")[0] or document.name
    number = document.number or stem
    version = f"-v{document.version}" if document.version > 1 else ""
    return {
        **values_of_date(date),
        "number": f"{number}{version}",
        "code": f"{number}{version}",
        "client": document.partner_name or "",
        "project": project_of(document),
        "type": document.type_id.name,
        "name": f"{stem}{version if document.number else ''}",
    }


def values_of_date(date):
    return {"yyyy": f"{date:%Y}", "mm": f"{date:%m}", "dd": f"{date:%d}"}


def project_of(document):
    """Return the name of the project that a document's record is, or belongs to."""
    model, record_id = document.res_model, document.res_id
    if not record_id or model not in document.env:
        return ""
    record = document.env[model].browse(record_id).exists()
    if model != "project.project" and "project_id" in record._fields:
        record = record.project_id
    is_project = record and record._name == "project.project"
    return record.display_name or "" if is_project else ""


def path_of(account, document, template):
    """Return the path that a document gets, if no other has it."""
    path = fill(template, values_of(document), document.name)
    return f"{account._base_path()}/{path}"


def example_path(account, kind, template):
    """Return a path as it may look, for a type of which there is no document yet."""
    today = fields.Date.context_today(account)
    values = {
        **values_of_date(today),
        "number": f"{today:%Y}-00001",
        "code": f"{today:%Y}-00001",
        "client": account.env._("Client"),
        "project": account.env._("Project"),
        "type": kind.name,
        "name": account.env._("document"),
    }
    _stem, extension = split_extension(template)
    path = fill(template, values, f"x{extension or '.pdf'}")
    return f"{account._base_path()}/{path}"

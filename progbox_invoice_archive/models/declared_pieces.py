"""What the add-ons have brought along into the database, and people can delete."""

from odoo.modules import Manifest
from odoo.tools import SQL
from odoo.tools.convert import convert_xml_import

from ..tools.declared import declared, only_record

# Without these, people read and do more, or less, than they shall.
RIGHTS = ("ir.model.access", "ir.rule", "res.groups")
# Scheduled actions are looked at more closely; the types and templates of people are
# theirs, but for those that the archive itself works with.
OWN_CHECK = ("ir.cron", "progbox.document.type", "progbox.folder.template")


def missing_pieces(env, addons, needed):
    """Return what has been deleted.

    :param addons: names of the add-ons
    :param needed: ids of records of OWN_CHECK that are asked for all the same
    :return: dictionary of sorted ids by model
    """
    wanted = {
        f"{addon}.{id_}": model
        for addon in addons
        for id_, (model, _path) in _declared(addon).items()
        if model not in OWN_CHECK or f"{addon}.{id_}" in needed
    }
    rows = env.execute_query(
        SQL(
            "SELECT module || '.' || name FROM ir_model_data WHERE module = ANY(%s)",
            list(addons),
        )
    )
    missing = {}
    for xmlid in sorted(wanted.keys() - {xmlid for [xmlid] in rows}):
        missing.setdefault(wanted[xmlid], []).append(xmlid)
    return missing


def piece(env, xmlid):
    """Return a record that an add-on has brought along, made again when it is gone.

    :param str xmlid: its full id
    :raise ValueError: when no add-on brings it along
    """
    addon, id_ = xmlid.split(".")
    found = env.ref(xmlid, raise_if_not_found=False)
    if found or id_ not in _declared(addon):
        return found or env.ref(xmlid)
    _model, path = _declared(addon)[id_]
    # Made as the data has it, and nothing of who asks for it.
    convert_xml_import(env(su=True, context={}), addon, only_record(path, id_))
    languages = [code for code, _name in env["res.lang"].get_installed()]
    env["ir.module.module"]._load_module_terms([addon], languages)
    return env.ref(xmlid)


def _declared(addon):
    manifest = Manifest.for_addon(addon)
    return declared(manifest.path, tuple(manifest["data"]))

from odoo.tools import SQL

from .tools.package.build import remove_tree


def uninstall_hook(env):
    """Refuse once more, then take the guards away with the archive.

    The button refuses first. This is for whoever writes the state of the module, or
    uninstalls from the command line.
    """
    env["ir.module.module"]._progbox_check_uninstall()
    env["progbox.ledger.guards"]._guards_drop()
    env.flush_all()
    # Odoo deletes the document types before the tables that need them.
    env.cr.execute("TRUNCATE progbox_document, progbox_seal CASCADE")
    # It drops our tables and leaves their attachments, with nobody to read them.
    rows = env.execute_query(
        SQL(
            "DELETE FROM ir_attachment"
            " WHERE res_model IN ('progbox.document', 'progbox.verification')"
            " RETURNING store_fname"
        )
    )
    env.invalidate_all(flush=False)
    for [store_fname] in rows:
        if store_fname:
            env["ir.attachment"]._file_delete(store_fname)
    staging = env["ir.attachment"]._progbox_staging_folder()
    env.cr.postcommit.add(lambda: remove_tree(staging))
    # An archive that is begun anew has not been given up, nor caught up.
    parameters = env["ir.config_parameter"]
    parameters.search([("key", "=like", r"progbox\_invoice\_archive.%")]).unlink()

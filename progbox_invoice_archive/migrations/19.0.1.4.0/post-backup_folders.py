def migrate(cr, version):
    """Mark the folders of the invoice backups: managers read them by that mark."""
    cr.execute(
        """UPDATE progbox_folder folder SET res_model = 'progbox.compilation'
        WHERE NOT COALESCE(locked, FALSE) AND parent_id IS NULL AND res_model IS NULL
        AND EXISTS (
            SELECT FROM progbox_document document
            WHERE document.folder_id = folder.id
            AND document.res_model = 'progbox.compilation'
        )"""
    )

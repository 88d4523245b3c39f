def migrate(cr, version):
    """Give each file that was dropped on a record a series of its own.

    Documents had no series before, and none at all now means a record's archived
    set: only what is sealed, or lies in the archive, may be of that.
    """
    cr.execute(
        """UPDATE progbox_document document SET series = document.id::text
        FROM progbox_folder folder
        WHERE folder.id = document.folder_id AND folder.locked IS NOT TRUE
        AND document.seal_id IS NULL AND document.series IS NULL"""
    )

def uninstall_hook(env):
    """Give the archive its own list back: the trash goes with this add-on."""
    env.ref("progbox_invoice_archive.progbox_document_action").domain = False

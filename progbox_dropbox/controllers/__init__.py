from . import dropbox_connect

from . import dropbox_connect
from . import dropbox_version

from . import progbox_dropbox_share_wizard
from . import progbox_dropbox_share_place
from . import progbox_dropbox_share_member
from . import progbox_dropbox_versions
from . import progbox_dropbox_version

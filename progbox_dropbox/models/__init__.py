from . import progbox_dropbox_timetable
from . import progbox_dropbox_account
from . import progbox_dropbox_rule
from . import progbox_dropbox_transfer
from . import progbox_document
from . import res_config_settings

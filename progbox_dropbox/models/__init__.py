from . import progbox_dropbox_account
from . import progbox_dropbox_transfer
from . import progbox_document
from . import res_config_settings

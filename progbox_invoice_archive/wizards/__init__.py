from . import progbox_closing_wizard
from . import progbox_export_wizard
from . import progbox_share_wizard
from . import progbox_verification_wizard

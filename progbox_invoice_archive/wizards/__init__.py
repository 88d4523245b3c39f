from . import portal_wizard_user
from . import progbox_closing_wizard
from . import progbox_compile_wizard
from . import progbox_compile_wizard_file
from . import progbox_compile_wizard_line
from . import progbox_export_wizard
from . import progbox_share_wizard
from . import progbox_verification_wizard

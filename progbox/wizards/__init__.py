from . import progbox_attach_mixin
from . import account_move_send_wizard
from . import base_partner_merge_automatic_wizard
from . import mail_compose_message
from . import progbox_compile_wizard
from . import progbox_compile_wizard_file
from . import progbox_compile_wizard_line
from . import progbox_general_folder

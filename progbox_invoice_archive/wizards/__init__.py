from . import progbox_closing_wizard

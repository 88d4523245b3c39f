from . import progbox_zip

from . import progbox_general_folder

from . import test_folders
from . import test_rights
from . import test_tab

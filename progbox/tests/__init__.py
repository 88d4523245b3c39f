from . import test_folders
from . import test_folders_own
from . import test_folders_tree
from . import test_rights
from . import test_tab

from . import test_relations
from . import test_rights
from . import test_tab

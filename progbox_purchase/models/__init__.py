from . import account_move
from . import project_project
from . import progbox_watch
from . import purchase_order
from . import res_partner

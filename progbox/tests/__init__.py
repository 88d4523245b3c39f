from . import test_javascript
from . import test_rights
from . import test_tab
from . import test_upload
from . import test_upload_http

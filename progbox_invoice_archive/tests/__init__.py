from . import test_archive_posting
from . import test_archive_deposit
from . import test_archive_sending
from . import test_archive_portal
from . import test_archive_access
from . import test_job_engine
from . import test_localisation
from . import test_archive_settings

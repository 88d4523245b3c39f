from . import test_archive_posting
from . import test_archive_deposit
from . import test_archive_sending
from . import test_archive_portal
from . import test_archive_access
from . import test_job_engine
from . import test_localisation
from . import test_archive_settings
<<<<<<< HEAD
from . import test_closing
from . import test_ledger
=======
from . import test_report_failures
from . import test_report_pages
from . import test_report_patched
from . import test_report_pictures
from . import test_tools_report_html
from . import test_tools_style_sheets
from . import test_tools_wkhtmltopdf
>>>>>>> main

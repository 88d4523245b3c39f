import contextlib
from unittest.mock import patch

from odoo.tests import tagged

from ..models.compilation_pages import OwnPages
from ..tools.pdf import PartRefused, assemble
from .compilation_common import CompilationCommon, pdf_of

MODELS = "odoo.addons.progbox_invoice_archive.models"
PAGES = f"{MODELS}.compilation_pages"
ASSEMBLE = f"{MODELS}.compilation_assembly.assemble"


@tagged("post_install", "-at_install")
class TestCompilationPages(CompilationCommon):
    """The pages of our own are made once, in pieces between which a run may end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.moves = cls.env["account.move"]
        for number in range(4):
            cls.moves |= cls.invoice(f"INVOICE {number}")
        cls.attach(cls.moves[0], "sheet.xlsx", b"PK a sheet")

    @contextlib.contextmanager
    def renders(self):
        """Count what is rendered."""
        real, made = OwnPages._own_pdf, []

        def counted(pages, report, data):
            made.append(report)
            return real(pages, report, data)

        with (
            patch.object(OwnPages, "_own_pdf", counted),
            patch(f"{PAGES}.LINES_PER_RENDER", 2),
        ):
            yield made

    def test_who_comes_back_does_not_make_them_again(self):
        with self.renders() as made:
            self.compiled(self.moves, with_numbers=False)
        whole = len(made)
        self.assertGreaterEqual(whole, 4)
        with self.renders() as made:
            job = self.request(self.moves, None, {"with_numbers": False})
            job = self.server["progbox.compilation"].browse(job.id)
            job._job_begin_attempt()
            # Each piece ends with a yield at which the run may end.
            for number in range(1, whole + 1):
                with contextlib.closing(job._job_steps()) as steps:
                    for progress in steps:
                        job._job_write(progress or {})
                        if len(made) == number:
                            self.assertIsNotNone(progress)
                            break
            job._job_process()
        self.assertEqual(job.state, "done", job.error_detail)
        self.assertEqual(len(made), whole)
        texts = self.texts(self.reader(job))
        for number, move in enumerate(self.moves):
            self.assertIn(move.name, texts[number // 2])

    def test_the_rest_is_used_again_when_a_file_goes_bad_late(self):
        self.attach(self.moves[3], "plan.pdf", pdf_of("PLAN"))
        calls = []

        def moody(parts, *args, **kwargs):
            calls.append(parts)
            if len(calls) == 1:
                index = [part.title for part in parts].index("plan.pdf")
                raise PartRefused(index, "damaged", "late")
            return assemble(parts, *args, **kwargs)

        with self.renders() as made, patch(ASSEMBLE, moody):
            job = self.compiled(self.moves, with_numbers=False)
        first, second = ({p.path for p in parts if not p.numbered} for parts in calls)
        self.assertTrue(first & second, "the list of the first two invoices")
        self.assertGreaterEqual(len(made), len(first | second))
        self.assertIn(("plan.pdf", "damaged"), self.left_out(job))

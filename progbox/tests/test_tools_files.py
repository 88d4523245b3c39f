import doctest

from odoo.tests import BaseCase

from ..tools import dropped_files, type_words


class TestToolsFiles(BaseCase):
    """Names, kinds and types of files, without a database."""

    def test_the_examples_of_the_docstrings(self):
        for module in (dropped_files, type_words):
            with self.subTest(module=module.__name__):
                self.assertEqual(doctest.testmod(module).failed, 0)

"""README.rst is what the fragments say, in reStructuredText that everybody reads."""

import docutils.core
import pytest
from progbox_env import paths, readme


def warnings_of(text):
    settings = {"report_level": 1, "halt_level": 1}
    docutils.core.publish_string(
        text, writer="null", settings_overrides=settings
    )  # raises at the first warning


@pytest.mark.parametrize("addon", paths.addons())
def test_the_readme_is_made_of_the_fragments(addon):
    text = (paths.ROOT / addon / "README.rst").read_text()
    assert text == readme.make(addon), "run setup/lint --fix"
    warnings_of(text)


@pytest.mark.parametrize(
    ("markdown", "rst"),
    [
        ("## Closings", "Closings\n--------"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("Set `a_b` in **Folder**.", "Set ``a_b`` in **Folder**."),
        ("- one\n  more\n- two", "* one\n  more\n* two"),
        ("1. one\n   more\n2. two", "1. one\n   more\n2. two"),
        ("    odoo-bin -d X", ".. code::\n\n   odoo-bin -d X"),
        ("```python\na\n\nb\n```", ".. code:: python\n\n   a\n\n   b"),
        ("see [it](https://x.example)", "see `it <https://x.example>`__"),
        (
            "| a | b |\n|---|---|\n| `c` | d |",
            ".. list-table::\n   :header-rows: 1\n\n"
            "   * - a\n     - b\n   * - ``c``\n     - d",
        ),
    ],
)
def test_markdown_becomes_restructuredtext(markdown, rst):
    assert readme.to_rst(markdown) == rst
    warnings_of(rst)

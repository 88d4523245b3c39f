"""Style sheets are compiled and read once in a run of tests, not once in a test.

Odoo empties its caches after each test, and what a test compiled is rolled back; but
the same source gives the same style sheet. Compiling and reading it takes longer than
the test that needs a page.
"""

import re
from functools import lru_cache
from unittest.mock import patch

from odoo.addons.base.models.assetsbundle import AssetsBundle

from ..tools.report import style_sheets

ASSET_ID = re.compile(r"(?<=/\*! )[0-9a-f-]{36}(?= \*/)")
_compile = AssetsBundle.compile_css
_compiled = {}
_parse = style_sheets.parse
_parsed = lru_cache(maxsize=16)(_parse)


def compile_css(bundle, compiler, source):
    # The files of a bundle have new names in each bundle: number them instead.
    names = list(dict.fromkeys(ASSET_ID.findall(source)))
    numbers = {name: f"{number:036}" for number, name in enumerate(names)}
    neutral = ASSET_ID.sub(lambda match: numbers[match[0]], source)
    key = (compiler.__func__, neutral)
    if key not in _compiled:
        errors = len(bundle.css_errors)
        result = _compile(bundle, compiler, source)
        if len(bundle.css_errors) > errors:
            return result
        _compiled[key] = ASSET_ID.sub(lambda match: numbers[match[0]], result)
    return ASSET_ID.sub(lambda match: names[int(match[0])], _compiled[key])


def parse(css, font_uri=None, *args, **kwargs):
    # Fonts are files, which a test may take away.
    if font_uri:
        return _parse(css, font_uri, *args, **kwargs)
    return _parsed(css, None, *args, **kwargs)


def patches():
    """What a test class starts to have each style sheet made once."""
    return [
        patch.object(AssetsBundle, "compile_css", compile_css),
        patch.object(style_sheets, "parse", parse),
    ]

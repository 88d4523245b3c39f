"""What somebody means who types into a search box: words, an amount, or days.

Accents and case never matter. PostgreSQL's "unaccent" does the same where it is
installed; it needs a superuser of the database, which most servers give nobody.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal

import babel.dates
from dateutil.relativedelta import relativedelta

from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import babel_locale_parse, get_lang

# Letters that Unicode does not take apart into a plain letter and a mark.
LETTERS = "łøđħı"
PLAIN = "lodhi"
TWO_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe"}
_PLAIN_LETTERS = str.maketrans(dict(zip(LETTERS, PLAIN, strict=True)) | TWO_LETTERS)
MARKS = "[\u0300-\u036f]"

_SPACES = re.compile(r"[\s\u00a0\u202f']+")
_NUMBER = re.compile(r"\d+([.,]\d+)*")
_DAYS = re.compile(r"(\d{1,4})[-./](\d{1,4})(?:[-./](\d{1,4}))?\.?")


def plain_text(text):
    """Return a text as it is compared: small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", (text or "").lower())
    return re.sub(MARKS, "", decomposed).translate(_PLAIN_LETTERS)


def plain_sql(text):
    """Return the SQL of :func:`plain_text` of a text.

    :param SQL text: expression
    """
    plain = SQL(
        "translate(regexp_replace(normalize(lower(%s), NFKD), %s, '', 'g'), %s, %s)",
        text,
        MARKS,
        LETTERS,
        PLAIN,
    )
    for letter, letters in TWO_LETTERS.items():
        plain = SQL("replace(%s, %s, %s)", plain, letter, letters)
    return plain


def amounts(text, decimal_point="."):
    """Return which amounts somebody may mean: from (included), and to (not included).

    What is left out may be anything: 6605 finds 6,605.14, and 6605.1 does, too.

    :param str text: digits, with separators and spaces as people write them
    :param str decimal_point: of the user's language, for what may be read in two ways
    :rtype: tuple of two Decimal, or None when it is not a number
    """
    digits = _SPACES.sub("", text).strip("€$£")
    if not _NUMBER.fullmatch(digits) or len(digits) > 20:
        return None
    # The last separator is the decimal point, unless it groups three digits and the
    # language has another one.
    whole, separator, decimals = re.fullmatch(r"(.*?)(?:([.,])(\d+))?", digits).groups()
    groups = len(decimals or "") == 3 and separator != decimal_point
    if separator and (groups or separator in whole):
        whole, decimals = whole + decimals, ""
    whole = re.sub("[.,]", "", whole)
    low = Decimal(f"{whole}.{decimals or 0}")
    return low, low + Decimal(1).scaleb(-len(decimals or ""))


def days(text, month_names=(), day_first=True):
    """Return which days somebody may mean: from (included), and to (not included).

    :param str text: "25/11/2026", "2026-11-25", "11.2026", "November 2026"
    :param month_names: twelve names, plain (see :func:`plain_text`)
    :param bool day_first: whether the user's language writes the day before the month
    :rtype: tuple of two dates, or None when it is none
    """
    words = plain_text(text).split()
    if len(words) == 2 and words[0] in month_names and words[1].isdecimal():
        return _span(words[1], month_names.index(words[0]) + 1)
    found = _DAYS.fullmatch(text.strip())
    if not found:
        return None
    first, second, third = found.groups()
    if third is None:
        year_first = len(first) == 4
        return _span(first, second) if year_first else _span(second, first)
    if len(first) == 4:
        return _span(first, second, third)
    return _span(third, second, first) if day_first else _span(third, first, second)


def typed_domain(env, text, amount="amount_total", day="document_date"):
    """Return the domain of the amount, or of the days, that a text means.

    :param env: environment with the user's language
    :param str amount: name of the field with an amount
    :param str day: name of the field with a date
    """
    lang = get_lang(env)
    domain = Domain.FALSE
    if span := amounts(text, lang.decimal_point):
        low, high = map(float, span)
        # A credit note is found by what stands on it, without a sign.
        domain |= (Domain(amount, ">=", low) & Domain(amount, "<", high)) | (
            Domain(amount, "<=", -low) & Domain(amount, ">", -high)
        )
    day_first = lang.date_format.find("%d") < lang.date_format.find("%m")
    if span := days(text, _month_names(lang.code), day_first):
        first, after = span
        domain |= Domain(day, ">=", first) & Domain(day, "<", after)
    return domain


def _month_names(lang_code):
    names = babel.dates.get_month_names(
        "wide", "stand-alone", locale=babel_locale_parse(lang_code)
    )
    return [plain_text(names[month]) for month in range(1, 13)]


def _span(year, month, day=None):
    year = int(year) + (2000 if len(str(year)) == 2 else 0)
    if not 1900 <= year < 3000:
        return None
    try:
        first = date(year, int(month), int(day or 1))
    except ValueError:
        return None
    return first, first + (relativedelta(days=1) if day else relativedelta(months=1))

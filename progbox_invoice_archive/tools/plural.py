"""Sentences whose form depends on what they are filled with.

Odoo's translations have no plural forms, and no forms before a vowel.
"""

from babel.numbers import format_decimal

from odoo.tools.misc import babel_locale_parse, get_lang

# The plural categories of CLDR in their order, "other" being the last of each language.
CATEGORIES = ("zero", "one", "two", "few", "many")
VOWELS = tuple("aeiouyâéèêîôûœ")


def counted(env, forms, count, **values):
    """Return the form of a sentence that a language has for a number.

    In the catalogues the forms stand one after the other with ``|`` between, in the
    order of CLDR's categories: English and French have two of them, Romanian three
    ("%(count)s document|%(count)s documente|%(count)s de documente").

    :param env: environment with the language
    :param str forms: translated
    :param int count: the number, which fills ``%(count)s``, written as people do
    :param values: what else the sentence has
    """
    locale = babel_locale_parse(get_lang(env).code)
    forms = forms.split("|")
    category = locale.plural_form(count)
    categories = [name for name in CATEGORIES if name in locale.plural_form.tags]
    categories.append("other")
    if len(forms) == len(categories):
        form = forms[categories.index(category)]
    else:
        # French has a category of its own for millions, and the same words.
        form = forms[0 if category == "one" else -1]
    return form % {"count": format_integer(env, count), **values}


def elided(forms, word):
    """Return the form of a sentence that fits the word it is filled with.

    French says "Clôture de mars", and "Clôture d'avril". In its catalogue the form
    before a vowel stands after the other one with ``|`` between.

    :param str forms: translated
    :param str word: fills ``%(word)s``
    """
    before_consonant, _bar, before_vowel = forms.partition("|")
    is_vowel = before_vowel and word.lower().startswith(VOWELS)
    return (before_vowel if is_vowel else before_consonant) % {"word": word}


def format_integer(env, number):
    """Return a whole number as people write it in a language."""
    return format_decimal(number, locale=babel_locale_parse(get_lang(env).code))

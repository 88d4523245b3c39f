"""Which type of document a file name or a page speaks of."""

import re
import unicodedata

# A heading: what a page is called stands alone in a line, more or less.
HEADING_WORDS = 10


def normalise(text):
    """Return the words of a text in lower case, without accents, blanks between.

    >>> normalise("DevisSigné_n°3-2026.PDF")
    'devis signe n 3 2026 pdf'
    >>> normalise("Ofertă semnată"), normalise("S00012signe")
    ('oferta semnata', 's00012signe')
    """
    text = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])", " ", text)
    text = unicodedata.normalize("NFKD", text.replace("°", " "))
    text = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    return " ".join(re.findall(r"[^\W_]+", text))


def phrases_of(lines):
    """Return the phrases of a type, one a line, as :func:`normalise` makes them."""
    return [
        phrase for line in (lines or "").splitlines() if (phrase := normalise(line))
    ]


def of_name(name, phrases):
    """Return which of the phrases a file name speaks of most closely.

    All words of the phrase are in the name, in any order: "Devis S00012 signé" is a
    signed quotation. The longest phrase says most.

    :param dict phrases: key of each phrase
    :return: the key, or None

    >>> kinds = {"devis": "quotation", "devis signe": "signed", "plan": "plan"}
    >>> of_name("Devis S00012 signé.pdf", kinds), of_name("planning.pdf", kinds)
    ('signed', None)
    """
    words = set(normalise(name).split())
    found = [phrase for phrase in phrases if words.issuperset(phrase.split())]
    return phrases[max(found, key=_weight)] if found else None


def of_page(text, phrases):
    """Return which of the phrases the first page of a document speaks of.

    The first heading that begins with one counts, and only without such a heading
    the first phrase of several words: many a letter mentions a quotation.

    :param str text: of the page, line by line
    :param dict phrases: key of each phrase
    :return: the key, or None

    >>> kinds = {"devis": "quotation", "bon de livraison": "delivery"}
    >>> of_page("Dupont SA\\nDEVIS n° 12\\nbon de livraison joint", kinds)
    'quotation'
    >>> of_page("Suite à votre devis,\\nvoici le bon de livraison", kinds)
    'delivery'
    """
    lines = [normalise(line) for line in text.splitlines()]
    for line in lines:
        begins = [p for p in phrases if f"{line} ".startswith(f"{p} ")]
        if begins and len(line.split()) <= HEADING_WORDS:
            return phrases[max(begins, key=_weight)]
    page = f" {' '.join(filter(None, lines))} "
    places = {p: page.find(f" {p} ") for p in phrases if " " in p}
    found = [phrase for phrase, place in places.items() if place >= 0]
    if not found:
        return None
    return phrases[min(found, key=lambda p: (places[p], -len(p)))]


def _weight(phrase):
    return len(phrase.split()), len(phrase)

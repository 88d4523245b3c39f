from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql

from ..tools.search_words import plain_sql, plain_text


class ProgboxWordsMixin(models.AbstractModel):
    """Records that are found by what people type, accents and case ignored.

    A model names in ``_words`` where to look; its search view begins with
    ``<field name="words" string="…"/>``. Every word that is typed must be found.
    """

    _name = "progbox.words.mixin"
    _description = "Found by Words"
    # Fields with a text, of the model or of a record it is linked to.
    _words = ()

    words = fields.Char(compute="_compute_words", search="_search_words")

    def _compute_words(self):
        self.words = False

    @api.model
    def _search_words(self, operator, value):
        if operator != "ilike":
            return NotImplemented
        return Domain.AND(self._word_domain(word) for word in (value or "").split())

    @api.model
    def _word_domain(self, word):
        """Return the domain of the records that have a word.

        Models with many rows look it up where an index helps, others for more than
        texts.
        """
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s LIKE %s",
                plain_sql(
                    SQL(
                        "concat_ws(' ', %s)",
                        SQL(", ").join(
                            model._field_to_sql(alias, path, query)
                            for path in self._words
                        ),
                    )
                ),
                f"%{escape_psql(plain_text(word))}%",
            )
        )

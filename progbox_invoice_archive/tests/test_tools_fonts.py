import os
import subprocess
from unittest.mock import patch

from odoo.tests import BaseCase

from ..tools.report import fonts, page_html

LATIN = "20-7e a0-17f 2010-2027 20ac\n20-7e 391-3a9 20ac"


class TestToolsFonts(BaseCase):
    """Which characters no font can draw: fontconfig is asked, and remembered."""

    def setUp(self):
        super().setUp()
        fonts._covered.cache_clear()
        self.addCleanup(fonts._covered.cache_clear)

    def answers(self, *texts):
        results = [subprocess.CompletedProcess((), 0, stdout=text) for text in texts]
        return patch.object(fonts.subprocess, "run", side_effect=results)

    def test_what_a_font_has_is_not_missing(self):
        with self.answers(LATIN) as asked:
            self.assertEqual(fonts.missing("Être à 12 € – Ω, ž"), "")
            self.assertEqual(fonts.missing("naïve"), "")
        self.assertEqual(asked.call_count, 1)

    def test_what_no_font_has_is_missing_once_and_in_order(self):
        with self.answers(LATIN, LATIN):
            self.assertEqual(fonts.missing("ไท株é株\u0180"), "\u0180ทไ株")

    def test_the_ends_of_a_range_belong_to_it(self):
        with self.answers(LATIN, LATIN):
            self.assertEqual(
                fonts.missing("\xa0\xa1\u017f\u0180\u2027\u2028"), "\u0180"
            )

    def test_what_has_no_picture_is_not_missing(self):
        blank = "\n\t\xad\u200b\u200d\u200e\u202f\u2028\u3000\ufe0f\U000e0100\ufeff"
        with self.answers(LATIN):
            self.assertEqual(fonts.missing(blank), "")

    def test_accents_that_follow_their_letter_are_missing(self):
        with self.answers(LATIN, LATIN):
            self.assertEqual(fonts.missing("e\u0301"), "\u0301")

    def test_a_font_that_has_been_installed_since(self):
        with self.answers(LATIN, LATIN, LATIN + " e00-e7f"):
            self.assertEqual(fonts.missing("é"), "")
            self.assertEqual(fonts.missing("ไ"), "ไ")
            self.assertEqual(fonts.missing("ไ"), "")

    def test_without_fontconfig_nobody_knows(self):
        with patch.dict(os.environ, PATH="/nowhere"):
            self.assertFalse(fonts.are_known())
            with self.assertRaises(fonts.FontsUnknown):
                fonts.missing("é")
        self.assertTrue(fonts.are_known())

    def test_the_fonts_of_this_server(self):
        self.assertEqual(fonts.missing("Être à 12 € – Ω ž Жя"), "")
        self.assertEqual(fonts.missing("\U000effff"), "\U000effff")

    def test_the_scripts_of_the_world(self):
        """What setup/run installs is enough for the clients of our clients."""
        for name, text in {
            "Amharic": "ቋንቋ", "Arabic": "فاتورة ﷼", "Armenian": "հաշիվ",
            "Bengali": "চালান", "Burmese": "ငွေတောင်းခံလွှာ", "Cyrillic": "рахунок Їє",
            "Devanagari": "चालान हिन्दी", "Georgian": "ინვოისი", "Greek": "Τιμολόγιο",
            "Gujarati": "ઇન્વૉઇસ", "Hebrew": "חשבונית", "Japanese": "株式会社テスト",
            "Khmer": "វិក្កយបត្រ", "Korean": "주식회사", "Lao": "ໃບເກັບເງິນ",
            "Punjabi": "ਚਲਾਨ", "Romanian": "factură țară șef", "Sinhala": "ඉන්වොයිසිය",
            "simplified Chinese": "发票有限公司", "symbols": "☎ ✂ ✉ ★ → ✓ ₿ ₺ ₹",
            "Tamil": "விலைப்பட்டியல்", "Telugu": "ఇన్వాయిస్", "Thai": "ใบแจ้งหนี้",
            "traditional Chinese": "發票有限公司", "Vietnamese": "hoá đơn ữ ợ",
        }.items():  # fmt: skip
            with self.subTest(script=name):
                self.assertEqual(fonts.missing(text), "")

    def test_packages_are_named_by_script(self):
        self.assertEqual(fonts.packages("ไह"), ["fonts-noto-core"])
        self.assertEqual(fonts.packages("株"), ["fonts-noto-cjk"])
        self.assertEqual(fonts.packages("ㇰ한🧾"), ["fonts-noto-cjk", "fonts-symbola"])

    def test_only_what_a_page_shows_is_looked_at(self):
        root = page_html.parse(
            "<html><head><title>題</title><style>a::after { content: '株' }</style>"
            "</head><body><!-- 社 --><p title='式'>é<b>è</b>à</p>"
            "<script>'会'</script><i style='color: red'>ç</i>"
            "<div style='color: red; DISPLAY :none'>東<i>京</i>"
            "</div>ù<br/>î</body></html>"
        )
        text = fonts.visible_text(root)
        self.assertEqual(set(text) - {" "}, set("éèàçùî"))

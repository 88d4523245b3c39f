from odoo.tests import BaseCase

from ..tools.report import header_footer, page_html, style_sheets, unpatched_qt

REPORT = """<html><head></head><body><main>
<div class="header">H1</div><div class="article" data-oe-lang="fr_FR">A1</div>
<div class="o_company_1 footer"><div>IBAN 12</div>
<div class="text-muted">Page <span class="page"></span> / <span class="topage"></span>
</div></div>
<div class="header">H2</div><div class="article">A2</div><div class="footer">F2</div>
</main></body></html>"""


class TestToolsHeaderFooter(BaseCase):
    def articles(self, html):
        text, self.lang = header_footer.into_articles(html)
        root = page_html.parse(text)
        return [
            " ".join(article.text_content().split())
            for article in root.find_class("article")
        ]

    def test_each_article_has_its_own_header_on_top_and_footer_below(self):
        self.assertEqual(self.articles(REPORT), ["H1A1IBAN 12", "H2A2F2"])
        self.assertEqual(self.lang, "fr_FR")

    def test_odoo_finds_no_header_to_take_out(self):
        root = page_html.parse(header_footer.into_articles(REPORT)[0])
        found = root.find_class("header") + root.find_class("footer")
        self.assertEqual([part.tag for part in found], ["header"] * 2 + ["footer"] * 2)

    def test_a_footer_before_its_article_and_one_inside_stay_in_the_page(self):
        html = '<div class="footer">F</div><div class="article">A'
        html += '<div class="header">H</div></div>'
        self.assertEqual(self.articles(html), ["AHF"])

    def test_a_page_without_article_keeps_its_parts(self):
        html = '<main><div class="header">H</div><p>B</p></main>'
        text, lang = header_footer.into_articles(html)
        self.assertIn("<header", text)
        self.assertIsNone(lang)

    def test_page_numbers_go_with_their_word_and_nothing_else(self):
        numbers = 'Page <span class="page"></span> / <span class="topage"></span>'
        for inside, left in (
            (f"<div>{numbers}</div>", ""),
            (f"<span>INV/1, </span><span>{numbers}</span>", "INV/1"),
            (f"<div>IBAN FR76 {numbers}</div>", "IBAN FR76 Page /"),
            (f"<div>Merci de votre confiance {numbers}</div>",
             "Merci de votre confiance Page /"),
            (f"<p><img src='a'/>{numbers}</p>", "Page /"),
            ("<ul><li><span class='page'></span></li><li>/</li>"
             "<li><span class='topage'></span></li></ul>", ""),
        ):  # fmt: skip
            html = f'<div class="article">A</div><div class="footer">{inside}</div>'
            self.assertEqual(self.articles(html), [f"A{left}"], inside)


class TestToolsReportHtml(BaseCase):
    def contained(self, html, css="", picture=None):
        root = page_html.parse(html)
        page_html.make_self_contained(
            root,
            lambda href: style_sheets.parse(css),
            picture or (lambda url: f"data:{url}"),
            lambda url: "",
        )
        return page_html.to_text(root)

    def test_sheets_scripts_and_base_are_replaced(self):
        text = self.contained(
            '<html><head><base href="http://x/"/><link rel="stylesheet" href="/a.css"/>'
            '<script src="/a.js"></script><script>var a;</script></head>'
            "<body><p>é</p></body></html>",
            "p{color:red}i{color:blue}",
        )
        self.assertIn('<style type="text/css">p{color:red}</style>', text)
        self.assertIn("<script>var a;</script>", text)
        for gone in ("<base", "<link", "a.js", "blue"):
            self.assertNotIn(gone, text)

    def test_pictures_are_replaced_wherever_they_are(self):
        text = self.contained(
            "<body background='/bg.png'><img src='/a.png' srcset='/b.png 2x'/>"
            "<div style=\"background: url('/c.png')\"></div><img src='data:d'/>"
            "<svg><image href='/e.png'></image><use href='#f'></use></svg>"
            "<a href='/stays'></a></body>"
        )
        for part in ("data:/bg.png", "data:/a.png", "data:/c.png", "data:/e.png"):
            self.assertIn(part, text)
        for part in ('src="data:d"', 'href="#f"', 'href="/stays"'):
            self.assertIn(part, text)
        self.assertNotIn("/b.png", text)

    def test_names_are_tags_classes_and_ids(self):
        root = page_html.parse('<div class="a  b" id="c"><!-- d --><br></div>')
        self.assertEqual(
            page_html.names(root), {"html", "body", "div", "br", ".a", ".b", "#c"}
        )


class TestToolsUnpatchedQt(BaseCase):
    def test_arabic_beside_anything_else_stands_alone(self):
        for text, parts, spans in (
            ("شركة 12", "شركة| 12", 1),
            ("A شركة الأفق، دبي (1) نعم", "A |شركة الأفق، دبي| (1) |نعم", 2),
            (" شركة ", " |شركة| ", 1),
            ("شركة", "شركة", 0),
            ("Société 12", "Société 12", 0),
        ):
            root = page_html.parse(
                f"<html><head></head><body><p>{text}</p></body></html>"
            )
            before = root.text_content()
            unpatched_qt.repair(root, "")
            self.assertEqual("|".join(root.find(".//p").itertext()), parts)
            self.assertEqual(root.text_content(), before)
            alone = len(root.findall(".//span"))
            self.assertEqual(alone, spans)

    def test_text_after_an_element_keeps_its_place(self):
        root = page_html.parse(
            "<head></head><p><b>1</b>شركة 2 دبي<i>3</i> نعم<u>4</u></p>"
        )
        unpatched_qt.separate_scripts(root)
        self.assertEqual("".join(root.find(".//p").itertext()), "1شركة 2 دبي3 نعم4")
        tags = [element.tag for element in root.find(".//p")]
        self.assertEqual(tags, ["b", "span", "span", "i", "span", "u"])

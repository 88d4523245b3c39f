from odoo.tests import BaseCase

from ..tools.report.style_sheets import parse, replace_urls, select


class TestToolsStyleSheets(BaseCase):
    def kept(self, css, *names, **options):
        return select(parse(css, **options), set(names))

    def test_rules_that_the_page_can_use_stay_whole(self):
        css = "p, .a::-moz-focus{color:red}"
        self.assertEqual(self.kept(css, "p"), css)
        self.assertEqual(self.kept(css, ".a"), css)
        self.assertEqual(self.kept(css, "div"), "")

    def test_a_selector_needs_all_its_names(self):
        css = ".a > table.b #c td{color:red}"
        self.assertEqual(self.kept(css, ".a", "table", ".b", "#c", "td"), css)
        self.assertEqual(self.kept(css, ".a", "table", ".b", "td"), "")

    def test_what_is_no_name_asks_for_nothing(self):
        for selector in (
            "*",
            ":root",
            "[dir=rtl]",
            "p:not(.x):first-child",
            "p::before",
        ):
            css = f"{selector}{{color:red}}"
            self.assertEqual(self.kept(css, "p"), css, selector)

    def test_media_rules_are_cut_down_too(self):
        css = "@media print{.a{color:red} .b{color:blue}} @media screen{.c{margin:0}}"
        self.assertEqual(self.kept(css, ".b"), "@media print{.b{color:blue}}")

    def test_nothing_is_imported_and_fonts_go(self):
        css = '@charset "utf-8";@import url(//x/f.css);'
        css += "@font-face{font-family:L;src:url(a.woff)}"
        self.assertEqual(self.kept(css, "p"), "")

    def test_a_font_in_use_keeps_its_first_source_on_this_server(self):
        css = (
            "@font-face{font-family:'Lato';src:url(/a.eot);font-weight:700;"
            "src:url('https://x/a.woff'),url(/gone.woff),url(/a.woff?v=1)}"
            "@font-face{font-family:Unused;src:url(/b.woff)}"
            "p{font-family:Lato}"
        )
        found = self.kept(
            css, "p", font_uri=lambda url: "" if "gone" in url else f"data:{url}"
        )
        self.assertEqual(found.count("@font-face"), 1)
        self.assertIn('src:url("data:/a.woff")', found)
        self.assertIn("700", found)
        self.assertNotIn("https", found)

    def test_sides_are_mirrored(self):
        for rule, mirrored in (
            ("margin-left: 1px", "margin-right:1px"),
            (
                "padding: 1px 2px 3px 4px !important",
                "padding:1px 4px 3px 2px!important",
            ),
            ("padding: 1px 2px 3px", "padding:1px 2px 3px"),
            ("text-align: left", "text-align:right"),
            ("float: right !important", "float:left!important"),
            ("border-top-left-radius: 0", "border-top-right-radius:0"),
            ("border-radius: 1px 2px 3px 4px", "border-radius:2px 1px 4px 3px"),
            ("background: url(left.png)", 'background:url("left.png")'),
            ("--left: 1px", "--left:1px"),
        ):
            found = self.kept(f"p{{{rule}}}", "p", mirror=True)
            self.assertEqual(
                found, f"p{{{mirrored}}}".replace('"left.png"', "left.png")
            )

    def test_only_the_page_itself_turns_its_direction(self):
        css = "html, body{direction: ltr}.o_force_ltr{direction: ltr}"
        found = self.kept(css, "body", ".o_force_ltr", mirror=True)
        self.assertIn("body{direction:rtl}", found)
        self.assertIn(".o_force_ltr{direction:ltr}", found)

    def test_addresses_are_replaced_or_removed(self):
        css = "a{b:url(x.png) url('y z.png') url( \"q.png\" ) url('data:,<a b=\"c\">')}"
        found = replace_urls(
            css, lambda url: {"x.png": "data:X", "q.png": ""}.get(url, url)
        )
        self.assertEqual(
            found,
            "a{b:url(\"data:X\") url('y z.png') none url('data:,<a b=\"c\">')}",
        )

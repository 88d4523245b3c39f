"""What hurt first-time users of the archive, in the language where it did."""

import re

from playwright.sync_api import expect
from test_archive_browser import PATIENCE, wait_for

# A file of the desk is let go over the list.
DROP = """list => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["x"], "scan.pdf"));
    const options = {dataTransfer, bubbles: true, cancelable: true};
    list.dispatchEvent(new DragEvent("drop", options));
}"""


def test_une_premiere_visite(visit):
    page, _address = visit("claire")
    page.goto("/odoo/archive")
    page.wait_for_selector(".o_progbox_tree", timeout=2000 * PATIENCE)
    # The server may have begun a moment ago.
    wait_for(page, ".o_data_row >> nth=1", 3 * PATIENCE)

    # Found without its accent, and by the beginning of an amount.
    search = page.locator(".o_searchview_input")
    offered = page.locator(".o_searchview_autocomplete .focus")
    rows = page.locator(".o_data_row")
    amount = rows.first.locator("[name=amount_total]").inner_text()
    for typed in ("lefevre", re.sub(r"\D", "", re.split(r"[.,]\d\d\b", amount)[0])):
        search.fill(typed)
        # Till Odoo offers what to look for, it takes no Enter.
        expect(offered).to_contain_text(typed)
        search.press("Enter")
        expect(page.locator(".o_facet_value").last).to_contain_text(typed)
        expect(rows.first).to_contain_text("Lefèvre")
        page.locator(".o_facet_remove").last.click()
        expect(page.get_by_text(typed, exact=True)).to_have_count(0)

    # The foot has the total.
    expect(page.locator(".o_list_footer")).to_contain_text(re.compile(r"\d[.,]\d\d"))

    # The folder is locked, and says so.
    expect(page.locator("[role=treeitem] .fa-lock").first).to_be_visible()
    page.locator(".o_list_renderer").evaluate(DROP)
    expect(page.locator(".o_notification")).to_contain_text("Verrouillé")

    # From the details the next document is one click away.
    rows.first.locator("td[name=number]").click()
    page.locator(".o_progbox_preview .fa-info-circle").click()
    page.wait_for_selector(".o_form_view")
    expect(page.locator(".o_pager")).to_contain_text(re.compile(r"/\s*([2-9]|\d\d)"))

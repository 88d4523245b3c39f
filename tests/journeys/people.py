"""People at browsers: their screens, and how they log in."""

DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
# Milliseconds: a page is compiled when it is first asked for, and the machine may be
# busy with other tests.
PATIENCE = 60_000


def log_in(page, login):
    """Log somebody in, whose password is the login."""
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_selector(".o_web_client")

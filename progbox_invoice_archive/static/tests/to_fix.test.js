import {describe, expect, test} from "@odoo/hoot";
import {advanceTime, animationFrame} from "@odoo/hoot-mock";
import {mountWithCleanup, onRpc} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {ToFixSystray} from "@progbox_invoice_archive/to_fix/to_fix_systray";

describe.current.tags("desktop");
defineMailModels();

const BADGE = ".o_progbox_to_fix .badge";

async function mountFor(isManager, count) {
    onRpc("has_group", () => isManager);
    onRpc("progbox.archive.job", "search_count", ({args, kwargs}) => {
        expect.step("count");
        expect(args).toEqual([[["to_fix", "=", true]]]);
        return Math.min(count.value, kwargs.limit);
    });
    await mountWithCleanup(ToFixSystray);
    await animationFrame();
}

test("managers see how many invoices are to be fixed", async () => {
    const count = {value: 3};
    await mountFor(true, count);
    expect(BADGE).toHaveText("3");
    count.value = 2000;
    await advanceTime(60000);
    await animationFrame();
    expect(BADGE).toHaveText("99+");
    count.value = 0;
    await advanceTime(60000);
    await animationFrame();
    expect(BADGE).toHaveCount(0);
    expect.verifySteps(["count", "count", "count"]);
});

test("others do not ask", async () => {
    await mountFor(false, {value: 3});
    expect(BADGE).toHaveCount(0);
    expect.verifySteps([]);
});

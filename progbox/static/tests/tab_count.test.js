import {EventBus, reactive} from "@odoo/owl";
import {describe, expect, test} from "@odoo/hoot";
import {animationFrame, Deferred} from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import "@progbox/tab/progbox_tab";
import "@progbox/tab/tab_count";

describe.current.tags("desktop");

class Order extends models.Model {
    name = fields.Char({default: "S1"});
}

defineMailModels();
defineModels([Order]);

test("files that wait are sent once, as soon as their record is saved", async () => {
    mockService("progbox_upload", () => ({
        bus: new EventBus(),
        uploads: reactive([]),
        unfinished: async () => [],
        add: ([{name}], {resModel, resId}) =>
            expect.step(`${name} to ${resModel} ${resId}`),
    }));
    onRpc("progbox.document.type", "search_read", () => []);
    onRpc("order", "progbox_tab_count", () => ({count: 0, capped: false}));
    onRpc("order", "progbox_tab", () => {
        expect.step("tab");
        return new Deferred();
    });
    await mountView({
        type: "form",
        resModel: "order",
        arch: `<form>
            <field name="name"/>
            <notebook>
                <page name="progbox" string="ProGBox"><widget name="progbox_tab"/></page>
            </notebook>
        </form>`,
    });
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(["x"], "a.txt"));
    document.dispatchEvent(new ClipboardEvent("paste", {clipboardData}));
    await animationFrame();
    await animationFrame();
    // Not only when the tab of the saved record is there: the form may be left before.
    expect.verifySteps(["a.txt to order 1", "tab"]);
    await contains(".o_form_button_create").click();
    await animationFrame();
    expect.verifySteps([]);
});

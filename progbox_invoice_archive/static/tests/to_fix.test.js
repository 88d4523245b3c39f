import {describe, expect, test} from "@odoo/hoot";
import {animationFrame, Deferred} from "@odoo/hoot-mock";
import {
    getMockEnv,
    makeServerError,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {rpcBus} from "@web/core/network/rpc";
import {ToFixSystray} from "@progbox_invoice_archive/to_fix/to_fix_systray";

describe.current.tags("desktop");
defineMailModels();

const BADGE = ".o_progbox_to_fix .badge";
const MODEL = "progbox.archive.job";

async function mountFor(isManager, count) {
    onRpc("has_group", () => isManager);
    onRpc(MODEL, "search_count", ({args, kwargs}) => {
        expect.step("count");
        expect(args).toEqual([[["to_fix", "=", true]]]);
        if (count.error) {
            throw count.error;
        }
        return Math.min(count.value, kwargs.limit);
    });
    await mountWithCleanup(ToFixSystray);
    await openAction();
}

async function openAction() {
    getMockEnv().bus.trigger("ACTION_MANAGER:UI-UPDATED", "current");
    await animationFrame();
    await animationFrame();
}

test("managers see how many invoices are to be fixed", async () => {
    const count = {value: 3};
    await mountFor(true, count);
    expect(BADGE).toHaveText("3");
    count.value = 2000;
    await openAction();
    expect(BADGE).toHaveText("99+");
    count.value = 0;
    // An export, which has no method, asks nothing.
    rpcBus.trigger("RPC:RESPONSE", {data: {params: {model: MODEL}}, settings: {}});
    const params = {model: MODEL, method: "action_retry"};
    rpcBus.trigger("RPC:RESPONSE", {data: {params}, settings: {}});
    await animationFrame();
    await animationFrame();
    expect(BADGE).toHaveCount(0);
    expect.verifySteps(["count", "count", "count"]);
});

test("others do not ask", async () => {
    await mountFor(false, {value: 3});
    expect(BADGE).toHaveCount(0);
    expect.verifySteps([]);
});

test("whoever may not ask any more sees nothing", async () => {
    const count = {value: 3};
    await mountFor(true, count);
    count.error = makeServerError({message: "Session expired"});
    await openAction();
    expect(BADGE).toHaveCount(0);
    expect.verifySteps(["count", "count"]);
});

test("the answer that was asked for last is shown", async () => {
    const answers = [];
    onRpc("has_group", () => true);
    onRpc(MODEL, "search_count", () => {
        answers.push(new Deferred());
        return answers.at(-1);
    });
    await mountWithCleanup(ToFixSystray);
    await openAction();
    await openAction();
    answers[1].resolve(2);
    await animationFrame();
    answers[0].resolve(3);
    await animationFrame();
    await animationFrame();
    expect(BADGE).toHaveText("2");
});

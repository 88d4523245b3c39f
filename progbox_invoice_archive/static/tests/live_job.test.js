import {describe, expect, test} from "@odoo/hoot";
import {Deferred, advanceTime, animationFrame, mockDate} from "@odoo/hoot-mock";
import {
    MockServer,
    contains,
    defineModels,
    fields,
    makeServerError,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import "@progbox_invoice_archive/live_job/live_job_view";

describe.current.tags("desktop");

class Job extends models.Model {
    name = fields.Char();
    state = fields.Selection({
        selection: [
            ["pending", "Queued"],
            ["running", "Running"],
            ["waiting", "Waiting"],
            ["done", "Done"],
        ],
    });
    next_try = fields.Datetime();
}

defineMailModels();
defineModels([Job]);

const TICK = ".o_data_row .o_list_record_selector input";

/** Show one job; each reading of it is a step, and waits for what `answer` gives. */
async function mountJob(values, {jsClass = "progbox_live_job_list", answer} = {}) {
    mockDate("2026-11-29 12:00:00", 0);
    Job._records = [{id: 1, name: "INV/1", next_try: "2026-11-29 11:00:00", ...values}];
    let isShown = false;
    onRpc("job", "web_search_read", () => {
        expect.step("read");
        return isShown ? answer?.() : undefined;
    });
    await mountView({
        type: "list",
        resModel: "job",
        arch: `<list js_class="${jsClass}">
            <field name="name"/><field name="state"/><field name="next_try"/>
        </list>`,
    });
    isShown = true;
    expect.verifySteps(["read"]);
}

/** A minute, round by round: each look takes its time. */
async function passMinute() {
    for (let round = 0; round < 30; round++) {
        await advanceTime(2000);
    }
}

test("a job at work is looked at, until it is done", async () => {
    await mountJob({state: "pending"});
    MockServer.env.job.write([1], {state: "done"});
    await advanceTime(2000);
    await animationFrame();
    expect(".o_data_row [name=state]").toHaveText("Done");
    expect.verifySteps(["read"]);
    await passMinute();
    expect.verifySteps([]);
});

test("what is ticked stays so", async () => {
    await mountJob({state: "pending"});
    await contains(TICK).click();
    await passMinute();
    expect.verifySteps([]);
    expect(TICK).toBeChecked();
    await contains(TICK).click();
    await advanceTime(2000);
    expect.verifySteps(["read"]);
});

test("so is what is ticked while a look is under way", async () => {
    const answer = new Deferred();
    await mountJob({state: "pending"}, {answer: () => answer});
    await advanceTime(2000);
    await contains(TICK).click();
    answer.resolve();
    await animationFrame();
    await animationFrame();
    expect(TICK).toBeChecked();
    expect.verifySteps(["read"]);
});

test("a look waits for the one before", async () => {
    const answer = new Deferred();
    await mountJob({state: "pending"}, {answer: () => answer});
    await passMinute();
    expect.verifySteps(["read"]);
    answer.resolve();
    await animationFrame();
    await advanceTime(2000);
    expect.verifySteps(["read"]);
});

test("whoever may not look any more is told so once", async () => {
    expect.errors(1);
    const answer = () => {
        throw makeServerError({message: "Session expired"});
    };
    await mountJob({state: "pending"}, {answer});
    await passMinute();
    await animationFrame();
    expect.verifySteps(["read"]);
    expect.verifyErrors(["Session expired"]);
});

test("what many are done of at once is seldom looked at", async () => {
    await mountJob({state: "pending"}, {jsClass: "progbox_live_job_slow_list"});
    await passMinute();
    expect.verifySteps(["read", "read"]);
});

test("a clock that is late makes nothing wait", async () => {
    await mountJob({state: "pending", next_try: "2026-11-29 12:01:00"});
    await advanceTime(2000);
    expect.verifySteps(["read"]);
});

test("what waits for its next try is seldom looked at", async () => {
    await mountJob({state: "pending", next_try: "2026-11-29 18:00:00"});
    await passMinute();
    expect.verifySteps(["read", "read"]);
});

test("so is what waits for somebody else", async () => {
    await mountJob({state: "waiting"});
    await passMinute();
    expect.verifySteps(["read", "read"]);
});

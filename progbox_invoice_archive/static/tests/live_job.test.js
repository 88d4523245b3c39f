import {describe, expect, test} from "@odoo/hoot";
import {Deferred, advanceTime, animationFrame, mockDate} from "@odoo/hoot-mock";
import {
    MockServer,
    contains,
    defineModels,
    fields,
    getService,
    makeMockEnv,
    makeServerError,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
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

let tell = null;
const TICK = ".o_data_row .o_list_record_selector input";

/** Have the bus as a page sees it: how Odoo's works is not our test. */
async function makeBus(workerState = "DISCONNECTED") {
    await makeMockEnv();
    patchWithCleanup(getService("bus_service"), {
        get workerState() {
            return workerState;
        },
        set workerState(_state) {},
        addChannel: (channel) => expect(channel).toBe("progbox_jobs:job"),
        subscribe: (_type, callback) => {
            tell = callback;
        },
        unsubscribe: () => {},
    });
}

/** Show one job; each reading of it is a step, and waits for what `answer` gives. */
async function mountJob(values, {jsClass = "progbox_live_job_list", answer, bus} = {}) {
    mockDate("2026-11-29 12:00:00", 0);
    Job._records = [{id: 1, name: "INV/1", next_try: "2026-11-29 11:00:00", ...values}];
    let isShown = false;
    await makeBus(bus);
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

/** What the server says when something has come of some jobs. */
async function hear(name) {
    tell(name);
    await advanceTime(2000);
    await animationFrame();
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

test("an error is said once, and looked again after a pause", async () => {
    expect.errors(1);
    let isBroken = true;
    const answer = () => {
        if (isBroken) {
            throw makeServerError({message: "Out of order"});
        }
    };
    await mountJob({state: "pending"}, {answer});
    await passMinute();
    await animationFrame();
    expect.verifySteps(["read", "read"]);
    expect.verifyErrors(["Out of order"]);
    isBroken = false;
    MockServer.env.job.write([1], {state: "done"});
    await passMinute();
    await passMinute();
    expect.verifySteps(["read"]);
});

test("another record is looked at without the pause of the one before", async () => {
    expect.errors(1);
    mockDate("2026-11-29 12:00:00", 0);
    Job._records = [1, 2].map((id) => ({id, name: `INV/${id}`, state: "running"}));
    let isShown = false;
    await makeBus();
    onRpc("job", "web_read", ({args: [[id]]}) => {
        expect.step(`read ${id}`);
        if (isShown && id === 1) {
            throw makeServerError({message: "Out of order"});
        }
    });
    await mountView({
        type: "form",
        resModel: "job",
        resId: 1,
        resIds: [1, 2],
        arch: `<form js_class="progbox_live_job_form"><field name="state"/></form>`,
    });
    isShown = true;
    await advanceTime(2000);
    await animationFrame();
    expect.verifyErrors(["Out of order"]);
    await contains(".o_pager_next").click();
    await advanceTime(2000);
    expect.verifySteps(["read 1", "read 1", "read 2", "read 2"]);
});

test("where there is a bus, jobs are looked at when it says so", async () => {
    await mountJob({state: "pending"}, {bus: "CONNECTED"});
    await advanceTime(20000);
    expect.verifySteps([]);
    await hear("other");
    expect.verifySteps([]);
    await hear("job");
    expect.verifySteps(["read"]);
});

test("what the bus says while a row is ticked is looked at afterwards", async () => {
    await mountJob({state: "done"}, {bus: "CONNECTED"});
    await contains(TICK).click();
    await hear("job");
    expect.verifySteps([]);
    await contains(TICK).click();
    await advanceTime(2000);
    expect.verifySteps(["read"]);
});

test("a bus that says nothing is not relied on", async () => {
    await mountJob({state: "pending"}, {bus: "CONNECTED"});
    await passMinute();
    expect.verifySteps(["read", "read"]);
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

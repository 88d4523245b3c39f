import {after, beforeEach, describe, expect, test} from "@odoo/hoot";
import {advanceTime, animationFrame, Deferred} from "@odoo/hoot-mock";
import {makeMockEnv, patchWithCleanup} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {assets} from "@web/core/assets";
import {RPCError} from "@web/core/network/rpc";
import {DELAYS, Uploads} from "@progbox/upload/upload_service";

describe.current.tags("desktop");
defineMailModels();

const TARGET = {resModel: "sale.order", resId: 7};

/** The server, the sending and the notifications, all of them in the hands of a test. */
class Stage {
    constructor() {
        this.calls = [];
        this.sending = [];
        this.notifications = [];
        this.finished = () => ({state: "done", documentId: 5, alreadyThere: false});
        this.begun = (file, index) => ({
            id: index + 1,
            url: `/progbox/upload/${index + 1}`,
            offset: 0,
        });
        const call = async (_model, method, args) => {
            this.calls.push(method);
            if (method === "begin") {
                await this.beginning;
                return args[2].map(this.begun);
            }
            if (method === "cancel") {
                await this.cancelling;
            }
            return method === "finish" ? this.finished() : true;
        };
        this.service = new Uploads({
            orm: {silent: {call}},
            notification: {
                add: (message, options) => {
                    this.notifications.push(options);
                    return () => {};
                },
            },
        });
        this.service.makeTus = async ({file}, handlers) => {
            const tus = {
                name: file.name,
                ...handlers,
                start: () => this.sending.push(tus),
                abort: () => expect.step(`abort ${file.name}`),
            };
            return tus;
        };
    }

    add(...names) {
        return this.service.add(
            names.map((name) => new File(["bytes"], name)),
            TARGET
        );
    }

    get statuses() {
        return this.service.uploads.map(({status}) => status);
    }
}

function refusal(status, body = "") {
    const response = {getStatus: () => status, getBody: () => body};
    return Object.assign(new Error(), {originalResponse: response});
}

let stage = null;
beforeEach(() => {
    stage = new Stage();
});

test("three are sent at once, and the others go on when one fails", async () => {
    await stage.add("a", "b", "c", "d");
    await animationFrame();
    expect(stage.statuses).toEqual(["sending", "sending", "sending", "waiting"]);
    stage.sending[1].onError(refusal(507, "The disk is full."));
    await animationFrame();
    expect(stage.statuses).toEqual(["sending", "failed", "sending", "sending"]);
    expect(stage.service.uploads[1].message).toBe("The disk is full.");
    expect(stage.sending.map(({name}) => name)).toEqual(["a", "b", "c", "d"]);
});

test("a file that has arrived is filed, and the tab is told", async () => {
    stage.service.bus.addEventListener("uploaded", ({detail}) =>
        expect.step(`${detail.resModel} ${detail.resId} ${detail.documentId}`)
    );
    const answers = [{state: "checking"}, stage.finished()];
    stage.finished = () => answers.shift();
    await stage.add("a");
    await animationFrame();
    stage.sending[0].onProgress(3);
    expect(stage.service.total).toEqual({files: 1, sent: 3, size: 5});
    stage.sending[0].onSuccess();
    await animationFrame();
    expect(stage.statuses).toEqual(["checking"]);
    await advanceTime(2000);
    expect(stage.statuses).toEqual(["done"]);
    expect.verifySteps(["sale.order 7 5"]);
    expect(stage.service.total).toEqual({files: 0, sent: 0, size: 0});
});

test("what the server refuses says why, and the others are sent", async () => {
    const {begun} = stage;
    stage.begun = (file, index) =>
        index ? begun(file, index) : {error: "It is empty."};
    await stage.add("a", "b");
    await animationFrame();
    expect(stage.statuses).toEqual(["failed", "sending"]);
    expect(stage.service.uploads[0].message).toBe("It is empty.");
});

test("an expired session keeps the queue, and says so once", async () => {
    await stage.add("a", "b", "c", "d");
    await animationFrame();
    stage.sending[0].onError(refusal(401));
    stage.sending[1].onError(refusal(401));
    const expired = new RPCError("Session expired");
    expired.exceptionName = "odoo.http.SessionExpiredException";
    stage.finished = () => {
        throw expired;
    };
    stage.sending[2].onSuccess();
    await animationFrame();
    expect(stage.statuses).toEqual(["waiting", "waiting", "checking", "waiting"]);
    expect(stage.notifications.length).toBe(1);
    stage.finished = () => ({state: "done", documentId: 5});
    const [, goOn] = stage.notifications[0].buttons;
    goOn.onClick();
    await animationFrame();
    expect(stage.statuses).toEqual(["sending", "sending", "done", "sending"]);
});

test("what is cancelled is stopped here and forgotten there", async () => {
    const [item] = await stage.add("a");
    await animationFrame();
    await stage.service.cancel(item.key);
    expect.verifySteps(["abort a"]);
    expect(stage.statuses).toEqual(["cancelled"]);
    expect(stage.calls).toEqual(["begin", "cancel"]);
    await stage.service.retry(item.key);
    await animationFrame();
    expect(stage.statuses).toEqual(["sending"]);
});

test("what is tried again at once waits until the server has forgotten it", async () => {
    const [item] = await stage.add("a");
    await animationFrame();
    stage.cancelling = new Deferred();
    stage.service.cancel(item.key);
    stage.service.retry(item.key);
    await animationFrame();
    expect.verifySteps(["abort a"]);
    expect(stage.calls).toEqual(["begin", "cancel"]);
    stage.cancelling.resolve();
    await animationFrame();
    expect(stage.calls).toEqual(["begin", "cancel", "begin"]);
    expect(stage.statuses).toEqual(["sending"]);
});

test("what is cancelled and tried again before it is announced is sent", async () => {
    stage.beginning = new Deferred();
    stage.add("a");
    const [{key}] = stage.service.uploads;
    stage.service.cancel(key);
    stage.service.retry(key);
    stage.beginning.resolve();
    await animationFrame();
    // The server has one upload of it, which both answers name.
    expect(stage.calls).toEqual(["begin", "begin"]);
    expect(stage.statuses).toEqual(["sending"]);
});

test("what is cancelled and forgotten before it is announced is removed there", async () => {
    stage.beginning = new Deferred();
    const added = stage.add("a", "b");
    for (const {key} of [...stage.service.uploads]) {
        stage.service.cancel(key);
        stage.service.forget(key);
    }
    stage.beginning.resolve();
    await added;
    expect(stage.calls).toEqual(["begin", "cancel", "cancel"]);
});

test("what is cancelled again before it is tried again stays so", async () => {
    const [{key}] = await stage.add("a");
    await animationFrame();
    stage.cancelling = new Deferred();
    stage.service.cancel(key);
    const tried = stage.service.retry(key);
    stage.service.cancel(key);
    stage.service.forget(key);
    stage.cancelling.resolve();
    await tried;
    expect.verifySteps(["abort a", "abort a"]);
    expect(stage.calls).toEqual(["begin", "cancel", "cancel"]);
});

test("a server that is away for a moment is asked again", async () => {
    let tries = 0;
    const {finished} = stage;
    stage.finished = () => {
        if (++tries < 4) {
            throw new Error("cut");
        }
        return finished();
    };
    await stage.add("a");
    await animationFrame();
    stage.sending[0].onSuccess();
    for (const delay of DELAYS.slice(0, 3)) {
        await advanceTime(delay);
        await animationFrame();
    }
    expect(stage.statuses).toEqual(["done"]);
    expect(tries).toBe(4);
});

test("a line that is cut while the sender is loaded is tried again", async () => {
    let tries = 0;
    const {makeTus} = stage.service;
    stage.service.makeTus = async (...args) => {
        if (++tries < 3) {
            throw new Error("cut");
        }
        return makeTus(...args);
    };
    await stage.add("a");
    for (const delay of DELAYS.slice(0, 2)) {
        await advanceTime(delay);
        await animationFrame();
    }
    expect(stage.statuses).toEqual(["sending"]);
    expect(stage.sending.length).toBe(1);
});

test("a file that cannot be read says so", async () => {
    // For the texts.
    await makeMockEnv();
    await stage.add("a");
    await animationFrame();
    const causingError = new DOMException("gone", "NotReadableError");
    stage.sending[0].onError(Object.assign(new Error(), {causingError}));
    expect(stage.statuses).toEqual(["failed"]);
    expect(stage.service.uploads[0].message).toMatch(/cannot be read/);
});

test("no request is larger than what proxies have to let through", async () => {
    class Upload {
        constructor(_file, options) {
            Object.assign(this, options);
        }
    }
    patchWithCleanup(assets, {loadBundle: async () => {}});
    window.tus = {Upload};
    after(() => delete window.tus);
    const {makeTus} = Uploads.prototype;
    const job = {file: new File(["x"], "a"), url: "/progbox/upload/1"};
    const sender = await makeTus(job, {});
    expect(sender.chunkSize).toBe(8 * 1024 * 1024);
    // With one, the client would begin anew whenever the server is away.
    expect("endpoint" in sender).toBe(false);
});

test("leaving the page is asked about while something is on its way", async () => {
    const leave = () => {
        const ev = new Event("beforeunload", {cancelable: true});
        window.dispatchEvent(ev);
        return ev.defaultPrevented;
    };
    expect(leave()).toBe(false);
    await stage.add("a");
    await animationFrame();
    expect(leave()).toBe(true);
    stage.sending[0].onSuccess();
    await animationFrame();
    expect(leave()).toBe(false);
});

import {EventBus, markRaw, reactive} from "@odoo/owl";
import {loadBundle} from "@web/core/assets";
import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {ConnectionLostError, RPCError} from "@web/core/network/rpc";
import {registry} from "@web/core/registry";
import {groupBy} from "@web/core/utils/arrays";

/** Files that are sent at the same time. */
const AT_ONCE = 3;
/** Files that are announced to the server in one call. */
const BATCH = 50;
/** Bytes of a request: each one fits through a proxy, and through a slow line. */
const CHUNK = 8 * 1024 * 1024;
/** Milliseconds before each new try: long enough in all for a server to restart. */
export const DELAYS = [
    0, 1000, 2000, 3000, 5000, 5000, 10000, 15000, 20000, 30000, 30000, 60000, 60000,
];
/** Milliseconds between two looks at a file that the server checks. */
const LOOK_AGAIN = 2000;
const ACTIVE = ["waiting", "sending"];
/** What the server says no to: the same request would be refused again. */
const REFUSALS = [400, 401, 403, 404, 412, 413, 415, 507];
const SESSION_EXPIRED = "odoo.http.SessionExpiredException";
const UNREADABLE = ["NotReadableError", "NotFoundError", "SecurityError"];

/**
 * @typedef {Object} Item a file on its way
 * @property {string} key
 * @property {string} name
 * @property {number} size
 * @property {number} sent bytes that are there
 * @property {"waiting"|"sending"|"checking"|"done"|"failed"|"cancelled"} status
 * @property {string} message what happened, and what to do
 * @property {string} resModel
 * @property {number} resId
 * @property {number|false} documentId
 */

/**
 * Sends files to records, piece by piece: a cut line or a restarted server costs the
 * piece that was on its way, and nothing else.
 */
export class Uploads {
    constructor({orm, notification}) {
        this.orm = orm;
        this.notification = notification;
        this.bus = new EventBus();
        /** @type {Item[]} */
        this.uploads = reactive([]);
        /** What only the sending needs to know of an item, by its key. */
        this.jobs = new Map();
        this.lastKey = 0;
        /** The session has ended: everything waits. */
        this.loggedOut = false;
        this.onBeforeUnload = this.onBeforeUnload.bind(this);
        this.goOn = this.goOn.bind(this);
    }

    // ------------------------------------------------------------------
    // For the screen
    // ------------------------------------------------------------------

    /**
     * Send files to a record, or to a folder.
     *
     * @param {(File|{file: File, path: string})[]} files
     * @param {{resModel: string|false, resId: number|false, folderId: ?number, typeId: ?number,
     *     replaces: ?number}} target
     * @returns {Promise<Item[]>} as soon as all of them are announced
     */
    async add(files, target) {
        const items = [...files].map((given) => this.makeItem(given, target));
        const before = this.uploads.length;
        this.uploads.push(...items);
        const added = this.uploads.slice(before);
        this.watchPage();
        await this.begin(added);
        return added;
    }

    /** Stop an upload; what has arrived of it is removed. */
    async cancel(key) {
        const item = this.item(key);
        const job = this.jobs.get(key);
        if (!item || !job || item.status === "done") {
            return;
        }
        this.settle(item, "cancelled");
        job.tus?.abort();
        if (job.id) {
            // Without an answer, the server removes it by itself after a day.
            job.cancelling = this.call("cancel", [[job.id]]).catch(() => {});
            await job.cancelling;
        }
    }

    /** Try a failed or cancelled upload again: it goes on where it was. */
    async retry(key) {
        const item = this.item(key);
        if (item && ["failed", "cancelled"].includes(item.status)) {
            const job = this.jobs.get(key);
            Object.assign(item, {status: "waiting", message: "", sent: 0});
            // Not to where it was sent before: that may be gone, or is being removed.
            job.url = false;
            this.watchPage();
            await job.cancelling;
            // Not if it has been cancelled again meanwhile.
            if (item.status === "waiting") {
                await this.begin([item]);
            }
        }
    }

    /** Take an upload that has come to its end out of the list. */
    forget(key) {
        const index = this.uploads.findIndex((item) => item.key === key);
        if (index >= 0 && !this.isActive(this.uploads[index])) {
            this.uploads.splice(index, 1);
            this.jobs.delete(key);
        }
    }

    /**
     * What the user has begun to send to a record, and this page knows nothing of.
     *
     * @param {string|false} resModel
     * @param {number|false} resId
     * @param {number|false} [folderId] where it is no record's
     * @returns {Promise<{id: number, name: string, size: number, offset: number,
     *     modified: number, error: string|false}[]>}
     */
    async unfinished(resModel, resId, folderId = false) {
        const rows = await this.call("unfinished", [resModel, resId, folderId]);
        const ours = new Set(
            this.uploads
                .filter((item) => item.status !== "cancelled")
                .map((item) => this.jobs.get(item.key).id)
        );
        return rows.filter(({id}) => !ours.has(id));
    }

    /** Bytes of all files that are on their way, and how many of them have arrived. */
    get total() {
        const items = this.uploads.filter((item) => this.isActive(item));
        const sum = (name) => items.reduce((all, item) => all + item[name], 0);
        return {files: items.length, sent: sum("sent"), size: sum("size")};
    }

    /** Go on after a new login. */
    goOn() {
        if (this.loggedOut) {
            this.loggedOut = false;
            this.closeNotification?.();
            browser.removeEventListener("focus", this.goOn);
            this.beginAgain();
        }
    }

    // ------------------------------------------------------------------
    // The queue
    // ------------------------------------------------------------------

    makeItem(given, target) {
        const file = given.file || given;
        const key = `upload-${++this.lastKey}`;
        const path = given.path || "";
        this.jobs.set(key, markRaw({file, path, target, id: false, url: false}));
        return {
            key,
            name: file.name,
            size: file.size,
            sent: 0,
            status: "waiting",
            message: "",
            resModel: target.resModel,
            resId: target.resId,
            documentId: false,
        };
    }

    item(key) {
        return this.uploads.find((item) => item.key === key);
    }

    isActive(item) {
        return ACTIVE.includes(item.status);
    }

    /** Announce files to the server, and send those that it takes. */
    async begin(items) {
        const groups = groupBy(items, ({resModel, resId}) => `${resModel},${resId}`);
        for (const group of Object.values(groups)) {
            for (let start = 0; start < group.length; start += BATCH) {
                await this.beginBatch(group.slice(start, start + BATCH));
                this.sendNext();
            }
        }
    }

    async beginBatch(items) {
        const [{resModel, resId}] = items;
        const files = items.map((item) => this.describe(item));
        let answers = [];
        try {
            answers = await this.callPatiently("begin", [resModel, resId, files]);
        } catch (error) {
            for (const item of items) {
                this.fail(item, error);
            }
            return;
        }
        items.forEach((item, index) => this.announced(item, answers[index]));
    }

    announced(item, {id, url, offset, error}) {
        const job = this.jobs.get(item.key);
        if (item.status === "waiting" && error) {
            this.settle(item, "failed", error);
        } else if (item.status === "waiting") {
            Object.assign(job, {id, url});
            item.sent = offset;
        } else if (id && id !== job?.id) {
            // Cancelled meanwhile, and perhaps taken out of the list. One that was tried
            // again at once has two answers, and is on its way by the first.
            this.call("cancel", [[id]]).catch(() => {});
        }
    }

    describe(item) {
        const {file, path, target} = this.jobs.get(item.key);
        return {
            name: file.name,
            size: file.size,
            modified: file.lastModified,
            mimetype: file.type,
            path,
            folderId: target.folderId || false,
            typeId: target.typeId || false,
            replaces: target.replaces || false,
        };
    }

    sendNext() {
        if (this.loggedOut) {
            return;
        }
        const sending = this.uploads.filter(({status}) => status === "sending");
        const waiting = this.uploads.filter(
            ({status, key}) => status === "waiting" && this.jobs.get(key).url
        );
        for (const item of waiting.slice(0, Math.max(AT_ONCE - sending.length, 0))) {
            this.send(item);
        }
    }

    /** Announce again what has not come so far, and send the rest. */
    async beginAgain() {
        const lost = this.uploads.filter(
            ({status, key}) => status === "waiting" && !this.jobs.get(key).url
        );
        this.sendNext();
        for (const item of this.uploads) {
            if (item.status === "checking") {
                this.finish(item);
            }
        }
        await this.begin(lost);
    }

    // ------------------------------------------------------------------
    // One file
    // ------------------------------------------------------------------

    async send(item) {
        item.status = "sending";
        const job = this.jobs.get(item.key);
        const handlers = {
            onProgress: (sent) => {
                item.sent = sent;
            },
            onSuccess: () => this.arrived(item),
            onError: (error) => this.fail(item, error),
        };
        try {
            // What sends comes from the server, too.
            job.tus = await this.patiently(() => this.makeTus(job, handlers));
        } catch (error) {
            this.fail(item, error);
            return;
        }
        // Not if it has been cancelled meanwhile.
        if (item.status === "sending") {
            job.tus.start();
        }
    }

    /** @returns {Promise<Object>} what sends a file, and goes on when it is cut */
    async makeTus({file, url}, handlers) {
        await loadBundle("progbox.tus");
        return new window.tus.Upload(file, {
            // Without an endpoint: with one, the client would begin anew whenever the
            // server is away for a moment.
            uploadUrl: new URL(url, browser.location.origin).href,
            chunkSize: CHUNK,
            retryDelays: DELAYS,
            storeFingerprintForResuming: false,
            onShouldRetry: (error) => !isRefusal(error),
            // Or else it would be taken for a cut line, and tried for minutes.
            onBeforeRequest: () => file.slice(0, 1).arrayBuffer(),
            ...handlers,
        });
    }

    arrived(item) {
        item.sent = item.size;
        item.status = "checking";
        this.sendNext();
        return this.finish(item);
    }

    async finish(item) {
        try {
            this.filed(item, await this.outcome(item));
        } catch (error) {
            this.fail(item, error);
        }
    }

    /** Have a file filed, and wait for as long as the server checks it. */
    async outcome(item) {
        const {id} = this.jobs.get(item.key);
        for (;;) {
            const answer = await this.callPatiently("finish", [[id]]);
            if (answer.state !== "checking" || item.status !== "checking") {
                return answer;
            }
            item.message = answer.error || "";
            await pause(LOOK_AGAIN);
        }
    }

    filed(item, {state, documentId, alreadyThere, error}) {
        if (item.status !== "checking") {
            return;
        }
        if (state === "failed") {
            this.settle(item, "failed", error);
            return;
        }
        item.documentId = documentId;
        this.settle(item, "done", alreadyThere || "");
        const {resModel, resId} = item;
        this.bus.trigger("uploaded", {resModel, resId, documentId});
    }

    settle(item, status, message = "") {
        Object.assign(item, {status, message});
        this.sendNext();
        this.watchPage();
    }

    fail(item, error) {
        if (item.status === "cancelled") {
            return;
        }
        if (isLoggedOut(error)) {
            if (item.status === "sending") {
                item.status = "waiting";
            }
            this.waitForLogin();
            return;
        }
        this.settle(item, "failed", explain(error));
    }

    // ------------------------------------------------------------------
    // The session, the page and the server
    // ------------------------------------------------------------------

    /** Keep the queue, and say so once. */
    waitForLogin() {
        if (this.loggedOut) {
            return;
        }
        this.loggedOut = true;
        this.closeNotification = this.notification.add(
            _t("Log in again, in another tab: the upload goes on where it was."),
            {
                title: _t("You have been logged out"),
                type: "warning",
                sticky: true,
                buttons: [
                    {
                        name: _t("Log In"),
                        primary: true,
                        onClick: () => browser.open("/web/login", "_blank"),
                    },
                    {name: _t("Go On"), onClick: this.goOn},
                ],
            }
        );
        browser.addEventListener("focus", this.goOn);
    }

    watchPage() {
        browser.removeEventListener("beforeunload", this.onBeforeUnload);
        if (this.uploads.some((item) => this.isActive(item))) {
            browser.addEventListener("beforeunload", this.onBeforeUnload);
        }
    }

    onBeforeUnload(ev) {
        ev.preventDefault();
        // Some browsers ask only then.
        ev.returnValue = true;
    }

    call(method, args) {
        return this.orm.silent.call("progbox.upload", method, args);
    }

    callPatiently(method, args) {
        return this.patiently(() => this.call(method, args));
    }

    /** Ask the server, again and again when it is away for a moment. */
    async patiently(ask) {
        for (const delay of DELAYS) {
            try {
                return await ask();
            } catch (error) {
                if (error instanceof RPCError) {
                    throw error;
                }
            }
            await pause(delay);
        }
        return ask();
    }
}

function pause(milliseconds) {
    return new Promise((resolve) => browser.setTimeout(resolve, milliseconds));
}

function statusOf(error) {
    return error.originalResponse?.getStatus() || 0;
}

function isUnreadable(error) {
    return UNREADABLE.includes((error.causingError || error).name);
}

function isRefusal(error) {
    return isUnreadable(error) || REFUSALS.includes(statusOf(error));
}

function isLoggedOut(error) {
    return (
        statusOf(error) === 401 ||
        (error instanceof RPCError && error.exceptionName === SESSION_EXPIRED)
    );
}

/**
 * @param {Error} error of the line, of the server or of the file
 * @returns {string} what happened, and what to do
 */
function explain(error) {
    if (isUnreadable(error)) {
        return _t(
            "The file cannot be read: it has been moved, changed or is open elsewhere. Choose it again."
        );
    }
    if (error instanceof RPCError) {
        return error.data?.message || error.message;
    }
    const status = statusOf(error);
    if (REFUSALS.includes(status)) {
        return error.originalResponse.getBody() || error.message;
    }
    if (!status || status >= 500 || error instanceof ConnectionLostError) {
        return _t("The server cannot be reached. Try again: it goes on where it was.");
    }
    return error.message;
}

export const uploadService = {
    dependencies: ["orm", "notification"],
    start(_env, services) {
        return new Uploads(services);
    },
};

registry.category("services").add("progbox_upload", uploadService);

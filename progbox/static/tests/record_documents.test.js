import {EventBus, reactive} from "@odoo/owl";
import {beforeEach, describe, destroy, expect, test} from "@odoo/hoot";
import {click, edit, press, queryOne} from "@odoo/hoot-dom";
import {animationFrame, Deferred} from "@odoo/hoot-mock";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {ProgboxTab} from "@progbox/tab/progbox_tab";
import {RecordDocuments} from "@progbox/tab/record_documents";
import {AttachmentsGroup} from "@progbox/upload/attachments_group";
import {ConnectionLostError} from "@web/core/network/rpc";
import {
    allowTranslations,
    findComponent,
    mockService,
    mountWithCleanup,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";

describe.current.tags("desktop");
defineMailModels();
beforeEach(allowTranslations);

const place = {resModel: "sale.order", resId: 7};
const documentOf = (id) => ({
    id,
    name: `${id}.pdf`,
    writable: true,
    marks: [],
    mimetype: "text/plain",
    size: 1,
});
const groupOf = (items) => ({
    key: "own",
    documents: items.length,
    asRecords: false,
    more: false,
    items,
});

/** The tab of a record, and a server whose answers wait until they are resolved. */
async function mountTab(resId) {
    const bus = new EventBus();
    const uploads = {
        bus,
        uploads: reactive([]),
        unfinished: () => [],
        add: () => {},
    };
    mockService("progbox_upload", () => uploads);
    const answers = [];
    const answer = (method) => {
        answers.push(Object.assign(new Deferred(), {method}));
        return answers.at(-1);
    };
    mockService("orm", {
        searchRead: () => answer("types"),
        call: (_model, method) => answer(method),
    });
    const record = {resModel: "sale.order", resId, data: {}};
    const mounted = mountWithCleanup(ProgboxTab, {props: {record}});
    await animationFrame();
    return {answers, bus, mounted, record, uploads};
}

const ANSWERS = {types: [], progbox_tab: {writable: true, groups: []}};
const tabOf = (...ids) => ({
    ...ANSWERS.progbox_tab,
    groups: [groupOf(ids.map(documentOf))],
});

/** The tab of a record with documents, when nothing is asked for any more. */
async function mountDocuments(...ids) {
    const tab = await mountTab(7);
    const {answers} = tab;
    answers[0].resolve(tabOf(...ids));
    answers[1].resolve(ANSWERS.types);
    const mounted = await tab.mounted;
    await answerFolders(answers);
    answers.splice(0);
    const isOurs = (component) => component instanceof RecordDocuments;
    return {...tab, mounted, documents: findComponent(mounted, isOurs)};
}

/** Answer what has been asked for about folders: there are none. */
async function answerFolders(answers) {
    answers
        .filter(({method}) => method === "progbox_tree_of")
        .forEach((answer) =>
            answer.resolve({open: [], pages: [{parentId: false, folders: []}]})
        );
    await animationFrame();
    await animationFrame();
}

test("a file that arrives while the tab is loaded is shown", async () => {
    const {answers, bus, mounted} = await mountTab(7);
    // What is asked for already has not got it.
    bus.trigger("uploaded", {resModel: "sale.order", resId: 7});
    await animationFrame();
    const [before, types, after] = answers;
    expect(after?.method).toBe("progbox_tab");
    after.resolve(tabOf(1));
    types.resolve(ANSWERS.types);
    before.resolve(ANSWERS.progbox_tab);
    await mounted;
    await animationFrame();
    expect(".o_progbox_card").toHaveCount(1);
});

test("of a record that is saved by now, the tab before asks nothing", async () => {
    const {answers, mounted, record} = await mountTab(false);
    // Before the form is drawn again, with another tab.
    record.resId = 7;
    answers[0].resolve(ANSWERS.types);
    await mounted;
    expect(answers.map(({method}) => method)).toEqual(["types"]);
});

test("what is begun is said of the folder that was chosen last", async () => {
    const {documents, uploads} = await mountDocuments();
    const answers = [];
    uploads.unfinished = () => {
        answers.push(new Deferred());
        return answers.at(-1);
    };
    const {files} = documents;
    const looks = [files.loadUnfinished(), files.loadUnfinished()];
    const begun = (id) => ({id, name: `${id}.pdf`, size: 2, offset: 1, error: false});
    answers[1].resolve([begun(2)]);
    await looks[1];
    answers[0].resolve([begun(1)]);
    await looks[0];
    expect(files.unfinished.map(({id}) => id)).toEqual([2]);
});

test("dropped files go to the folder that was chosen when they were dropped", async () => {
    const {documents, uploads} = await mountDocuments();
    const chosenOf = (folderId) => ({
        place: {...place, folderId},
        label: "",
        title: "",
    });
    documents.tab.chosen = chosenOf(5);
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["x"], "a.txt"));
    const enter = new DragEvent("dragenter", {bubbles: true, dataTransfer});
    document.body.dispatchEvent(enter);
    await animationFrame();
    const drop = new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer});
    const added = new Promise((resolve) => {
        uploads.add = (_files, {folderId}) => resolve(folderId);
    });
    queryOne(".o_progbox_dropzone").dispatchEvent(drop);
    // While a dropped folder is read, which takes seconds for a large one.
    documents.tab.chosen = chosenOf(6);
    expect(await added).toBe(5);
});

test("what is done when the form is left meanwhile can be undone", async () => {
    const undo = [];
    mockService("notification", () => ({
        add: (_text, {buttons}) => {
            undo.push(buttons[0].onClick);
            return () => {};
        },
    }));
    const {answers, documents, mounted} = await mountDocuments(1);
    const trashed = documents.actions.trash([documents.tab.item(1)]);
    destroy(mounted);
    answers[0].resolve("1.pdf is in the trash.");
    await trashed;
    expect(undo).toHaveLength(1);
    const undone = undo[0]();
    answers[1].resolve();
    await undone;
    // Nobody is there any more who would be shown the documents.
    const methods = answers.map(({method}) => method);
    expect(methods).toEqual(["progbox_trash", "progbox_restore"]);
});

test("what is written stays when the tab is loaded anew meanwhile", async () => {
    const {answers, bus} = await mountDocuments(1);
    const loadAnew = async () => {
        bus.trigger("uploaded", {resModel: "sale.order", resId: 7});
        answers.at(-2).resolve(tabOf(1, 2));
        await answerFolders(answers);
    };
    queryOne(".o_progbox_card").focus();
    await press("F2");
    await animationFrame();
    expect("input.o_progbox_card_name").toHaveValue("1.pdf");
    await edit("Plan.pdf");
    await loadAnew();
    expect("input.o_progbox_card_name").toHaveValue("Plan.pdf");
    await press("Escape");
    await click(".o_progbox_tab_search input");
    // Before it is looked for.
    await edit("plan");
    await loadAnew();
    expect(".o_progbox_tab_search input").toHaveValue("plan");
    await press("Escape");
    expect(".o_progbox_tab_search input").toHaveValue("");
});

test("no document is drawn again for what is written", async () => {
    await mountDocuments(1, 2);
    patchWithCleanup(RecordDocuments.prototype, {
        propsOf() {
            expect.step("drawn");
            return super.propsOf(...arguments);
        },
    });
    await click(".o_progbox_tab_search input");
    await edit("plan");
    await animationFrame();
    expect.verifySteps([]);
});

/** Answer what has been asked for: documents that are changed, and then shown. */
async function answerChange(answers, ...ids) {
    answers[0].resolve("Done.");
    await animationFrame();
    answers[1].resolve(tabOf(...ids));
    await answerFolders(answers);
}

test("the focus goes on from what is deleted, unless it is elsewhere", async () => {
    const {answers} = await mountDocuments(1, 2, 3);
    queryOne("[data-id='1']").focus();
    await press("Delete");
    await answerChange(answers, 2, 3);
    expect("[data-id='2']").toBeFocused();
    answers.splice(0);
    await press("Delete");
    await click(".o_progbox_tab_search input");
    await answerChange(answers, 3);
    expect(".o_progbox_tab_search input").toBeFocused();
});

test("what is selected while others are changed stays selected", async () => {
    const {answers, documents} = await mountDocuments(1, 2);
    documents.tab.toggle(1);
    const change = documents.onSelection("setType", 5);
    documents.tab.toggle(2);
    await answerChange(answers, 1, 2);
    await change;
    expect(documents.tab.selectedIds).toEqual([2]);
});

test("what is tried again comes with its folders", async () => {
    const {answers, mounted} = await mountTab(7);
    answers[0].reject(new ConnectionLostError("/web"));
    answers[1].resolve(ANSWERS.types);
    await mounted;
    expect(".o_progbox_failed").toHaveCount(1);
    answers.splice(0);
    await click(".o_progbox_failed button");
    answers[0].resolve(tabOf(1));
    answers[1].resolve(ANSWERS.types);
    await animationFrame();
    await animationFrame();
    expect(answers.map(({method}) => method)).toEqual([
        "progbox_tab",
        "types",
        "progbox_tree_of",
    ]);
});

test("what is kept is told, though the tab is not shown any more", async () => {
    const answers = [];
    const bus = new EventBus();
    bus.addEventListener("uploaded", ({detail}) =>
        expect.step(`${detail.resId} ${detail.documentId}`)
    );
    mockService("progbox_upload", () => ({bus}));
    mockService("notification", () => ({add: (text) => expect.step(text)}));
    mockService("orm", {
        call: () => {
            answers.push(new Deferred());
            return answers.at(-1);
        },
    });
    const props = {...place, canKeep: true};
    const group = await mountWithCleanup(AttachmentsGroup, {props});
    const kept = group.keep({id: 3, name: "a.pdf"});
    destroy(group);
    answers[1].resolve({documentId: 5, alreadyThere: "It is there already."});
    await kept;
    expect.verifySteps(["It is there already.", "7 5"]);
});

import {EventBus, reactive} from "@odoo/owl";
import {beforeEach, describe, destroy, expect, test} from "@odoo/hoot";
import {click, edit, press, queryOne} from "@odoo/hoot-dom";
import {animationFrame, Deferred} from "@odoo/hoot-mock";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {AttachmentsGroup} from "@progbox/upload/attachments_group";
import {coalesced} from "@progbox/tab/coalesced";
import {droppedFiles} from "@progbox/tab/dropped_files";
import {iconOf, thumbnailKind} from "@progbox/tab/file_kind";
import {percent} from "@progbox/tab/import_panel";
import {ProgboxTab} from "@progbox/tab/progbox_tab";
import {RecordDocuments} from "@progbox/tab/record_documents";
import {TabModel} from "@progbox/tab/tab_model";
import {FUTURE, TabTreeModel} from "@progbox/tab/tab_tree_model";
import {TabView} from "@progbox/tab/tab_view";
import {takeWaitingFiles, waitingFiles} from "@progbox/tab/waiting_files";
import {ConnectionLostError} from "@web/core/network/rpc";
import {
    allowTranslations,
    findComponent,
    mockService,
    mountWithCleanup,
} from "@web/../tests/web_test_helpers";

describe.current.tags("desktop");
defineMailModels();
beforeEach(allowTranslations);

const entryOf = (name) => ({name, file: (resolve) => resolve(new File(["x"], name))});
const folderOf = (name, ...pages) => ({
    name,
    isDirectory: true,
    createReader: () => ({readEntries: (resolve) => resolve(pages.shift() || [])}),
});
const transferOf = (...entries) => ({
    items: entries.map((entry) => ({kind: "file", webkitGetAsEntry: () => entry})),
    files: [],
});
const place = {resModel: "sale.order", resId: 7};
const item = (id, writable = true) => ({id, name: `${id}.pdf`, writable});

function modelOf(...groups) {
    const calls = [];
    const orm = {
        call: async (_model, method, args) => {
            calls.push([method, ...args.slice(1)]);
            if (method === "progbox_tab") {
                const shown = groups.map((group) => ({...group}));
                return {writable: false, attachments: true, groups: shown};
            }
            return args[1] === "orders"
                ? {records: [{id: 9}], more: false}
                : {items: [item(2), item(3)], more: false};
        },
    };
    return {model: new TabModel(orm, place), calls};
}

const groupOf = (items, values = {}) => ({
    key: "own",
    documents: items.length,
    asRecords: false,
    more: false,
    items,
    ...values,
});

test("dropped folders are read to their end, with their paths", async () => {
    const plans = folderOf("Plans", [entryOf("a.pdf")], [entryOf("b.pdf")]);
    const site = folderOf("Site", [plans, entryOf("c.jpg"), entryOf(".DS_Store")]);
    const found = await droppedFiles(transferOf(site, entryOf("d.txt")));
    expect(found.map(({file, path}) => `${path}:${file.name}`)).toEqual([
        "Site/Plans:a.pdf",
        "Site/Plans:b.pdf",
        "Site:c.jpg",
        ":d.txt",
    ]);
});

test("entries are asked for before the drop is over", () => {
    const asked = [];
    const items = ["a", "b"].map((name) => ({
        kind: "file",
        webkitGetAsEntry: () => asked.push(name) && entryOf(name),
    }));
    droppedFiles({items, files: []});
    expect(asked).toEqual(["a", "b"]);
});

test("a browser without entries gives its files", async () => {
    const files = [new File(["x"], "a.pdf")];
    const found = await droppedFiles({items: [{kind: "file"}], files});
    expect(found).toEqual([{file: files[0], path: ""}]);
});

test("what is in the archive is not opened for its picture", () => {
    const pdf = {mimetype: "application/pdf", size: 1000, locked: false};
    expect(thumbnailKind(pdf)).toBe("pdf");
    expect(thumbnailKind({...pdf, locked: true})).toBe("archived");
    const scan = {...pdf, mimetype: "image/png"};
    expect(thumbnailKind({...scan, locked: true})).toBe(false);
    expect(thumbnailKind({...pdf, locked: true, size: 1e9})).toBe(false);
    expect(thumbnailKind({...pdf, size: 1e9})).toBe(false);
    expect(thumbnailKind(scan)).toBe("picture");
    expect(thumbnailKind({...pdf, mimetype: "image/svg+xml"})).toBe(false);
});

test("each kind of file has its icon", () => {
    expect(iconOf("application/pdf")).toInclude("fa-file-pdf-o");
    expect(iconOf("application/vnd.oasis.opendocument.text")).toInclude("word");
    expect(iconOf("")).toInclude("fa-file-o");
});

test("nothing is done before it is done", () => {
    expect(percent(999, 1000)).toBe(99);
    expect(percent(1000, 1000)).toBe(100);
    expect(percent(0, 0)).toBe(0);
});

test("files wait for the record that they were dropped on", () => {
    const [one, other] = [{}, {}];
    waitingFiles(one).push("a.pdf");
    expect(takeWaitingFiles(other)).toEqual([]);
    expect(takeWaitingFiles(one)).toEqual(["a.pdf"]);
    expect(takeWaitingFiles(one)).toEqual([]);
});

test("what comes while it is loading is loaded once, afterwards", async () => {
    const loads = [];
    const load = coalesced(() => {
        loads.push(new Deferred());
        return loads.at(-1);
    });
    load();
    load();
    const last = load();
    expect(loads).toHaveLength(1);
    loads[0].resolve();
    await animationFrame();
    expect(loads).toHaveLength(2);
    loads[1].resolve();
    await last;
    expect(loads).toHaveLength(2);
});

test("more of a group comes after what is there, each once", async () => {
    const {model, calls} = modelOf(groupOf([item(1), item(2)], {more: true}));
    await model.search("plan");
    await model.loadMore(model.groups[0]);
    expect(calls).toEqual([
        ["progbox_tab", "plan"],
        ["progbox_tab_page", "own", 2, 20, "plan"],
    ]);
    expect(model.items.map(({id}) => id)).toEqual([1, 2, 3]);
    expect(model.groups[0].more).toBe(false);
});

test("what more was shown is still shown after a change", async () => {
    const all = [...Array(150).keys()].map((id) => item(id));
    const page = (offset, limit) => ({
        items: all.slice(offset, offset + Math.min(limit, 50)),
        more: offset + Math.min(limit, 50) < all.length,
    });
    const orm = {
        call: async (_model, method, [, , offset, limit]) =>
            method === "progbox_tab"
                ? {writable: true, groups: [groupOf(all.slice(0, 20), {more: true})]}
                : page(offset, limit),
    };
    const model = new TabModel(orm, place);
    await model.load();
    for (const shown of [40, 60, 80, 100]) {
        await model.loadMore(model.groups[0]);
        expect(model.items).toHaveLength(shown);
    }
    model.toggle(99);
    await model.load();
    expect(model.items).toHaveLength(100);
    expect(model.selectedIds).toEqual([99]);
});

test("nothing of it goes away while it is loaded anew", async () => {
    const all = [...Array(40).keys()].map((id) => item(id));
    const pages = [];
    const call = async (_model, method) => {
        if (method === "progbox_tab") {
            const first = groupOf(all.slice(0, 20), {more: true});
            return {writable: true, groups: [first]};
        }
        pages.push(new Deferred());
        return pages.at(-1);
    };
    const model = new TabModel({call}, place);
    const page = {items: all.slice(20), more: false};
    await model.load();
    const more = model.loadMore(model.groups[0]);
    pages[0].resolve(page);
    await more;
    model.toggle(30);
    const loads = [model.load()];
    await animationFrame();
    expect(model.items).toHaveLength(40);
    // Another change, before the first one is shown.
    loads.push(model.load());
    await animationFrame();
    pages.slice(1).forEach((answer) => answer.resolve(page));
    await Promise.all(loads);
    expect(model.items).toHaveLength(40);
    expect(model.selectedIds).toEqual([30]);
});

test("more of a folder is asked for by its own name", async () => {
    const asked = [];
    const call = async (_model, _method, [[id]]) => {
        asked.push(id);
        return {items: [item(id)], documents: 30, capped: false, more: true};
    };
    const model = new TabModel({call}, place);
    const folder = (folderId) => ({place: {...place, folderId}, title: "", label: ""});
    await model.choose(folder(5));
    const choice = model.choose(folder(6));
    await model.loadMore(model.groups[0]);
    await choice;
    expect(asked).toEqual([5, 6, 5]);
});

test("whoever waits for a load waits for the one after it", async () => {
    const answers = [];
    const call = () => {
        answers.push(new Deferred());
        return answers.at(-1);
    };
    const model = new TabModel({call}, place);
    const first = model.load().then(() => expect.step("loaded"));
    model.load();
    const answer = {writable: true, groups: [groupOf([item(1)])]};
    answers[0].resolve({writable: true, groups: []});
    await animationFrame();
    // Or else the tab would be drawn as if there were nothing.
    expect.verifySteps([]);
    answers[1].resolve(answer);
    await first;
    expect(model.items).toHaveLength(1);
    expect.verifySteps(["loaded"]);
});

test("a group of many records lists them", async () => {
    const values = {key: "orders", asRecords: true, more: true};
    const {model} = modelOf(groupOf([]), groupOf([], values));
    await model.load();
    expect(model.groups[1].list).toEqual([{id: 9}]);
});

test("a range is selected from the last one", async () => {
    const {model} = modelOf(groupOf([item(1), item(2), item(3), item(4, false)]));
    await model.load();
    model.toggle(1);
    model.extendTo(3);
    expect(model.selection.map(({id}) => id)).toEqual([1, 2, 3]);
    expect(model.canChangeSelection).toBe(true);
    model.toggle(4);
    expect(model.canChangeSelection).toBe(false);
    model.toggle(4);
    model.toggle(2);
    expect(model.selection.map(({id}) => id)).toEqual([1, 3]);
});

test("what was looked for last is shown, whichever answer comes first", async () => {
    const answers = {};
    const call = (_model, _method, [, text]) => (answers[text] = new Deferred());
    const model = new TabModel({call}, place);
    const searches = [model.search("a"), model.search("b")];
    answers.b.resolve({writable: true, groups: [groupOf([item(2)])]});
    answers.a.resolve({writable: true, groups: [groupOf([item(1)])]});
    await Promise.all(searches);
    expect(model.items.map(({id}) => id)).toEqual([2]);
});

test("what is gone is not selected any more", async () => {
    const {model} = modelOf(groupOf([item(1)]));
    model.selectedIds = [1, 5];
    await model.load();
    expect(model.selectedIds).toEqual([1]);
});

test("a record that is not saved asks the server for nothing", async () => {
    const {model, calls} = modelOf();
    model.resId = false;
    await model.load();
    expect(calls).toEqual([]);
    expect(model.isEmpty).toBe(true);
});

const node = (id, name, values = {}) => ({
    id,
    name,
    parentId: false,
    count: 0,
    writable: true,
    ...values,
});

function treeOf(...top) {
    const calls = [];
    const pages = [
        {parentId: false, folders: top},
        {parentId: 5, folders: [node(6, "Plans", {parentId: 5})]},
    ];
    const orm = {
        call: async (_model, method, args) => {
            calls.push([method, ...args]);
            return {open: [5], pages: structuredClone(pages)};
        },
    };
    return {tree: new TabTreeModel(orm, place), calls};
}

test("the folders of a tab begin with all documents", async () => {
    const own = node(5, "S1", {resModel: "sale.order", resId: 7});
    const {tree, calls} = treeOf(own);
    await tree.start();
    expect(calls).toEqual([["progbox_tree_of", "sale.order", 7, []]]);
    expect(tree.rows.map(({label}) => label)).toEqual(["All documents", "S1", "Plans"]);
    expect(tree.chosen).toBe(undefined);
    tree.select(6);
    expect(tree.path(6)).toBe("S1 / Plans");
    expect(tree.titleOf(tree.chosen)).toBe("Plans");
    expect(tree.placeOf(tree.chosen)).toEqual({...place, folderId: 6});
    // What is open is asked for again.
    await tree.reload();
    expect(calls.at(-1)).toEqual(["progbox_tree_of", "sale.order", 7, [5]]);
});

test("a folder that is not there yet takes files, and is chosen when it is", async () => {
    const tops = [node(false, "S1", {resModel: "sale.order", resId: 7})];
    const {tree} = treeOf(...tops);
    await tree.start();
    tree.select(FUTURE);
    expect(tree.placeOf(tree.chosen)).toEqual({...place, folderId: false});
    Object.assign(tree, {
        orm: treeOf(node(5, "S1", {resModel: "sale.order", resId: 7})).tree.orm,
    });
    expect(await tree.start()).toBe(true);
    expect(tree.selectedId).toBe(5);
});

test("what is chosen and closed while folders are loaded stays so", async () => {
    const {tree} = treeOf(node(5, "S1", {resModel: "sale.order", resId: 7}));
    await tree.start();
    const again = tree.start();
    tree.select(6);
    tree.close(5);
    // No folder is chosen by the answer: what is ticked in it is left alone.
    expect(await again).toBe(false);
    expect(tree.selectedId).toBe(6);
    expect(tree.isOpen(5)).toBe(false);
});

test("what cannot be changed and has no folder shows no tree", async () => {
    const {tree} = treeOf(node(false, "S1", {writable: false}));
    await tree.start();
    expect(tree.hasChoice).toBe(false);
});

test("a chosen folder is one group, asked for by itself", async () => {
    const {model, calls} = modelOf(groupOf([item(1)]), groupOf([], {key: "orders"}));
    const folder = {place: {...place, folderId: 6}, title: "Plans", writable: false};
    const answer = {items: [item(2)], documents: 30, capped: false, more: true};
    const {call} = model.orm;
    model.orm.call = async (name, method, args) => {
        if (method !== "progbox_documents") {
            return call(name, method, args);
        }
        calls.push([method, ...args]);
        return structuredClone(answer);
    };
    await model.load();
    // Who only reads sees what is attached to messages, beside all documents.
    expect([model.writable, model.attachments]).toEqual([false, true]);
    calls.splice(0);
    await model.choose(folder);
    expect(model.attachments).toBe(false);
    expect(calls).toEqual([["progbox_documents", [6], "", 0, 20]]);
    expect(model.writable).toBe(false);
    expect(model.groups.map(({title, documents}) => [title, documents])).toEqual([
        ["Plans", 30],
    ]);
    await model.loadMore(model.groups[0]);
    expect(calls.at(-1)).toEqual(["progbox_documents", [6], "", 1, 20]);
    await model.choose({group: "orders"});
    expect(model.groups.map(({key}) => key)).toEqual(["orders"]);
    await model.choose({place: {...place, folderId: false}, writable: true});
    expect(model.isEmpty).toBe(true);
});

test("a tab is sorted by the server, and told so with each page", async () => {
    const asked = [];
    const model = new TabModel(
        {
            call: async (_model, method, _args, {sorted_by}) => {
                asked.push([method, sorted_by]);
                const group = groupOf([item(1)], {more: true});
                return method === "progbox_tab"
                    ? {writable: true, groups: [group]}
                    : {items: [item(2)], more: false};
            },
        },
        place
    );
    const view = new TabView();
    view.sort("name");
    await model.sort(view.sortedBy);
    await model.loadMore(model.groups[0]);
    await model.sort(view.sortedBy);
    expect(model.hasTooMany).toBe(false);
    model.groups[0].capped = true;
    expect(model.hasTooMany).toBe(true);
    model.groups[0].asRecords = true;
    expect(model.hasTooMany).toBe(false);
    expect(asked).toEqual([
        ["progbox_tab", "name asc"],
        ["progbox_tab_page", "name asc"],
    ]);
});

test("a column is sorted up, then down, and cards by nothing", () => {
    const view = new TabView();
    expect([view.isList, view.sortedBy]).toEqual([false, ""]);
    expect(view.directionOf("date")).toBe("descending");
    view.show("list");
    const orders = ["size", "size", "date", "date"].map((column) => {
        view.sort(column);
        return view.sortedBy;
    });
    expect(orders).toEqual(["size asc", "size desc", "date asc", ""]);
    view.sort("name");
    expect(view.directionOf("name")).toBe("ascending");
    expect(view.directionOf("date")).toBe("none");
    // The browser keeps the choice.
    expect(new TabView().isList).toBe(true);
    view.show("kanban");
    expect([new TabView().isList, view.sortedBy]).toEqual([false, ""]);
});

test("all that is shown is selected at once", async () => {
    const {model} = modelOf(groupOf([item(1)]), groupOf([item(2)], {key: "orders"}));
    await model.load();
    model.toggle(2);
    model.toggleAll();
    expect(model.selectedIds).toEqual([1, 2]);
    model.toggleAll();
    expect(model.selectedIds).toEqual([]);
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
const documentOf = (id) => ({...item(id), marks: [], mimetype: "text/plain", size: 1});
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

test("of two answers about folders, the one asked for last is shown", async () => {
    const answers = [];
    const call = () => {
        answers.push(new Deferred());
        return answers.at(-1);
    };
    const tree = new TabTreeModel({call}, place);
    const starts = [tree.start(), tree.start()];
    const page = (...folders) => ({open: [], pages: [{parentId: false, folders}]});
    answers[1].resolve(page(node(5, "S1")));
    await starts[1];
    answers[0].resolve(page());
    await starts[0];
    expect(tree.rows.map(({label}) => label)).toEqual(["All documents", "S1"]);
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
    answers[0].resolve([begun(1)]);
    await Promise.all(looks);
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

import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {animationFrame, Deferred} from "@odoo/hoot-mock";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {coalesced} from "@progbox/tab/coalesced";
import {droppedFiles} from "@progbox/tab/dropped_files";
import {iconOf, thumbnailKind} from "@progbox/tab/file_kind";
import {percent} from "@progbox/tab/import_panel";
import {TabModel} from "@progbox/tab/tab_model";
import {FUTURE, TabTreeModel} from "@progbox/tab/tab_tree_model";
import {TabView} from "@progbox/tab/tab_view";
import {takeWaitingFiles, waitingFiles} from "@progbox/tab/waiting_files";
import {allowTranslations} from "@web/../tests/web_test_helpers";

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
    await searches[1];
    answers.a.resolve({writable: true, groups: [groupOf([item(1)])]});
    await searches[0];
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

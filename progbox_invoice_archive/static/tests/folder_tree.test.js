import {EventBus} from "@odoo/owl";
import {beforeEach, describe, expect, test} from "@odoo/hoot";
import {click, edit, press, queryAllTexts, queryOne} from "@odoo/hoot-dom";
import {advanceTime, animationFrame, Deferred} from "@odoo/hoot-mock";
import {
    makeMockEnv,
    mountWithCleanup,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {FolderTree} from "@progbox_invoice_archive/folder_tree/folder_tree";
import {folderLabel} from "@progbox_invoice_archive/folder_tree/folder_label";
import {FolderTreeModel} from "@progbox_invoice_archive/folder_tree/folder_tree_model";

describe.current.tags("desktop");
defineMailModels();

const folder = (id, name, parentId, hasChildren = false) => ({
    id,
    name,
    parentId,
    hasChildren,
    locked: true,
    count: id,
    counted: id !== 2,
});
const page = (parentId, folders, more = false) => ({
    parentId,
    folders,
    more,
    next: folders.length,
});
const PAGES = {
    false: page(false, [folder(1, ".factures", false, true)]),
    1: page(1, [folder(2, "2026", 1, true), folder(3, "2025", 1, true)]),
    2: page(2, [folder(4, "11", 2), folder(5, "10", 2)]),
    3: page(3, [folder(6, "12", 3)], true),
};
const START = {
    selected: 4,
    open: [1, 2],
    domain: [],
    pages: [PAGES[false], PAGES[1], PAGES[2]],
};

let calls = [];
let selected = [];
const orm = {
    async call(_model, method, args) {
        calls.push([method, ...args]);
        if (method === "tree_start") {
            return structuredClone(START);
        }
        const [parentId, offset = 0] = args;
        return offset
            ? page(parentId, [folder(6, "12", parentId), folder(7, "11", parentId)])
            : PAGES[parentId];
    },
};

async function makeTree() {
    const tree = new FolderTreeModel(orm);
    await tree.start();
    return tree;
}

async function mountTree() {
    const searchModel = new EventBus();
    searchModel.folderTree = await makeTree();
    searchModel.selectFolder = (id) => {
        selected.push(id);
        searchModel.folderTree.select(id);
        searchModel.trigger("update");
    };
    const env = await makeMockEnv({searchModel});
    await mountWithCleanup(FolderTree, {env});
}

const labels = () => queryAllTexts("[role=treeitem] .text-truncate");
const focusedLabel = () =>
    document.activeElement.querySelector(".text-truncate")?.textContent.trim();

beforeEach(() => {
    calls = [];
    selected = [];
    browser.sessionStorage.clear();
});

test("a month is named in the user's language", () => {
    const year = {name: "2026"};
    expect(folderLabel({name: "11", locked: true}, year)).toBe("11 — November");
    expect(folderLabel({name: "11", locked: false}, year)).toBe("11");
    expect(folderLabel({name: "13", locked: true}, year)).toBe("13");
    expect(folderLabel({name: "11", locked: true}, {name: "Projects"})).toBe("11");
});

test("the tree opens on the chosen month, with counts", async () => {
    await mountTree();
    expect(labels()).toEqual([
        ".factures",
        "2026",
        "11 — November",
        "10 — October",
        "2025",
    ]);
    expect("[role=treeitem][aria-selected=true]").toHaveText(/November/);
    expect(queryAllTexts(".o_progbox_tree_count")).toEqual(["1", "2+", "4", "5", "3"]);
});

test("a closed folder loads its sub-folders when it is opened, once", async () => {
    await mountTree();
    const caret = "[data-folder-id='3'] .o_progbox_tree_caret";
    await click(caret);
    await animationFrame();
    expect("[data-folder-id='6']").toHaveCount(1);
    await click(caret);
    await animationFrame();
    expect("[data-folder-id='6']").toHaveCount(0);
    await click(caret);
    await animationFrame();
    expect(calls.filter(([method]) => method === "tree_page")).toEqual([
        ["tree_page", 3],
    ]);
    expect(selected).toEqual([]);
});

test("the next page comes on request and repeats no folder", async () => {
    await mountTree();
    await click("[data-folder-id='3']");
    await animationFrame();
    await click(".o_progbox_tree_more");
    await animationFrame();
    expect(calls.at(-1)).toEqual(["tree_page", 3, 1]);
    expect(labels().slice(-2)).toEqual(["12 — December", "11 — November"]);
    expect(".o_progbox_tree_more").toHaveCount(0);
});

test("the keyboard alone reaches every folder", async () => {
    await mountTree();
    queryOne("[role=treeitem][tabindex='0']").focus();
    expect(focusedLabel()).toBe("11 — November");
    await press("ArrowDown");
    await animationFrame();
    expect(focusedLabel()).toBe("10 — October");
    await press("ArrowLeft");
    await animationFrame();
    expect(focusedLabel()).toBe("2026");
    await press("ArrowLeft");
    await animationFrame();
    expect("[data-folder-id='2']").toHaveAttribute("aria-expanded", "false");
    expect("[data-folder-id='4']").toHaveCount(0);
    await press("End");
    await animationFrame();
    expect(focusedLabel()).toBe("2025");
    await press("Enter");
    await animationFrame();
    expect(selected).toEqual([3]);
});

test("each folder has a menu of what can be done with it", async () => {
    const run = [];
    const actions = registry.category("progbox_folder_actions");
    patchWithCleanup(actions, {content: {}});
    actions.add("second", {
        label: "Second",
        icon: "fa-share",
        sequence: 20,
        isAvailable: ({name}) => name === "11",
        run: ({id}) => run.push(id),
    });
    actions.add("first", {
        label: "First",
        icon: "fa-download",
        sequence: 10,
        isAvailable: () => true,
        run: () => run.push("first"),
    });
    await mountTree();
    expect("[data-folder-id='4'] .o_progbox_folder_actions").toHaveAttribute(
        "aria-label",
        "Actions for 11 — November"
    );
    await click("[data-folder-id='4'] .o_progbox_folder_actions");
    await animationFrame();
    expect(queryAllTexts(".o-dropdown-item")).toEqual(["First", "Second"]);
    await click(".o-dropdown-item:last");
    await animationFrame();
    expect(run).toEqual([4]);
    expect(selected).toEqual([]);
    await click("[data-folder-id='5'] .o_progbox_folder_actions");
    await animationFrame();
    expect(queryAllTexts(".o-dropdown-item")).toEqual(["First"]);
});

test("the keyboard opens the menu and chooses in it", async () => {
    const run = [];
    const actions = registry.category("progbox_folder_actions");
    patchWithCleanup(actions, {content: {}});
    actions.add("only", {
        label: "Only",
        icon: "fa-download",
        sequence: 10,
        isAvailable: () => true,
        run: ({id}) => run.push(id),
    });
    await mountTree();
    queryOne("[role=treeitem][tabindex='0']").focus();
    await press("Tab");
    expect(".o_progbox_folder_actions:focus").toHaveCount(1);
    await press("Enter");
    await animationFrame();
    await press("ArrowDown");
    await press("Enter");
    await animationFrame();
    expect(run).toEqual([4]);
    expect(selected).toEqual([]);
});

test("a key does what the menu does", async () => {
    const run = [];
    const actions = registry.category("progbox_folder_actions");
    patchWithCleanup(actions, {content: {}});
    actions.add("rename", {
        label: "Rename",
        icon: "fa-pencil",
        sequence: 10,
        key: "F2",
        isAvailable: ({name}) => name === "11",
        run: ({id}) => run.push(id),
    });
    await mountTree();
    queryOne("[role=treeitem][tabindex='0']").focus();
    await press("F2");
    expect(run).toEqual([4]);
    await press("ArrowDown");
    await animationFrame();
    await press("F2");
    expect(run).toEqual([4]);
});

test("a node that is no folder has a list of its own, and no menu", async () => {
    patchWithCleanup(registry.category("progbox_folder_actions"), {content: {}});
    registry.category("progbox_folder_actions").add("any", {
        label: "Any",
        icon: "fa-download",
        sequence: 10,
        isAvailable: () => true,
        run: () => {},
    });
    const clients = {
        ...folder("model:res.partner", "Clients", false, true),
        locked: false,
        count: false,
        virtual: true,
        domain: [["res_model", "=", "res.partner"]],
    };
    patchWithCleanup(PAGES, {
        false: page(false, [folder(1, ".factures", false, true), clients]),
        "model:res.partner": {
            ...page("model:res.partner", [folder(8, "Dupont", "model:res.partner")]),
            more: true,
            // An id here, not a number of rows.
            next: 8,
        },
    });
    patchWithCleanup(START, {pages: [PAGES[false]], open: [], selected: false});
    await mountTree();
    const row = "[data-folder-id='model:res.partner']";
    expect(`${row} .o_progbox_tree_count`).toHaveCount(0);
    expect(`${row} .o_progbox_folder_actions`).toHaveCount(0);
    expect(`${row} .o_progbox_tree_locked`).toHaveCount(0);
    expect("[data-folder-id='1'] .o_progbox_tree_locked").toHaveCount(1);
    await click(row);
    await animationFrame();
    expect(selected).toEqual(["model:res.partner"]);
    expect(labels()).toEqual([".factures", "Clients", "Dupont"]);
    await click(".o_progbox_tree_more");
    await animationFrame();
    expect(calls.at(-1)).toEqual(["tree_page", "model:res.partner", 8]);
    const tree = await makeTree();
    expect(tree.domainOf(1)).toEqual([["folder_id", "child_of", 1]]);
    expect(tree.domainOf("model:res.partner")).toEqual(clients.domain);
});

test("a folder is loaded again after something was added to it", async () => {
    const tree = await makeTree();
    expect(tree.folders[4].hasChildren).toBe(false);
    patchWithCleanup(PAGES, {4: page(4, [folder(9, "Plans", 4)])});
    await tree.reload(4);
    expect(tree.folders[4].hasChildren).toBe(true);
    expect(tree.pages[4].ids).toEqual([9]);
});

test("the session remembers what is open and chosen", async () => {
    const tree = await makeTree();
    tree.select(5);
    tree.close(2);
    await makeTree();
    expect(calls.at(-1)).toEqual(["tree_start", 5, [1]]);
});

test("a folder is found by its name, and shown at its place", async () => {
    await mountTree();
    const {call} = orm;
    patchWithCleanup(orm, {
        async call(model, method, args) {
            if (method !== "tree_search") {
                return call(model, method, args);
            }
            calls.push([method, ...args]);
            return {
                folders: [{...folder(5, "10", 2), subtitle: ".factures / 2026"}],
                more: false,
            };
        },
    });
    await click(".o_progbox_tree_search input");
    await edit("10");
    await advanceTime(400);
    await animationFrame();
    expect(calls.at(-1)).toEqual(["tree_search", "10"]);
    expect("[role=treeitem]").toHaveCount(1);
    expect("[role=treeitem] small.text-truncate").toHaveText(".factures / 2026");
    await press("ArrowDown");
    await animationFrame();
    await press("Enter");
    await animationFrame();
    expect(calls.at(-1)).toEqual(["tree_start", 5, [1, 2]]);
    expect(selected).toEqual([5]);
    expect("[role=treeitem]").toHaveCount(5);
    expect(".o_progbox_tree_search input").toHaveValue("");
});

/** Have the answers of the server wait until they are resolved. */
function holdAnswers() {
    const answers = [];
    patchWithCleanup(orm, {
        call() {
            answers.push(new Deferred());
            return answers.at(-1);
        },
    });
    return answers;
}

test("of two folders that were found, the one clicked last is chosen", async () => {
    await mountTree();
    const answers = holdAnswers();
    await click(".o_progbox_tree_search input");
    await edit("1");
    await advanceTime(400);
    answers[0].resolve({
        folders: [folder(4, "11", 2), folder(5, "10", 2)],
        more: false,
    });
    await animationFrame();
    await click("[data-folder-id='4']");
    await click("[data-folder-id='5']");
    answers[2].resolve(structuredClone(START));
    await animationFrame();
    answers[1].resolve(structuredClone(START));
    await animationFrame();
    expect(selected).toEqual([5]);
});

test("what is written while a folder is shown at its place is looked for", async () => {
    await mountTree();
    const answers = holdAnswers();
    await click(".o_progbox_tree_search input");
    await edit("1");
    await advanceTime(400);
    answers[0].resolve({folders: [folder(4, "11", 2)], more: false});
    await animationFrame();
    await click("[data-folder-id='4']");
    await click(".o_progbox_tree_search input");
    await edit("2025");
    await advanceTime(400);
    answers[1].resolve(structuredClone(START));
    answers[2].resolve({folders: [folder(3, "2025", 1)], more: false});
    await animationFrame();
    expect(".o_progbox_tree_search input").toHaveValue("2025");
    expect(labels()).toEqual(["2025"]);
});

test("the next page of folders takes the focus from no field", async () => {
    await mountTree();
    await click("[data-folder-id='3']");
    await animationFrame();
    const answers = holdAnswers();
    await click(".o_progbox_tree_more");
    await click(".o_progbox_tree_search input");
    answers[0].resolve(page(3, [folder(7, "11", 3)]));
    await animationFrame();
    expect("[data-folder-id='7']").toHaveCount(1);
    expect(".o_progbox_tree_search input").toBeFocused();
});

test("an answer that comes late empties no tree", async () => {
    const answers = holdAnswers();
    const tree = new FolderTreeModel(orm);
    const starts = [tree.start(), tree.start()];
    answers[1].resolve(structuredClone(START));
    await starts[1];
    answers[0].resolve({...structuredClone(START), pages: [page(false, [])]});
    await starts[0];
    expect(tree.isEmpty).toBe(false);
});

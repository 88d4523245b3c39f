import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {user} from "@web/core/user";

const LIST = "list";

/** How the documents of a tab are shown, as Odoo's switcher of views has it. */
export const VIEWS = [
    {name: "kanban", icon: "oi-view-kanban", label: _t("Cards")},
    {name: LIST, icon: "oi-view-list", label: _t("List")},
];

/** The columns of the list, by which the server sorts. */
export const COLUMNS = [
    {name: "name", label: _t("Name")},
    {name: "type", label: _t("Type")},
    {name: "record", label: _t("Where from")},
    {name: "person", label: _t("Added by")},
    {name: "date", label: _t("Date")},
    {name: "size", label: _t("Size")},
];

// The newest documents come first as long as nothing else is chosen.
const NEWEST = {column: "date", isDescending: true};

/** Cards or a list, which the browser keeps for the user, and what it is sorted by. */
export class TabView {
    constructor() {
        this.name = browser.localStorage.getItem(this.storageKey) || VIEWS[0].name;
        this.order = NEWEST;
    }

    get storageKey() {
        return `progbox.tab_view,${user.userId}`;
    }

    get isList() {
        return this.name === LIST;
    }

    /** Cards say nothing of an order: theirs is always the same. */
    show(name) {
        this.name = name;
        this.order = NEWEST;
        browser.localStorage.setItem(this.storageKey, name);
    }

    sort(column) {
        const isSame = this.order.column === column;
        this.order = {column, isDescending: isSame && !this.order.isDescending};
    }

    /** @returns {string} the order as the server is told, nothing for the usual one */
    get sortedBy() {
        const {column, isDescending} = this.order;
        const isUsual = column === NEWEST.column && isDescending;
        return isUsual ? "" : `${column} ${isDescending ? "desc" : "asc"}`;
    }

    /** @returns {"ascending"|"descending"|"none"} what a screen reader says */
    directionOf(column) {
        if (this.order.column !== column) {
            return "none";
        }
        return this.order.isDescending ? "descending" : "ascending";
    }
}

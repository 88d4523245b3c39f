import {_t} from "@web/core/l10n/translation";

/** @returns {Promise<{file: File, path: string}[]>} the same, none if it cannot be read */
export async function readDropped(dataTransfer, notification) {
    try {
        return await droppedFiles(dataTransfer);
    } catch {
        notification.add(
            _t("The folder could not be read. Drop it again, or choose its files."),
            {type: "danger"}
        );
        return [];
    }
}

/**
 * The files of a drop, those in dropped folders with their path.
 *
 * What was dropped can be looked at only until the handler returns: the entries are
 * taken at once, and read afterwards.
 *
 * @param {DataTransfer} dataTransfer
 * @returns {Promise<{file: File, path: string}[]>}
 */
export function droppedFiles({items, files}) {
    const entries = [...(items || [])]
        .filter(({kind}) => kind === "file")
        .map((item) => item.webkitGetAsEntry?.());
    if (!entries.length || entries.some((entry) => !entry)) {
        return Promise.resolve([...files].map((file) => ({file, path: ""})));
    }
    return filesOf(entries, "");
}

async function filesOf(entries, path) {
    const found = [];
    // One after the other: a folder of thousands of files is no reason to hang.
    for (const entry of entries) {
        if (entry.isDirectory) {
            const under = path ? `${path}/${entry.name}` : entry.name;
            found.push(...(await filesOf(await entriesOf(entry), under)));
        } else if (!isLitter(entry.name)) {
            found.push({file: await fileOf(entry), path});
        }
    }
    return found;
}

/** What systems leave in folders without anybody's wish. */
function isLitter(name) {
    return [".DS_Store", "Thumbs.db", "desktop.ini"].includes(name);
}

function fileOf(entry) {
    return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function entriesOf(directory) {
    const reader = directory.createReader();
    const all = [];
    // A browser gives a hundred at a time, and nothing at the end.
    for (;;) {
        const some = await new Promise((resolve, reject) =>
            reader.readEntries(resolve, reject)
        );
        if (!some.length) {
            return all;
        }
        all.push(...some);
    }
}

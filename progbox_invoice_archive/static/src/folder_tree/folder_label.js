const {DateTime} = luxon;

/**
 * The name a person reads: "11" under a year is "11 — November".
 *
 * @param {{name: string, locked: boolean}} folder
 * @param {{name: string}} [parent]
 * @returns {string}
 */
export function folderLabel(folder, parent) {
    const isMonth =
        /^(0[1-9]|1[0-2])$/.test(folder.name) && /^\d{4}$/.test(parent?.name);
    if (!folder.locked || !isMonth) {
        return folder.name;
    }
    const month = DateTime.fromObject({month: Number(folder.name)}).toFormat("LLLL");
    return `${folder.name} — ${month}`;
}

const EMBEDDED_FILE = /[A-Za-z0-9+/=\s]{2000,}/g;
const TAG = /(<[^>]+>)\s*(?=<)/g;

/**
 * Make a file readable: XML without line breaks gets one line per element, and
 * a file that is embedded in it gives way to its length.
 *
 * @param {string} text
 * @returns {string}
 */
export function readableText(text) {
    const short = text.replace(EMBEDDED_FILE, (file) => `[… ${file.length} …]`);
    const isOneLine =
        short.trimStart().startsWith("<") && !short.trim().includes("\n<");
    return isOneLine ? indent(short) : short;
}

function indent(xml) {
    let level = 0;
    return xml
        .replace(TAG, "$1\n")
        .split("\n")
        .map((line) => {
            const opened = (line.match(/<[^/!?][^>]*[^/]>|<[^/!?>]>/g) || []).length;
            const closed = (line.match(/<\/[^>]+>/g) || []).length;
            level -= opened ? 0 : closed;
            const indented = "    ".repeat(Math.max(level, 0)) + line;
            level += opened ? opened - closed : 0;
            return indented;
        })
        .join("\n");
}

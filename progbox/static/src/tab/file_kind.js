const ICONS = [
    [/^application\/pdf$/, "fa-file-pdf-o text-danger"],
    [/^image\//, "fa-file-image-o text-info"],
    [/^video\//, "fa-file-video-o text-info"],
    [/^audio\//, "fa-file-audio-o text-info"],
    [/word|opendocument\.text|rtf/, "fa-file-word-o text-primary"],
    [/excel|spreadsheet|csv/, "fa-file-excel-o text-success"],
    [/powerpoint|presentation/, "fa-file-powerpoint-o text-warning"],
    [/zip|compressed|tar|rar/, "fa-file-archive-o text-warning"],
    [/xml|json|html/, "fa-file-code-o text-secondary"],
    [/^text\//, "fa-file-text-o text-secondary"],
];
// Pictures that every browser shows, and Odoo makes small.
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
// A first page is not worth more bytes than that.
const LARGEST_PDF = 20 * 1000 * 1000;

/** @returns {string} classes of the icon for a kind of file */
export function iconOf(mimetype) {
    const [, icon] = ICONS.find(([kind]) => kind.test(mimetype)) || [];
    return icon || "fa-file-o text-secondary";
}

/**
 * @param {Object} item document
 * @returns {"picture"|"pdf"|"archived"|false} how its first page can be shown; what is
 *     in the archive is not opened for it, as each opening stands in the access log: the
 *     server draws a small one
 */
export function thumbnailKind({mimetype, size, locked}) {
    if (PICTURES.includes(mimetype)) {
        return locked ? false : "picture";
    }
    if (mimetype !== "application/pdf" || size > LARGEST_PDF) {
        return false;
    }
    return locked ? "archived" : "pdf";
}

export function contentUrl({id, name}) {
    const file = encodeURIComponent(name);
    return `/web/content/progbox.document/${id}/content/${file}`;
}

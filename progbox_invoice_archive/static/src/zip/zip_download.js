import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {formatFileSize} from "../file_size/file_size_field";

/**
 * Download documents as a zip: at once, or when it has been built.
 *
 * @param {Object} env
 * @param {Object} what
 * @param {Array} [what.domain] which documents
 * @param {number} [what.folderId] instead: all in and under this folder
 */
export async function downloadZip(env, {domain = [], folderId = false}) {
    const answer = await env.services.orm.call("progbox.zip", "start", [
        domain,
        folderId,
    ]);
    if (answer.url) {
        return fetchFile(answer.url);
    }
    const message = _t(
        "The zip is being prepared (documents: %(documents)s; %(size)s). You get a message when it is ready.",
        {
            documents: answer.documents.toLocaleString(),
            size: formatFileSize(answer.size),
        }
    );
    env.services.notification.add(message, {
        type: "info",
        sticky: true,
        buttons: [
            {
                name: _t("Show progress"),
                primary: true,
                onClick: () => env.services.action.doAction(answer.export),
            },
        ],
    });
}

/** With a plain GET: the browser shows the progress, and the page stays. */
function fetchFile(url) {
    const link = document.createElement("a");
    link.href = url;
    link.download = "";
    document.body.append(link);
    link.click();
    link.remove();
}

registry.category("progbox_folder_actions").add("download_zip", {
    label: _t("Download zip"),
    icon: "fa-download",
    sequence: 10,
    isAvailable: (folder) => folder.count > 0,
    run: (folder, env) => downloadZip(env, {folderId: folder.id}),
});

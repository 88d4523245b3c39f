import {registry} from "@web/core/registry";

const preview = ".o_progbox_preview";

registry.category("web_tour.tours").add("progbox_archive_browser", {
    steps: () => [
        {
            content: "The newest month is chosen, only its documents are listed",
            trigger: ".o_progbox_tree_selected:contains('11')",
        },
        {
            content: "A later version makes the older one superseded",
            trigger:
                ".o_data_row.text-muted:contains('INV/2026/0002'):contains('Superseded')",
        },
        {
            trigger:
                ".o_list_view:not(:has(.o_data_row:contains('INV/2025/0009'))) .o_data_row:not(.text-muted):contains('INV/2026/0002') td[name=number]",
            run: "click",
        },
        {
            content: "Its pages are shown beside the list",
            trigger: `${preview} iframe[src*='/web/static/lib/pdfjs/web/viewer.html']`,
        },
        {
            trigger: `${preview}:contains('v2') .o_progbox_preview_next`,
            run: "click",
        },
        {
            trigger: `${preview}:contains('Superseded')`,
            run: "press ArrowRight",
        },
        {
            trigger: `${preview}:contains('INV/2026/0001') .o_progbox_preview_next:disabled`,
        },
        {
            trigger: preview,
            run: "press Escape",
        },
        {
            content: "A folder lists everything under it",
            trigger: `body:not(:has(${preview})) [role=treeitem]:contains('.factures')`,
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('INV/2025/0009') td[name=number]",
            run: "click",
        },
        {
            content: "An e-invoice is text, its markup included",
            trigger: `${preview} pre:contains('<script>')`,
        },
        {
            trigger: `${preview} .o_progbox_preview_details`,
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=sha256] .o_clipboard_button",
        },
        {
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item a",
            run: "click",
        },
        {
            content: "Coming back, the folder and the preview are where they were",
            trigger: `.o_progbox_tree_selected:contains('.factures')`,
        },
        {
            trigger: `${preview}:contains('INV/2025/0009')`,
        },
        {
            content: "The folder stands among the filters and can be removed there",
            trigger: ".o_searchview_facet:contains('.factures') .o_facet_remove",
            run: "click",
        },
        {
            trigger: ".o_searchview:not(:has(.o_searchview_facet))",
        },
    ],
});

registry.category("web_tour.tours").add("progbox_archive_empty", {
    steps: () => [
        {
            trigger:
                ".o_view_nocontent:contains('Nothing is archived yet') .btn-primary",
            run: "click",
        },
        {
            trigger: ".o_breadcrumb:contains('Invoices')",
        },
    ],
});

registry.category("web_tour.tours").add("progbox_archive_to_fix", {
    steps: () => [
        {
            trigger:
                ".o_data_row:contains('No space left') button[name=action_open_invoice]",
            run: "click",
        },
        {
            trigger: ".o_progbox_to_fix:contains('1')",
        },
        {
            trigger: "button[name=action_progbox_open_archive]:contains('To Fix')",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('No space left') button[name=action_retry]",
            run: "click",
        },
        {
            trigger: ".o_notification:contains('Queued again: 1')",
        },
    ],
});

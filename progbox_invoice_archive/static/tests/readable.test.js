import {describe, expect, test} from "@odoo/hoot";
import {makeMockEnv} from "@web/../tests/web_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {readableText} from "@progbox_invoice_archive/document_preview/readable_text";
import {formatFileSize} from "@progbox_invoice_archive/file_size/file_size_field";

describe.current.tags("desktop");
defineMailModels();

test("XML in one line gets one line per element", () => {
    const xml = '<?xml version="1.0"?><a><b c="1">x</b><d/><e><f>y</f></e></a>';
    expect(readableText(xml)).toBe(
        [
            '<?xml version="1.0"?>',
            "<a>",
            '    <b c="1">x</b>',
            "    <d/>",
            "    <e>",
            "        <f>y</f>",
            "    </e>",
            "</a>",
        ].join("\n")
    );
});

test("text with lines of its own stays as it is", () => {
    const xml = "<a>\n  <b>x</b>\n</a>\n";
    expect(readableText(xml)).toBe(xml);
});

test("an embedded file gives way to its length", () => {
    const text = readableText(`<a>\n<b>${"Q".repeat(3000)}</b>\n</a>`);
    expect(text).toBe("<a>\n<b>[… 3000 …]</b>\n</a>");
});

test("sizes are for people", async () => {
    await makeMockEnv();
    expect(formatFileSize(0)).toBe("0 B");
    expect(formatFileSize(284)).toBe("284 B");
    expect(formatFileSize(61300)).toBe("61.3 kB");
    expect(formatFileSize(128400)).toBe("128 kB");
    expect(formatFileSize(2500000)).toBe("2.5 MB");
});

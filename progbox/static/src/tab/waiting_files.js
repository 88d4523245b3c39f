import {reactive, toRaw} from "@odoo/owl";

// By the record of the form: it is the same before and after it is saved.
const waiting = new WeakMap();

/** @returns {Object[]} files for a record that cannot be saved yet, reactive */
export function waitingFiles(record) {
    const key = toRaw(record);
    if (!waiting.has(key)) {
        waiting.set(key, reactive([]));
    }
    return waiting.get(key);
}

/** @returns {Object[]} the same, which do not wait any longer */
export function takeWaitingFiles(record) {
    return waiting.get(toRaw(record))?.splice(0) || [];
}

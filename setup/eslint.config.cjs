// What the Odoo Community Association asks for, on top of eslint's recommended rules.
const js = require("@eslint/js");
const globals = require("globals");

module.exports = [
    js.configs.recommended,
    {
        languageOptions: {
            globals: {...globals.browser, luxon: "readonly", odoo: "readonly"},
            sourceType: "module",
        },
        rules: {
            eqeqeq: "error",
            "no-alert": "error",
            "no-eval": "error",
            "no-implied-eval": "error",
            "no-param-reassign": "error",
            "no-shadow": "error",
            "no-unused-expressions": "error",
            "no-use-before-define": ["error", {functions: false}],
            "no-var": "error",
            "operator-assignment": "error",
            "prefer-const": "error",
            radix: "error",
        },
    },
];

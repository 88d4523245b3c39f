"""A private apt: packages of another Debian suite, without installing any of them.

Its sources are the machine's own with the suite swapped; its lists and its cache are in
a folder of ours, so the machine's apt notices nothing.
"""

import re
from pathlib import Path

from .console import Stop


def options(folder, suite):
    """Options that make apt see one suite only, and leave the machine's state alone."""
    source = folder / f"sources/{suite}.sources"
    source.parent.mkdir()
    source.write_text(source_of(suite, *_apt_sources()))
    values = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": source.parent,
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder,
        "APT::Default-Release": "",
        "APT::Sandbox::User": "root",  # _apt cannot write into our folder
    }
    return [part for key, value in values.items() for part in ("-o", f"{key}={value}")]


def _apt_sources():
    """The machine's own sources: the deb822 stanzas and the one-line entries."""
    folder = Path("/etc/apt")
    lists = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))]
    stanzas = sorted(folder.glob("sources.list.d/*.sources"))
    return (
        "\n\n".join(path.read_text() for path in stanzas),
        "\n".join(path.read_text() for path in lists if path.exists()),
    )


def source_of(suite, stanzas, lines):
    """The machine's main Debian source, with the suite swapped for another.

    So mirrors, proxies and keys are those that the machine's owner has chosen.
    """
    for source in [*_parse_stanzas(stanzas), *_parse_lines(lines)]:
        suites = source["Suites"].split()
        main = [name for name in suites if re.fullmatch(r"[a-z]+", name)]
        if main and "main" in source["Components"].split():
            swapped = {"Suites": suite, "Components": "main"}
            other = {"Types": "deb"} | source | swapped
            return "".join(f"{key}: {value}\n" for key, value in other.items())
    raise Stop("apt has no Debian source: add one to /etc/apt, or use --odoo PATH.")


def _parse_stanzas(text):
    text = re.sub(r"(?m)^#.*\n?", "", text)
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"(?m)^([\w-]+):\s*(.*(?:\n[ \t].*)*)", stanza))
        used = "deb" in fields.get("Types", "").split() and "Components" in fields
        used = used and fields.get("Enabled", "yes") != "no"
        if used and _is_debian(fields["URIs"]):
            kept = ("URIs", "Suites", "Components", "Signed-By", "Trusted")
            yield {key: fields[key] for key in kept if key in fields}


def _parse_lines(text):
    names = {"signed-by": "Signed-By", "trusted": "Trusted"}
    for line in re.findall(r"(?m)^deb\s+(.+)", text):
        options, uri, suite, components = re.match(
            r"(?:\[(.*?)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line
        ).groups()
        pairs = dict(pair.split("=", 1) for pair in (options or "").split())
        if _is_debian(uri):
            yield {"URIs": uri, "Suites": suite, "Components": components} | {
                names[key]: value for key, value in pairs.items() if key in names
            }


def _is_debian(uris):
    """Debian's own archive, not one of the many that carry packages *for* Debian."""
    return all(re.search(r"/debian(/|$)|^mirror\+file:", uri) for uri in uris.split())

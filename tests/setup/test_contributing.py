"""CONTRIBUTING.md names no file, folder or option that is not there."""

import re

import pytest
from progbox_env import paths

TEXT = (paths.ROOT / "CONTRIBUTING.md").read_text()
ADDON = paths.ROOT / "progbox_invoice_archive"
# What looks like a path: code with a slash or an ending, and the picture's files.
PATHS = sorted(
    {
        *re.findall(r"`([\w.-]+/[\w./-]*)`", TEXT),
        *re.findall(r"`([\w.-]+\.(?:py|xml|json|txt|rst|yaml|md|js))`", TEXT),
        *re.findall(r"<br>([\w/]+\.py)$", TEXT, re.M),
        *re.findall(r"^setup/test +([\w./]+)", TEXT, re.M),
    }
)


def test_the_map_was_read():
    assert len(PATHS) > 40


@pytest.mark.parametrize("path", PATHS)
def test_what_the_map_names_exists(path):
    places = (paths.ROOT, ADDON)
    if path.startswith(".progbox/"):
        return
    assert any((place / path).exists() for place in places), f"{path} is gone"


def test_the_picture_shows_every_room_on_the_way():
    picture = TEXT.split("```mermaid")[1].split("```")[0]
    participants = re.findall(r"participant (\w+) as ([\w.]+)<br>(\S+)", picture)
    assert len(participants) >= 11
    for _name, declared, path in participants:
        text = (ADDON / path).read_text()
        if "." in declared:
            assert path == f"models/{declared.replace('.', '_')}.py"
            models = re.findall(r'_(?:name|inherit) = "([\w.]+)"', text)
            assert declared in models, f"{path} is not the model {declared}"
        else:
            assert f"\nclass {declared}:" in text, f"{path} is not of {declared}"
    named = {name for name, *_rest in participants} | {"Accountant"}
    for arrow in re.findall(r"^ *(\w+)->>(\w+):", picture, re.M):
        assert named.issuperset(arrow), f"who is {arrow}?"

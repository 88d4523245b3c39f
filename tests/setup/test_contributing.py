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
    assert len(participants) >= 7
    for _name, model, path in participants:
        assert path == f"models/{model.replace('.', '_')}.py"
        if (file := ADDON / path).exists():
            declared = re.findall(r'_(?:name|inherit) = "([\w.]+)"', file.read_text())
            assert model in declared, f"{path} is not the model {model}"

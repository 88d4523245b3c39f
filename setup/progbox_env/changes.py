"""What of an add-on is in a database: when that changes, the database is updated.

Data, views, rights and translations count whole, and so does Python that an
installation runs. Of other Python counts what declares the tables: the assignments of
modules and of classes. A method's body is read from the disk at every start.
"""

import ast
import hashlib

from . import paths

# What Odoo reads from the disk, or never reads.
NOT_IN_DATABASE = {"tests", "static", "readme", "__pycache__"}
NOT_IN_DATABASE |= {"README.rst", "pyproject.toml"}
# Python that an installation or an update runs.
RUN_BY_INSTALLING = (
    "__manifest__.py",
    "hooks.py",
    "migrations/",
    "tools/ledger/guards",
)
METHODS_OF_INSTALLING = {"init", "_auto_init", "_table_query"}
DECLARES = (ast.Assign, ast.AnnAssign, ast.AugAssign)


def digest(addon):
    """The digest of what a database holds of the add-on."""
    result = hashlib.sha256()
    root = paths.ROOT / addon
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not path.is_file() or NOT_IN_DATABASE & set(name.split("/")):
            continue
        content = path.read_bytes()
        if path.suffix == ".py" and not name.startswith(RUN_BY_INSTALLING):
            if not (declared := declarations(content)):
                continue
            content = declared.encode()
        result.update(f"{name}\0".encode() + content)
    return result.hexdigest()[:16]


def digest_written_once(addon):
    """The digest of the data that an update leaves as the installation wrote it."""
    result = hashlib.sha256()
    for path in sorted((paths.ROOT / addon).rglob("*.xml")):
        if b'noupdate="1"' in (content := path.read_bytes()):
            result.update(content)
    return result.hexdigest()[:16]


def declarations(source):
    """What a Python file declares, whatever its comments and methods say."""
    try:
        module = ast.parse(source)
    except SyntaxError:
        return repr(source)  # Odoo will say what is wrong with it
    return "\n".join(_declared(module))


def _declared(node):
    for child in node.body:
        if isinstance(child, DECLARES):
            yield ast.unparse(child)
        elif isinstance(child, ast.ClassDef):
            bases = ", ".join(map(ast.unparse, child.bases))
            yield f"class {child.name}({bases})"
            yield from _declared(child)
        elif isinstance(child, ast.FunctionDef) and child.name in METHODS_OF_INSTALLING:
            yield ast.unparse(child)

"""Moves modules about in a copy of the tree."""

from __future__ import annotations

import re
from pathlib import Path


def moved(root: Path, old: str, new: str) -> None:
    """Moves a module and lets all others import it from its new place."""
    source, target = (root / (name.replace(".", "/") + ".py") for name in (old, new))
    target.parent.mkdir(exist_ok=True)
    (target.parent / "__init__.py").touch()
    source.rename(target)
    package, _, name = old.rpartition(".")
    new_package, _, new_name = new.rpartition(".")
    for path in root.rglob("*.py"):
        text = path.read_text()
        text = text.replace(f"from {old} import", f"from {new} import")
        lines = []
        for line in text.splitlines():
            # from package import a, name, b -> from package import a, b and the moved one
            names = line.removeprefix(f"from {package} import ").split(", ")
            if line.startswith(f"from {package} import ") and name in names:
                names.remove(name)
                lines += [f"from {package} import {', '.join(names)}"] if names else []
                lines += [f"from {new_package} import {new_name}"]
            elif line.startswith(("from ", "import ")):
                lines.append(line)
            else:
                lines.append(re.sub(rf"(?<![.\w]){name}\.", f"{new_name}.", line))
        path.write_text("\n".join(lines) + "\n")

"""The house keeps its order: import rules, one name per topic, nothing that does not belong."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from analysis.figures import REGISTRY
from analysis.publishing.edition import ROOT


def test_import_rules_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports"))]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_models_of_a_topic_neither_read_data_nor_draw() -> None:
    readers = {
        "derive",
        "findings",
        "sentences",
        "figures",
        "named",
        "service",
        "predictions",
        "derive_requests",
        "known",
        "published_splits",
        "peer_forecasts",
    }
    for topic in REGISTRY.topics:
        package = ROOT / "analysis" / topic
        assert (package / "figures").is_dir()
        for module in package.rglob("*.py"):
            if module.stem == "__init__":  # what a package offers, readers among it
                continue
            if readers & {module.stem, *module.relative_to(package).parts[:-1]}:
                continue
            imports = "\n".join(re.findall(r"^(?:from|import) .*$", module.read_text(), re.M))
            for banned in ("catalog", "altair", "publishing", "urllib", "pathlib", "named"):
                found = re.search(rf"\b{banned}\b", imports)
                assert not found, f"{module.relative_to(ROOT)} imports {banned}"
            assert not re.search(r"^(?:from|import) requests\b", imports, re.M)


def test_a_topic_has_one_name_in_prose_code_data_and_tests() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    numbered = [part for part in toc["parts"] if part.get("numbered")]
    for chapter in (c["file"].split("/")[-1] for part in numbered for c in part["chapters"]):
        for room in ("analysis", "data", "tests"):
            assert (ROOT / room / chapter).is_dir(), f"{room}/{chapter} is missing"


def test_lock_files_pin_with_hashes_and_name_no_host() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pinned = re.findall(r"^([a-z0-9][\w.-]*)==", text, re.M)
        hashed = re.findall(r"^([a-z0-9][\w.-]*)==[^\n]*\\\n\s+--hash=sha256:", text, re.M)
        assert pinned == hashed
        assert "jupyter-book==1." in text
        assert "://" not in text
        assert "index-url" not in text

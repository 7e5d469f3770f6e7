"""Every format has vectors, and every reader of bytes from outside has vectors and a fuzz target."""

import ast
import re
from pathlib import Path

import pytest
from readers import READERS

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"
FUZZ = ROOT / "tests" / "fuzz"
# What each page of docs/formats fixes, and where its vectors are.
FORMATS = {
    "audit": ("audit", "tiles", "witness"),
    "destruction": ("destruction",),
    "disposal": ("disposal",),
    "evidence-bundle": ("bundle",),
    "evidence-record": ("evidence_record",),
    "exchange-package": ("handover",),
    "handover-receipt": ("handover",),
    "index": ("index",),
    "index-postgresql": ("index_postgresql",),
    "key-ring": ("key_ring",),
    "removal": ("removal",),
    "retention-rules": ("retention_rules",),
    "row-states": ("row_states",),
    "seals": ("bundle",),
    "vault": ("vault",),
}
# Readers that have tests of their own: where -> folder of vectors, and file and name of the fuzz target.
OTHERS = {
    "edms.audit.events:read_leaf": ("audit", "audit_targets", "leaf"),
    "edms.audit.note:open_checkpoint": ("audit", "audit_targets", "checkpoint"),
    "edms.audit.note:read_verifier_key": ("witness", "audit_targets", "witness_key"),
    "edms.core.segments:SegmentReader": ("vault", "vault_targets", "segment_stream"),
    "edms.signing.evidence_record:read_evidence_record": ("evidence_record", "evidence_targets", "evidence_record"),
    "edms.signing.timestamp_token:read_token": ("evidence_record", "evidence_targets", "timestamp_token"),
    "edms.signing.timestamp_token:seal_timestamp": ("bundle", "evidence_targets", "seal"),
    "edms.vault.key_files:read_key_file": ("key_ring", "vault_targets", "key_file"),
    "edms.vault.keys:unwrap_with": ("vault", "vault_targets", "wrapped_key"),
    "edms.verify.certificate:read_certificate": ("destruction", "audit_targets", "certificate"),
    "edms.verify.destruction:check_certificate": ("destruction", "audit_targets", "certificate"),
    "edms.verify.removal:check_removal": ("removal", "audit_targets", "removal"),
    "edms.verify.package:open_package": ("bundle", "audit_targets", "package"),
    "edms.verify.watched:against": ("audit", "audit_targets", "kept"),
}
# Named like a reader, and none of bytes from outside.
NONE = {
    "edms.capture.batch_steps:read_batch": "asks edms.batches.sheet:read_sheet",
    "edms.capture.manifest_table:read_manifest": "asks edms.text.tables:read_table, in the sandbox",
    "edms.capture.reconciliations:read_reconciliation": "reads rows",
    "edms.records.events_many:read_list": "reads the table of an officer; tests/operations/test_events_many.py",
    "edms.core.ids:parse_id": "one call of uuid.UUID",
    "edms.records.evidence:read_component": "reads a blob, whose format is the vault's",
    "edms.records.components:read_pages": "reads a blob, whose format is the vault's",
    "edms.records.proposals:read_proposals": "asks edms.proposals.letter:read_letter",
    **dict.fromkeys(
        (f"edms.retention.phrases:read_{part}" for part in ("active", "inactive", "fate", "level", "event")),
        "phrases of a table that the sandbox has read; tests/unit/test_retention_import.py",
    ),
    "edms.search.codec:AnalysedField.from_bytes": "gives back what it is given",
    "edms.search.generations:Generations.read_journal": "asks edms.search.generations:read_sealed",
    "edms.search.synonyms:read": "reads what the records officer writes; tests/unit/test_search_synonyms.py",
    "edms.signing.authority:AuthorityMaterial.from_json": "reads a secret that the key ring has authenticated",
}
_READS = re.compile(r"(read|parse)(_\w+)?|from_(bytes|json|text)", re.ASCII)


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    """Return the public functions and methods of a module by `module:function` or `module:Class.method`."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    found = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[f"{module}:{node.name}"] = node
        elif isinstance(node, ast.ClassDef):
            for one in node.body:
                if isinstance(one, ast.FunctionDef):
                    found[f"{module}:{node.name}.{one.name}"] = one
    return found


def looks_like_a_reader(name: str, node: ast.FunctionDef) -> bool:
    """`read_…`, `parse…`, `from_bytes` and the like; a bare method `read` is a stream's or an adapter's."""
    return bool(_READS.fullmatch(node.name)) and not (node.name == "read" and "." in name.partition(":")[2])


def found_readers() -> set[str]:
    # What edms.text reads by other people's libraries runs in the sandbox, and is tested on the files of a corpus.
    files = [file for file in (ROOT / "edms").rglob("*.py") if file.parent.name != "text"]
    return {name for file in files for name, node in functions(file).items() if looks_like_a_reader(name, node)}


DECLARED = {reader.where for reader in READERS.values()} | set(OTHERS)


def test_every_format_has_vectors() -> None:
    assert {page.stem for page in (ROOT / "docs" / "formats").glob("*.md")} == set(FORMATS)
    used = {folder for folders in FORMATS.values() for folder in folders}
    used |= {reader.vectors for reader in READERS.values()} | {told[0] for told in OTHERS.values()}
    there = {folder.name for folder in VECTORS.iterdir() if folder.is_dir() and folder.name != "__pycache__"}
    assert there == used


@pytest.mark.parametrize("folder", sorted(one.name for one in VECTORS.iterdir() if (one / "make_vectors.py").exists()))
def test_vectors_are_to_be_taken_and_to_be_refused(folder: str) -> None:
    assert list((VECTORS / folder / "accept").glob("*.json"))
    assert list((VECTORS / folder / "reject").glob("*.json"))
    assert f"`{folder}`" in (VECTORS / "README.md").read_text("utf-8")


def test_every_reader_is_declared() -> None:
    assert sorted(found_readers() - DECLARED - set(NONE)) == []


def test_what_is_declared_is_there() -> None:
    there = {name for file in (ROOT / "edms").rglob("*.py") for name in functions(file)}
    classes = {name.rpartition(".")[0] for name in there if "." in name.partition(":")[2]}
    assert sorted((DECLARED | set(NONE)) - there - classes) == []


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_reader_has_a_vector_of_its_kind(name: str) -> None:
    files = (VECTORS / READERS[name].vectors).glob("*/*.json")
    assert any(f'"kind": "{name}"' in file.read_text("utf-8") for file in files)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_every_other_reader_has_a_fuzz_target(name: str) -> None:
    _folder, script, target = OTHERS[name]
    text = (FUZZ / f"{script}.py").read_text("utf-8")
    assert re.search(rf"^def {target}\(data: bytes\)", text, re.MULTILINE)
    tests = (FUZZ / f"test_{script.removesuffix('_targets')}_fuzz.py").read_text("utf-8")
    assert f'"{target}"' in tests

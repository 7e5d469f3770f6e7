"""The committed vectors: what every reader of the vault format must accept, and what it must refuse."""

import hashlib
import importlib.util
import io
import json
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from edms.core.errors import EdmsError, IntegrityFault, KeyUnavailable
from edms.core.segments import SegmentReader
from edms.vault.file_provider import FileKeyProvider
from edms.vault.sealed import content_data, key_data

FOLDER = Path(__file__).parent.parent / "vectors" / "vault"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vault_vectors", FOLDER / "make_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = _load()
ACCEPTED = sorted((FOLDER / "accept").glob("*.json"))
REFUSED = sorted((FOLDER / "reject").glob("*.json"))


def opened(vector: dict[str, Any]) -> bytes:
    """Open a vector with the product's own reader."""
    told = vector["open_with"]
    if vector["kind"] == "wrapped-key":
        keys = FileKeyProvider("0123456789abcdef", 3, {3: bytes.fromhex(told["kek"]), 4: bytes.fromhex(told["kek"])})
        wrapped = bytes.fromhex(vector["wrapped"])
        return keys.unwrap(told["key_id"], told["epoch"], wrapped, key_data(UUID(told["blob_id"]), told["purpose"]))
    blob = MAKER.edited(MAKER.made_blob(vector["made"]), vector["edits"])
    assert len(blob) == vector["blob_bytes"]
    assert hashlib.sha256(blob).hexdigest() == vector["blob_sha256"]
    return SegmentReader(io.BytesIO(blob), bytes.fromhex(told["key"]), told["associated_data"].encode()).read()


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_accept(path: Path) -> None:
    vector = json.loads(path.read_text())
    content = opened(vector)
    if vector["kind"] == "wrapped-key":
        assert content.hex() == vector["data_key"]
    else:
        assert hashlib.sha256(content).hexdigest() == vector["plaintext_sha256"]


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_reject(path: Path) -> None:
    vector = json.loads(path.read_text())
    expected: type[EdmsError] = KeyUnavailable if path.stem == "wrapped-key-id" else IntegrityFault
    with pytest.raises(expected):
        opened(vector)


def test_the_files_are_what_the_maker_makes() -> None:
    for paths, made in ((ACCEPTED, MAKER.accepted()), (REFUSED, MAKER.rejected())):
        assert {path.stem: json.loads(path.read_text()) for path in paths} == made


def test_the_associated_data_is_that_of_the_vectors() -> None:
    assert content_data(UUID(MAKER.ID), "original").decode() == MAKER.DATA

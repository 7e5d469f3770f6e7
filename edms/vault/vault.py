"""The vault: streams in, sealed and durable; streams out, every byte authenticated."""

import io
from collections.abc import Container, Iterator
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO, Protocol, cast
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edms.core.clock import Clock
from edms.core.errors import IntegrityFault, LimitExceeded, NotFound
from edms.core.ids import new_id
from edms.core.segments import SegmentReader, SegmentWriter, ciphertext_size
from edms.vault.keys import KeyProvider, WrappedKey, Wrapping
from edms.vault.sealed import SealedBlob, content_data, key_data
from edms.vault.store import BlobStore, checked_name, new_name
from edms.vault.streams import Digest, pieces

__all__ = ["SealedBlob", "Vault"]


class Openable(Protocol):
    """What the vault must know of a blob: a SealedBlob, or its row."""

    @property
    def blob_id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def wrapped_key(self) -> bytes: ...
    @property
    def key_id(self) -> str: ...
    @property
    def epoch(self) -> int: ...


class Vault:
    """Seals each blob under its own random 256-bit key, which the provider wraps. Memory does not grow with size."""

    def __init__(self, store: BlobStore, keys: KeyProvider, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock

    def put(self, source: BinaryIO, purpose: str, limit: int | None = None) -> SealedBlob:
        """Seal all of `source` (read to its end, not closed); the blob is durable on return and has no row yet.

        `limit`: the most bytes allowed. Raises LimitExceeded, StorageFault, KeyUnavailable, and whatever reading the
        source raises; in every such case nothing is left in the store.
        """
        blob_id = new_id(self._clock)
        data_key = AESGCM.generate_key(256)
        # Wrapped first: without a key that can be had again there must be no blob.
        wrapped = self._keys.wrap(data_key, key_data(blob_id, purpose))
        name = new_name()
        with Digest() as digest:

            def write(raw: BinaryIO) -> None:
                with SegmentWriter(raw, data_key, content_data(blob_id, purpose)) as sealing:
                    for piece in pieces(source):
                        digest.update(piece)
                        if limit is not None and digest.size > limit:
                            raise LimitExceeded(f"the file is larger than the limit of {limit} bytes")
                        sealing.write(piece)

            self._store.put(name, write)
        return SealedBlob(
            blob_id=blob_id,
            name=name,
            purpose=purpose,
            size=digest.size,
            sha256=digest.hexdigest(),
            wrapped_key=wrapped.wrapped,
            key_id=wrapped.key_id,
            epoch=wrapped.epoch,
        )

    def open(self, blob: Openable) -> BinaryIO:
        """Return a seekable stream of the plaintext; a read decrypts only the segments it touches.

        Raises IntegrityFault (also later, from a read) when the bytes are missing or not what was stored,
        KeyUnavailable, StorageFault.
        """
        try:
            bound = key_data(blob.blob_id, blob.purpose)
            checked_name(blob.name)
        except ValueError as error:  # the row was altered: we never wrote such a thing
            raise IntegrityFault(f"blob {blob.blob_id} has a row that no blob can have: {error}") from None
        data_key = self._keys.unwrap(blob.key_id, blob.epoch, blob.wrapped_key, bound)
        try:
            raw = self._store.open(blob.name)
        except NotFound:
            raise IntegrityFault(f"blob {blob.blob_id} is missing from the store") from None
        try:
            if raw.seek(0, io.SEEK_END) != ciphertext_size(blob.size):
                raise IntegrityFault(f"blob {blob.blob_id} has not the length it was stored with")
            return cast(BinaryIO, SegmentReader(raw, data_key, content_data(blob.blob_id, blob.purpose)))
        except BaseException:
            raw.close()
            raise

    def picture_key(self, blob: Openable) -> bytes:
        """Return the key that pictures of this blob's pages are kept under: had by whoever can open the blob, and gone
        with its wrapped key. Raises IntegrityFault, KeyUnavailable."""
        try:
            bound = key_data(blob.blob_id, blob.purpose)
        except ValueError as error:
            raise IntegrityFault(f"blob {blob.blob_id} has a row that no blob can have: {error}") from None
        data_key = self._keys.unwrap(blob.key_id, blob.epoch, blob.wrapped_key, bound)
        info = f"edms.pictures.v1|{blob.blob_id}".encode("ascii")
        return HKDF(SHA256(), 32, salt=None, info=info).derive(data_key)

    def verify(self, blob: Openable) -> None:
        """Read everything and compare size and SHA-256; raises IntegrityFault, KeyUnavailable, StorageFault."""
        with self.open(blob) as plain, Digest() as digest:
            for piece in pieces(plain):
                digest.update(piece)
        if digest.size != blob.size or digest.hexdigest() != blob.sha256:
            raise IntegrityFault(f"blob {blob.blob_id} is not the content that its row names")

    def holds(self, name: str) -> bool:
        """True when there are bytes of this name, whatever they are."""
        try:
            self._store.open(checked_name(name)).close()
        except (NotFound, ValueError):
            return False
        return True

    def rewrap(self, sealed: SealedBlob) -> SealedBlob:
        """Return the blob with its key wrapped under the current epoch; its bytes stay. Raises KeyUnavailable."""
        self._keys.refresh()
        old = WrappedKey(sealed.key_id, sealed.epoch, sealed.wrapped_key)
        new = self._keys.rewrap([Wrapping(old, key_data(sealed.blob_id, sealed.purpose))])[0]
        return replace(sealed, wrapped_key=new.wrapped, key_id=new.key_id, epoch=new.epoch)

    def delete(self, blob: Openable) -> None:
        """Remove the sealed bytes, durably; done again it changes nothing. The wrapped key goes with its row."""
        self.delete_named(blob.name)

    def delete_named(self, name: str) -> None:
        """Remove the sealed bytes of a blob whose row is gone already."""
        self._store.delete(name)

    def orphans(self, known_names: Container[str], older_than: datetime) -> Iterator[str]:
        """Yield the stored names that no row knows and that were written before `older_than`.

        A blob comes before its row (invariant 2), so the grace period must exceed the longest upload.
        """
        for name in self._store.names():
            if name in known_names:
                continue
            try:
                if self._store.written_at(name) < older_than:
                    yield name
            except NotFound:  # removed since it was listed
                continue

    def collect_garbage(self, known_names: Container[str], older_than: datetime) -> int:
        """Delete the orphans and the leftovers of crashed writes; return how many things were removed."""
        removed = 0
        for name in self.orphans(known_names, older_than):
            self._store.delete(name)
            removed += 1
        return removed + self._store.clean_leftovers(older_than)

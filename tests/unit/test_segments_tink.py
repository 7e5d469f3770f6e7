"""The independent judge: the `tink` package opens what we seal, and we open what it seals."""

import io
import random

import pytest
from tink import proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from edms.core.errors import IntegrityFault
from edms.core.segments import FIRST_PLAIN_BYTES, PLAIN_BYTES, SEGMENT_BYTES, SegmentReader, SegmentWriter

DATA = b"edms.blob.v1|018f0000-0000-7000-8000-000000000000|original"
SIZES = [
    0,
    1,
    FIRST_PLAIN_BYTES - 1,
    FIRST_PLAIN_BYTES,
    FIRST_PLAIN_BYTES + 1,
    FIRST_PLAIN_BYTES + PLAIN_BYTES,
    FIRST_PLAIN_BYTES + PLAIN_BYTES + 1,
    3_500_000,
]


class KeptOpen(io.BytesIO):
    """Tink closes the stream it writes to; the bytes are still wanted."""

    def close(self) -> None:
        pass


def judge(key: bytes) -> streaming_aead.StreamingAead:
    """Return Tink's primitive for a raw data key, as docs/formats/vault.md section 11 says."""
    streaming_aead.register()
    inner = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(version=0, key_value=key)
    inner.params.ciphertext_segment_size = SEGMENT_BYTES
    inner.params.derived_key_size = 32
    inner.params.hkdf_hash_type = common_pb2.SHA256
    keyset = tink_pb2.Keyset(primary_key_id=1)
    entry = keyset.key.add(key_id=1, status=tink_pb2.ENABLED, output_prefix_type=tink_pb2.RAW)
    entry.key_data.type_url = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"
    entry.key_data.value = inner.SerializeToString()
    entry.key_data.key_material_type = tink_pb2.KeyData.SYMMETRIC
    handle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


@pytest.mark.parametrize("size", SIZES)
def test_tink_opens_ours(size: int) -> None:
    source = random.Random(size)
    key, content, raw = source.randbytes(32), source.randbytes(size), io.BytesIO()
    with SegmentWriter(raw, key, DATA) as writer:
        writer.write(content)
    with judge(key).new_decrypting_stream(io.BytesIO(raw.getvalue()), DATA) as opened:
        assert opened.read() == content


@pytest.mark.parametrize("size", SIZES)
def test_we_open_tinks(size: int) -> None:
    source = random.Random(size)
    key, content, raw = source.randbytes(32), source.randbytes(size), KeptOpen()
    with judge(key).new_encrypting_stream(raw, DATA) as writer:
        writer.write(content)
    assert SegmentReader(io.BytesIO(raw.getvalue()), key, DATA).read() == content
    with pytest.raises(IntegrityFault):
        SegmentReader(io.BytesIO(raw.getvalue()), key, DATA + b"2").read()

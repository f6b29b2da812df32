#!/usr/bin/env python3
"""Reads sealed tracks (STRK version 1, docs/format.md) with nothing of Sotto's own code.

    read_strk.py                          checks vectors.json beside this file
    read_strk.py KEY_HEX PART.strk [OUT]  judges one part and writes its payload to OUT

Needs the package `cryptography`.
"""

import hashlib
import json
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEADER, HEAD, TAG = 136, 16, 16
PLAINTEXT_MAX = 1 << 20
SEGMENTS_MAX = 1 << 24
MEDIA, INDEX, END, CHECKPOINT = range(4)


class Refused(Exception):
    """Not this format, or a version of it that this reader does not know."""


class WrongKey(Exception):
    """Key, header and the part that was meant do not belong together."""


class Altered(Exception):
    """Something that the writer of this part did not write at this place."""


def schedule(track_key: bytes, header: bytes) -> tuple[bytes, bytes, bytes]:
    """Key, base nonce and commitment of a part."""
    info = b"sotto/track/v1\0" + header[:104]
    out = HKDF(hashes.SHA512(), 76, header[40:64], info).derive(track_key)
    return out[:32], out[32:44], out[44:]


class Reader:
    def __init__(self, track_key: bytes, header: bytes, name: tuple[bytes, bytes, int] | None = None):
        if len(header) < HEADER or header[:4] != b"STRK":
            raise Refused
        version, suite, self.quantum_log2, flags = header[4:8]
        self.fixed, part = struct.unpack(">II", header[64:72])
        if (version, suite, flags) != (1, 1, 0) or self.quantum_log2 > 20:
            raise Refused
        if self.fixed > PLAINTEXT_MAX - 4:
            raise Refused
        key, self.base, commitment = schedule(track_key, header)
        if commitment != header[104:HEADER]:
            raise WrongKey
        if name is not None and name != (header[8:24], header[24:40], part):
            raise WrongKey
        self.aead = AESGCM(key)

    def padded(self, length: int) -> int:
        quantum = 1 << self.quantum_log2
        return -(-(4 + length) // quantum) * quantum

    def length(self, head: bytes) -> int:
        """Ciphertext and tag after this head."""
        length, seq = struct.unpack(">II", head[:8])
        plain = length - TAG
        if not 4 <= plain <= PLAINTEXT_MAX or plain % (1 << self.quantum_log2):
            raise Altered
        if seq >= SEGMENTS_MAX or any(head[9:HEAD]):
            raise Altered
        return length

    def open(self, seq: int, segment: bytes) -> tuple[int, bytes]:
        """Type and payload of one whole segment."""
        head = segment[:HEAD]
        if struct.unpack(">I", head[4:8])[0] != seq:
            raise Altered
        nonce = self.base[:8] + struct.pack(">I", struct.unpack(">I", self.base[8:])[0] ^ seq)
        try:
            plain = self.aead.decrypt(nonce, segment[HEAD:], head)
        except InvalidTag:
            raise Altered from None
        if head[8] > CHECKPOINT:
            raise Refused
        (length,) = struct.unpack(">I", plain[:4])
        if length > len(plain) - 4 or self.padded(length) != len(plain) or any(plain[4 + length :]):
            raise Altered
        return head[8], plain[4 : 4 + length]


def read(track_key: bytes, data: bytes, name: tuple[bytes, bytes, int] | None = None):
    """(verdict, intact segments without the end, media payloads)."""
    payloads: list[bytes] = []
    seq, at, short = 0, HEADER, False
    try:
        reader = Reader(track_key, data, name)
        digest = hashlib.sha256(data[:HEADER]).digest()
        while True:
            head = data[at : at + HEAD]
            if len(head) < HEAD:
                return "ends-early", seq, payloads
            to = at + HEAD + reader.length(head)
            if to > len(data):
                return "ends-early", seq, payloads
            segment = data[at:to]
            kind, payload = reader.open(seq, segment)
            if kind == END:
                if len(payload) != 56:
                    raise Altered
                stated = struct.unpack(">IIQ", payload[:16]) + (payload[24:],)
                truth = (len(payloads), seq, sum(map(len, payloads)), digest)
                if stated != truth or to != len(data):
                    raise Altered
                return "complete", seq, payloads
            if kind == MEDIA and not payload:
                raise Altered
            if reader.fixed and (kind != MEDIA or short or len(payload) > reader.fixed):
                raise Altered
            if kind == MEDIA:
                payloads.append(payload)
                short = len(payload) < reader.fixed
            digest = hashlib.sha256(digest + hashlib.sha256(segment).digest()).digest()
            seq, at = seq + 1, to
    except Refused:
        return "refused", seq, payloads
    except WrongKey:
        return "wrong-key", seq, payloads
    except Altered:
        return "altered", seq, payloads


def check(path: pathlib.Path) -> int:
    vectors = json.loads(path.read_text())
    given = {name: bytes.fromhex(value) for name, value in vectors["schedule"].items()}
    made = schedule(given["trackKey"], given["header"])
    bad = 0 if made == (given["key"], given["baseNonce"], given["commitment"]) else 1
    payloads = {kind: [bytes.fromhex(hex) for hex in rows] for kind, rows in vectors["payloads"].items()}
    for case in vectors["cases"]:
        name = (bytes.fromhex(case["recording"]), bytes.fromhex(case["track"]), case["part"])
        verdict, segments, media = read(bytes.fromhex(case["trackKey"]), bytes.fromhex(case["bytes"]), name)
        written = payloads["fixed" if case["name"].startswith("fixed") else "free"]
        right = (verdict, segments) == (case["verdict"], case["segments"]) and media == written[: len(media)]
        if verdict == "complete":
            right = right and media == written
        if not right:
            bad += 1
            print(f"DIFFERS {case['name']}: {verdict} {segments}, expected {case['verdict']} {case['segments']}")
    print(f"{len(vectors['cases'])} cases, {bad} differ")
    return 1 if bad else 0


def main() -> int:
    if len(sys.argv) == 1:
        return check(pathlib.Path(__file__).with_name("vectors.json"))
    verdict, segments, media = read(bytes.fromhex(sys.argv[1]), pathlib.Path(sys.argv[2]).read_bytes())
    print(f"{verdict}, {segments} segments intact")
    if len(sys.argv) > 3:
        pathlib.Path(sys.argv[3]).write_bytes(b"".join(media))
    return 0 if verdict == "complete" else 1


if __name__ == "__main__":
    sys.exit(main())

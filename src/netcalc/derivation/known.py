"""What SymPy derives of the catalogue's functions, known by a digest: such an entry needs no balls to be believed.

Balls cost a short run a tenth of its time to import. Every digest is of an entry that a test has SymPy derive and holds
to its formula (`tests/test_remembered.py`, which says what is missing here); any other entry is held to its own.
"""

from __future__ import annotations

BYTES = 16
DIGESTS = frozenset(
    """
    604b9395727b718b0fc0916b166b2f86 9bf79e18f9e3b12f4c94eed81927020e e39bdf5a8eed1b794382fc75a41bc1d2
    65425bd67eeed2ca80cb628da9408a27 6b7944077228c52f8e60d8f3b9878763 d5d8281d6d8fd025b438e8a8d7a750c7
    b93f8876c395f70e5935ca826351a014 ed87cea4e3af7c733cd2bb8ebb6b0c7a 456d2cc73a2e61cfc433ca70baacd55f
    d78267240850452114087b616dc42de6 2c419e6a76ba12a6ec854b66b6e839ee 2dc87c03d5eb73c23f6d44a203c92dd9
    b5cccc76f7175341c4c4d7c03979b24d f52de6a2fb9409679f470290e3d4c080 c55958127a0be03729c8b4b865101486
    498b1092bb5eb67620e76eef46787740 bea0f287c29036382ab18c56cdb592d3 c970985e5a0f4c3ea7d074100efc91b1
    baf872437e0b4cdff0fd7d8ad3a64e56 ea10be32a01e964d2f981e287f722e27 d7899f7df1e8778d267f9a0467401081
    b142f592eb6e177cbb95462caa6c813a ad5b3680c1ea3d124cc73104897e2d3f d712a66eedae93c71b0cbd0b5069494f
    e9b40656192a5e62ce8ef1c223b5803d b02a8d74752195d99cbcd54ebcc80bc1 691af1591b418fb06e43e97443178a09
    48f8ee4e975e582cc37af05f7fcfa689 a45333c8aaffa8bf094745217b9afb28 e2f850edc8cb157cc717b56fe22bc6fe
    413e4200e2ca8d4064354b9e9dac670c
    """.split()
)


def digest(entry: str) -> str:
    """Of the text that is about a subject: nobody can make another text for the same."""
    from hashlib import blake2b

    return blake2b(entry.encode(), digest_size=BYTES).hexdigest()


def is_known(entry: str) -> bool:
    """Whether it is what SymPy derives of a function of the catalogue."""
    return digest(entry) in DIGESTS

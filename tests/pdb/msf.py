"""Reads and writes multi-stream files, so that one PDB can be had in any block size and any order of blocks."""

import random
import struct

MAGIC = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"


def words(data):
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def read(data):
    """The streams of a file, as a list of bytes."""
    assert data.startswith(MAGIC)
    size, _, _, directory_size, _ = struct.unpack_from("<5I", data, 32)

    def gather(numbers, length):
        return b"".join(data[n * size:(n + 1) * size] for n in numbers)[:length]

    count = -(-directory_size // size)
    map_count = -(-4 * count // size)
    numbers = words(gather(struct.unpack_from(f"<{map_count}I", data, 52), 4 * count))
    directory = words(gather(numbers, directory_size))
    lengths = [0 if length == 0xffffffff else length for length in directory[1:1 + directory[0]]]
    streams, at = [], 1 + directory[0]
    for length in lengths:
        blocks = -(-length // size)
        streams.append(gather(directory[at:at + blocks], length))
        at += blocks
    return streams


def write(streams, size, seed):
    """A file of these streams. Blocks 1 and 2 of each interval of `size` blocks are the free maps; left empty here."""
    rng = random.Random(seed)
    lengths = [-(-len(s) // size) for s in streams]
    directory_size = 4 * (1 + len(streams) + sum(lengths))
    directory_blocks = -(-directory_size // size)
    map_blocks = -(-4 * directory_blocks // size)
    needed = sum(lengths) + directory_blocks + map_blocks
    places = []
    number = 1
    while len(places) < needed:
        if number % size not in (1, 2):
            places.append(number)
        number += 1
    rng.shuffle(places)
    total = number
    blocks = {}

    def place(data):
        taken = []
        for at in range(0, len(data), size):
            taken.append(places.pop())
            blocks[taken[-1]] = data[at:at + size].ljust(size, b"\0")
        return taken

    lists = [place(s) for s in streams]
    directory = [len(streams)] + [len(s) for s in streams] + [n for taken in lists for n in taken]
    numbers = place(struct.pack(f"<{len(directory)}I", *directory))
    maps = place(struct.pack(f"<{len(numbers)}I", *numbers))
    header = MAGIC + struct.pack("<5I", size, 1, total, directory_size, 0) + struct.pack(f"<{len(maps)}I", *maps)
    blocks[0] = header.ljust(size, b"\0")
    free_map = b"\xff" * size
    return b"".join(blocks.get(n, free_map if n % size in (1, 2) else b"\0" * size) for n in range(total))


def newer_records(types):
    """The type stream with structures and unions in the records of 2019 and later (0x1609, 0x160a)."""
    header, at, out = bytearray(types[:56]), 56, bytearray()
    end = 56 + struct.unpack_from("<I", types, 16)[0]
    while at < end:
        size, kind = struct.unpack_from("<HH", types, at)
        body = types[at + 4:at + 2 + size]
        if kind in (0x1504, 0x1505):
            count, prop, rest = struct.unpack_from("<HH12s", body)
            kind, body = kind + 0x104, struct.pack("<I12sH", prop, rest, count) + body[16:]
        elif kind == 0x1506:
            count, prop, rest = struct.unpack_from("<HH4s", body)
            kind, body = 0x160a, struct.pack("<I4sH", prop, rest, count) + body[8:]
        body += bytes(range(0xf0 + -len(body) % 4, 0xf0, -1))
        out += struct.pack("<HH", len(body) + 2, kind) + body
        at += 2 + size
    struct.pack_into("<I", header, 16, len(out))
    return bytes(header) + bytes(out)

/*
 * Numbers of the CodeView records that a PDB holds. Sources: Microsoft's published cvinfo.h (microsoft-pdb), the LLVM
 * project's description of the format, and, for the leaves from 0x1608 on, which no header names, the findings in
 * microsoft-pdb issue 50: kernels' PDBs from build 21286 on carry them.
 */
#ifndef SIC_SYMBOLS_CODEVIEW_H
#define SIC_SYMBOLS_CODEVIEW_H

/* Type records. */
enum {
    CV_LF_MODIFIER = 0x1001,
    CV_LF_POINTER = 0x1002,
    CV_LF_PROCEDURE = 0x1008,
    CV_LF_MFUNCTION = 0x1009,
    CV_LF_FIELDLIST = 0x1203,
    CV_LF_BITFIELD = 0x1205,
    CV_LF_ARRAY = 0x1503,
    CV_LF_CLASS = 0x1504,
    CV_LF_STRUCTURE = 0x1505,
    CV_LF_UNION = 0x1506,
    CV_LF_ENUM = 0x1507,
    CV_LF_ALIAS = 0x150a,
    CV_LF_INTERFACE = 0x1519,
    CV_LF_CLASS2 = 0x1608,
    CV_LF_STRUCTURE2 = 0x1609,
    CV_LF_UNION2 = 0x160a,
    CV_LF_INTERFACE2 = 0x160b
};

/* Members of a field list. */
enum {
    CV_LF_BCLASS = 0x1400,
    CV_LF_VBCLASS = 0x1401,
    CV_LF_IVBCLASS = 0x1402,
    CV_LF_INDEX = 0x1404,
    CV_LF_VFUNCTAB = 0x1409,
    CV_LF_FRIENDCLS = 0x140a,
    CV_LF_VFUNCOFF = 0x140c,
    CV_LF_ENUMERATE = 0x1502,
    CV_LF_FRIENDFCN = 0x150c,
    CV_LF_MEMBER = 0x150d,
    CV_LF_STMEMBER = 0x150e,
    CV_LF_METHOD = 0x150f,
    CV_LF_NESTTYPE = 0x1510,
    CV_LF_ONEMETHOD = 0x1511,
    CV_LF_NESTTYPEEX = 0x1512,
    CV_LF_MEMBERMODIFY = 0x1513,
    CV_LF_BINTERFACE = 0x151a,
    CV_LF_PAD0 = 0xf0 /* one byte: its low nibble is the number of padding bytes, itself included */
};

/* Numeric leaves: a number below CV_LF_NUMERIC is itself; a larger one says how wide the value behind it is. */
enum {
    CV_LF_NUMERIC = 0x8000,
    CV_LF_CHAR = 0x8000,
    CV_LF_SHORT = 0x8001,
    CV_LF_USHORT = 0x8002,
    CV_LF_LONG = 0x8003,
    CV_LF_ULONG = 0x8004,
    CV_LF_REAL32 = 0x8005,
    CV_LF_REAL64 = 0x8006,
    CV_LF_REAL80 = 0x8007,
    CV_LF_REAL128 = 0x8008,
    CV_LF_QUADWORD = 0x8009,
    CV_LF_UQUADWORD = 0x800a,
    CV_LF_REAL48 = 0x800b,
    CV_LF_COMPLEX32 = 0x800c,
    CV_LF_COMPLEX64 = 0x800d,
    CV_LF_COMPLEX80 = 0x800e,
    CV_LF_COMPLEX128 = 0x800f,
    CV_LF_VARSTRING = 0x8010, /* a 16-bit size, then that many bytes */
    CV_LF_OCTWORD = 0x8017,
    CV_LF_UOCTWORD = 0x8018,
    CV_LF_DECIMAL = 0x8019,
    CV_LF_DATE = 0x801a,
    CV_LF_UTF8STRING = 0x801b, /* ends with a zero byte */
    CV_LF_REAL16 = 0x801c
};

/* Bits of the property word of structures, unions and enumerations. */
enum { CV_PROPERTY_FORWARD = 0x0080, CV_PROPERTY_UNIQUE_NAME = 0x0200 };

/* Symbol records. */
enum { CV_S_PUB32 = 0x110e };

/* Types below this index have no record: the low byte says which basic type, bits 8 to 11 what pointer to it. */
#define CV_FIRST_RECORD_TYPE 0x1000u

#endif

"""Prints C source with random structures and unions; the same seed gives the same source."""

import random
import sys

SCALARS = [
    "char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "long",
    "unsigned long", "long long", "unsigned long long", "float", "double", "_Bool", "enum choice",
]
BIT_TYPES = [("unsigned char", 8), ("unsigned short", 16), ("int", 32), ("unsigned int", 32),
             ("unsigned long", 32), ("long long", 64), ("unsigned long long", 64)]


class Source:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.defined = []
        self.small = []  # those whose members may be repeated in others
        self.next_name = 0

    def name(self):
        self.next_name += 1
        return f"m{self.next_name}"

    def qualifier(self):
        return self.random.choice(["", "", "", "", "const ", "volatile ", "const volatile "])

    def array(self):
        pick = self.random.random()
        if pick < 0.75:
            return ""
        if pick < 0.9:
            return f"[{self.random.randint(1, 40)}]"
        if pick < 0.97:
            return f"[{self.random.randint(1, 9)}][{self.random.randint(1, 9)}]"
        return f"[{self.random.choice([0x7ff0, 0x8000, 0x10001, 0x123456])}]"

    def bit_field(self):
        kind, width = self.random.choice(BIT_TYPES)
        lines = []
        for _ in range(self.random.randint(1, 6)):
            pick = self.random.random()
            if pick < 0.05:
                lines.append(f"{kind} : 0;")
            elif pick < 0.12:
                lines.append(f"{kind} : {self.random.randint(1, width)};")
            else:
                lines.append(f"{kind} {self.name()} : {self.random.randint(1, width)};")
        return lines

    def nested(self, depth, named):
        lines = [self.random.choice(["struct", "union"]) + " {"]
        for _ in range(self.random.randint(1, 4)):
            lines += self.member(depth + 1)
        lines.append(f"int {self.name()};")
        return lines + [f"}} {self.name()}{self.array()};" if named else "};"]

    def pointer(self):
        target = self.random.choice(["void", "char", "int", "struct later", self.defined[-1] if self.defined else "int"])
        shape = self.random.choice(["* {0}", "** {0}", "* {0}[3]", "(* {0})(int, char)"])
        return [f"{target} " + shape.format(self.name()) + ";"]

    def member(self, depth):
        pick = self.random.random()
        if pick < 0.45:
            return [f"{self.qualifier()}{self.random.choice(SCALARS)} {self.name()}{self.array()};"]
        if pick < 0.6:
            return self.bit_field()
        if pick < 0.7:
            return self.pointer()
        if pick < 0.85 and self.small:
            return [f"{self.qualifier()}{self.random.choice(self.small[-30:])} {self.name()};"]
        if depth < 4:
            return self.nested(depth, self.random.random() < 0.3)
        return [f"int {self.name()};"]

    def record(self, index):
        kind = "union" if self.random.random() < 0.2 else "struct"
        name = f"{kind} record_{index}"
        pack = self.random.choice([0, 0, 0, 0, 1, 2, 4])
        lines = [f"#pragma pack(push, {pack})"] if pack else []
        lines.append(f"{name} {{")
        for _ in range(self.random.randint(1, 14)):
            lines += self.member(0)
        lines.append(f"int {self.name()};")
        lines.append("};")
        if pack:
            lines.append("#pragma pack(pop)")
        self.defined.append(name)
        if len(lines) < 12 and not any("record_" in line for line in lines[2:]):
            self.small.append(name)
        elif index % 20 == 19 and len(lines) < 20:
            self.small.append(name)
        return lines + self.uses(name, f"record_{index}")

    @staticmethod
    def uses(record, name):
        return [f"{record} *pointer_{name};", f"unsigned long long size_{name} = sizeof({record});"]

    def all(self, count, members):
        lines = ["struct later;", "enum choice { FIRST, SECOND = 0x7fffffff };"]
        for index in range(count):
            lines += self.record(index)
        lines += [f"struct huge {{ char head[0xfffffff0]; {self.small[0]} at_4g; char body[0x200000000]; int tail; }};"]
        lines += self.uses("struct huge", "huge")
        lines += ["struct wide {"] + [f"int member_number_{i}; unsigned flag_{i} : 1;" for i in range(members)] + ["};"]
        lines += self.uses("struct wide", "wide")
        lines += ["struct later { int x; };", "struct holder { struct later held; };"]
        return lines + self.uses("struct later", "later") + self.uses("struct holder", "holder")


if __name__ == "__main__":
    print("\n".join(Source(int(sys.argv[1])).all(int(sys.argv[2]), int(sys.argv[3]))))

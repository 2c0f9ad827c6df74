/*
 * A guest of 512 bytes: it goes to 64-bit mode, writes a word of its own into each page of two stretches of memory, below
 * and above 4 GiB, says that it is done, and halts. test_qemu.py boots it; the numbers here are repeated there.
 */
    .set PML4, 0x8000           /* page tables: one for the whole, */
    .set PDPT, 0x9000
    .set LOW, 0xa000            /* one for [0, 1 GiB), */
    .set HIGH, 0xb000           /* one for [4 GiB, 5 GiB), each of pages of 2 MiB */
    .set DONE, 0x7000           /* the word 0x600d600d600d600d here means: done */

    .code16
    .globl _start
_start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    in $0x92, %al               /* address line 20 */
    or $2, %al
    out %al, $0x92
    cld
    mov $PML4, %di
    xor %eax, %eax
    mov $0x1000, %cx            /* four tables of zeros */
    rep stosl
    movl $(PDPT + 7), PML4
    movl $(PDPT + 7), PML4 + 256 * 8  /* the same memory again in the upper half */
    movl $(LOW + 7), PDPT
    movl $(HIGH + 7), PDPT + 4 * 8
    xor %eax, %eax
    mov $LOW, %di
fill:
    mov %eax, %ebx
    or $0x87, %ebx              /* present, writable, user, large */
    mov %ebx, (%di)
    mov %ebx, HIGH - LOW(%di)
    movl $1, HIGH - LOW + 4(%di)      /* 4 GiB above */
    add $8, %di
    add $0x200000, %eax
    cmp $HIGH, %di
    jne fill
    mov %cr4, %eax
    or $0x20, %eax              /* physical address extension */
    mov %eax, %cr4
    mov $PML4, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx       /* EFER: long mode */
    rdmsr
    or $0x100, %eax
    wrmsr
    lgdt descriptor
    mov %cr0, %eax
    or $0x80000001, %eax        /* paging, protection */
    mov %eax, %cr0
    ljmp $8, $long_mode

    .code64
long_mode:
    movabs $0x9e3779b97f4a7c15, %r8
    mov $0x200000, %rdi         /* [2 MiB, 4 MiB) */
    mov $0x400000, %rsi
    call write
    movabs $0x100000000, %rdi   /* [4 GiB, 4 GiB + 2 MiB) */
    movabs $0x100200000, %rsi
    call write
    movabs $0x600d600d600d600d, %rax
    mov %rax, DONE
stop:
    hlt
    jmp stop

write:                          /* the page's address, multiplied, into its words 0 and 511 */
    mov %rdi, %rax
    imul %r8, %rax
    mov %rax, (%rdi)
    mov %rax, 0xff8(%rdi)
    add $0x1000, %rdi
    cmp %rsi, %rdi
    jne write
    ret

    .balign 8
table:
    .quad 0
    .quad 0x00209a0000000000    /* 64-bit code */
descriptor:
    .word descriptor - table - 1
    .long table

    .org 510
    .word 0xaa55

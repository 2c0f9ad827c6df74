/*
 * Page tables made by hand: each form that an entry can have, in a process's tables and as a prototype PTE. A page is
 * right when its number, which is its content, comes out.
 */
#include "core/chain.h"
#include "core/evidence.h"
#include "kernel/user_memory.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE       4096u
#define PAGE_COUNT 1024u /* the smallest raw image, and the 2 MiB that a large page needs at 2 MiB */

#define KERNEL_ROOT 1u
#define USER_ROOT   2u
#define NEXT_TABLE  3u
#define ARRAY_PAGE  64u /* of prototype PTEs */
#define DATA        100u
#define LARGE_PAGE  512u

#define ARRAY_VA 0xffffa00000000000ull
#define USER_VA  0x00007ff600000000ull
#define MASK     0x0000200000000000ull
#define FLAGS    0x867ull

struct world {
    uint8_t *bytes;
    uint32_t next_table;
    struct sic_image *image;
    struct sic_kernel kernel;
    struct sic_scan scan;
    struct sic_user_memory *memory;
    struct sic_user_reader user;
};

static uint64_t load(const struct world *world, uint32_t page, unsigned index)
{
    uint64_t value;

    memcpy(&value, world->bytes + page * (size_t)PAGE + index * 8, 8);
    return value;
}

static void store(struct world *world, uint32_t page, unsigned index, uint64_t value)
{
    memcpy(world->bytes + page * (size_t)PAGE + index * 8, &value, 8);
}

/* The table of `level` on the way to `va`; those that are missing are made. */
static uint32_t table_of(struct world *world, uint32_t root, uint64_t va, unsigned level)
{
    uint32_t table = root;

    for (unsigned l = 4; l > level; l--) {
        uint64_t entry = load(world, table, sic_table_index(va, l));

        if (entry == 0) {
            entry = (uint64_t)world->next_table++ << 12 | FLAGS;
            assert_true(world->next_table < ARRAY_PAGE);
            store(world, table, sic_table_index(va, l), entry);
        }
        table = (uint32_t)(entry >> 12 & 0xffffff);
    }
    return table;
}

static void map(struct world *world, uint32_t root, uint64_t va, unsigned level, uint64_t entry)
{
    store(world, table_of(world, root, va, level), sic_table_index(va, level), entry);
}

static void put_prototype(struct world *world, unsigned index, uint64_t pte)
{
    store(world, ARRAY_PAGE, index, pte);
}

static void *append(struct world *world, struct sic_array *array, size_t size)
{
    void *element = sic_array_append(&world->scan.allocator, array, size);

    assert_non_null(element);
    return element;
}

/* One process with a view of 8 pages: 4 of a first subsection, 2 of its successor, and two past its section's end. */
static void put_scan(struct world *world)
{
    struct sic_process *process = append(world, &world->scan.processes, sizeof(*process));
    struct sic_section *section = append(world, &world->scan.sections, sizeof(*section));
    struct sic_view *view;

    process->directory_table_base = (uint64_t)USER_ROOT << 12 | 2; /* the low bits are a PCID */
    process->view_count = 1;
    section->view_count = 2;
    section->pte_count = 6;
    for (unsigned i = 0; i < 2; i++) {
        struct sic_subsection *subsection = append(world, &world->scan.subsections, sizeof(*subsection));

        *subsection = (struct sic_subsection){
            .base = ARRAY_VA + (i ? 0x800 : 0x20), .pte_count = i ? 2 : 4, .next = i ? SIC_NONE : 1};
    }
    view = append(world, &world->scan.views, sizeof(*view));
    *view = (struct sic_view){.first_prototype_pte = ARRAY_VA + 0x20,
                              .last_contiguous_pte = ARRAY_VA + 0x20 + 3 * 8,
                              .start_vpn = USER_VA >> 12,
                              .end_vpn = (USER_VA >> 12) + 7,
                              .protection = 4};
}

static void open_memory(struct world *world, uint64_t mask)
{
    struct sic_error error;

    sic_user_memory_destroy(world->memory);
    world->kernel.paging = (struct sic_paging){.root_pa = KERNEL_ROOT * PAGE, .invalid_pte_mask = mask};
    assert_int_equal(sic_user_memory_create(&world->kernel, &world->scan, &error, &world->memory), SIC_OK);
    world->user = sic_user_memory_reader(world->memory);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct sic_error error;

    assert_non_null(world);
    world->bytes = calloc(PAGE_COUNT, PAGE);
    assert_non_null(world->bytes);
    world->next_table = NEXT_TABLE;
    for (uint32_t page = DATA; page < PAGE_COUNT; page++)
        store(world, page, 0, 0xda7a0000 + page);
    map(world, KERNEL_ROOT, ARRAY_VA, 1, (uint64_t)ARRAY_PAGE << 12 | FLAGS);
    assert_int_equal(sic_image_open_bytes(world->bytes, (size_t)PAGE_COUNT * PAGE, "raw", &error, &world->image),
                     SIC_OK);
    world->kernel.image = world->image;
    sic_scan_init(&world->scan, sic_heap_allocator());
    put_scan(world);
    open_memory(world, 0);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    sic_user_memory_destroy(world->memory);
    sic_image_close(world->image);
    sic_scan_deinit(&world->scan);
    free(world->bytes);
    free(world);
    return 0;
}

/* Anew, for tables were changed under its cache. */
static void expect(struct world *world, uint64_t va, uint32_t page)
{
    uint64_t physical, value;

    open_memory(world, world->kernel.paging.invalid_pte_mask);
    assert_true(world->user.translate(world->user.context, 0, va, &physical));
    assert_int_equal(physical, (uint64_t)page * PAGE + (va & 0xfff));
    assert_true(world->user.read(world->user.context, 0, va & ~0xfffull, &value, sizeof(value)));
    assert_int_equal(value, 0xda7a0000 + page);
}

static void expect_none(struct world *world, uint64_t va)
{
    uint64_t physical, value;

    open_memory(world, world->kernel.paging.invalid_pte_mask);
    assert_false(world->user.translate(world->user.context, 0, va, &physical));
    assert_false(world->user.read(world->user.context, 0, va, &value, sizeof(value)));
}

static uint64_t frame(uint32_t page)
{
    return (uint64_t)page << 12;
}

static void test_hardware(void **state)
{
    struct world *world = *state;

    map(world, USER_ROOT, 0x10000000, 1, frame(DATA) | FLAGS);
    expect(world, 0x10000123, DATA);
    /* The software bits of a user's PTE: NX, protection and index of the working set's entry. */
    map(world, USER_ROOT, 0x10001000, 1, frame(DATA + 1) | FLAGS | 0xfff0000000000000);
    expect(world, 0x10001000, DATA + 1);
    map(world, USER_ROOT, 0x10200000, 2, frame(LARGE_PAGE) | FLAGS | 0x80);
    expect(world, 0x10203abc, LARGE_PAGE + 3);
    /* 1 GiB from address 0 on. */
    map(world, USER_ROOT, 0x40000000, 3, FLAGS | 0x80);
    expect(world, 0x40000000 + DATA * PAGE + 8, DATA);
    /* Beyond the image. */
    map(world, USER_ROOT, 0x10002000, 1, frame(PAGE_COUNT) | FLAGS);
    open_memory(world, 0);
    {
        uint64_t physical, value;

        assert_true(world->user.translate(world->user.context, 0, 0x10002000, &physical));
        assert_int_equal(physical, (uint64_t)PAGE_COUNT * PAGE);
        assert_false(world->user.read(world->user.context, 0, 0x10002000, &value, 8));
    }
}

static void test_transition(void **state)
{
    struct world *world = *state;

    map(world, USER_ROOT, 0x10000000, 1, frame(DATA) | 0x880);
    expect(world, 0x10000000, DATA);
    /* With a mask that is not known a frame beyond memory is cut; with the mask it is unmasked, or left as it is. */
    map(world, USER_ROOT, 0x10000000, 1, (frame(DATA + 2) ^ MASK) | 0x880);
    expect(world, 0x10000000, DATA + 2);
    open_memory(world, MASK);
    expect(world, 0x10000000, DATA + 2);
    map(world, USER_ROOT, 0x10000000, 1, frame(DATA + 3) | 0x880 | SIC_PTE_SWIZZLED);
    expect(world, 0x10000000, DATA + 3);
}

static void test_nothing_there(void **state)
{
    struct world *world = *state;
    uint64_t value;

    /* Demand zero, and a page file's. */
    map(world, USER_ROOT, 0x10000000, 1, 0x80);
    expect_none(world, 0x10000000);
    map(world, USER_ROOT, 0x10000000, 1, 0x1234500000002080);
    expect_none(world, 0x10000000);
    /* Never touched, and private: no view tells of it. */
    expect_none(world, 0x10001000);
    expect_none(world, 0x7000000000);
    /* A page table that is in the paging file: what it says is not known, not even for a view. */
    map(world, USER_ROOT, USER_VA, 2, 0x1234500000002080);
    put_prototype(world, 4, frame(DATA) | FLAGS);
    expect_none(world, USER_VA);
    /* Not the user half, and the first 64 KiB. */
    expect_none(world, ARRAY_VA);
    expect_none(world, 0x8000);
    expect_none(world, 0x0000800000000000);
    sic_scan_process(&world->scan, 0)->directory_table_base = 0;
    expect_none(world, USER_VA);
    sic_scan_process(&world->scan, 0)->directory_table_base = frame(PAGE_COUNT + 5);
    expect_none(world, USER_VA);
    open_memory(world, 0);
    assert_false(world->user.read(world->user.context, 0, UINT64_MAX - 3, &value, sizeof(value)));
}

/* A page that was never touched is the section's, wherever its table is missing. */
static void test_by_view(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < 4; i++)
        put_prototype(world, 4 + i, frame(DATA + i) | FLAGS);
    put_prototype(world, 0x100, frame(DATA + 4) | FLAGS);
    put_prototype(world, 0x101, frame(DATA + 5) | FLAGS);
    for (unsigned i = 0; i < 6; i++)
        expect(world, USER_VA + i * PAGE, DATA + i);
    expect_none(world, USER_VA + 6 * PAGE);
    expect_none(world, USER_VA + 8 * PAGE);
    expect_none(world, USER_VA - PAGE);
    /* With a page table that holds another page's entry. */
    map(world, USER_ROOT, USER_VA + PAGE, 1, frame(DATA + 9) | FLAGS);
    expect(world, USER_VA, DATA);
    expect(world, USER_VA + PAGE, DATA + 9);
    /* Both forms. */
    map(world, USER_ROOT, USER_VA + 2 * PAGE, 1, 0xffffffff00000480);
    expect(world, USER_VA + 2 * PAGE, DATA + 2);
    map(world, USER_ROOT, USER_VA + 2 * PAGE, 1, (ARRAY_VA + 0x800) << 16 | 0x480);
    expect(world, USER_VA + 2 * PAGE, DATA + 4);
    /* "See the VAD" where there is none. */
    map(world, USER_ROOT, 0x10000000, 1, 0xffffffff00000480);
    expect_none(world, 0x10000000);
}

static void test_swizzled_prototypes(void **state)
{
    struct world *world = *state;
    uint64_t entry = (ARRAY_VA + 0x28) << 16 | 0x480;

    put_prototype(world, 5, (frame(DATA + 1) ^ MASK) | 0x880);
    put_prototype(world, 6, frame(DATA + 2) | 0x880 | SIC_PTE_SWIZZLED);
    map(world, USER_ROOT, USER_VA + PAGE, 1, entry ^ MASK);
    map(world, USER_ROOT, USER_VA + 2 * PAGE, 1, 0xffffffff00000480 | SIC_PTE_SWIZZLED);
    open_memory(world, MASK);
    expect(world, USER_VA + PAGE, DATA + 1);
    expect(world, USER_VA + 2 * PAGE, DATA + 2);
    map(world, USER_ROOT, USER_VA + PAGE, 1, entry | SIC_PTE_SWIZZLED);
    expect(world, USER_VA + PAGE, DATA + 1);
    /* The mask is not known: what the VAD says, less one bit. */
    map(world, USER_ROOT, USER_VA + PAGE, 1, entry ^ MASK);
    open_memory(world, 0);
    expect(world, USER_VA + PAGE, DATA + 1);
}

static void test_prototypes_elsewhere(void **state)
{
    static const uint64_t elsewhere[] = {
        0,                  /* never made */
        0x80,               /* demand zero */
        0x1234500000002080, /* page file */
        0xffffa00000080480, /* subsection: in the file */
    };
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        put_prototype(world, 4, elsewhere[i]);
        expect_none(world, USER_VA);
    }
    /* Addresses of prototype PTEs that are none: not aligned, a user's, not mapped. */
    map(world, USER_ROOT, USER_VA, 1, (ARRAY_VA + 0x24) << 16 | 0x480);
    expect_none(world, USER_VA);
    map(world, USER_ROOT, USER_VA, 1, USER_VA << 16 | 0x480);
    expect_none(world, USER_VA);
    map(world, USER_ROOT, USER_VA, 1, (ARRAY_VA + 0x200000) << 16 | 0x480);
    expect_none(world, USER_VA);
}

/* Subsections without pages in a ring, and an image's view that is longer than its section. */
static void test_forged_chains(void **state)
{
    struct world *world = *state;
    struct sic_view *view = sic_scan_view(&world->scan, 0);
    uint64_t steps = 100;

    sic_scan_subsection(&world->scan, 1)->pte_count = 0;
    sic_scan_subsection(&world->scan, 1)->next = 1;
    assert_int_equal(sic_view_prototype_pte(&world->scan, view, 5, &steps), 0);
    sic_scan_subsection(&world->scan, 0)->next = 0;
    assert_int_equal(sic_view_prototype_pte(&world->scan, view, 5, &steps), ARRAY_VA + 0x28);
    view->last_contiguous_pte = SIC_WHOLE_VIEW_CONTIGUOUS;
    assert_int_equal(sic_view_prototype_pte(&world->scan, view, 5, &steps), ARRAY_VA + 0x48);
    assert_int_equal(sic_view_prototype_pte(&world->scan, view, 6, &steps), 0);
    view->flags = SIC_VIEW_TORN;
    assert_int_equal(sic_view_prototype_pte(&world->scan, view, 0, &steps), ARRAY_VA + 0x20);
    assert_int_equal(sic_view_prototype_pte(&world->scan, view, 1, &steps), 0);
}

/* So many subsections of one page each behind the first that a few walks to the last are too many. */
#define LONG_CHAIN 0x100000u

static void test_long_chain(void **state)
{
    struct world *world = *state;
    struct sic_array *subsections = &world->scan.subsections;
    uint64_t last_va = USER_VA + (4 + 2 + LONG_CHAIN - 1) * (uint64_t)PAGE, value;
    uint32_t reads = 0;

    sic_scan_view(&world->scan, 0)->end_vpn = last_va >> 12;
    assert_true(sic_array_reserve(&world->scan.allocator, subsections, sizeof(struct sic_subsection), LONG_CHAIN));
    for (uint32_t i = 0; i < LONG_CHAIN; i++) {
        *(struct sic_subsection *)append(world, subsections, sizeof(struct sic_subsection)) =
            (struct sic_subsection){.base = ARRAY_VA + 0x800, .pte_count = 1, .next = SIC_NONE};
        sic_scan_subsection(&world->scan, 1 + i)->next = 2 + i;
    }
    put_prototype(world, 0x100, frame(DATA) | FLAGS);
    expect(world, last_va, DATA);
    while (reads < 1000 && world->user.read(world->user.context, 0, last_va, &value, sizeof(value)))
        reads++;
    assert_in_range(reads, 1, 100);
    /* What lies in the view's own subsection takes no walk. */
    put_prototype(world, 4, frame(DATA) | FLAGS);
    expect(world, USER_VA, DATA);
}

static void test_across_pages(void **state)
{
    struct world *world = *state;
    uint8_t bytes[2 * PAGE];

    for (unsigned i = 0; i < 4; i++)
        put_prototype(world, 4 + i, frame(DATA + 3 - i) | FLAGS);
    open_memory(world, 0);
    assert_true(world->user.read(world->user.context, 0, USER_VA + 0x800, bytes, sizeof(bytes)));
    assert_int_equal(sic_load64(bytes + 0x800), 0xda7a0000 + DATA + 2);
    assert_int_equal(sic_load64(bytes + 0x1800), 0xda7a0000 + DATA + 1);
    assert_false(world->user.read(world->user.context, 0, USER_VA + 0x3800, bytes, PAGE));
}

/* Another process, and back: its tables are its own. */
static void test_two_processes(void **state)
{
    struct world *world = *state;
    struct sic_process *process = append(world, &world->scan.processes, sizeof(*process));
    uint32_t root = world->next_table++;
    uint64_t physical;

    process->directory_table_base = frame(root);
    map(world, USER_ROOT, 0x10000000, 1, frame(DATA) | FLAGS);
    map(world, root, 0x10000000, 1, frame(DATA + 1) | FLAGS);
    open_memory(world, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(world->user.translate(world->user.context, i % 2, 0x10000000, &physical));
        assert_int_equal(physical, frame(DATA + i % 2));
    }
}

/* A process that has ended: what its page tables' frames hold now is nobody's business. */
static void test_after_the_end(void **state)
{
    struct world *world = *state;
    struct sic_process *process = sic_scan_process(&world->scan, 0);

    map(world, USER_ROOT, 0x10000000, 1, frame(DATA) | FLAGS);
    process->flags = SIC_PROCESS_EXITED;
    process->vad_root_va = ARRAY_VA;
    expect(world, 0x10000000, DATA);
    process->vad_root_va = 0;
    expect_none(world, 0x10000000);
}

static struct sic_page *read_evidence(struct world *world)
{
    struct sic_error error;
    struct sic_address_space *space;
    struct sic_reader reader;

    open_memory(world, 0);
    assert_int_equal(sic_address_space_create(world->image, &world->kernel.paging, &error, &space), SIC_OK);
    reader = sic_address_space_reader(space);
    world->scan.pages.count = 0;
    assert_true(sic_evidence_list(&world->scan));
    assert_int_equal(world->scan.pages.count, 1);
    assert_true(sic_evidence_read_kernel(&world->scan, &reader, 0, 1));
    sic_address_space_destroy(space);
    return world->scan.pages.elements;
}

static void test_evidence(void **state)
{
    struct world *world = *state;
    struct sic_page *page;
    uint64_t pte = frame(DATA) | FLAGS;

    put_prototype(world, 4, pte);
    put_prototype(world, 2, 0x74536d4d00000000); /* the block's header, 16 bytes before the array */
    page = read_evidence(world);
    assert_int_equal(page->flags, SIC_PAGE_HAS_PTE | SIC_PAGE_HAS_TAG);
    assert_int_equal(page->pte, pte);
    assert_memory_equal(page->pool_tag, "MmSt", 4);
    sic_evidence_read_user(&world->scan, &world->user, 0, 1);
    assert_int_equal(page->flags, SIC_PAGE_HAS_PTE | SIC_PAGE_HAS_TAG | SIC_PAGE_HAS_PHYSICAL | SIC_PAGE_HAS_BYTES);
    assert_int_equal(page->physical, frame(DATA));
    assert_int_equal(sic_load64(page->bytes), 0xda7a0000 + DATA);
    /* A block of whole pages has no header before it; what stands there is another's. */
    map(world, KERNEL_ROOT, ARRAY_VA - PAGE, 1, frame(DATA + 20) | FLAGS);
    sic_scan_subsection(&world->scan, 0)->base = ARRAY_VA;
    sic_scan_subsection(&world->scan, 0)->pte_count = 8;
    assert_int_equal(read_evidence(world)->flags, SIC_PAGE_HAS_PTE);
    sic_scan_subsection(&world->scan, 0)->base = ARRAY_VA + 0x18;
    assert_int_equal(read_evidence(world)->flags, SIC_PAGE_HAS_PTE);
    /* Not in memory. */
    put_prototype(world, 4, 0x1234500000002080);
    page = read_evidence(world);
    sic_evidence_read_user(&world->scan, &world->user, 0, 1);
    assert_int_equal(page->flags, SIC_PAGE_HAS_PTE);
    /* A section that is mapped once is no shared memory. */
    sic_scan_section(&world->scan, 0)->view_count = 1;
    world->scan.pages.count = 0;
    assert_true(sic_evidence_list(&world->scan));
    assert_int_equal(world->scan.pages.count, 0);
}

static bool read_nothing(void *context, uint32_t process, uint64_t va, void *buffer, size_t size)
{
    (void)context;
    (void)process;
    (void)va;
    memset(buffer, 0xee, size);
    return false;
}

static bool translate_nothing(void *context, uint32_t process, uint64_t va, uint64_t *physical)
{
    (void)context;
    (void)process;
    (void)va;
    *physical = 0xeeeeeeeeeeee;
    return false;
}

static bool has_no_tables(void *context, uint32_t process, uint64_t va)
{
    (void)context;
    (void)process;
    (void)va;
    return false;
}

/*
 * Live nobody translates, and in a dump of the kernel alone nothing can be: the prototype PTE tells where the page is,
 * unless the process may have its own copy.
 */
static void test_evidence_without_tables(void **state)
{
    static const struct {
        uint64_t pte;
        unsigned protection;
        bool known;
    } cases[] = {
        {DATA * 0x1000ull | FLAGS, 4, true},
        {DATA * 0x1000ull | FLAGS, 1, true},
        {DATA * 0x1000ull | FLAGS, 5, false},
        {DATA * 0x1000ull | FLAGS, 7, false},
        {DATA * 0x1000ull | 0x880 | SIC_PTE_SWIZZLED, 4, true},
        {DATA * 0x1000ull | 0x880, 4, false}, /* it may be swizzled */
        {0x1234500000002080, 4, false},
        {0, 4, false},
    };
    struct world *world = *state;
    struct sic_user_reader user = {.read = read_nothing, .has_tables = has_no_tables};
    unsigned count = sizeof(cases) / sizeof(cases[0]);
    struct sic_page *page;

    for (unsigned way = 0; way < 2 * count; way++) {
        unsigned i = way % count;

        user.translate = way < count ? NULL : translate_nothing;
        put_prototype(world, 4, cases[i].pte);
        sic_scan_view(&world->scan, 0)->protection = cases[i].protection;
        page = read_evidence(world);
        sic_evidence_read_user(&world->scan, &user, 0, 1);
        assert_int_equal((page->flags & SIC_PAGE_HAS_PHYSICAL) != 0, cases[i].known);
        assert_int_equal(page->physical, cases[i].known ? frame(DATA) : 0);
        assert_false(page->flags & SIC_PAGE_HAS_BYTES);
        assert_int_equal(sic_load64(page->bytes), 0);
    }
}

/* A dump of the kernel alone, in which no table of the process is; one that is there and says that the page is not. */
static void test_evidence_without_user_pages(void **state)
{
    struct world *world = *state;
    struct sic_page *page;

    put_prototype(world, 4, frame(DATA) | FLAGS);
    map(world, USER_ROOT, USER_VA, 2, 0x1234500000002080);
    page = read_evidence(world);
    sic_evidence_read_user(&world->scan, &world->user, 0, 1);
    assert_int_equal(page->flags & (SIC_PAGE_HAS_PHYSICAL | SIC_PAGE_HAS_BYTES), 0);
    for (unsigned level = 2; level <= 4; level++) {
        map(world, USER_ROOT, USER_VA, level, frame(PAGE_COUNT + 5) | FLAGS);
        open_memory(world, 0);
        page = read_evidence(world);
        sic_evidence_read_user(&world->scan, &world->user, 0, 1);
        assert_int_equal(page->flags & (SIC_PAGE_HAS_PHYSICAL | SIC_PAGE_HAS_BYTES), SIC_PAGE_HAS_PHYSICAL);
        assert_int_equal(page->physical, frame(DATA));
    }
    sic_scan_view(&world->scan, 0)->protection = 5;
    page = read_evidence(world);
    sic_evidence_read_user(&world->scan, &world->user, 0, 1);
    assert_false(page->flags & SIC_PAGE_HAS_PHYSICAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hardware, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_transition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_by_view, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_swizzled_prototypes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_prototypes_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forged_chains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_chain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_across_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_processes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_after_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_evidence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_evidence_without_tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_evidence_without_user_pages, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("user memory", tests, NULL, NULL);
}

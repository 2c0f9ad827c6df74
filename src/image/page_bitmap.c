#include "image/page_bitmap.h"

#include "image/backend.h"

#include <stdlib.h>

/*
 * An entry of `counts` covers four words. Its low 40 bits are the number of bits set before the first word; above lie
 * three bytes, the number set in the first, in the first two and in the first three words (at most 192). So an entry
 * answers for every word without adding up. It costs 8 bytes for 256 pages, that is for a mebibyte of memory.
 */
#define ENTRY_WORDS 4u
#define BASE_BITS   40u
#define BASE_MASK   ((UINT64_C(1) << BASE_BITS) - 1)

static uint64_t word_count(const struct page_bitmap *bitmap)
{
    return bitmap->bit_count / 64 + (bitmap->bit_count % 64 != 0);
}

/* The caller keeps `index` below word_count. */
static uint64_t word_at(const struct page_bitmap *bitmap, uint64_t index)
{
    return index == (bitmap->bit_count - 1) / 64 ? bitmap->last_word : image_load_u64(bitmap->bits + index * 8);
}

static uint64_t load_last_word(const struct page_bitmap *bitmap)
{
    uint64_t word = 0;
    uint64_t start = (bitmap->bit_count - 1) / 64 * 64;
    uint64_t bits = bitmap->bit_count - start;

    for (uint64_t byte = 0; byte < page_bitmap_size(bits); byte++) {
        word |= (uint64_t)bitmap->bits[start / 8 + byte] << (8 * byte);
    }
    return bits == 64 ? word : word & ((UINT64_C(1) << bits) - 1);
}

/* Fills one entry; `base` bits are set before it. Returns the number of bits set before the next. */
static uint64_t fill_entry(struct page_bitmap *bitmap, uint64_t entry, uint64_t base)
{
    uint64_t words = word_count(bitmap);
    uint64_t packed = base;
    uint64_t inside = 0;

    for (unsigned int i = 0; i < ENTRY_WORDS; i++) {
        uint64_t index = entry * ENTRY_WORDS + i;
        if (i > 0) {
            packed |= inside << (BASE_BITS + 8 * (i - 1));
        }
        inside += index < words ? (uint64_t)__builtin_popcountll(word_at(bitmap, index)) : 0;
    }
    bitmap->counts[entry] = packed;
    return base + inside;
}

bool page_bitmap_init(struct page_bitmap *bitmap, const struct image_bytes *file, uint64_t bitmap_offset,
                      uint64_t bit_count, uint64_t first_page_offset, uint64_t *total)
{
    uint64_t held = first_page_offset < file->size ? (file->size - first_page_offset) >> SIC_PAGE_SHIFT : 0;
    uint64_t set = 0;

    *bitmap = (struct page_bitmap){.bits = file->at + bitmap_offset, .bit_count = bit_count};
    if (bit_count > 0) {
        uint64_t entries = (word_count(bitmap) + ENTRY_WORDS - 1) / ENTRY_WORDS;
        bitmap->counts = calloc(entries, sizeof(*bitmap->counts));
        if (bitmap->counts == NULL) {
            return false;
        }
        bitmap->last_word = load_last_word(bitmap);
        for (uint64_t entry = 0; entry < entries; entry++) {
            set = fill_entry(bitmap, entry, set);
        }
    }
    bitmap->present = set < held ? set : held;
    bitmap->pages = bitmap->present > 0 ? file->at + first_page_offset : NULL;
    *total = set;
    return true;
}

void page_bitmap_deinit(struct page_bitmap *bitmap)
{
    free(bitmap->counts);
    *bitmap = (struct page_bitmap){0};
}

/* The number of bits set before bit `pfn`, whose word is `word`. */
static uint64_t rank_of(const struct page_bitmap *bitmap, uint64_t pfn, uint64_t word)
{
    uint64_t index = pfn / 64;
    uint64_t packed = bitmap->counts[index / ENTRY_WORDS];
    unsigned int within = index % ENTRY_WORDS;
    uint64_t before = word & ((UINT64_C(1) << pfn % 64) - 1);
    uint64_t inside = within > 0 ? packed >> (BASE_BITS + 8 * (within - 1)) & 0xff : 0;

    return (packed & BASE_MASK) + inside + (uint64_t)__builtin_popcountll(before);
}

const uint8_t *page_bitmap_find(const struct page_bitmap *bitmap, uint64_t pfn)
{
    if (pfn >= bitmap->bit_count) {
        return NULL;
    }
    uint64_t word = word_at(bitmap, pfn / 64);
    if ((word >> pfn % 64 & 1) == 0) {
        return NULL;
    }
    uint64_t rank = rank_of(bitmap, pfn, word);
    return rank < bitmap->present ? bitmap->pages + (rank << SIC_PAGE_SHIFT) : NULL;
}

/* The first bit at or after `bit` that is set (or clear, when `flip` is all ones); bit_count when there is none. */
static uint64_t seek(const struct page_bitmap *bitmap, uint64_t bit, uint64_t flip)
{
    uint64_t words = word_count(bitmap);
    uint64_t mask = ~UINT64_C(0) << bit % 64;

    for (uint64_t index = bit / 64; index < words; index++, mask = ~UINT64_C(0)) {
        uint64_t word = (word_at(bitmap, index) ^ flip) & mask;
        if (word != 0) {
            return index * 64 + (uint64_t)__builtin_ctzll(word); /* past the last bit all are clear: no further */
        }
    }
    return bitmap->bit_count;
}

bool page_bitmap_next(const struct page_bitmap *bitmap, uint64_t pfn, uint64_t *first, uint64_t *count)
{
    if (pfn >= bitmap->bit_count) {
        return false;
    }
    uint64_t start = seek(bitmap, pfn, 0);
    if (start >= bitmap->bit_count) {
        return false;
    }
    uint64_t rank = rank_of(bitmap, start, word_at(bitmap, start / 64));
    if (rank >= bitmap->present) {
        return false; /* the file was cut before this page, and so before all that follow */
    }
    uint64_t length = seek(bitmap, start, ~UINT64_C(0)) - start;
    *first = start;
    *count = length < bitmap->present - rank ? length : bitmap->present - rank;
    return true;
}

static const uint8_t *bitmap_page(const struct sic_image *image, uint64_t pfn)
{
    return page_bitmap_find(&image->bitmap, pfn);
}

static bool bitmap_next(const struct sic_image *image, uint64_t pfn, uint64_t *first, uint64_t *count)
{
    return page_bitmap_next(&image->bitmap, pfn, first, count);
}

static void bitmap_deinit(struct sic_image *image)
{
    page_bitmap_deinit(&image->bitmap);
}

const struct image_operations image_operations_bitmap = {
    .page = bitmap_page,
    .next_run = bitmap_next,
    .deinit = bitmap_deinit,
};

#include "driver_rig.h"

#include "core/evidence.h"
#include "core/pack.h"
#include "kernel/collect.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the kernel's memory tells of them: the driver reads no more. */
static void read_first_pages(const struct sic_kernel *kernel, struct sic_scan *scan)
{
    struct sic_address_space *space;
    struct sic_reader reader;
    struct sic_error error;

    assert_int_equal(sic_address_space_create(kernel->image, &kernel->paging, &error, &space), SIC_OK);
    reader = sic_address_space_reader(space);
    assert_true(sic_evidence_list(scan) && sic_evidence_read_kernel(scan, &reader, 0, scan->pages.count));
    sic_address_space_destroy(space);
}

static void pack_image(struct rig *rig, const char *path, uint32_t want)
{
    struct sic_collect_options options = {.threads = 1,
                                          .with_paths = want & SIC_WIRE_WANT_PATHS,
                                          .with_names = want & SIC_WIRE_WANT_NAMES,
                                          .with_objects = want & SIC_WIRE_WANT_OBJECTS,
                                          .with_handles = want & SIC_WIRE_WANT_HANDLES,
                                          .with_security = want & SIC_WIRE_WANT_SECURITY,
                                          .with_tokens = want & SIC_WIRE_WANT_TOKENS,
                                          .minimum_views = 1};
    struct sic_error error = {.message = ""};
    struct sic_image *image;
    struct sic_kernel kernel;

    assert_int_equal(sic_image_open(path, &error, &image), SIC_OK);
    if (sic_kernel_open(image, &error, &kernel) != SIC_OK)
        fail_msg("%s", error.message);
    sic_scan_init(&rig->scan, sic_heap_allocator());
    assert_int_equal(sic_collect(&kernel, &options, &error, &rig->scan), SIC_OK);
    if (want & SIC_WIRE_WANT_FIRST_PAGES)
        read_first_pages(&kernel, &rig->scan);
    rig->request = (struct sic_request){.layout = kernel.profile.layout, .want = want, .minimum_views = 1};
    sic_image_close(image);
    rig->expected_size = (size_t)sic_pack_size(&rig->scan, NULL);
    rig->expected = malloc(rig->expected_size);
    assert_non_null(rig->expected);
    assert_true(sic_pack(&rig->scan, NULL, NULL, rig->expected, rig->expected_size));
}

void rig_open(struct rig *rig, const char *arguments, const char *layout)
{
    rig_open_wanting(rig, arguments, layout, SIC_WIRE_WANT_MASK);
}

void rig_open_wanting(struct rig *rig, const char *arguments, const char *layout, uint32_t want)
{
    char prefix[] = "/tmp/sic-driver-XXXXXX", command[1024], path[64];
    int placeholder = mkstemp(prefix);

    memset(rig, 0, sizeof(*rig));
    assert_true(placeholder >= 0);
    close(placeholder);
    snprintf(command, sizeof(command), "%s %s --layout %s --format raw --no-truth --output %s >/dev/null", LAB_PROGRAM,
             arguments, layout, prefix);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof(path), "%s.raw", prefix);
    pack_image(rig, path, want);
    ek_open(&rig->ek, path, LAB_DATA_FOLDER, layout);
    unlink(path);
    unlink(prefix);
    ek_port.load(&rig->ek);
}

void rig_expect_anew(struct rig *rig)
{
    char path[] = "/tmp/sic-driver-XXXXXX";
    int file = mkstemp(path);
    size_t written = 0;

    assert_true(file >= 0);
    while (written < rig->ek.image.size) {
        ssize_t size = write(file, rig->ek.image.bytes + written, rig->ek.image.size - written);

        assert_true(size > 0);
        written += (size_t)size;
    }
    close(file);
    sic_scan_deinit(&rig->scan);
    free(rig->expected);
    pack_image(rig, path, rig->request.want);
    unlink(path);
}

void rig_close(struct rig *rig)
{
    ek_port.drop(&rig->ek);
    ek_close(&rig->ek);
    sic_scan_deinit(&rig->scan);
    free(rig->expected);
    free(rig->answer);
    memset(rig, 0, sizeof(*rig));
}

void rig_start(struct rig *rig)
{
    assert_int_equal(ek_port.enter(&rig->ek), RIG_SUCCESS);
    assert_true(rig->ek.has_rights);
    assert_int_equal(rig->ek.devices, 1);
    assert_int_equal(rig->ek.links, 1);
    assert_int_equal(ek_port.open(&rig->ek, false, false), RIG_SUCCESS);
}

void rig_stop(struct rig *rig)
{
    assert_int_equal(ek_port.close(&rig->ek), RIG_SUCCESS);
    ek_port.unload(&rig->ek);
    assert_int_equal(rig->ek.devices, 0);
    assert_int_equal(rig->ek.links, 0);
    rig_require_clean(rig, "after unload");
}

uint32_t rig_ask(struct rig *rig, uint32_t size)
{
    uint8_t input[SIC_REQUEST_SIZE];

    sic_request_encode(&rig->request, input);
    free(rig->answer);
    rig->answer = malloc(size + 1u);
    assert_non_null(rig->answer);
    memset(rig->answer, 0xa5, size);
    rig->answer_size = 0;
    return ek_port.control(&rig->ek, SIC_WIRE_IOCTL_SCAN, input, sizeof(input), rig->answer, size, &rig->answer_size);
}

void rig_require_expected(const struct rig *rig)
{
    assert_int_equal(rig->answer_size, rig->expected_size);
    assert_memory_equal(rig->answer, rig->expected, rig->expected_size);
}

void rig_require_clean(const struct rig *rig, const char *when)
{
    if (rig->ek.violation[0] != '\0')
        fail_msg("%s: %s", when, rig->ek.violation);
    if (!ek_is_clean(&rig->ek))
        fail_msg("%s: %zu blocks of pool, %u handles, or references are left", when, rig->ek.block_count,
                 rig->ek.handles);
}

void rig_unpack(const struct rig *rig, struct sic_scan *scan)
{
    struct sic_unpacked unpacked;
    const char *refusal;

    sic_scan_init(scan, sic_heap_allocator());
    refusal = sic_unpack(rig->answer, (size_t)rig->answer_size, scan, &unpacked);
    if (refusal)
        fail_msg("the answer is no scan: %s", refusal);
}

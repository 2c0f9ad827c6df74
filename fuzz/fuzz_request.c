/*
 * The driver's request surface: its sources in front of the emulated kernel, whose memory is the smallest lab world.
 * The input is laid over a good request, so that zeros are one; its first bytes choose the code, the room for the
 * answer, a call that fails, and what happens meanwhile.
 */
#include "../tests/driver_rig.h"

#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONTROLS 8u

static struct rig rig;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    rig_open(&rig, "build " SCENARIOS "/three-processes.scenario", "19041.264");
    rig_start(&rig);
    return 0;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_answer(uint32_t status, const uint8_t *output, uint64_t information, uint32_t room)
{
    struct sic_unpacked unpacked;
    struct sic_scan scan;

    require(information <= room);
    if (status == RIG_BUFFER_OVERFLOW)
        require(information == sizeof(struct sic_wire_need));
    else if (status != RIG_SUCCESS)
        require(information == 0);
    if (status != RIG_SUCCESS)
        return;
    sic_scan_init(&scan, sic_heap_allocator());
    require(sic_unpack(output, (size_t)information, &scan, &unpacked) == NULL);
    sic_scan_deinit(&scan);
}

static size_t make_request(const uint8_t *data, size_t size, bool is_cut, uint8_t *request)
{
    size_t used = size < SIC_REQUEST_SIZE ? size : SIC_REQUEST_SIZE;

    sic_request_encode(&rig.request, request);
    for (size_t i = 0; i < used; i++)
        request[i] ^= data[i];
    return is_cut ? used : SIC_REQUEST_SIZE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t request[SIC_REQUEST_SIZE], *output;
    uint64_t information = 0;
    size_t request_size;
    uint32_t room, status;

    if (size < CONTROLS)
        return 0;
    ek_reset(&rig.ek);
    room = data[1] % 4 == 0 ? data[2] : 1u << 16;
    rig.ek.fail_at = data[3];
    rig.ek.cancel_at_copy = data[4] % 8 == 7 ? data[5] : 0;
    rig.ek.lacks_mm_copy = false;
    request_size = make_request(data + CONTROLS, size - CONTROLS, data[0] & 1, request);
    output = malloc(room + 1u);
    require(output != NULL);
    status = ek_port.control(&rig.ek, data[0] & 2 ? data[6] * 0x01010101u : SIC_WIRE_IOCTL_SCAN, request,
                             (uint32_t)request_size, output, room, &information);
    check_answer(status, output, information, room);
    free(output);
    require(ek_is_clean(&rig.ek));
    return 0;
}

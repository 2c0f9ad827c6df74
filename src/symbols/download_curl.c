/*
 * Downloads with libcurl. The library is loaded when the first download is asked for: linked in, it costs every run of
 * the program some milliseconds, and only few runs download.
 */
#include "symbols/download.h"

#include "platform/new_file.h"
#include "platform/paths.h"
#include "symbols/symbol_file.h"
#include "symbols/symbol_store.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT 30u
#define REDIRECT_LIMIT  5L
/* Bytes a second, over the whole time-out: what is slower counts as silent, or a server could hold a run for ever. */
#define SLOWEST_SPEED 1000L
#define URL_SIZE      4096u

static struct {
    void *handle;
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *easy);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    void (*easy_cleanup)(CURL *easy);
    const char *(*easy_strerror)(CURLcode code);
} curl;

/* curl.h wraps these names in macros that check types; here they only name what is loaded. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

static bool load_symbols(void *handle)
{
    static const struct {
        const char *name;
        void *place;
    } symbols[] = {
        {"curl_global_init", &curl.global_init},     {"curl_easy_init", &curl.easy_init},
        {"curl_easy_setopt", &curl.easy_setopt},     {"curl_easy_perform", &curl.easy_perform},
        {"curl_easy_getinfo", &curl.easy_getinfo},   {"curl_easy_cleanup", &curl.easy_cleanup},
        {"curl_easy_strerror", &curl.easy_strerror},
    };

    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *symbol = dlsym(handle, symbols[i].name);

        if (!symbol)
            return false;
        memcpy(symbols[i].place, &symbol, sizeof(symbol));
    }
    return true;
}

bool sic_download_is_built(void)
{
    return true;
}

bool sic_download_is_possible(const char **reason)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

    *reason = "libcurl cannot be loaded; install it (Debian: libcurl4), or fetch the PDB with another program";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !curl.handle; i++) {
        void *handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

        if (handle && load_symbols(handle) && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
            curl.handle = handle;
    }
    return curl.handle != NULL;
}

/* One transfer: what arrives goes into the file. */
struct transfer {
    const struct sic_download_options *options;
    const char *folder; /* made, with the file in it, when the first bytes arrive */
    const char *name;
    struct sic_new_file file;
    uint64_t size;
    bool is_too_large;
    enum sic_status status; /* of writing; error says why */
    struct sic_error error;
};

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;

    size *= count;
    transfer->size += size;
    transfer->is_too_large = transfer->size > SIC_DOWNLOAD_SIZE_LIMIT;
    if (transfer->is_too_large)
        return 0;
    if (transfer->file.descriptor < 0)
        transfer->status = sic_new_file_create(transfer->folder, transfer->name, &transfer->error, &transfer->file);
    if (transfer->status == SIC_OK)
        transfer->status = sic_new_file_write(&transfer->file, bytes, size, &transfer->error);
    return transfer->status == SIC_OK ? size : 0;
}

static int report_progress(void *context, curl_off_t total, curl_off_t done, curl_off_t upload_total, curl_off_t upload)
{
    const struct transfer *transfer = context;

    (void)upload_total;
    (void)upload;
    if (transfer->options->progress && done > 0)
        transfer->options->progress(transfer->options->progress_context, (uint64_t)done,
                                    total > 0 ? (uint64_t)total : 0);
    return 0;
}

/* Proxies come from the environment (http_proxy, https_proxy, no_proxy), as libcurl reads it. */
static CURL *prepare(const char *url, struct transfer *transfer)
{
    long timeout =
        transfer->options->timeout_seconds ? (long)transfer->options->timeout_seconds : (long)DEFAULT_TIMEOUT;
    bool is_secure = url[4] == 's' || url[4] == 'S';
    CURL *easy = curl.easy_init();

    if (!easy)
        return NULL;
    curl.easy_setopt(easy, CURLOPT_URL, url);
    curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl.easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECT_LIMIT);
    curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    /* What was asked for in secret is not to arrive in the clear. */
    curl.easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, is_secure ? "https" : "http,https");
    curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, timeout);
    curl.easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOWEST_SPEED);
    curl.easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, timeout);
    curl.easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)SIC_DOWNLOAD_SIZE_LIMIT);
    curl.easy_setopt(easy, CURLOPT_USERAGENT, "sic");
    curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes);
    curl.easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl.easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl.easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, report_progress);
    curl.easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
    return easy;
}

static enum sic_status judge(CURL *easy, CURLcode code, const char *url, const struct transfer *transfer,
                             struct sic_error *error)
{
    long answer = 0, proxy_answer = 0;

    if (code == CURLE_OK)
        return SIC_OK;
    curl.easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_answer);
    if (proxy_answer >= 300)
        return sic_error_set(error, SIC_IO, "%.300s: not downloaded: the proxy refuses (HTTP %ld)", url, proxy_answer);
    curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
    if (transfer->status != SIC_OK) {
        *error = transfer->error;
        return transfer->status;
    }
    if (transfer->is_too_large || code == CURLE_FILESIZE_EXCEEDED)
        return sic_error_set(error, SIC_BROKEN, "%.300s: refused: more than %u MiB, which no PDB of a kernel has", url,
                             SIC_DOWNLOAD_SIZE_LIMIT >> 20);
    if (code == CURLE_HTTP_RETURNED_ERROR && (answer == 404 || answer == 410))
        return sic_error_set(error, SIC_NOT_FOUND, "%.300s: the server does not have it (HTTP %ld)", url, answer);
    if (code == CURLE_HTTP_RETURNED_ERROR)
        return sic_error_set(error, SIC_IO, "%.300s: the server refuses (HTTP %ld)", url, answer);
    return sic_error_set(error, SIC_IO, "%.300s: not downloaded: %s", url, curl.easy_strerror(code));
}

static enum sic_status transfer_url(const char *url, struct transfer *transfer, struct sic_error *error)
{
    CURL *easy = prepare(url, transfer);
    enum sic_status status;

    if (!easy)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    status = judge(easy, curl.easy_perform(easy), url, transfer, error);
    curl.easy_cleanup(easy);
    return status;
}

/* The caller has checked that there is room. */
static void join_url(const char *folder_url, const char *name, char url[URL_SIZE])
{
    int length = snprintf(url, URL_SIZE, "%s/%s", folder_url, name);

    if (length < 0 || length >= (int)URL_SIZE)
        url[0] = '\0';
}

/* A server that has only the compressed file answers 404 for the other. Asked without a body. */
static bool has_compressed(const char *folder_url, const struct sic_pdb_reference *wanted,
                           const struct sic_download_options *options)
{
    struct transfer transfer = {.options = options};
    char name[SIC_PDB_REFERENCE_NAME_SIZE], url[URL_SIZE];
    CURLcode code = CURLE_FAILED_INIT;
    CURL *easy;

    sic_symbol_compressed_name(wanted->name, name);
    join_url(folder_url, name, url);
    easy = prepare(url, &transfer);
    if (easy) {
        curl.easy_setopt(easy, CURLOPT_NOBODY, 1L);
        code = curl.easy_perform(easy);
        curl.easy_cleanup(easy);
    }
    return code == CURLE_OK;
}

/* The file gets its name when it is the right PDB. */
static enum sic_status check_and_place(const char *url, struct sic_new_file *file,
                                       const struct sic_pdb_reference *wanted, struct sic_error *error)
{
    struct sic_symbol_file pdb;
    enum sic_status status = sic_symbol_file_open(file->now, url, wanted, error, &pdb);

    if (status != SIC_OK)
        return status;
    sic_symbol_file_close(&pdb);
    return sic_new_file_place(file, error);
}

static enum sic_status fetch_into(const char *folder_url, const char *folder, const struct sic_pdb_reference *wanted,
                                  const struct sic_download_options *options, struct sic_error *error)
{
    struct transfer transfer = {.options = options, .folder = folder, .name = wanted->name, .file = {.descriptor = -1}};
    char url[URL_SIZE];
    enum sic_status status;

    join_url(folder_url, wanted->name, url);
    status = transfer_url(url, &transfer, error);
    if (status == SIC_NOT_FOUND && has_compressed(folder_url, wanted, options))
        status = sic_error_set(error, SIC_UNSUPPORTED,
                               "%.300s: the server has it only compressed (.pd_), which is refused; fetch that and "
                               "unpack it with cabextract or expand.exe",
                               url);
    else if (status == SIC_OK && transfer.size == 0)
        status = sic_error_set(error, SIC_BROKEN, "%.300s: refused: the answer is empty", url);
    if (status == SIC_OK)
        status = check_and_place(url, &transfer.file, wanted, error);
    sic_new_file_close(&transfer.file);
    return status;
}

enum sic_status sic_download_fetch(const char *url, const char *store, const struct sic_pdb_reference *wanted,
                                   const struct sic_download_options *options, struct sic_error *error, char **path)
{
    char folder_url[URL_SIZE];
    char *folder, *placed;
    int length = snprintf(folder_url, sizeof(folder_url), "%s/%s/%s", url, wanted->name, wanted->guid_age);
    enum sic_status status = SIC_NO_MEMORY;

    if (length < 0 || (size_t)length >= sizeof(folder_url) - SIC_PDB_REFERENCE_NAME_SIZE - 1)
        return sic_error_set(error, SIC_BROKEN, "%.100s...: the server's URL is too long", url);
    folder = sic_symbol_store_folder(store, wanted);
    placed = folder ? sic_path_join(folder, wanted->name) : NULL;
    if (placed)
        status = fetch_into(folder_url, folder, wanted, options, error);
    else
        sic_error_set(error, status, "out of memory; close other programs and try again");
    free(folder);
    if (status == SIC_OK)
        *path = placed;
    else
        free(placed);
    return status;
}

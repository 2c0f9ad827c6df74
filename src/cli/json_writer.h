/*
 * Writes JSON documents, indented or each on one line, in the order of the calls.
 */
#ifndef SIC_CLI_JSON_WRITER_H
#define SIC_CLI_JSON_WRITER_H

#include "cli/output.h"

struct sic_json {
    struct sic_output *output;
    unsigned depth;
    bool needs_comma;
    bool is_one_line;
};

void sic_json_init(struct sic_json *json, struct sic_output *output);
/* `key` is NULL inside an array. */
void sic_json_open_object(struct sic_json *json, const char *key);
void sic_json_close_object(struct sic_json *json);
void sic_json_open_array(struct sic_json *json, const char *key);
void sic_json_close_array(struct sic_json *json);
/* UTF-8; NULL writes null. */
void sic_json_string(struct sic_json *json, const char *key, const char *value);
void sic_json_bool(struct sic_json *json, const char *key, bool value);
/* A number, however large: for ids that nobody computes with. */
void sic_json_id(struct sic_json *json, const char *key, uint64_t value);
/* A number up to 2^53, above it "0x…": a reader with doubles loses nothing. */
void sic_json_number(struct sic_json *json, const char *key, uint64_t value);
/* Always "0x…". */
void sic_json_address(struct sic_json *json, const char *key, uint64_t value);
/* "0x…", or null for 0. */
void sic_json_address_or_null(struct sic_json *json, const char *key, uint64_t value);
/* Ends the document with a newline. */
void sic_json_finish(struct sic_json *json);

#endif

#include "cli/json_writer.h"

#include <string.h>

#define EXACT_NUMBER_LIMIT (1ull << 53)

void sic_json_init(struct sic_json *json, struct sic_output *output)
{
    *json = (struct sic_json){.output = output};
}

/* Indents by one space a level: documents of millions of lines stay small. */
static void start_line(struct sic_json *json)
{
    static const char spaces[] = "                ";

    if (json->is_one_line)
        return;
    sic_output_bytes(json->output, "\n", 1);
    sic_output_bytes(json->output, spaces, json->depth < sizeof(spaces) - 1 ? json->depth : sizeof(spaces) - 1);
}

static void put_quoted(struct sic_json *json, const char *text)
{
    sic_output_bytes(json->output, "\"", 1);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            sic_output_bytes(json->output, "\\", 1);
        sic_output_bytes(json->output, c, 1);
    }
    sic_output_bytes(json->output, "\"", 1);
}

static void start_value(struct sic_json *json, const char *key)
{
    if (json->needs_comma)
        sic_output_bytes(json->output, json->is_one_line ? ", " : ",", json->is_one_line ? 2 : 1);
    if (json->depth > 0)
        start_line(json);
    if (key) {
        put_quoted(json, key);
        sic_output_bytes(json->output, ": ", 2);
    }
    json->needs_comma = true;
}

static void open_bracket(struct sic_json *json, const char *key, const char *bracket)
{
    start_value(json, key);
    sic_output_bytes(json->output, bracket, 1);
    json->depth++;
    json->needs_comma = false;
}

static void close_bracket(struct sic_json *json, const char *bracket)
{
    json->depth--;
    if (json->needs_comma)
        start_line(json);
    sic_output_bytes(json->output, bracket, 1);
    json->needs_comma = true;
}

void sic_json_open_object(struct sic_json *json, const char *key)
{
    open_bracket(json, key, "{");
}

void sic_json_close_object(struct sic_json *json)
{
    close_bracket(json, "}");
}

void sic_json_open_array(struct sic_json *json, const char *key)
{
    open_bracket(json, key, "[");
}

void sic_json_close_array(struct sic_json *json)
{
    close_bracket(json, "]");
}

void sic_json_string(struct sic_json *json, const char *key, const char *value)
{
    start_value(json, key);
    if (value)
        put_quoted(json, value);
    else
        sic_output_text(json->output, "null");
}

void sic_json_bool(struct sic_json *json, const char *key, bool value)
{
    start_value(json, key);
    sic_output_text(json->output, value ? "true" : "false");
}

void sic_json_address(struct sic_json *json, const char *key, uint64_t value)
{
    start_value(json, key);
    sic_output_text(json->output, "\"0x");
    sic_output_hex(json->output, value);
    sic_output_bytes(json->output, "\"", 1);
}

void sic_json_id(struct sic_json *json, const char *key, uint64_t value)
{
    start_value(json, key);
    sic_output_decimal(json->output, value);
}

void sic_json_number(struct sic_json *json, const char *key, uint64_t value)
{
    if (value > EXACT_NUMBER_LIMIT) {
        sic_json_address(json, key, value);
        return;
    }
    sic_json_id(json, key, value);
}

void sic_json_address_or_null(struct sic_json *json, const char *key, uint64_t value)
{
    if (value == 0)
        sic_json_string(json, key, NULL);
    else
        sic_json_address(json, key, value);
}

void sic_json_finish(struct sic_json *json)
{
    sic_output_bytes(json->output, "\n", 1);
}

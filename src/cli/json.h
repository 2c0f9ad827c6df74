/*
 * The listing as one JSON document (docs/sic-listing.schema.json).
 */
#ifndef SIC_CLI_JSON_H
#define SIC_CLI_JSON_H

#include "cli/json_writer.h"
#include "cli/listing.h"
#include "cli/output.h"

/* The members "image" and "kernel": where the listing comes from. */
void sic_json_put_origin(struct sic_json *json, const struct sic_listing *listing);

/* The member "unread": facts besides those that decide regions, which could not be read. */
void sic_json_put_unread(struct sic_json *json, const struct sic_listing *listing);

/* Writes the whole document: kernel, processes, the selected regions, problems. False when memory ran out: it is then
 * not whole. */
bool sic_json_print(const struct sic_listing *listing, const struct sic_options *options, struct sic_output *output);

#endif

/*
 * Verbs: `sic VERB …` does something else than listing an image. A file of the same name is reached as ./VERB.
 */
#ifndef SIC_CLI_VERB_H
#define SIC_CLI_VERB_H

struct sic_verb {
    const char *name;
    const char *usage; /* what follows the name */
    /* argv[0] is the verb. Returns the exit status. */
    int (*run)(int argc, char **argv);
};

/* NULL: no verb is called so. */
const struct sic_verb *sic_verb_find(const char *name);

/* One line for each verb, on standard output. */
void sic_verbs_print_usage(void);

extern const struct sic_verb sic_verb_diff;
extern const struct sic_verb sic_verb_profile;
extern const struct sic_verb sic_verb_symbols;

#endif

/*
 * How many processors there are to work on.
 */
#ifndef SIC_PLATFORM_PROCESSORS_H
#define SIC_PLATFORM_PROCESSORS_H

/* At least 1. */
unsigned sic_processor_count(void);

#endif

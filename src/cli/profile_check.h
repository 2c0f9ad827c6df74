/*
 * The built-in data against real PDBs.
 */
#ifndef SIC_CLI_PROFILE_CHECK_H
#define SIC_CLI_PROFILE_CHECK_H

/*
 * Compares the rows and globals of each built-in kernel whose PDB lies in the folder, or in folders in it, and prints
 * what differs and a line for each PDB. Returns the exit status.
 */
int sic_profile_check(const char *folder);

#endif

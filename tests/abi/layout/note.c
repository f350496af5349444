/* SPDX-License-Identifier: Apache-2.0
 * The note macro in the strict compile matrix, as C and as C++. */
#include <meshhost/abi/grpc.h>
#include <meshhost/abi/note.h>
#include <meshhost/descriptors.h>

MH_MODULE_NOTE("matrix", "1.0.0", MH_GRPC_1);

int matrix_uses_the_note(void);
int matrix_uses_the_note(void) { return (int)mh_module_note.major + (int)mh_descriptors_size; }

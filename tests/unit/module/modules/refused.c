/* SPDX-License-Identifier: Apache-2.0
 *
 * A module that must never run: its constructor leaves the file named by the environment behind.
 * Built several times, each with one thing wrong (REFUSED_*).
 */
#include <fcntl.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(REFUSED_MAJOR)
#define NOTE_MAJOR 2
#else
#define NOTE_MAJOR MH_ABI_MAJOR
#endif
#if defined(REFUSED_MINOR)
#define NOTE_MINOR 77
#else
#define NOTE_MINOR 0
#endif
#if defined(REFUSED_INTERFACE)
#define NOTE_NEEDS "mh.grpc/1 mh.telepathy/3"
#else
#define NOTE_NEEDS "mh.grpc/1"
#endif

#if !defined(REFUSED_NOTE)
__attribute__((section(MH_NOTE_SECTION), used, aligned(4))) static const mh_note note = {
    9,
    (uint32_t)(sizeof(mh_note) - 24),
    MH_NOTE_TYPE,
    "meshhost",
    NOTE_MAJOR,
    MH_ABI_MINOR,
    NOTE_MINOR,
    0,
    "refused",
    "1.0.0",
    NOTE_NEEDS};
#endif

__attribute__((constructor)) static void leave_a_trace(void) {
  const char* path = getenv("MESHHOST_TEST_TRACE");
  if (path != NULL) close(open(path, O_CREAT | O_WRONLY, 0600));
}

#if defined(REFUSED_EXPORT)
MH_EXPORT int another_symbol(void);
MH_EXPORT int another_symbol(void) { return 1; }
#endif

#if !defined(REFUSED_ENTRY)
MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err);

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err) {
  (void)host_major;
  (void)host_minor;
  (void)err;
  return NULL;
}
#endif

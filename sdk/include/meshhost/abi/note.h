/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: the ELF note, section ".note.meshhost". The host reads it from the file
 * before dlopen, so that a module that does not fit is refused without one of its constructors
 * running. Layout of Elf64_Nhdr with name "meshhost" and type MH_NOTE_TYPE. Texts are NUL-padded.
 */
#pragma once

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_NOTE_TYPE 0x4d484d31u /* "MHM1" */
#define MH_NOTE_SECTION ".note.meshhost"

typedef struct mh_note {
  uint32_t namesz; /* 9: "meshhost" and its NUL */
  uint32_t descsz; /* sizeof(mh_note) - 24 */
  uint32_t type;
  char name[12];
  uint16_t major;       /* ABI major it speaks */
  uint16_t built_minor; /* MH_ABI_MINOR of the headers it was built with; for information */
  uint16_t needs_minor; /* lowest host minor it runs on: MH_TARGET_MINOR */
  uint16_t flags;       /* 0 */
  char module[48];      /* its own name, [a-z0-9_-]+ */
  char version[24];     /* its own version, for people */
  char needs[176];      /* interfaces it cannot do without: "mh.grpc/1 mh.http/1" */
} mh_note;

/* Once per module, at file scope: MH_MODULE_NOTE("echo", "1.0.0", "mh.grpc/1"); */
#define MH_MODULE_NOTE(module_, version_, needs_)                     \
  __attribute__((section(MH_NOTE_SECTION), used,                      \
                 aligned(4))) static const mh_note mh_module_note = { \
      9,                                                              \
      (uint32_t)(sizeof(mh_note) - 24),                               \
      MH_NOTE_TYPE,                                                   \
      "meshhost",                                                     \
      MH_ABI_MAJOR,                                                   \
      MH_ABI_MINOR,                                                   \
      MH_TARGET_MINOR,                                                \
      0,                                                              \
      module_,                                                        \
      version_,                                                       \
      needs_}

#ifdef __cplusplus
}
#endif

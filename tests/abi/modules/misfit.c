/* SPDX-License-Identifier: Apache-2.0
 *
 * Modules that the host must refuse, one per MISFIT_* define:
 *   MISFIT_NO_NOTE             no ELF note
 *   MISFIT_MAJOR               its note names another ABI major
 *   MISFIT_MINOR               its note needs a newer host minor
 *   MISFIT_INTERFACE           its note needs an interface that no host has
 *   MISFIT_SERVICE             registers echo.v1.Echo, which module echo has
 *   MISFIT_ROUTE               registers GET /echo, which module echo has
 *   MISFIT_CREATE, MISFIT_START  that function fails with words
 *   MISFIT_EXPORT              exports a second symbol
 *
 * A constructor leaves the file MISFIT_WITNESS: it must not appear where the note alone decides.
 */
#define SAMPLE_NAME MISFIT_NAME
#define SAMPLE_SERVICE "echo.v1.Echo"
#include <stdio.h>

#include "sample.h"

#if defined(MISFIT_MAJOR)
#define NOTE_MAJOR (MH_ABI_MAJOR + 1)
#else
#define NOTE_MAJOR MH_ABI_MAJOR
#endif
#if defined(MISFIT_MINOR)
#define NOTE_MINOR (MH_ABI_MINOR + 7)
#else
#define NOTE_MINOR 0
#endif
#if defined(MISFIT_INTERFACE)
#define NOTE_NEEDS "mh.http/1 mh.teleport/1"
#else
#define NOTE_NEEDS "mh.http/1"
#endif

#if !defined(MISFIT_NO_NOTE)
__attribute__((section(MH_NOTE_SECTION), used, aligned(4))) static const mh_note note = {
    9,
    (uint32_t)(sizeof(mh_note) - 24),
    MH_NOTE_TYPE,
    "meshhost",
    NOTE_MAJOR,
    MH_ABI_MINOR,
    NOTE_MINOR,
    0,
    SAMPLE_NAME,
    "1.0.0",
    NOTE_NEEDS};
#endif

#if defined(MISFIT_EXPORT)
MH_EXPORT int misfit_second_symbol(void);
MH_EXPORT int misfit_second_symbol(void) { return 2; }
#endif

__attribute__((constructor)) static void leave_witness(void) {
  FILE* file = fopen(MISFIT_WITNESS, "w");
  if (file != NULL) fclose(file);
}

static mh_rc create(const mh_host* host, mh_instance* instance, mh_str config, void** ud,
                    mh_err* err) {
  sample_module* module = sample_create(host, instance);
  mh_rc rc = MH_OK;
  (void)config;
  if (module == NULL) return MH_FAILED;
#if defined(MISFIT_CREATE)
  rc = sample_fail(err, "create fails on purpose");
#elif defined(MISFIT_SERVICE)
  rc = sample_register_grpc(module, SAMPLE_SERVICE, "Unary", err);
#elif defined(MISFIT_ROUTE)
  rc = sample_register_http(module, "/echo", err);
#else
  rc = sample_register_http(module, "/sample/" SAMPLE_NAME, err);
#endif
  (void)sample_register_grpc;
  (void)sample_register_http;
  if (rc != MH_OK) {
    free(module);
    return rc;
  }
  *ud = module;
  return MH_OK;
}

static mh_rc start(void* ud, mh_err* err) {
  (void)ud;
#if defined(MISFIT_START)
  return sample_fail(err, "start fails on purpose");
#else
  (void)err;
  return MH_OK;
#endif
}

SAMPLE_ENTRY(create, start)

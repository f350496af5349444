/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1: "mh.grpc/1", gRPC services.
 */
#pragma once

#include "call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MH_GRPC_1 "mh.grpc/1"

typedef struct mh_grpc_1 {
  uint32_t size;
  /* [control] A serialized google.protobuf.FileDescriptorSet with imports (protoc
   * --descriptor_set_out --include_imports), copied. Must cover every service registered after it:
   * serves reflection, checks method names and kinds, and lets the host refuse payloads that do not
   * parse before module code runs. May be called several times; equal files are one. */
  mh_rc (*descriptors)(mh_instance*, const void* file_descriptor_set, size_t n, mh_err*);
  /* [control] Serves `name` ("pkg.Service"): n methods, `stride` bytes apart. Methods of the
   * descriptor that are left out answer UNIMPLEMENTED. MH_CONFLICT when another module has it. */
  mh_rc (*service)(mh_instance*, mh_str name, const mh_method*, size_t n, size_t stride, mh_err*);
  /* [any] grpc.health.v1 status of one of the module's services: serving 1 or 0. Services serve
   * from start() on unless told otherwise. */
  mh_rc (*health)(mh_instance*, mh_str service, int32_t serving);
} mh_grpc_1;

#ifdef __cplusplus
}
#endif

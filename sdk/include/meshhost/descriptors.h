/* SPDX-License-Identifier: Apache-2.0
 *
 * The module's embedded descriptors: a serialized google.protobuf.FileDescriptorSet of its PROTOS
 * and all that they import. Generated and linked by meshhost_add_module(... PROTOS ...); hand them
 * to mh.grpc/1 before registering services. Valid in C and C++.
 */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const unsigned char mh_descriptors[];
extern const size_t mh_descriptors_size;

#ifdef __cplusplus
}
#endif

#if defined(__cplusplus) && __cplusplus >= 201703L
#include <string_view>

namespace mh {

inline std::string_view descriptors() {
  return {reinterpret_cast<const char*>(mh_descriptors), mh_descriptors_size};
}

}  // namespace mh
#endif

// SPDX-License-Identifier: Apache-2.0
//
// The ABI's opaque handles, which are empty bases of the host's own classes: a handle becomes its
// object by static_cast, and the classes may lay themselves out as they like.
#pragma once

#include "meshhost/abi/base.h"

struct mh_instance {};
struct mh_call {};
struct mh_timer {};
struct mh_thread {};
struct mh_metric {};
struct mh_series {};

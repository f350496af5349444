/* SPDX-License-Identifier: Apache-2.0
 *
 * meshhost module ABI v1, all of it. C99; see abi/base.h for the rules that hold everywhere.
 */
#pragma once

#include "abi/base.h"
#include "abi/call.h"
#include "abi/config.h"
#include "abi/exec.h"
#include "abi/grpc.h"
#include "abi/http.h"
#include "abi/metrics.h"
#include "abi/module.h"
#include "abi/note.h"
#include "abi/state.h"
#include "abi/ws.h"

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include "host/http/http_settings.h"

namespace meshhost {

// nghttp2's C callbacks, forwarded to the Http2Session that is the user data. The caller owns the
// result.
nghttp2_session_callbacks* MakeHttp2Callbacks();
// Options of server sessions: windows by hand, limits by `settings`. The caller owns the result.
nghttp2_option* MakeHttp2Option(const HttpSettings& settings);

}  // namespace meshhost

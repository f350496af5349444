// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace meshhost {

class Registry;

// The formats that a scraper may ask for.
enum class ExpositionFormat { kText, kOpenMetrics };

// What an Accept header asks for: OpenMetrics 1.0.0 when named with a weight not below that of the
// text format, else text 0.0.4.
ExpositionFormat NegotiateFormat(std::string_view accept);

// The media type of a format.
std::string_view ContentTypeOf(ExpositionFormat format);

// A scrape. Any thread but a worker; never makes a writer wait.
std::string Expose(const Registry& registry, ExpositionFormat format);

}  // namespace meshhost

// SPDX-License-Identifier: Apache-2.0
#include "host/telemetry/log_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "host/telemetry/json_text.h"
#include "host/telemetry/timestamp.h"

namespace meshhost {
namespace {

struct LevelNames {
  std::string_view json;
  std::string_view text;  // padded
};

const LevelNames& NamesOf(LogLevel level) {
  static constexpr std::array<LevelNames, 5> kNames = {{{"trace", "TRACE"},
                                                        {"debug", "DEBUG"},
                                                        {"info", "INFO "},
                                                        {"warn", "WARN "},
                                                        {"error", "ERROR"}}};
  return kNames[static_cast<std::size_t>(level)];
}

void AppendEscaped(std::string& line, std::string_view text) {
  const std::size_t start = line.size();
  line.resize(start + text.size() * kMaxJsonEscape);
  const char* end = WriteJsonText(line.data() + start, text);
  line.resize(static_cast<std::size_t>(end - line.data()));
}

void AppendQuoted(std::string& line, std::string_view text) {
  line += '"';
  AppendEscaped(line, text);
  line += '"';
}

// In the text format a word that reads as one is left without quotes.
bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
  });
}

template <typename Number>
void AppendNumber(std::string& line, Number number) {
  std::array<char, 32> digits;
  line.append(digits.data(),
              std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void AppendValue(std::string& line, LogConfig::Format format, const LogField::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (format == LogConfig::Format::kText && IsWord(*text)) {
      line += *text;
    } else {
      AppendQuoted(line, *text);
    }
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    line += *flag ? "true" : "false";
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    AppendNumber(line, *integer);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&value)) {
    AppendNumber(line, *natural);
  } else if (const double real = std::get<double>(value); std::isfinite(real)) {
    AppendNumber(line, real);
  } else {
    line += "null";  // JSON has no word for it
  }
}

void AppendTime(std::string& line, std::uint64_t wall_ns) {
  std::array<char, Timestamp::kSize> text;
  Timestamp().Write(text.data(), wall_ns);
  line.append(text.data(), text.size());
}

}  // namespace

std::string FormatLogLine(LogConfig::Format format, std::uint64_t wall_ns, LogLevel level,
                          std::string_view text, std::span<const LogField> fields) {
  const bool json = format == LogConfig::Format::kJson;
  std::string line;
  line += json ? "{\"ts\":\"" : "";
  AppendTime(line, wall_ns);
  if (json) {
    line.append("\",\"level\":\"").append(NamesOf(level).json).append("\",\"msg\":");
    AppendQuoted(line, text);
  } else {
    line.append(" ").append(NamesOf(level).text).append(" ");
    AppendEscaped(line, text);
  }
  for (const LogField& field : fields) {
    line += json ? ',' : ' ';
    if (json) {
      AppendQuoted(line, field.name());
    } else {
      AppendEscaped(line, field.name());
    }
    line += json ? ':' : '=';
    AppendValue(line, format, field.value());
  }
  if (json) line += '}';
  return line;
}

}  // namespace meshhost

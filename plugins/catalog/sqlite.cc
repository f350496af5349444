// SPDX-License-Identifier: Apache-2.0
#include "sqlite.h"

namespace catalog {

namespace {

mh::Status ToStatus(int code, std::string text) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return mh::Unavailable(std::move(text));
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return mh::ResourceExhausted(std::move(text));
    case SQLITE_CONSTRAINT:
      return mh::FailedPrecondition(std::move(text));
    default:
      return mh::Internal(std::move(text));
  }
}

}  // namespace

Statement& Statement::Bind(int index, int64_t value) {
  sqlite3_bind_int64(handle_.get(), index, value);
  return *this;
}

Statement& Statement::Bind(int index, std::string_view value) {
  sqlite3_bind_text(handle_.get(), index, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

bool Statement::Step() {
  last_ = sqlite3_step(handle_.get());
  return last_ == SQLITE_ROW;
}

mh::Status Statement::Finish() {
  while (last_ == SQLITE_OK || last_ == SQLITE_ROW) Step();
  const int code = last_;
  const std::string text =
      code == SQLITE_DONE ? "" : sqlite3_errmsg(sqlite3_db_handle(handle_.get()));
  sqlite3_reset(handle_.get());
  last_ = SQLITE_OK;
  return code == SQLITE_DONE ? mh::Status() : ToStatus(code, "database: " + text);
}

std::string Statement::Text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

mh::Status Database::Failure(std::string_view what) const {
  return ToStatus(sqlite3_extended_errcode(handle_.get()),
                  std::string(what) + ": " + sqlite3_errmsg(handle_.get()));
}

mh::Status Database::Open(const std::string& path, int busy_timeout_ms) {
  sqlite3* handle = nullptr;
  // The store serialises; SQLite's own lock would be a second one.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) return Failure("database \"" + path + "\"");
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  return mh::Status();
}

mh::Status Database::Execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) {
    return mh::Status();
  }
  return Failure("database");
}

mh::Status Database::Prepare(std::string_view sql, Statement* out) {
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &handle, nullptr) != SQLITE_OK) {
    return Failure("database");
  }
  out->handle_.reset(handle);
  return mh::Status();
}

}  // namespace catalog

// SPDX-License-Identifier: Apache-2.0
//
// SQLite's C API with owners and statuses: as much as the catalog needs.
#pragma once

#include <meshhost/status.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

namespace catalog {

// A prepared statement, owned by its user; bound, stepped and reset again and again. Not for two
// threads at once.
class Statement final {
 public:
  Statement() = default;

  // 1-based. Text is copied by SQLite.
  Statement& Bind(int index, int64_t value);
  Statement& Bind(int index, std::string_view value);

  // True while there is a row. On false, status() says whether that is the end or a failure.
  bool Step();
  mh::Status Finish();  // steps to the end, resets, and says how it went

  int64_t Integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  std::string Text(int column) const;

 private:
  friend class Database;
  struct Close {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Close> handle_;
  int last_ = SQLITE_OK;
};

// One connection. Owned by the store, which serialises its use.
class Database final {
 public:
  // Opens or creates the file (":memory:" for none) and waits up to `busy_timeout_ms` for locks.
  mh::Status Open(const std::string& path, int busy_timeout_ms);
  mh::Status Execute(const char* sql);
  mh::Status Prepare(std::string_view sql, Statement* out);
  int64_t last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  int changes() const { return sqlite3_changes(handle_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  mh::Status Failure(std::string_view what) const;
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace catalog

// SPDX-License-Identifier: Apache-2.0
//
// The module: one Store, three protocols. gRPC handlers are in catalog_grpc.cc, REST and the
// WebSocket feed in catalog_rest.cc. All handlers run on the pool, because SQLite blocks.
#pragma once

#include <catalog/v1/catalog.pb.h>
#include <meshhost/config.h>
#include <meshhost/grpc.h>
#include <meshhost/http.h>
#include <meshhost/metrics.h>
#include <meshhost/module.h>
#include <meshhost/websocket.h>

#include <chrono>
#include <string>

#include "store.h"

namespace catalog {

struct Config {
  std::string database = ":memory:";
  std::chrono::milliseconds busy_timeout{5000};
  int64_t watch_backlog = 1024;  // changes that a slow watcher may be behind
  int64_t page_size = 50;        // of GET /v1/items without page_size

  void Describe(auto& fields) {
    fields("database", database);
    fields("busy_timeout", busy_timeout);
    fields("watch_backlog", watch_backlog, 1, 1000000);
    fields("page_size", page_size, 1, 1000);
  }
};

class Catalog final : public mh::Module {
 public:
  mh::Status Configure(const mh::Settings& settings) override;
  void Register(mh::Registry& registry) override;

 private:
  // gRPC
  mh::Status Create(mh::Call&, const v1::CreateRequest&, v1::Item&);
  mh::Status Get(mh::Call&, const v1::GetRequest&, v1::Item&);
  mh::Status Update(mh::Call&, const v1::UpdateRequest&, v1::Item&);
  mh::Status Delete(mh::Call&, const v1::DeleteRequest&, v1::DeleteResponse&);
  mh::Task<mh::Status> Import(mh::Call&, mh::Reader<v1::Item>&, v1::ImportSummary&);
  mh::Task<mh::Status> List(mh::Call&, const v1::ListRequest&, mh::Writer<v1::Item>&);
  mh::Task<mh::Status> Watch(mh::Call&, const v1::WatchRequest&, mh::Writer<v1::Change>&);
  mh::Task<mh::Status> Sync(mh::Call&, mh::Stream<v1::Edit, v1::EditResult>&);
  mh::Task<mh::Status> SendPresent(mh::Writer<v1::Change>& out);
  mh::Status Apply(const v1::Edit& edit, v1::Item& item);

  // REST and WebSocket
  mh::Status HttpList(const mh::Request&, mh::Response&);
  mh::Status HttpCreate(const mh::Request&, mh::Response&);
  mh::Status HttpGet(const mh::Request&, mh::Response&);
  mh::Status HttpPut(const mh::Request&, mh::Response&);
  mh::Status HttpPatch(const mh::Request&, mh::Response&);
  mh::Status HttpDelete(const mh::Request&, mh::Response&);
  mh::Status HttpReplace(const mh::Request&, Item item, mh::Response&);
  mh::Task<mh::Status> Feed(mh::Call&, mh::WebSocket&);

  // Counts what was done, by whichever protocol.
  mh::Status Counted(const char* operation, mh::Status status);

  Config config_;
  Store store_;
  mh::Counter operations_;
  mh::Series watchers_;
};

}  // namespace catalog

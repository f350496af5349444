// SPDX-License-Identifier: Apache-2.0
//
// todo: the smallest real REST module: create, read, update and delete notes in memory. It shows
// the shape that every module has; sdk/README.md walks through it.
#include <meshhost/config.h>
#include <meshhost/http.h>
#include <meshhost/json.h>
#include <meshhost/metrics.h>
#include <meshhost/module.h>

#include <boost/json/src.hpp>
#include <charconv>
#include <map>
#include <mutex>
#include <string>

namespace {

struct Config {
  int64_t max_items = 1000;
  void Describe(auto& fields) { fields("max_items", max_items, 1, 1000000); }
};

struct Item {
  std::string title;
  bool done = false;
};

class Todo final : public mh::Module {
 public:
  mh::Status Configure(const mh::Settings& settings) override {
    return mh::ReadConfig(settings, config_);
  }

  // Notes outlive an upgrade of this file: the next generation gets them, one record each.
  static constexpr mh::StateFormat kState{.format = 1, .oldest = 1};

  mh::Status SaveState(mh::StateWriter& writer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [id, item] : items_) {
      mh::Status status = writer.Write(boost::json::serialize(ToJson(id, item)));
      if (!status.ok()) return status;
    }
    return mh::Status();
  }

  mh::Status LoadState(std::string_view record, uint32_t) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const boost::json::value note = boost::json::parse({record.data(), record.size()});
    const int64_t id = note.at("id").as_int64();
    items_[id] = {std::string(note.at("title").as_string()), note.at("done").as_bool()};
    if (id >= next_id_) next_id_ = id + 1;
    items_gauge_.Set(static_cast<double>(items_.size()));
    return mh::Status();
  }

  void Register(mh::Registry& registry) override {
    items_gauge_ = mh::Gauge(registry, "todo_items", "Notes kept.").One();
    mh::HttpRoutes(registry, this)
        .Get("/todos", &Todo::List)
        .Post("/todos", &Todo::Create)
        .Get("/todos/{id}", &Todo::Read)
        .Put("/todos/{id}", &Todo::Update)
        .Delete("/todos/{id}", &Todo::Delete);
  }

 private:
  using Items = std::map<int64_t, Item>;

  mh::Status List(const mh::Request&, mh::Response& response) {
    const std::lock_guard<std::mutex> lock(mutex_);
    boost::json::array list;
    for (const auto& [id, item] : items_) list.push_back(ToJson(id, item));
    return mh::SendJson(response, list);
  }

  mh::Status Create(const mh::Request& request, mh::Response& response) {
    Item item;
    mh::Status status = FromJson(request, item);
    if (!status.ok()) return status;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (items_.size() >= static_cast<size_t>(config_.max_items)) {
      return mh::ResourceExhausted("the list is full");
    }
    const int64_t id = next_id_++;
    items_[id] = item;
    items_gauge_.Set(static_cast<double>(items_.size()));
    response.set_code(201);
    response.AddHeader("location", "/todos/" + std::to_string(id));
    return mh::SendJson(response, ToJson(id, item));
  }

  mh::Status Read(const mh::Request& request, mh::Response& response) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = Find(request);
    if (found == items_.end()) return mh::NotFound("no such note");
    return mh::SendJson(response, ToJson(found->first, found->second));
  }

  mh::Status Update(const mh::Request& request, mh::Response& response) {
    Item item;
    mh::Status status = FromJson(request, item);
    if (!status.ok()) return status;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = Find(request);
    if (found == items_.end()) return mh::NotFound("no such note");
    found->second = item;
    return mh::SendJson(response, ToJson(found->first, item));
  }

  mh::Status Delete(const mh::Request& request, mh::Response&) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = Find(request);
    if (found == items_.end()) return mh::NotFound("no such note");
    items_.erase(found);
    items_gauge_.Set(static_cast<double>(items_.size()));
    return mh::Status();  // no body: 204
  }

  Items::iterator Find(const mh::Request& request) {
    const std::string_view text = request.Param("id");
    int64_t id = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), id);
    return end.ptr == text.data() + text.size() ? items_.find(id) : items_.end();
  }

  static mh::Status FromJson(const mh::Request& request, Item& item) {
    boost::json::object object;
    mh::Status status = mh::ReadJson(request, object);
    if (status.ok()) status = mh::ReadMember(object, "title", item.title);
    if (status.ok()) status = mh::ReadMember(object, "done", item.done);
    if (status.ok() && item.title.empty()) status = mh::InvalidArgument("\"title\" is missing");
    return status;
  }

  static boost::json::object ToJson(int64_t id, const Item& item) {
    return {{"id", id}, {"title", item.title}, {"done", item.done}};
  }

  Config config_;
  mh::Series items_gauge_;
  std::mutex mutex_;  // guards all below
  Items items_;
  int64_t next_id_ = 1;
};

}  // namespace

MESHHOST_MODULE(Todo, "todo", "1.0.0", "mh.http/1 mh.metrics/1");

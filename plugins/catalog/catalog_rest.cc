// SPDX-License-Identifier: Apache-2.0
//
// REST: ids and revisions are integers, money is in cents, ETag is the revision. GET /v1/items
// pages by id: `page_token` of the next request is `next_page_token` of the last answer.
#include <meshhost/inbox.h>
#include <meshhost/json.h>

#include <boost/json/src.hpp>
#include <charconv>

#include "catalog.h"

namespace catalog {

namespace {

bool ParseInteger(std::string_view text, int64_t& out) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

boost::json::object ToJson(const Item& item) {
  return {{"id", item.id},
          {"name", item.name},
          {"description", item.description},
          {"price_cents", item.price_cents},
          {"quantity", item.quantity},
          {"revision", item.revision}};
}

// Members that are absent leave `item` as it is.
mh::Status FromJson(const mh::Request& request, Item& item) {
  boost::json::object object;
  mh::Status status = mh::ReadJson(request, object);
  if (status.ok()) status = mh::ReadMember(object, "name", item.name);
  if (status.ok()) status = mh::ReadMember(object, "description", item.description);
  if (status.ok()) status = mh::ReadMember(object, "price_cents", item.price_cents);
  if (status.ok()) status = mh::ReadMember(object, "quantity", item.quantity);
  return status;
}

mh::Status ReadId(const mh::Request& request, int64_t& id) {
  if (ParseInteger(request.Param("id"), id)) return mh::Status();
  return mh::NotFound("item \"" + std::string(request.Param("id")) + "\" does not exist");
}

// If-Match: "<revision>" makes a change conditional; 0 = any.
mh::Status ReadIfMatch(const mh::Request& request, int64_t& revision) {
  revision = 0;
  const auto tag = request.Header("if-match");
  if (!tag || *tag == "*") return mh::Status();
  if (tag->size() > 2 && tag->front() == '"' && tag->back() == '"' &&
      ParseInteger(tag->substr(1, tag->size() - 2), revision) && revision > 0) {
    return mh::Status();
  }
  return mh::Status::Raw(412, "If-Match is not a revision of this item");
}

mh::Status SendItem(const Item& item, mh::Response& response) {
  response.AddHeader("etag", "\"" + std::to_string(item.revision) + "\"");
  return mh::SendJson(response, ToJson(item));
}

const char* Name(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kPresent:
      return "present";
    case Change::Kind::kCreated:
      return "created";
    case Change::Kind::kUpdated:
      return "updated";
    case Change::Kind::kDeleted:
      return "deleted";
  }
  return "";
}

}  // namespace

mh::Status Catalog::HttpList(const mh::Request& request, mh::Response& response) {
  int64_t size = config_.page_size;
  int64_t after = 0;
  const auto page_size = request.Query("page_size");
  if (page_size && (!ParseInteger(*page_size, size) || size < 1 || size > 1000)) {
    return mh::InvalidArgument("page_size must be 1 to 1000");
  }
  const auto token = request.Query("page_token");
  if (token && (!ParseInteger(*token, after) || after < 0)) {
    return mh::InvalidArgument("page_token is not one that this service gave");
  }
  std::vector<Item> items;
  mh::Status status = Counted("list", store_.List(after, size + 1, items));
  if (!status.ok()) return status;
  boost::json::object page;
  const bool more = items.size() > static_cast<size_t>(size);
  if (more) items.pop_back();
  boost::json::array& list = page["items"].emplace_array();
  for (const Item& item : items) list.push_back(ToJson(item));
  if (more) page["next_page_token"] = std::to_string(items.back().id);
  return mh::SendJson(response, page);
}

mh::Status Catalog::HttpCreate(const mh::Request& request, mh::Response& response) {
  Item item;
  mh::Status status = FromJson(request, item);
  if (status.ok()) status = Counted("create", store_.Create(item));
  if (!status.ok()) return status;
  response.set_code(201);
  response.AddHeader("location", "/v1/items/" + std::to_string(item.id));
  return SendItem(item, response);
}

mh::Status Catalog::HttpGet(const mh::Request& request, mh::Response& response) {
  Item item;
  int64_t id = 0;
  mh::Status status = ReadId(request, id);
  if (status.ok()) status = Counted("get", store_.Get(id, item));
  return status.ok() ? SendItem(item, response) : status;
}

mh::Status Catalog::HttpPut(const mh::Request& request, mh::Response& response) {
  return HttpReplace(request, Item(), response);
}

mh::Status Catalog::HttpPatch(const mh::Request& request, mh::Response& response) {
  Item item;
  int64_t id = 0;
  mh::Status status = ReadId(request, id);
  if (status.ok()) status = store_.Get(id, item);
  return status.ok() ? HttpReplace(request, item, response) : status;
}

// Stores `item` with the members of the body on top. A PATCH is conditional on the revision that it
// was read at, so a change in between is not lost.
mh::Status Catalog::HttpReplace(const mh::Request& request, Item item, mh::Response& response) {
  int64_t wanted = 0;
  mh::Status status = ReadId(request, item.id);
  if (status.ok()) status = ReadIfMatch(request, wanted);
  if (status.ok()) status = FromJson(request, item);
  if (!status.ok()) return status;
  if (wanted != 0) item.revision = wanted;
  status = Counted("update", store_.Update(item));
  if (wanted != 0 && status.code() == mh::Code::kAborted) {
    return mh::Status::Raw(412, status.text());
  }
  return status.ok() ? SendItem(item, response) : status;
}

mh::Status Catalog::HttpDelete(const mh::Request& request, mh::Response&) {
  int64_t id = 0;
  mh::Status status = ReadId(request, id);
  return status.ok() ? Counted("delete", store_.Delete(id)) : status;
}

mh::Task<mh::Status> Catalog::Feed(mh::Call& call, mh::WebSocket& socket) {
  mh::Inbox<Change> inbox(call, static_cast<size_t>(config_.watch_backlog));
  const auto subscription =
      store_.Subscribe([&inbox](const Change& change) { inbox.Push(change); });
  const mh::Raised raised(watchers_);
  socket.IgnoreMessages();
  std::string text;
  while (co_await inbox.Wait()) {
    while (const std::optional<Change> change = inbox.Pop()) {
      const boost::json::object message = {{"kind", Name(change->kind)},
                                           {"item", ToJson(change->item)}};
      text = boost::json::serialize(message);
      if (!co_await socket.SendText(text)) co_return mh::Status();
    }
    if (inbox.overflowed()) co_return mh::Status::Raw(1013, "too far behind: list again");
  }
  co_return mh::Status();
}

}  // namespace catalog

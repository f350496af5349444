// SPDX-License-Identifier: Apache-2.0
#include <meshhost/inbox.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "catalog.h"

namespace catalog {

namespace {

constexpr int64_t kBatch = 500;  // items per transaction of Import and per query of List

Item FromProto(const v1::Item& item) {
  return {item.id(),          item.name(),     item.description(),
          item.price_cents(), item.quantity(), item.revision()};
}

void ToProto(const Item& item, v1::Item& out) {
  out.set_id(item.id);
  out.set_name(item.name);
  out.set_description(item.description);
  out.set_price_cents(item.price_cents);
  out.set_quantity(item.quantity);
  out.set_revision(item.revision);
}

void ToProto(const Change& change, v1::Change& out) {
  out.set_kind(static_cast<v1::Change::Kind>(static_cast<int>(change.kind) + 1));
  ToProto(change.item, *out.mutable_item());
}

}  // namespace

mh::Status Catalog::Create(mh::Call&, const v1::CreateRequest& request, v1::Item& response) {
  Item item = FromProto(request.item());
  mh::Status status = Counted("create", store_.Create(item));
  if (status.ok()) ToProto(item, response);
  return status;
}

mh::Status Catalog::Get(mh::Call&, const v1::GetRequest& request, v1::Item& response) {
  Item item;
  mh::Status status = Counted("get", store_.Get(request.id(), item));
  if (status.ok()) ToProto(item, response);
  return status;
}

mh::Status Catalog::Update(mh::Call&, const v1::UpdateRequest& request, v1::Item& response) {
  Item item = FromProto(request.item());
  mh::Status status = Counted("update", store_.Update(item));
  if (status.ok()) ToProto(item, response);
  return status;
}

mh::Status Catalog::Delete(mh::Call&, const v1::DeleteRequest& request, v1::DeleteResponse&) {
  return Counted("delete", store_.Delete(request.id()));
}

mh::Task<mh::Status> Catalog::Import(mh::Call&, mh::Reader<v1::Item>& in,
                                     v1::ImportSummary& summary) {
  ImportResult result;
  std::vector<Item> batch;
  v1::Item item;
  for (bool more = true; more;) {
    more = co_await in.Read(item);
    if (more) batch.push_back(FromProto(item));
    if (batch.empty() || (more && batch.size() < kBatch)) continue;
    const mh::Status status = Counted("import", store_.Import(batch, result));
    if (!status.ok()) co_return status;
    batch.clear();
  }
  summary.set_created(result.created);
  summary.set_rejected(result.rejected);
  summary.set_first_rejection(result.first_rejection);
  co_return mh::Status();
}

mh::Task<mh::Status> Catalog::List(mh::Call&, const v1::ListRequest& request,
                                   mh::Writer<v1::Item>& out) {
  if (request.limit() < 0) co_return mh::InvalidArgument("limit must not be negative");
  int64_t left = request.limit() == 0 ? INT64_MAX : request.limit();
  int64_t after = request.after_id();
  std::vector<Item> items;
  v1::Item message;
  while (left > 0) {
    const int64_t limit = std::min(left, kBatch);
    const mh::Status status = Counted("list", store_.List(after, limit, items));
    if (!status.ok() || items.empty()) co_return status;
    for (const Item& item : items) {
      ToProto(item, message);
      if (!co_await out.Write(message)) co_return mh::Status();
    }
    after = items.back().id;
    left -= static_cast<int64_t>(items.size());
  }
  co_return mh::Status();
}

mh::Task<mh::Status> Catalog::Watch(mh::Call& call, const v1::WatchRequest& request,
                                    mh::Writer<v1::Change>& out) {
  mh::Inbox<Change> inbox(call, static_cast<size_t>(config_.watch_backlog));
  const auto subscription =
      store_.Subscribe([&inbox](const Change& change) { inbox.Push(change); });
  const mh::Raised raised(watchers_);
  call.SendHeaders();  // the watcher knows that it misses nothing from here on
  if (request.snapshot()) {
    mh::Task<mh::Status> present = SendPresent(out);
    const mh::Status status = co_await present;
    if (!status.ok()) co_return status;
  }
  v1::Change message;
  while (co_await inbox.Wait()) {
    while (const std::optional<Change> change = inbox.Pop()) {
      ToProto(*change, message);
      if (!co_await out.Write(message)) co_return mh::Status();
    }
    if (inbox.overflowed()) co_return mh::Aborted("too far behind: list again");
  }
  co_return mh::Status();
}

mh::Task<mh::Status> Catalog::SendPresent(mh::Writer<v1::Change>& out) {
  std::vector<Item> items;
  v1::Change message;
  int64_t after = 0;
  for (;;) {
    const mh::Status status = store_.List(after, kBatch, items);
    if (!status.ok() || items.empty()) co_return status;
    for (const Item& item : items) {
      ToProto(Change{Change::Kind::kPresent, item}, message);
      if (!co_await out.Write(message)) co_return mh::Status();
    }
    after = items.back().id;
  }
}

mh::Task<mh::Status> Catalog::Sync(mh::Call&, mh::Stream<v1::Edit, v1::EditResult>& stream) {
  v1::Edit edit;
  v1::EditResult result;
  while (co_await stream.Read(edit)) {
    result.Clear();
    const mh::Status status = Counted("sync", Apply(edit, *result.mutable_item()));
    result.set_code(status.raw_code());
    result.set_message(status.text());
    if (!co_await stream.Write(result)) co_return mh::Status();
  }
  co_return mh::Status();
}

// One edit; `stored` is what the store has afterwards, also where the edit was refused.
mh::Status Catalog::Apply(const v1::Edit& edit, v1::Item& stored) {
  if (edit.edit_case() == v1::Edit::kDelete) {
    stored.set_id(edit.delete_());
    return store_.Delete(edit.delete_());
  }
  if (edit.edit_case() == v1::Edit::EDIT_NOT_SET) return mh::InvalidArgument("the edit is empty");
  const bool create = edit.edit_case() == v1::Edit::kCreate;
  Item item = FromProto(create ? edit.create() : edit.update());
  mh::Status status = create ? store_.Create(item) : store_.Update(item);
  Item current;
  if (!status.ok() && !create && store_.Get(item.id, current).ok()) item = current;
  ToProto(item, stored);
  return status;
}

}  // namespace catalog

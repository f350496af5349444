// SPDX-License-Identifier: Apache-2.0
#include "host/upstream/curl_url_client.h"

#include <curl/curl.h>

#include <array>
#include <cctype>
#include <memory>
#include <string_view>

#include "host/base/concat.h"

namespace meshhost {
namespace {

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, FreeEasy>;
using FieldList = std::unique_ptr<curl_slist, FreeList>;

// What the callbacks of one transfer fill.
struct Transfer {
  UrlReply reply;
  size_t max_body;
  bool too_large = false;
};

size_t OnBody(char* bytes, size_t, size_t n, void* context) {
  auto* transfer = static_cast<Transfer*>(context);
  if (transfer->reply.body.size() + n > transfer->max_body) {
    transfer->too_large = true;
    return 0;  // ends the transfer
  }
  transfer->reply.body.append(bytes, n);
  return n;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

size_t OnField(char* bytes, size_t, size_t n, void* context) {
  auto* reply = &static_cast<Transfer*>(context)->reply;
  const std::string_view line(bytes, n);
  // A new status line: what came before was an interim response.
  if (line.starts_with("HTTP/")) reply->headers.clear();
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return n;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  reply->headers.emplace_back(std::move(name), Trim(line.substr(colon + 1)));
  return n;
}

FieldList FieldsOf(const UrlRequest& request) {
  FieldList fields;
  for (const auto& [name, value] : request.headers) {
    curl_slist* longer = curl_slist_append(fields.get(), Concat({name, ": ", value}).c_str());
    if (longer == nullptr) return nullptr;
    (void)fields.release();
    fields.reset(longer);
  }
  return fields;
}

void SetRequest(CURL* handle, const UrlRequest& request, curl_slist* fields) {
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields);
  if (!request.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, request.ca_file.c_str());
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  if (request.method == "GET") return;
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

absl::Status ErrorOf(CURLcode code, const Transfer& transfer, const UrlRequest& request,
                     const char* text) {
  if (transfer.too_large) {
    return absl::ResourceExhaustedError(Concat(
        {request.url, ": the reply is longer than ", std::to_string(transfer.max_body), " bytes"}));
  }
  const std::string_view why = *text != '\0' ? text : curl_easy_strerror(code);
  const std::string message = Concat({request.url, ": ", why});
  return code == CURLE_OPERATION_TIMEDOUT ? absl::DeadlineExceededError(message)
                                          : absl::UnavailableError(message);
}

}  // namespace

CurlUrlClient::CurlUrlClient() { curl_global_init(CURL_GLOBAL_DEFAULT); }

CurlUrlClient::~CurlUrlClient() { curl_global_cleanup(); }

absl::StatusOr<UrlReply> CurlUrlClient::Send(const UrlRequest& request) {
  const EasyHandle handle(curl_easy_init());
  const FieldList fields = FieldsOf(request);
  if (handle == nullptr || (fields == nullptr && !request.headers.empty())) {
    return absl::ResourceExhaustedError(Concat({request.url, ": out of memory"}));
  }
  Transfer transfer{{}, request.max_body};
  std::array<char, CURL_ERROR_SIZE> text{};
  SetRequest(handle.get(), request, fields.get());
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, OnField);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, text.data());
  const CURLcode code = curl_easy_perform(handle.get());
  if (code != CURLE_OK) return ErrorOf(code, transfer, request, text.data());
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.reply.status = static_cast<int>(status);
  return std::move(transfer.reply);
}

}  // namespace meshhost

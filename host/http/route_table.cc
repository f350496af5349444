// SPDX-License-Identifier: Apache-2.0
#include "host/http/route_table.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>

#include "host/base/concat.h"
#include "host/base/status_macros.h"
#include "host/http/field_syntax.h"
#include "host/http/percent_encoding.h"

namespace meshhost {
namespace {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

std::string_view Owner(const Endpoint& endpoint) {
  return endpoint.module.empty() ? std::string_view("the host itself") : endpoint.module;
}

bool HasDotSegment(std::string_view path) {
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    if (slash == path.npos) return false;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

// One endpoint where its template ends.
struct RouteTable::Leaf {
  std::string_view verb;  // of the endpoint
  const Endpoint* endpoint;
  std::vector<std::string> param_names;  // in order of appearance
};

struct RouteTable::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, TextHash, std::equal_to<>> literals;
  std::unique_ptr<Node> param;
  std::vector<Leaf> leaves;     // templates that end here
  std::vector<Leaf> wildcards;  // templates that end with a wildcard from here on

  Node& Child(const RoutePattern::Segment& segment) {
    std::unique_ptr<Node>& child =
        segment.kind == RoutePattern::Segment::Kind::kLiteral ? literals[segment.text] : param;
    if (child == nullptr) child = std::make_unique<Node>();
    return *child;
  }
};

// One walk through the tree.
class RouteTable::Lookup final {
 public:
  Lookup(std::string_view verb, Arena& arena)
      : verb_(verb), fallback_(verb == "HEAD" ? "GET" : verb), arena_(arena) {}

  // `rest`: the path behind the slash that leads to this node's children.
  bool Visit(const Node& node, std::string_view rest) {
    const size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    const bool last = slash == rest.npos;
    const auto descend = [&](const Node& child) {
      return last ? TakeLeaf(child.leaves) : Visit(child, rest.substr(slash + 1));
    };
    if (!node.literals.empty()) {
      const auto found = node.literals.find(Meaning(segment));
      if (found != node.literals.end() && descend(*found->second)) return true;
    }
    if (node.param != nullptr && !segment.empty()) {
      captured_[captured_count_++] = segment;
      if (descend(*node.param)) return true;
      --captured_count_;
    }
    if (node.wildcards.empty()) return false;
    captured_[captured_count_++] = rest;
    wildcard_ = TakeLeaf(node.wildcards);
    if (!wildcard_) --captured_count_;
    return wildcard_;
  }

  Found Result(bool found) {
    if (found) return WithParams();
    if (allowed_.empty()) return {.refusal = Reason::kRouteNotFound};
    return {.refusal = Reason::kMethodNotAllowed, .allow = Allow()};
  }

 private:
  // What the segment says; itself when it cannot be decoded, which then matches no literal.
  std::string_view Meaning(std::string_view segment) {
    return PercentDecode(segment, arena_).value_or(segment);
  }

  bool TakeLeaf(const std::vector<Leaf>& leaves) {
    const Leaf* second_best = nullptr;
    for (const Leaf& leaf : leaves) {
      if (leaf.verb == verb_) {
        leaf_ = &leaf;
        return true;
      }
      if (leaf.verb == fallback_) second_best = &leaf;
    }
    leaf_ = second_best;
    if (leaf_ != nullptr) return true;
    if (!leaves.empty()) allowed_.push_back(&leaves);
    return false;
  }

  Found WithParams() {
    Found found{.endpoint = leaf_->endpoint};
    const std::span<PathParam> params = arena_.NewArray<PathParam>(captured_count_);
    for (size_t i = 0; i < captured_count_; ++i) {
      const auto value = PercentDecode(captured_[i], arena_);
      // A wildcard tends to become a file name.
      const bool rest = wildcard_ && i + 1 == captured_count_;
      if (!value || (rest && HasDotSegment(*value))) return {.refusal = Reason::kMalformedRequest};
      params[i] = {leaf_->param_names[i], *value};
    }
    found.params = params;
    return found;
  }

  std::string_view Allow() {
    std::vector<std::string_view> verbs = {"OPTIONS"};
    for (const std::vector<Leaf>* leaves : allowed_) {
      for (const Leaf& leaf : *leaves) {
        verbs.push_back(leaf.verb);
        if (leaf.verb == "GET") verbs.push_back("HEAD");
      }
    }
    std::sort(verbs.begin(), verbs.end());
    verbs.erase(std::unique(verbs.begin(), verbs.end()), verbs.end());
    std::string text;
    for (const std::string_view verb : verbs) {
      if (!text.empty()) text += ", ";
      text += verb;
    }
    return arena_.Copy(text);
  }

  std::string_view verb_;
  std::string_view fallback_;
  Arena& arena_;
  const Leaf* leaf_ = nullptr;
  std::array<std::string_view, RoutePattern::kMaxParams> captured_;
  size_t captured_count_ = 0;
  bool wildcard_ = false;
  std::vector<const std::vector<Leaf>*> allowed_;  // places that the path has for other verbs
};

RouteTable::RouteTable() : root_(std::make_unique<Node>()) {}
RouteTable::~RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;

absl::Status RouteTable::Add(const Endpoint& endpoint) {
  if (!IsToken(endpoint.verb)) {
    return absl::InvalidArgumentError(
        Concat({"route \"", endpoint.name, "\" of module \"", Owner(endpoint), "\": \"",
                endpoint.verb, "\" is no HTTP method"}));
  }
  ASSIGN_OR_RETURN(const RoutePattern pattern, RoutePattern::Parse(endpoint.name));
  Node* node = root_.get();
  Leaf leaf{endpoint.verb, &endpoint, {}};
  std::vector<Leaf>* place = nullptr;
  for (const RoutePattern::Segment& segment : pattern.segments) {
    if (segment.kind != RoutePattern::Segment::Kind::kLiteral) {
      leaf.param_names.push_back(segment.text);
    }
    if (segment.kind == RoutePattern::Segment::Kind::kWildcard) {
      place = &node->wildcards;
      break;
    }
    node = &node->Child(segment);
    place = &node->leaves;
  }
  for (const Leaf& other : *place) {
    if (other.verb != leaf.verb) continue;
    const std::string_view same = other.endpoint->name;
    return absl::AlreadyExistsError(
        Concat({"route \"", endpoint.verb, " ", endpoint.name, "\" of module \"", Owner(endpoint),
                "\": already taken by module \"", Owner(*other.endpoint), "\"",
                same == endpoint.name ? "" : " as ", same == endpoint.name ? "" : same}));
  }
  place->push_back(std::move(leaf));
  ++size_;
  return absl::OkStatus();
}

RouteTable::Found RouteTable::Find(std::string_view verb, std::string_view path,
                                   Arena& arena) const {
  const RouteTable* const alone[] = {this};
  return FindFirst(alone, verb, path, arena);
}

RouteTable::Found RouteTable::FindFirst(std::span<const RouteTable* const> tables,
                                        std::string_view verb, std::string_view path,
                                        Arena& arena) {
  if (path.empty() || path[0] != '/') return {.refusal = Reason::kRouteNotFound};
  Lookup lookup(verb, arena);
  for (const RouteTable* table : tables) {
    if (lookup.Visit(*table->root_, path.substr(1))) return lookup.Result(true);
  }
  return lookup.Result(false);
}

}  // namespace meshhost

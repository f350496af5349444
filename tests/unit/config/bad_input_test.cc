// SPDX-License-Identifier: Apache-2.0
//
// Everything that a configuration may have wrong, with the exact line that the operator reads. A
// valid listener is appended to each text, so that the lines under test keep their numbers.
#include <gtest/gtest.h>

#include "host/base/concat.h"
#include "host/config/load.h"

namespace meshhost {
namespace {

constexpr std::string_view kListener =
    "\n[[listener]]\nname = \"appended\"\naddress = \"127.0.0.1:1\"\n";

std::string ErrorsOf(std::string_view text) {
  const ConfigResult result = ParseConfig(text, "f", "/etc/meshhost", FileChecks::kOff);
  EXPECT_EQ(result.ok(), result.errors.empty());
  return FormatErrors(result.errors);
}

struct BadInput {
  const char* name;
  const char* text;
  const char* errors;
};

void PrintTo(const BadInput& input, std::ostream* out) { *out << input.name; }

class BadInputTest : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputTest, IsReportedWithPlaceExpectedGotAndHint) {
  EXPECT_EQ(ErrorsOf(std::string(GetParam().text) + std::string(kListener)), GetParam().errors);
}

const BadInput kSyntax[] = {
    {"not_toml", "[host\n",
     "f:1:6: error: not valid TOML: Error while parsing table header: expected ']', saw '\\n'\n"},
    {"key_twice", "[host]\nname = \"a\"\nname = \"b\"\n",
     "f:3:8: error: not valid TOML: Error while parsing key-value pair: cannot redefine existing "
     "string 'name'\n"},
    {"not_utf8", "[host]\nname = \"\xff\"\n",
     "f:2:8: error: not valid TOML: Encountered invalid utf-8 sequence\n"},
};

const BadInput kKeys[] = {
    {"unknown_key", "[host]\nwrokers = 4\n",
     "f:2:1: error: unknown key host.wrokers (expected a key of [host], got \"wrokers\"); did you "
     "mean \"workers\"?\n"},
    {"key_of_another_table", "[host]\nbacklog = 4\n",
     "f:2:1: error: unknown key host.backlog (expected a key of [host], got \"backlog\"); "
     "\"backlog\" belongs in [limits]\n"},
    {"key_like_nothing", "[host]\ncolour = \"red\"\n",
     "f:2:1: error: unknown key host.colour (expected a key of [host], got \"colour\")\n"},
    {"unknown_table", "[limit]\nbacklog = 4\n",
     "f:1:2: error: unknown table limit (expected a key of the file, got \"limit\"); did you mean "
     "\"limits\"?\n"},
    {"key_without_table", "workers = 4\n",
     "f:1:1: error: unknown key workers (expected a key of the file, got \"workers\"); \"workers\" "
     "belongs in [host]\n"},
    {"table_for_tables", "[module]\nname = \"m\"\n",
     "f:1:2: error: wrong type of module (expected tables [[module]], got a table); write double "
     "brackets\n"},
    {"tables_for_table", "[[limits]]\nbacklog = 4\n",
     "f:1:3: error: wrong type of limits (expected the table [limits], got an array); write single "
     "brackets\n"},
    {"value_for_table", "limits = 4\n",
     "f:1:1: error: wrong type of limits (expected the table [limits], got integer 4)\n"},
    {"value_for_tables", "module = [1]\n",
     "f:1:1: error: wrong type of module (expected tables [[module]], got an array)\n"},
    {"missing_keys", "[[module]]\nenabled = true\n",
     "f:1:1: error: missing key module.name (expected lower-case letters, digits, \"_\" and "
     "\"-\")\n"
     "f:1:1: error: missing key module.path (expected the path of a file)\n"},
};

const BadInput kValues[] = {
    {"text_for_integer", "[limits]\n  backlog = \"many\"\n",
     "f:2:3: error: wrong type of limits.backlog (expected an integer, 1 .. 65535, got string "
     "\"many\")\n"},
    {"float_for_integer", "[limits]\nbacklog = 1.5\n",
     "f:2:1: error: wrong type of limits.backlog (expected an integer, 1 .. 65535, got float "
     "1.5)\n"},
    {"integer_for_flag", "[grpc]\nhealth = 1\n",
     "f:2:1: error: wrong type of grpc.health (expected true or false, got integer 1)\n"},
    {"date_for_text", "[host]\nname = 2026-11-22\n",
     "f:2:1: error: wrong type of host.name (expected printable text, got date 2026-11-22)\n"},
    {"zero_out_of_range", "[limits]\nbacklog = 0\n",
     "f:2:1: error: limits.backlog is out of range (expected 1 .. 65535, got integer 0)\n"},
    {"negative", "[limits]\nmax_in_flight = -5\n",
     "f:2:1: error: limits.max_in_flight is out of range (expected 1 .. 1000000, got integer "
     "-5)\n"},
    {"size_without_unit", "[limits]\nhttp_body = 4096\n",
     "f:2:1: error: wrong type of limits.http_body (expected a size like \"4MiB\", 1B .. 1GiB, got "
     "integer 4096); write \"4096B\" if that is the unit\n"},
    {"size_with_odd_unit", "[limits]\nhttp_body = \"4M\"\n",
     "f:2:1: error: limits.http_body: \"4M\" is not a whole number with one of the units B, KB, "
     "MB, "
     "GB, TB, KiB, MiB, GiB, TiB (expected a size like \"4MiB\", 1B .. 1GiB, got string \"4M\")\n"},
    {"size_out_of_range", "[limits]\nhttp_body = \"2GiB\"\n",
     "f:2:1: error: limits.http_body is out of range (expected 1B .. 1GiB, got string \"2GiB\")\n"},
    {"duration_without_unit", "[timeouts]\nrequest = 30\n",
     "f:2:1: error: wrong type of timeouts.request (expected a duration like \"30s\", 1ms .. 1d, "
     "got "
     "integer 30); write \"30s\" if that is the unit\n"},
    // S65: no wait without an end, other than those that say so.
    {"S65_infinite_timeout", "[timeouts]\nrequest = \"0s\"\n",
     "f:2:1: error: timeouts.request is out of range (expected 1ms .. 1d, got string \"0s\")\n"},
    {"unknown_choice", "[log]\nlevel = \"wran\"\n",
     "f:2:1: error: unknown value of log.level (expected \"trace\" | \"debug\" | \"info\" | "
     "\"warn\" "
     "| \"error\", got string \"wran\"); did you mean \"warn\"?\n"},
    {"log_output", "[log]\noutput = \"syslog\"\n",
     "f:2:1: error: log.output: is no known output (expected \"off\", \"stdout\", \"stderr\" or "
     "\"file:PATH\", got string \"syslog\")\n"},
    {"admin_not_loopback", "[admin]\naddress = \"0.0.0.0:9901\"\n",
     "f:2:1: error: admin.address: whoever reaches the admin API controls the host, so it listens "
     "on "
     "loopback only (expected a loopback address like \"127.0.0.1:9901\", got string "
     "\"0.0.0.0:9901\")\n"},
    {"bad_address", "[[listener]]\nname = \"a\"\naddress = \"localhost:80\"\n",
     "f:3:1: error: listener.address: \"localhost\" is not an IPv4 address (expected "
     "\"127.0.0.1:8080\", \"[::1]:8080\", \"unix:/run/x.sock\" or \"systemd:NAME\", got string "
     "\"localhost:80\")\n"},
    {"bad_name", "[[listener]]\nname = \"A b\"\naddress = \"127.0.0.1:80\"\n",
     "f:2:1: error: listener.name: has other characters (expected lower-case letters, digits, "
     "\"_\" "
     "and \"-\", got string \"A b\")\n"},
    {"bad_mode", "[[listener]]\nname = \"a\"\naddress = \"unix:/a\"\nunix_mode = \"rw\"\n",
     "f:4:1: error: listener.unix_mode: is not an octal file mode (expected octal digits like "
     "\"0660\", got string \"rw\")\n"},
    {"unknown_protocol",
     "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:80\"\nprotocols = [\"http1\", \"http3\"]\n",
     "f:4:23: error: unknown value of listener.protocols (expected a list of \"http1\" | \"http2\" "
     "| "
     "\"grpc\" | \"websocket\", got string \"http3\"); did you mean \"http1\"?\n"},
    {"no_protocol", "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:80\"\nprotocols = []\n",
     "f:4:1: error: listener.protocols has the wrong length (expected 1 .. 4 items, got 0)\n"},
    {"protocol_twice",
     "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:80\"\nprotocols = [\"grpc\", \"grpc\"]\n",
     "f:4:22: error: listener.protocols names \"grpc\" twice\n"},
    {"list_of_numbers", "[[module]]\nname = \"m\"\npath = \"m.so\"\nallowed_libraries = [1]\n",
     "f:4:22: error: wrong type in module.allowed_libraries (expected a list, each a library like "
     "\"libsqlite3.so.0\", got integer 1)\n"},
    {"library_with_folder",
     "[[module]]\nname = \"m\"\npath = \"m.so\"\nallowed_libraries = [\"/lib/x.so\"]\n",
     "f:4:1: error: module.allowed_libraries: \"/lib/x.so\" is not a bare file name (expected a "
     "list, each a library like \"libsqlite3.so.0\", got an array)\n"},
    {"host_with_port", "[[module]]\nname = \"m\"\npath = \"m.so\"\nhosts = [\"a.example:80\"]\n",
     "f:4:1: error: module.hosts: \"a.example:80\" is not a host without port (expected a list, "
     "each a host like \"a.example\", \"*.a.example\" or \"[::1]\", got an array)\n"},
    {"bad_pin", "[[module]]\nname = \"m\"\npath = \"m.so\"\nsha256 = \"abc\"\n",
     "f:4:1: error: module.sha256: is not 64 hexadecimal digits (expected 64 hexadecimal digits, "
     "or "
     "\"\" for none, got string \"abc\")\n"},
    {"empty_path", "[[module]]\nname = \"m\"\npath = \"\"\n",
     "f:3:1: error: module.path: is empty (expected the path of a file, got string \"\")\n"},
    {"bad_match",
     "[[module]]\nname = \"m\"\npath = \"m.so\"\n[[module.method]]\nmatch = \"get /x\"\n",
     "f:5:1: error: module.method.match: names neither a gRPC method nor a route (expected "
     "\"pkg.Service/Method\" or \"GET /v1/items\", got string \"get /x\")\n"},
    {"not_json", "[[module]]\nname = \"m\"\npath = \"m.so\"\n[module.config]\na.x = inf\n",
     "f:5:3: error: module.config.a.x cannot be handed to the module as JSON (expected a finite "
     "number, got float inf)\n"},
};

const BadInput kClashes[] = {
    {"listener_name_twice", "[[listener]]\nname = \"appended\"\naddress = \"127.0.0.1:2\"\n",
     "f:6:1: error: listener name \"appended\" is already taken in line 2\n"},
    {"address_twice", "[[listener]]\nname = \"a\"\naddress = \"0.0.0.0:1\"\n",
     "f:7:1: error: address 127.0.0.1:1 of listener \"appended\" clashes with 0.0.0.0:1 of "
     "listener "
     "\"a\" in line 1\n"},
    {"address_of_admin", "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:9901\"\n",
     "f:3:1: error: address 127.0.0.1:9901 of listener \"a\" clashes with admin.address "
     "127.0.0.1:9901\n"},
    {"module_name_twice",
     "[[module]]\nname = \"m\"\npath = \"a.so\"\n[[module]]\nname = \"m\"\npath = \"b.so\"\n",
     "f:5:1: error: module name \"m\" is already taken in line 2\n"},
    {"host_twice",
     "[[module]]\nname = \"m\"\npath = \"a.so\"\nhosts = [\"a.example\", \"A.example\"]\n",
     "f:4:1: error: host of module \"m\" \"a.example\" is already taken in line 4\n"},
    {"match_twice",
     "[[module]]\nname = \"m\"\npath = \"a.so\"\n[[module.method]]\nmatch = \"a.B/C\"\n"
     "[[module.method]]\nmatch = \"a.B/C\"\n",
     "f:6:1: error: match of module \"m\" \"a.B/C\" is already taken in line 4\n"},
    {"server_name_twice",
     "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:2\"\n[listener.tls]\ncertificate = \"c\"\n"
     "key = \"k\"\n[[listener.tls.sni]]\nnames = [\"x.example\"]\ncertificate = \"c\"\nkey = "
     "\"k\"\n"
     "[[listener.tls.sni]]\nnames = [\"X.example\"]\ncertificate = \"c\"\nkey = \"k\"\n",
     "f:12:1: error: server name \"x.example\" is already taken in line 8\n"},
    {"client_auth_without_ca",
     "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:2\"\n[listener.tls]\ncertificate = \"c\"\n"
     "key = \"k\"\nclient_auth = \"require\"\n",
     "f:7:1: error: client_auth of listener \"a\" needs client_ca (expected client_ca = \"FILE\", "
     "got none)\n"},
    {"ca_without_client_auth",
     "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:2\"\n[listener.tls]\ncertificate = \"c\"\n"
     "key = \"k\"\nclient_ca = \"ca\"\n",
     "f:7:1: error: client_ca of listener \"a\" has no effect (expected client_auth = \"request\" "
     "or "
     "\"require\", got \"none\")\n"},
    {"crl_without_client_auth",
     "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:2\"\n[listener.tls]\ncertificate = \"c\"\n"
     "key = \"k\"\nclient_crl = [\"crl\"]\n",
     "f:7:1: error: client_crl of listener \"a\" has no effect (expected client_auth = \"request\" "
     "or \"require\", got \"none\")\n"},
    {"empty_file_in_list",
     "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:2\"\n[listener.tls]\ncertificate = \"c\"\n"
     "key = \"k\"\nclient_auth = \"require\"\nclient_ca = [\"a\", \"\"]\n",
     "f:7:1: error: client_auth of listener \"a\" needs client_ca (expected client_ca = \"FILE\", "
     "got none)\n"
     "f:8:1: error: listener.tls.client_ca: is empty (expected the path of a file, or "
     "\"credential:NAME\", or a list of "
     "such, got an array)\n"},
    {"file_that_is_no_path",
     "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:2\"\n[listener.tls]\ncertificate = \"c\"\n"
     "key = \"k\"\nclient_crl = 1\n",
     "f:7:1: error: wrong type of listener.tls.client_crl (expected the path of a file, or a list "
     "of such, got integer 1)\n"},
    {"frame_above_message", "[limits]\nwebsocket_frame = \"2MiB\"\n",
     "f:2:1: error: limits.websocket_frame is above limits.websocket_message (expected at most "
     "1MiB, "
     "got 2MiB)\n"},
    {"ping_timeout_above_interval", "[timeouts]\ngrpc_ping_interval = \"5s\"\n",
     "f:2:1: error: timeouts.grpc_ping_timeout is not below timeouts.grpc_ping_interval (expected "
     "less than 5s, got 10s)\n"},
};

std::string NameOf(const testing::TestParamInfo<BadInput>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Syntax, BadInputTest, testing::ValuesIn(kSyntax), NameOf);
INSTANTIATE_TEST_SUITE_P(Keys, BadInputTest, testing::ValuesIn(kKeys), NameOf);
INSTANTIATE_TEST_SUITE_P(Values, BadInputTest, testing::ValuesIn(kValues), NameOf);
INSTANTIATE_TEST_SUITE_P(Clashes, BadInputTest, testing::ValuesIn(kClashes), NameOf);

TEST(BadInput, AllErrorsComeAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(ErrorsOf("[host]\n"
                     "workers = \"two\"\n"
                     "nmae = \"x\"\n"
                     "[limits]\n"
                     "backlog = 0\n"
                     "[[listener]]\n"
                     "name = \"a\"\n"),
            "f:2:1: error: wrong type of host.workers (expected an integer, 0 .. 1024, got string "
            "\"two\")\n"
            "f:3:1: error: unknown key host.nmae (expected a key of [host], got \"nmae\"); did you "
            "mean \"name\"?\n"
            "f:5:1: error: limits.backlog is out of range (expected 1 .. 65535, got integer 0)\n"
            "f:6:1: error: missing key listener.address (expected \"127.0.0.1:8080\", "
            "\"[::1]:8080\", \"unix:/run/x.sock\" or \"systemd:NAME\")\n");
}

// A file that was cut off must not stop a host from listening at all.
TEST(BadInput, S36_WhatNoRequestCanNameAsItsHostIsRefused) {
  const std::string label(64, 'a');
  std::string name = "a";
  while (name.size() <= 253) name += ".a";
  for (const char* host : {"",
                           "*",
                           "*.",
                           ".a",
                           "a.",
                           "a..b",
                           "*a.b",
                           "a.*.b",
                           "*.*.a",
                           "-a",
                           "a-.b",
                           "a_b",
                           "a b",
                           "http://a",
                           "a/",
                           "a:1",
                           "::1",
                           "[::1",
                           "[::1]:1",
                           "[127.0.0.1]",
                           "[fe80::1%lo]",
                           "*.[::1]",
                           "1.2.3",
                           "1.2.3.256",
                           "*.1.2.3.4",
                           "127.0.0.1\\u0000",
                           "\u00e4.example",
                           label.c_str(),
                           name.c_str()}) {
    const std::string text = Concat(
        {"[[module]]\nname = \"m\"\npath = \"m.so\"\nhosts = [\"", host, "\"]\n", kListener});
    EXPECT_TRUE(ErrorsOf(text).starts_with("f:4:1: error: module.hosts: ")) << host;
  }
}

TEST(BadInput, AFileWithoutListenersIsRefused) {
  EXPECT_EQ(ErrorsOf(""),
            "f:1:1: error: nothing to serve on (expected at least one [[listener]], got none)\n");
}

// S61: both refusals of the production profile, each naming its override.
TEST(BadInput, S61_ProductionRefusesPlaintextTcpAndUnstatedClientAuth) {
  EXPECT_EQ(ErrorsOf("[host]\nprofile = \"production\"\n"
                     "[[listener]]\nname = \"a\"\naddress = \"0.0.0.0:80\"\n"
                     "[[listener]]\nname = \"b\"\naddress = \"0.0.0.0:443\"\n"
                     "[listener.tls]\ncertificate = \"c\"\nkey = \"k\"\n"
                     "[[listener]]\nname = \"c\"\naddress = \"unix:/run/c\"\n"),
            "f:3:1: error: listener \"a\" is plaintext TCP in profile \"production\" (expected "
            "[listener.tls], got none); allow_plaintext = true overrides\n"
            "f:9:11: error: client_auth of listener \"b\" is unstated in profile \"production\" "
            "(expected client_auth = \"require\" with client_ca, got none); client_auth = \"none\" "
            "overrides\n");
}

TEST(BadInput, WhatTheParserCannotBoundIsRefusedBeforehand) {
  const std::string dotted = "a" + std::string(2000, '.') + "b = 1\n";
  EXPECT_EQ(ErrorsOf("\n" + dotted), "f:2:1: error: the line has more than 1000 dots\n");
  EXPECT_EQ(ErrorsOf(std::string(2 * 1024 * 1024, '#')),
            "f:1:1: error: the configuration is too large (expected at most 1MiB, got 2097152 "
            "bytes)\n");
}

TEST(BadInput, DeepNestingIsRefused) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  const std::string text =
      "[[module]]\nname = \"m\"\npath = \"m.so\"\n[module.config]\na = " + deep;
  EXPECT_EQ(ErrorsOf(text + std::string(kListener)),
            "f:5:65: error: tables or arrays nested deeper than 64\n");
}

}  // namespace
}  // namespace meshhost

/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints size and offsets of every struct of the ABI, and the value of every constant. Compared
 * with layout.golden for each compiler, language and -fshort-enums: once released, a line of it may
 * be added but never change. Valid as C99 and C++98. */
#include <meshhost/abi/config.h>
#include <meshhost/abi/exec.h>
#include <meshhost/abi/grpc.h>
#include <meshhost/abi/http.h>
#include <meshhost/abi/metrics.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <meshhost/abi/state.h>
#include <meshhost/abi/ws.h>
#include <stdio.h>

#define S(type) printf("%s %lu\n", #type, (unsigned long)sizeof(type))
#define M(type, member) printf("%s.%s %lu\n", #type, #member, (unsigned long)offsetof(type, member))
#define C(name) printf("%s %ld\n", #name, (long)(name))

static void base(void) {
  S(mh_rc);
  S(mh_str);
  M(mh_str, p);
  M(mh_str, n);
  S(mh_kv);
  M(mh_kv, key);
  M(mh_kv, value);
  S(mh_buf);
  M(mh_buf, retain);
  M(mh_buf, release);
  S(mh_slice);
  M(mh_slice, p);
  M(mh_slice, n);
  M(mh_slice, owner);
  S(mh_msg);
  M(mh_msg, v);
  M(mh_msg, n);
  M(mh_msg, flags);
  S(mh_err);
  M(mh_err, size);
  M(mh_err, code);
  M(mh_err, text);
}

static void call_values(void) {
  S(mh_peer);
  M(mh_peer, size);
  M(mh_peer, verified);
  M(mh_peer, address);
  M(mh_peer, tls_version);
  M(mh_peer, subject);
  M(mh_peer, issuer);
  M(mh_peer, serial);
  M(mh_peer, spiffe_id);
  M(mh_peer, sans);
  M(mh_peer, n_sans);
  S(mh_call_info);
  M(mh_call_info, size);
  M(mh_call_info, protocol);
  M(mh_call_info, verb);
  M(mh_call_info, method);
  M(mh_call_info, path);
  M(mh_call_info, query);
  M(mh_call_info, authority);
  M(mh_call_info, scheme);
  M(mh_call_info, identity);
  M(mh_call_info, deadline_ns);
  M(mh_call_info, trace_id);
  M(mh_call_info, span_id);
  M(mh_call_info, trace_flags);
  M(mh_call_info, reserved);
  M(mh_call_info, headers);
  M(mh_call_info, n_headers);
  M(mh_call_info, params);
  M(mh_call_info, n_params);
  M(mh_call_info, peer);
  S(mh_status);
  M(mh_status, size);
  M(mh_status, code);
  M(mh_status, text);
  M(mh_status, details);
  M(mh_status, trailers);
  M(mh_status, n_trailers);
}

static void calls(void) {
  S(mh_call_events);
  M(mh_call_events, size);
  M(mh_call_events, on_message);
  M(mh_call_events, on_half_close);
  M(mh_call_events, on_writable);
  M(mh_call_events, on_cancel);
  M(mh_call_events, on_end);
  S(mh_call_ops);
  M(mh_call_ops, size);
  M(mh_call_ops, info);
  M(mh_call_ops, bind);
  M(mh_call_ops, pull);
  M(mh_call_ops, send_headers);
  M(mh_call_ops, send);
  M(mh_call_ops, finish);
  M(mh_call_ops, cancelled);
  S(mh_method);
  M(mh_method, size);
  M(mh_method, kind);
  M(mh_method, name);
  M(mh_method, exec);
  M(mh_method, max_in_flight);
  M(mh_method, max_message);
  M(mh_method, reserved);
  M(mh_method, on_call);
  M(mh_method, ud);
}

static void interfaces(void) {
  S(mh_grpc_1);
  M(mh_grpc_1, size);
  M(mh_grpc_1, descriptors);
  M(mh_grpc_1, service);
  M(mh_grpc_1, health);
  S(mh_http_1);
  M(mh_http_1, size);
  M(mh_http_1, route);
  S(mh_ws_1);
  M(mh_ws_1, size);
  M(mh_ws_1, route);
  S(mh_exec_1);
  M(mh_exec_1, size);
  M(mh_exec_1, post);
  M(mh_exec_1, timer);
  M(mh_exec_1, timer_cancel);
  M(mh_exec_1, thread);
  M(mh_exec_1, join);
  S(mh_metrics_1);
  M(mh_metrics_1, size);
  M(mh_metrics_1, define);
  M(mh_metrics_1, series);
  M(mh_metrics_1, add);
  M(mh_metrics_1, set);
  M(mh_metrics_1, observe);
  S(mh_config_1);
  M(mh_config_1, size);
  M(mh_config_1, text);
  M(mh_config_1, i64);
  M(mh_config_1, f64);
  M(mh_config_1, boolean);
  M(mh_config_1, count);
}

static void modules(void) {
  S(mh_host);
  M(mh_host, size);
  M(mh_host, major);
  M(mh_host, minor);
  M(mh_host, call);
  M(mh_host, query);
  M(mh_host, now_ns);
  M(mh_host, log_level);
  M(mh_host, log);
  M(mh_host, alloc);
  S(mh_module);
  M(mh_module, size);
  M(mh_module, flags);
  M(mh_module, create);
  M(mh_module, start);
  M(mh_module, reconfigure);
  M(mh_module, drain);
  M(mh_module, destroy);
  M(mh_module, fini);
  M(mh_module, query);
  S(mh_state_1);
  M(mh_state_1, size);
  M(mh_state_1, format);
  M(mh_state_1, oldest_format);
  M(mh_state_1, reserved);
  M(mh_state_1, save);
  M(mh_state_1, load);
  S(mh_note);
  M(mh_note, namesz);
  M(mh_note, descsz);
  M(mh_note, type);
  M(mh_note, name);
  M(mh_note, major);
  M(mh_note, built_minor);
  M(mh_note, needs_minor);
  M(mh_note, flags);
  M(mh_note, module);
  M(mh_note, version);
  M(mh_note, needs);
}

static void constants(void) {
  C(MH_ABI_MAJOR);
  C(MH_OK);
  C(MH_PENDING);
  C(MH_AGAIN);
  C(MH_CANCELLED);
  C(MH_GONE);
  C(MH_INVALID);
  C(MH_UNSUPPORTED);
  C(MH_CONFLICT);
  C(MH_FAILED);
  C(MH_MSG_TEXT);
  C(MH_PROTOCOL_GRPC);
  C(MH_PROTOCOL_HTTP);
  C(MH_PROTOCOL_WEBSOCKET);
  C(MH_WHY_PEER);
  C(MH_WHY_DEADLINE);
  C(MH_WHY_DRAIN);
  C(MH_WHY_LIMIT);
  C(MH_EXEC_POOL);
  C(MH_EXEC_INLINE);
  C(MH_KIND_UNARY);
  C(MH_KIND_CLIENT_STREAM);
  C(MH_KIND_SERVER_STREAM);
  C(MH_KIND_BIDI);
  C(MH_METRIC_COUNTER);
  C(MH_METRIC_GAUGE);
  C(MH_METRIC_HISTOGRAM);
  C(MH_LOG_TRACE);
  C(MH_LOG_DEBUG);
  C(MH_LOG_INFO);
  C(MH_LOG_WARN);
  C(MH_LOG_ERROR);
  C(MH_NOTE_TYPE);
  printf("%s\n%s\n%s\n", MH_MODULE_ENTRY_NAME, MH_NOTE_SECTION, MH_GRPC_1);
  printf("%s\n%s\n%s\n%s\n%s\n", MH_HTTP_1, MH_WS_1, MH_EXEC_1, MH_METRICS_1, MH_CONFIG_1);
  printf("%s\n", MH_STATE_1);
}

int main(void) {
  base();
  call_values();
  calls();
  interfaces();
  modules();
  constants();
  return 0;
}

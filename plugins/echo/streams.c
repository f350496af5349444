/* SPDX-License-Identifier: Apache-2.0
 *
 * The streaming methods of echo, written as callbacks.
 *
 * Memory per call is bounded: a call keeps at most CREDITS messages, because it grants the peer
 * CREDITS messages at the start and more only for those that have left. While the peer does not
 * read, send() answers MH_AGAIN, messages wait here, no credit is given, and the peer's own flow
 * control stops it.
 */
#include <stdlib.h>
#include <string.h>

#include "echo.h"

enum { CREDITS = 16, GRPC_INTERNAL = 13, GRPC_UNAVAILABLE = 14, WEBSOCKET_GOING_AWAY = 1001 };

/* One streaming call. Made in on_call, freed in on_end; the host serialises its events. */
typedef struct stream {
  const echo_module* module;
  uint32_t protocol;
  uint32_t kind;
  echo_kept* waiting[CREDITS]; /* ring of bidi; others: the one message in waiting[0] */
  uint32_t first, n_waiting;
  uint64_t count; /* server stream: left to send; client stream: received */
  uint32_t owed;  /* credits not yet given back to the peer */
  int ended;      /* the peer sent its last message */
  int finished;
} stream;

static void finish(stream* s, mh_call* call, const mh_msg* last, const mh_status* status) {
  if (s->finished) return;
  s->finished = 1;
  s->module->host->call->finish(call, last, status);
}

static void finish_with(stream* s, mh_call* call, int32_t code, const char* why) {
  mh_status status;
  memset(&status, 0, sizeof(status));
  status.size = sizeof(status);
  status.code = code;
  status.text.p = why;
  status.text.n = strlen(why);
  finish(s, call, NULL, &status);
}

static void give_credit(stream* s, mh_call* call) {
  if (++s->owed < CREDITS / 2) return;
  s->module->host->call->pull(call, s->owed);
  s->owed = 0;
}

static void on_end(void* ud, mh_call* call, const mh_status* final) {
  stream* s = (stream*)ud;
  (void)call;
  (void) final;
  for (uint32_t i = 0; i < CREDITS; i++) echo_drop(s->waiting[i]);
  free(s);
}

/* A drain only ends conversations; uploads and downloads have an end of their own. */
static void on_cancel(void* ud, mh_call* call, uint32_t why) {
  stream* s = (stream*)ud;
  if (why == MH_WHY_DRAIN && s->kind != MH_KIND_BIDI) return;
  finish_with(s, call,
              s->protocol == MH_PROTOCOL_WEBSOCKET ? WEBSOCKET_GOING_AWAY : GRPC_UNAVAILABLE,
              "the server is going away");
}

static stream* open_stream(const echo_module* module, mh_call* call, uint32_t kind,
                           const mh_call_events* events) {
  stream* s = (stream*)calloc(1, sizeof(stream));
  if (s == NULL) {
    echo_fail(module, call, GRPC_INTERNAL, "out of memory");
    return NULL;
  }
  s->module = module;
  s->kind = kind;
  s->protocol = module->host->call->info(call)->protocol;
  if (module->host->call->bind(call, events, s) != MH_OK) {
    echo_fail(module, call, GRPC_INTERNAL, "bind refused");
    free(s);
    return NULL;
  }
  return s;
}

/* ---- server stream: the same message count times ---- */

static void produce(void* ud, mh_call* call) {
  stream* s = (stream*)ud;
  const mh_call_ops* ops = s->module->host->call;
  while (s->count > 0 && !s->finished) {
    mh_rc rc = ops->send(call, echo_kept_message(s->waiting[0]), 0);
    if (rc == MH_AGAIN) return; /* on_writable comes back here */
    if (rc != MH_OK) {
      finish_with(s, call, GRPC_INTERNAL, "send failed");
      return;
    }
    s->count--;
  }
  finish(s, call, NULL, NULL);
}

void echo_server_stream(void* ud, mh_call* call, const mh_msg* first) {
  static const mh_call_events events = {sizeof(events), NULL, NULL, produce, on_cancel, on_end};
  const int64_t count = echo_count(first);
  if (count < 0) {
    echo_fail((const echo_module*)ud, call, 3, "request is no echo.v1.EchoRequest");
    return;
  }
  stream* s = open_stream((const echo_module*)ud, call, MH_KIND_SERVER_STREAM, &events);
  if (s == NULL) return;
  s->count = count == 0 ? 1 : (uint64_t)count;
  s->waiting[0] = echo_keep(first);
  if (s->waiting[0] == NULL) {
    finish_with(s, call, GRPC_INTERNAL, "out of memory");
    return;
  }
  produce(s, call);
}

/* ---- client stream: the last message, and how many came ---- */

static void collect(void* ud, mh_call* call, const mh_msg* message) {
  stream* s = (stream*)ud;
  echo_drop(s->waiting[0]);
  s->waiting[0] = echo_keep(message);
  s->count++;
  if (s->waiting[0] == NULL) {
    finish_with(s, call, GRPC_INTERNAL, "out of memory");
    return;
  }
  give_credit(s, call);
}

/* Appending a field to a serialised message sets it: the last occurrence wins. */
static void answer_collected(void* ud, mh_call* call) {
  stream* s = (stream*)ud;
  const mh_msg* kept = s->waiting[0] == NULL ? NULL : echo_kept_message(s->waiting[0]);
  const uint32_t n = kept == NULL ? 0 : kept->n;
  uint8_t tail[11] = {0x10}; /* field 2, varint */
  size_t tail_size = 1;
  uint64_t count = s->count;
  do {
    tail[tail_size++] = (uint8_t)((count & 0x7f) | (count > 0x7f ? 0x80 : 0));
    count >>= 7;
  } while (count != 0);
  mh_slice* slices = (mh_slice*)malloc((n + 1) * sizeof(mh_slice));
  if (slices == NULL) {
    finish_with(s, call, GRPC_INTERNAL, "out of memory");
    return;
  }
  if (n != 0) memcpy(slices, kept->v, n * sizeof(mh_slice));
  slices[n].p = tail;
  slices[n].n = tail_size;
  slices[n].owner = NULL;
  const mh_msg last = {slices, n + 1, 0};
  finish(s, call, &last, NULL);
  free(slices);
}

void echo_client_stream(void* ud, mh_call* call, const mh_msg* first) {
  static const mh_call_events events = {sizeof(events), collect,   answer_collected,
                                        NULL,           on_cancel, on_end};
  (void)first;
  stream* s = open_stream((const echo_module*)ud, call, MH_KIND_CLIENT_STREAM, &events);
  if (s != NULL) s->module->host->call->pull(call, CREDITS);
}

/* ---- bidi and WebSocket: each message as it comes ---- */

static void wait_in_line(stream* s, mh_call* call, const mh_msg* message) {
  echo_kept* kept = s->n_waiting < CREDITS ? echo_keep(message) : NULL;
  if (kept == NULL) {
    finish_with(s, call, s->protocol == MH_PROTOCOL_WEBSOCKET ? 1011 : GRPC_INTERNAL,
                "out of memory");
    return;
  }
  s->waiting[(s->first + s->n_waiting++) % CREDITS] = kept;
}

static void echo_message(void* ud, mh_call* call, const mh_msg* message) {
  stream* s = (stream*)ud;
  if (s->finished) return;
  if (s->n_waiting != 0) {
    wait_in_line(s, call, message);
    return;
  }
  const mh_rc rc = s->module->host->call->send(call, message, 0);
  if (rc == MH_OK) give_credit(s, call);
  if (rc == MH_AGAIN) wait_in_line(s, call, message);
}

static void flush(void* ud, mh_call* call) {
  stream* s = (stream*)ud;
  while (s->n_waiting != 0 && !s->finished) {
    echo_kept* next = s->waiting[s->first];
    if (s->module->host->call->send(call, echo_kept_message(next), 0) == MH_AGAIN) return;
    echo_drop(next);
    s->waiting[s->first] = NULL;
    s->first = (s->first + 1) % CREDITS;
    s->n_waiting--;
    give_credit(s, call);
  }
  if (s->ended) finish(s, call, NULL, NULL);
}

static void on_half_close(void* ud, mh_call* call) {
  stream* s = (stream*)ud;
  s->ended = 1;
  if (s->n_waiting == 0) finish(s, call, NULL, NULL);
}

void echo_bidi(void* ud, mh_call* call, const mh_msg* first) {
  static const mh_call_events events = {sizeof(events), echo_message, on_half_close,
                                        flush,          on_cancel,    on_end};
  (void)first;
  stream* s = open_stream((const echo_module*)ud, call, MH_KIND_BIDI, &events);
  if (s != NULL) s->module->host->call->pull(call, CREDITS);
}

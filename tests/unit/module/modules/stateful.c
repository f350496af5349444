/* SPDX-License-Identifier: Apache-2.0
 *
 * stateful: hands over what {"remember": TEXT} said or what it was handed itself, and logs what it
 * takes. Speaks STATE_FORMAT and what is between that and STATE_OLDEST. Misbehaves as told:
 * {"save": "fail" | "many"}, {"load": "fail" | "refuse"}.
 */
#include <meshhost/abi/config.h>
#include <meshhost/abi/module.h>
#include <meshhost/abi/note.h>
#include <meshhost/abi/state.h>
#include <stdio.h>
#include <string.h>

MH_MODULE_NOTE("stateful", "1.0.0", "mh.config/1");

static const mh_host* host;
static mh_instance* instance;
static char remembered[100];

static mh_str text(const char* literal) {
  mh_str s;
  s.p = literal;
  s.n = strlen(literal);
  return s;
}

static void say(const char* words) { host->log(instance, MH_LOG_INFO, text(words), NULL, 0); }

/* Copies a setting; "" when there is none. */
static void setting(const char* path, char to[100]) {
  const mh_config_1* config = (const mh_config_1*)host->query(instance, MH_CONFIG_1);
  mh_str found;
  to[0] = 0;
  if (config->text(instance, text(path), &found) != MH_OK || found.n >= 100) return;
  memcpy(to, found.p, found.n);
  to[found.n] = 0;
}

static mh_rc create(const mh_host* table, mh_instance* self, mh_str config_json, void** ud,
                    mh_err* err) {
  (void)config_json;
  (void)err;
  host = table;
  instance = self;
  setting("/remember", remembered);
  *ud = self;
  return MH_OK;
}

static mh_rc start(void* ud, mh_err* err) {
  char line[200];
  (void)ud;
  (void)err;
  snprintf(line, sizeof(line), "started with \"%s\"", remembered);
  say(line);
  return MH_OK;
}

static mh_rc reconfigure(void* ud, mh_str config_json, mh_err* err) {
  char fail[100];
  (void)ud;
  (void)config_json;
  setting("/remember", remembered);
  setting("/reconfigure", fail);
  if (fail[0] == 0) return MH_OK;
  strcpy(err->text, "told to fail");
  return MH_FAILED;
}

static void destroy(void* ud) { (void)ud; }

static mh_rc save(void* ud, mh_rc (*sink)(void* ctx, const mh_msg*), void* ctx, mh_err* err) {
  char how[100];
  mh_slice halves[2];
  mh_msg record;
  (void)ud;
  setting("/save", how);
  if (strcmp(how, "fail") == 0) {
    strcpy(err->text, "told to fail");
    return MH_FAILED;
  }
  halves[0].p = (const uint8_t*)remembered;
  halves[0].n = strlen(remembered) / 2;
  halves[0].owner = NULL;
  halves[1].p = halves[0].p + halves[0].n;
  halves[1].n = strlen(remembered) - halves[0].n;
  halves[1].owner = NULL;
  record.v = halves;
  record.n = 2;
  record.flags = 0;
  mh_rc rc = sink(ctx, &record);
  while (rc == MH_OK && strcmp(how, "many") == 0) rc = sink(ctx, &record);
  return rc;
}

static mh_rc load(void* ud, const mh_msg* record, uint32_t format, mh_err* err) {
  char how[100];
  char line[200];
  (void)ud;
  setting("/load", how);
  if (strcmp(how, "refuse") == 0) return MH_UNSUPPORTED;
  if (strcmp(how, "fail") == 0) {
    strcpy(err->text, "told to fail");
    return MH_FAILED;
  }
  memcpy(remembered, record->v[0].p, record->v[0].n);
  remembered[record->v[0].n] = 0;
  snprintf(line, sizeof(line), "took \"%s\" of format %u", remembered, (unsigned)format);
  say(line);
  return MH_OK;
}

static const void* query(void* ud, const char* id) {
  static const mh_state_1 state = {sizeof(state), STATE_FORMAT, STATE_OLDEST, 0, save, load};
  (void)ud;
  return strcmp(id, MH_STATE_1) == 0 ? &state : NULL;
}

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err);

MH_EXPORT const mh_module* MH_MODULE_ENTRY(uint16_t host_major, uint16_t host_minor, mh_err* err) {
  static const mh_module table = {sizeof(table), 0,       create, start, reconfigure,
                                  NULL,          destroy, NULL,   query};
  (void)host_major;
  (void)host_minor;
  (void)err;
  return &table;
}

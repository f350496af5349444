/* SPDX-License-Identifier: Apache-2.0
 *
 * The module's own list of destructors of static objects.
 *
 * The compiler registers each such destructor with __cxa_atexit. glibc's list keeps a dead slot for
 * every one when libraries come and go in overlapping order, as they do in a hot upgrade, so a host
 * would grow a little with each reload. This definition is hidden in the module and takes the
 * place of glibc's: it keeps the list in the module and runs it, newest first, when the module is
 * unmapped. Linked into every module by meshhost_add_module().
 *
 * Last goes the memory that a static libstdc++ sets aside for exceptions thrown when malloc fails:
 * 71 KiB, which nothing else gives back.
 */
#include <stdlib.h>

enum { BLOCK_SLOTS = 64 };

typedef struct exit_block {
  struct exit_block* older;
  int used;
  struct {
    void (*function)(void*);
    void* argument;
  } slot[BLOCK_SLOTS];
} exit_block;

static exit_block first_block;
static exit_block* newest = &first_block;
static char locked;

static void lock(void) {
  while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE)) {
  }
}

static void unlock(void) { __atomic_clear(&locked, __ATOMIC_RELEASE); }

int __cxa_atexit(void (*function)(void*), void* argument, void* library);

__attribute__((visibility("hidden"))) int __cxa_atexit(void (*function)(void*), void* argument,
                                                       void* library) {
  int rc = 0;
  (void)library;
  lock();
  if (newest->used == BLOCK_SLOTS) {
    exit_block* block = (exit_block*)calloc(1, sizeof(exit_block));
    if (block == NULL) {
      rc = -1;
    } else {
      block->older = newest;
      newest = block;
    }
  }
  if (rc == 0) {
    newest->slot[newest->used].function = function;
    newest->slot[newest->used].argument = argument;
    newest->used++;
  }
  unlock();
  return rc;
}

/* libstdc++'s own (eh_alloc.cc). Hidden, so that only the module's copy is meant, never the host's;
 * null in a module without one. */
extern void free_exception_memory(void) __asm__("_ZN9__gnu_cxx9__freeresEv")
    __attribute__((weak, visibility("hidden")));

/* A destructor may register another one (a function's static touched for the first time): take one
 * at a time, outside the lock, until none is left. */
__attribute__((destructor)) static void run_exit_handlers(void) {
  for (;;) {
    void (*function)(void*);
    void* argument;
    lock();
    if (newest->used == 0) {
      exit_block* empty = newest;
      if (empty->older == NULL) {
        unlock();
        break;
      }
      newest = empty->older;
      unlock();
      free(empty);
      continue;
    }
    newest->used--;
    function = newest->slot[newest->used].function;
    argument = newest->slot[newest->used].argument;
    unlock();
    function(argument);
  }
  if (free_exception_memory != NULL) free_exception_memory();
}

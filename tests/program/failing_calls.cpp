// Preloaded into the program by failing_calls_test.cpp: one call of one function fails, as the
// system may let it fail. TRP_FAIL=FUNCTION:N:HOW, where HOW is
//   a number   the call does nothing and sets errno to it
//   short      a write() writes half of what it should
//   number+    the same for this call and all after it
// The file named by TRP_FAILED appears when it has happened.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

extern "C" void* __libc_malloc(size_t size);

namespace {

struct Fault {
  char function[32] = "";
  long number = 0;
  int error = 0;
  bool is_short = false;
  bool for_ever = false;
};

Fault fault;
const char* report = nullptr;
std::atomic<long> calls{0};
std::atomic<bool> is_in_main{false};

__attribute__((constructor)) void read_environment() {
  const char* text = getenv("TRP_FAIL");
  report = getenv("TRP_FAILED");
  char how[32] = "";
  Fault wanted;
  if (!text || sscanf(text, "%31[^:]:%ld:%31s", wanted.function, &wanted.number, how) != 3) return;
  wanted.is_short = strcmp(how, "short") == 0;
  wanted.for_ever = strchr(how, '+') != nullptr;
  wanted.error = atoi(how);
  fault = wanted;
}

/// Whether it is this call's turn to fail.
bool fails(const char* function) {
  if (fault.number == 0 || strcmp(function, fault.function) != 0) return false;
  const long call = ++calls;
  if (call != fault.number && !(fault.for_ever && call > fault.number)) return false;
  // Not by open(), which may be the one that fails.
  const long file = syscall(SYS_openat, AT_FDCWD, report, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0) syscall(SYS_close, file);
  errno = fault.error;
  return true;
}

template <class Function>
Function* real(Function* /*type*/, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#define TRP_MAY_FAIL(name, result, failure, parameters, arguments) \
  extern "C" result name parameters {                              \
    if (fails(#name)) return failure;                              \
    static auto* const function = real(&name, #name);              \
    return function arguments;                                     \
  }

TRP_MAY_FAIL(fsync, int, -1, (int file), (file))
TRP_MAY_FAIL(ftruncate, int, -1, (int file, off_t size), (file, size))
TRP_MAY_FAIL(fchmod, int, -1, (int file, mode_t mode), (file, mode))
TRP_MAY_FAIL(rename, int, -1, (const char* from, const char* to), (from, to))
TRP_MAY_FAIL(link, int, -1, (const char* from, const char* to), (from, to))
TRP_MAY_FAIL(unlink, int, -1, (const char* path), (path))
TRP_MAY_FAIL(read, ssize_t, -1, (int file, void* into, size_t size), (file, into, size))

/// The descriptor is closed whatever it says, as in Linux.
extern "C" int close(int file) {
  static auto* const function = real(&close, "close");
  const bool is_failing = fails("close");
  const int result = function(file);
  if (is_failing) errno = fault.error;
  return is_failing ? -1 : result;
}

extern "C" ssize_t write(int file, const void* from, size_t size) {
  static auto* const function = real(&write, "write");
  if (!fails("write")) return function(file, from, size);
  return fault.is_short ? function(file, from, (size + 1) / 2) : -1;
}

extern "C" int open(const char* path, int flags, ...) {
  // Unused by the kernel when no file is made.
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  if (fails("open")) return -1;
  static auto* const function = real(&open, "open");
  return function(path, flags, mode);
}

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
  if (fails("pthread_create")) return fault.error;
  static auto* const function = real(&pthread_create, "pthread_create");
  return function(thread, attributes, start, argument);
}

/// The first thing that main() calls. What libraries allocate before it is no business of the
/// tests.
extern "C" sighandler_t signal(int number, sighandler_t handler) noexcept {
  is_in_main = true;
  static auto* const function = real(&signal, "signal");
  return function(number, handler);
}

/// Under every `new` and all that Eigen allocates.
extern "C" void* malloc(size_t size) {
  return is_in_main && fails("malloc") ? nullptr : __libc_malloc(size);
}

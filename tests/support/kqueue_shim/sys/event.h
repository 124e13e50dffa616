// A kqueue for tests on Linux: what kqueue(2) of FreeBSD says of sockets, pipes and user events.
//
// It lets the code of the kqueue poller run where there is no such kernel. Of an event's fields
// only those are filled that every system agrees on; `data`, `fflags` and `udata` are zero, so that
// code which relies on them fails here.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>

struct kevent {
  std::uintptr_t ident;
  short filter;
  unsigned short flags;
  unsigned fflags;
  std::int64_t data;
  void* udata;
  std::uint64_t ext[4];
};

#define EV_SET(event, a, b, c, d, e, f) \
  do {                                  \
    (event)->ident = (a);               \
    (event)->filter = (b);              \
    (event)->flags = (c);               \
    (event)->fflags = (d);              \
    (event)->data = (e);                \
    (event)->udata = (f);               \
  } while (false)

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#if !defined(COIL_SHIM_WITHOUT_USER)
#define EVFILT_USER (-11)
#define NOTE_TRIGGER 0x01000000
#endif

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_EOF 0x8000

int kqueue() noexcept;
int kevent(int queue, const struct kevent* changes, int changes_size, struct kevent* events,
           int events_size, const timespec* at_most) noexcept;

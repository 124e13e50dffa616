// Covers: what the compilers make of temporaries in co_await expressions.
//
// gcc 12 destroys some of them twice. This test knows which, so that a compiler that breaks one
// more is noticed, and so is one that mends one; and it holds the public API to the sound forms.
#include <coil/net.h>
#include <doctest/doctest.h>

#include <type_traits>

#include "forms.h"

using namespace coil;

namespace {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ == 12
constexpr bool gcc_12 = true;
#else
constexpr bool gcc_12 = false;
#endif

TEST_CASE("every form of expression destroys its temporaries once, except those that are known") {
  const auto reactor = make_reactor();
  CHECK(forms::Form::all().size() == 72);
  for (const forms::Form* form : forms::Form::all()) {
    CAPTURE(form->name);
    forms::Probe::constructed = 0;
    forms::Probe::destroyed = 0;
    run(*reactor, form->body());
    const bool sound = forms::Probe::constructed == forms::Probe::destroyed;
    CHECK(sound == !(gcc_12 && form->gcc_12_breaks));
  }
}

// A type may stand as a temporary in a co_await expression if it has constructors of its own, or if
// destroying it twice does nothing.
template <class T>
constexpr bool may_be_temporary = !std::is_aggregate_v<T> || std::is_trivially_destructible_v<T>;

template <class... T>
constexpr bool may_all_be_temporaries = (may_be_temporary<T> && ...);

static_assert(!may_be_temporary<forms::Aggregate> && may_be_temporary<forms::Built>);
static_assert(
    may_all_be_temporaries<
        Address, IpAddress, AnyStream, AvailableReactor, BufferLease, Callback, CancellationToken,
        ConnectOptions, ConstBytes, Datagram, DatagramOptions, DatagramSocket, DeferredListOptions,
        DelayedCall, Deferred<int>, Error, Failure, FirstError, Gate::Pass, HandleId, KeepAlive,
        ListeningPort, ListenOptions, LogRecord, Mutex::Lock, MutableBytes, NativeAddress,
        NativeHandle, NoDelay, Outcome<int>, OutlivesGroup<int>, ReactorOptions, Result<int>,
        Result<>, Resume<int>, ServeOptions, StopReport, StoppedTasks, Task<int>, Task<>,
        TcpListener, TcpOptions, TcpStream, Trigger, TriggerId>);
static_assert(
    may_all_be_temporaries<
        decltype(std::declval<TcpStream&>().read_some(MutableBytes())),
        decltype(std::declval<TcpStream&>().receive()),
        decltype(std::declval<TcpStream&>().write_some(ConstBytes())),
        decltype(std::declval<TcpStream&>().shutdown_write()),
        decltype(std::declval<TcpListener&>().accept()),
        decltype(std::declval<DatagramSocket&>().receive(MutableBytes())),
        decltype(std::declval<DatagramSocket&>().send(ConstBytes())),
        decltype(std::declval<Deferred<int>>().operator co_await()),
        decltype(std::declval<Task<int>>().operator co_await()),
        decltype(await_callback<int>(std::declval<Reactor&>(), [](const Resume<int>&) {})),
        decltype(std::declval<Reactor&>().callLater(Duration())),
        decltype(or_return(Task<Result<int>>())), decltype(sleep_until(TimePoint())),
        decltype(with_deadline(TimePoint(), Task<int>())), decltype(std::declval<Mutex&>().lock()),
        decltype(std::declval<Event&>().wait()), decltype(std::declval<Semaphore&>().acquire()),
        decltype(sleep(Duration())), decltype(yield()), decltype(current_context()),
        decltype(current_reactor()), decltype(current_cancellation()),
        decltype(shielded(Task<int>())), decltype(with_timeout(Duration(), Task<int>())),
        decltype(as_result(Task<int>())), decltype(when_all(Task<int>(), Task<int>())),
        decltype(when_any(Task<int>(), Task<int>())),
        await_result_t<decltype(when_any(Task<int>(), Task<int>()))>,
        decltype(with_local(std::declval<const TaskLocal<int>&>(), 1, Task<int>()))>);

}  // namespace

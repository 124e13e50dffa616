// The order in which a thread's own objects end where gcc emulates thread_local, as mingw-w64 does.
//
// Both the memory of such objects and the list of their destructors hang on keys of the thread, and
// keys end in the order of their creation. The memory comes first, when any object is first looked
// at: so it would be freed before the destructors look at it. Asking for a destructor before main,
// when nothing has been looked at, turns the two around, for every object of the program.
// The linker takes this file into a program because runtime/CMakeLists.txt tells it to.
extern "C" {

int __cxa_thread_atexit(void (*destructor)(void*), void* object, void* library);

extern const int coil_thread_ends = 1;

}  // extern "C"

namespace {

[[gnu::constructor(101)]] void destroy_before_freeing() {
  __cxa_thread_atexit([](void*) {}, nullptr, nullptr);
}

}  // namespace

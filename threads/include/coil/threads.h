// Everything of coil::threads.
#pragma once

#include <coil/threads/defer_to_thread.h>
#include <coil/threads/thread_pool.h>

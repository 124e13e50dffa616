// Everything of coil::threads.
#pragma once

#include <coil/threads/channel.h>
#include <coil/threads/defer_to_thread.h>
#include <coil/threads/reactor_group.h>
#include <coil/threads/reactor_thread.h>
#include <coil/threads/thread_pool.h>

// Everything of coil::runtime.
#pragma once

#include <coil/runtime/application.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/await.h>
#include <coil/runtime/callback.h>
#include <coil/runtime/cancellation.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/deferred_list.h>
#include <coil/runtime/descriptors.h>
#include <coil/runtime/event.h>
#include <coil/runtime/gate.h>
#include <coil/runtime/mutex.h>
#include <coil/runtime/queue.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/reactor_factory.h>
#include <coil/runtime/run.h>
#include <coil/runtime/semaphore.h>
#include <coil/runtime/service.h>
#include <coil/runtime/sleep.h>
#include <coil/runtime/task.h>
#include <coil/runtime/task_group.h>
#include <coil/runtime/task_local.h>
#include <coil/runtime/timeout.h>
#include <coil/runtime/timer_service.h>
#include <coil/runtime/when_all.h>
#include <coil/runtime/when_any.h>

// Everything of coil::process.
#pragma once

#include <coil/process/daemon.h>
#include <coil/process/log_file.h>
#include <coil/process/pid_file.h>
#include <coil/process/privileges.h>

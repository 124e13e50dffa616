// Everything of coil::process.
#pragma once

#include <coil/process/command.h>
#include <coil/process/daemon.h>
#include <coil/process/exit_status.h>
#include <coil/process/log_file.h>
#include <coil/process/pid_file.h>
#include <coil/process/pipeline.h>
#include <coil/process/privileges.h>
#include <coil/process/process.h>
#include <coil/process/process_error.h>
#include <coil/process/process_output.h>
#include <coil/process/process_protocol.h>
#include <coil/process/stdio.h>

// Everything of coil::process.
#pragma once

#include <coil/process/stdio.h>

// What a test does not ask of wine, which serves as Windows where there is none.
#pragma once

namespace coil::testing {

// Whether this is a Windows program that wine runs. Defined with the process of a test program.
bool runs_on_wine() noexcept;

}  // namespace coil::testing

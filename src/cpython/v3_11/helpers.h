// The functions of runtime/helpers.def for CPython 3.11.
#pragma once

namespace pyston::host {

// Publishes the address of every helper. To be called once before anything is compiled.
void registerHelpers();

} // namespace pyston::host

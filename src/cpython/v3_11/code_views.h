// Code objects that are compared, or whose specialized bytecode is looked at, must not show
// patches.
#pragma once

namespace pyston::host {

void hidePatches();

} // namespace pyston::host

// The symbols that loaded shared objects (and the program) import from others.
#pragma once

#include <functional>
#include <vector>

namespace pyston::support {

// Calls `test` with what each object imports that has been loaded since the last call (the first
// time: each object), until it returns true. Returns whether it did.
bool anyNewObject(const std::function<bool(const std::vector<const char*>& imports)>& test);

} // namespace pyston::support

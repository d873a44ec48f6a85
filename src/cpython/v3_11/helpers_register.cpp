#include "cpython/v3_11/helpers.h"

#include "cpython/v3_11/helpers_functions.h"

namespace pyston::host {

void registerHelpers() {
#define HELPER(name, args, result, effects, doc)                                                   \
    runtime::setAddress(runtime::Helper::k##name, reinterpret_cast<uint64_t>(&rt::name));
#include "runtime/helpers.def"
#undef HELPER
}

} // namespace pyston::host

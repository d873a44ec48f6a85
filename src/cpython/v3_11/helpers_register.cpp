#include "cpython/v3_11/helpers.h"

#include "cpython/v3_11/helpers_functions.h"
#include "runtime/options.h"

#include <utility>

namespace pyston::host {
namespace {

// -X pyston-stress-gc: the collector runs before the helper does anything.
template<auto helper> struct Collecting;
template<typename Result, typename... Args, Result (*helper)(Args...)> struct Collecting<helper> {
    static Result run(Args... args) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyGC_Collect();
        PyErr_Restore(type, value, traceback);
        return helper(std::forward<Args>(args)...);
    }
};

template<auto helper> uint64_t addressOf(runtime::Helper row) {
    const bool collects =
        runtime::options().stressGc && (runtime::info(row).effects & hir::kRunPython) != 0;
    return reinterpret_cast<uint64_t>(collects ? &Collecting<helper>::run : helper);
}

} // namespace

void registerHelpers() {
#define HELPER(name, args, result, effects, doc)                                                   \
    runtime::setAddress(runtime::Helper::k##name, addressOf<&rt::name>(runtime::Helper::k##name));
#include "runtime/helpers.def"
#undef HELPER
}

} // namespace pyston::host

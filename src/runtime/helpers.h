// The table of runtime helpers (helpers.def) as the compiler sees it.
#pragma once

#include "hir/hir.h"
#include "support/fwd.h"

#include <cstdint>
#include <string_view>

namespace pyston::runtime {

enum class Helper : uint8_t {
#define HELPER(name, ...) k##name,
#include "runtime/helpers.def"
#undef HELPER
};
inline constexpr int kNumHelpers = 0
#define HELPER(...) +1
#include "runtime/helpers.def"
#undef HELPER
    ;

enum class HelperResult : uint8_t {
    kObject,
    kNullable,
    kStatus,
    kTruth,
    kBool,
    kInt64,
    kDouble,
    kVoid
};

struct HelperInfo {
    std::string_view name;
    std::string_view args; // see helpers.def
    HelperResult result;
    uint16_t effects; // hir::Effect
    std::string_view doc;
};
const HelperInfo& info(Helper helper);
bool parseHelper(std::string_view name, Helper* out);
// The type of the HIR value a CallRuntime of this helper has.
hir::Type resultType(Helper helper);
// The character of `args` that an operand of a CallRuntime corresponds to (implicit ones skipped;
// '*' or 'P' for those passed in the array), or 0 when the helper takes no such operand.
char operandKind(Helper helper, size_t operandIndex);
// How many operands precede the array, or are there at all.
size_t minOperands(Helper helper);

// Address of the C++ function; null until the interpreter layer has registered it.
uint64_t address(Helper helper);
void setAddress(Helper helper, uint64_t address);

// In the mode of BinaryOpDeclined, beside the operator: both operands were of the same class.
inline constexpr int64_t kSameClass = 32;

// What a Nullable helper returns when an exception is set.
inline constexpr uint64_t kErrorSentinel = 1;

} // namespace pyston::runtime

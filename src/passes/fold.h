// Arithmetic of the HIR's unboxed operations on constants, with Python's semantics.
#pragma once

#include "hir/hir.h"

#include <cstdint>
#include <optional>

namespace pyston::passes {

// The result of an operation on int64 operands (`b` is ignored by unary ones), or nothing when the
// operation would leave, or is not one of these.
std::optional<int64_t> foldInt(hir::Opcode op, int64_t a, int64_t b);
// The same for doubles.
std::optional<double> foldDouble(hir::Opcode op, double a, double b);
bool foldIntCompare(hir::Condition cc, int64_t a, int64_t b);
bool foldDoubleCompare(hir::Condition cc, double a, double b);

} // namespace pyston::passes

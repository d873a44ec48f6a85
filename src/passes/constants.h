// What passes may know of constant objects. The interpreter layer says it, once, at start.
#pragma once

#include "hir/type.h"
#include "support/fwd.h"

#include <cstdint>
#include <optional>

namespace pyston::passes {

struct ConstantValues {
    // The value of an object that is exactly an int (and fits) or exactly a float.
    std::optional<int64_t> (*intValue)(Object*) = nullptr;
    std::optional<double> (*floatValue)(Object*) = nullptr;
    Object* (*zeroOf)(hir::ExactClass) = nullptr; // an immortal 0, 0.0; null for other classes
    Object* trueObject = nullptr;
    Object* falseObject = nullptr;
    Object* none = nullptr;
};

void setConstantValues(const ConstantValues& values);
const ConstantValues& constantValues();

} // namespace pyston::passes

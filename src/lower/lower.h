// HIR (after reference counts and frame stores were placed) to LIR.
#pragma once

#include "hir/hir.h"
#include "lir/lir.h"

#include <memory>

namespace pyston::lower {

std::unique_ptr<lir::Function> lower(const hir::Function& fn);

} // namespace pyston::lower

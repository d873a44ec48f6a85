// Bytecode to HIR by abstract interpretation of the value stack.
#pragma once

#include "build/bytecode.h"
#include "hir/hir.h"
#include "runtime/code_data.h"

#include <memory>
#include <string>
#include <vector>

namespace pyston::build {

struct BuildRequest {
    const Bytecode* bytecode = nullptr;
    const runtime::CodeData* profile = nullptr; // may be null
    bool functionEntry = true;
    std::vector<int> entryOffsets; // further entries (loop headers, resume points), byte offsets
};

// Returns null and sets `failure` when the code object cannot be compiled.
std::unique_ptr<hir::Function> buildGraph(const BuildRequest& request, std::string* failure);

} // namespace pyston::build

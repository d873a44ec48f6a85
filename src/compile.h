// The whole compiler as one call.
#pragma once

#include "support/fwd.h"

#include <memory>
#include <string>
#include <vector>

namespace pyston::runtime {
struct CodeBlob;
struct CodeData;
} // namespace pyston::runtime

namespace pyston {

struct CompileRequest {
    runtime::CodeData* data = nullptr;
    bool functionEntry = true;   // an entry at offset 0
    bool leavesCold = false;     // paths that never ran are not compiled: they leave
    int32_t probeAfter = 0;      // probes (see runtime::SiteProfile) count from this; 0: none
    std::vector<int> osrOffsets; // loop headers and handlers (byte offsets) to enter
    bool resumeEntries = false;  // generators: an entry at every resume point
    bool forced = false;         // asked for by the user: however long it takes
    bool wantDumps = false;      // fill the text fields of the result
};

struct CompileResult {
    std::unique_ptr<runtime::CodeBlob> blob; // null when refused
    std::string failure;                     // why, when refused
    std::string hir, lir, assembly;          // when asked for
};

// Bytecode to executable code. Takes no Python lock besides the GIL that the caller holds; runs no
// Python code.
CompileResult compile(const CompileRequest& request);

} // namespace pyston

// The whole compiler.
#pragma once

#include "support/fwd.h"

#include <cstdint>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pyston::runtime {
struct CodeBlob;
struct CodeData;
enum class Phase : uint8_t;
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
    bool outOfMemory = false;                // that is why: it may be had another time
    std::string hir, lir, assembly;          // when asked for
};

// Bytecode to executable code. Runs no Python code.
class Compilation {
  public:
    explicit Compilation(CompileRequest request);
    // With the GIL, as everything but finish(). Runs finalizers: there the thread may be unwound,
    // when Python ends.
    ~Compilation() noexcept(false);
    Compilation(const Compilation&) = delete;
    Compilation& operator=(const Compilation&) = delete;

    // Reads what the interpreter knows, and builds the graph: a twelfth of the work. False if the
    // code is refused. From then on it, and the objects that the graph refers to, are kept alive.
    bool begin();
    // The rest; also ends without code when there is no memory. Looks at no object but numbers,
    // which do not change: any thread may do it, without the GIL.
    void finish();
    // Once, after either.
    CompileResult takeResult();

    const CompileRequest& request() const { return request_; }
    uint64_t microseconds() const { return microseconds_; } // of CPU time so far

  private:
    struct State;
    bool build();
    void run(State& state);
    void noticeNoMemory();
    bool aborts(runtime::Phase phase);

    CompileRequest request_;
    CompileResult result_;
    std::unique_ptr<State> state_; // from begin() to finish()
    std::vector<Object*> kept_;
    std::vector<Object*> keptNames_; // what is compared with, by host::nameWeakly()
    std::vector<Object*> referred_;  // what the code refers to in the end
    std::vector<Object*> named_;     // the same of what it does not keep alive
    uint64_t microseconds_ = 0;
    std::optional<runtime::Phase> abortAfter_; // for tests, see runtime/stress.h
};

// All of it at once, with the GIL.
CompileResult compile(const CompileRequest& request);

} // namespace pyston
